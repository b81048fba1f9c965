package filter

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// System is the Resolver of the machine: hosts by its name service, networks and Ethernet
// addresses by /etc/networks and /etc/ethers where those exist.
type System struct{}

// lookupTime is how long a name may take.
const lookupTime = 10 * time.Second

// Host is every address of a name.
func (System) Host(name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

// Net is a network of networks(5); its length follows from its trailing zero bytes.
func (System) Net(name string) (netip.Prefix, error) {
	var found netip.Prefix
	err := scan("/etc/networks", func(f []string) bool {
		if f[0] != name && !contains(f[2:], name) {
			return false
		}
		number := f[1]
		for strings.Count(number, ".") < 3 {
			number += ".0"
		}
		a, err := netip.ParseAddr(number)
		if err != nil || !a.Is4() {
			return false
		}
		bits := 32
		for b := a.As4(); bits > 0 && b[bits/8-1] == 0; {
			bits -= 8
		}
		found = netip.PrefixFrom(a, bits)
		return true
	})
	return found, err
}

// Ether is an address of ethers(5).
func (System) Ether(name string) ([6]byte, error) {
	var found [6]byte
	err := scan("/etc/ethers", func(f []string) bool {
		mac, err := net.ParseMAC(f[0])
		if err != nil || len(mac) != len(found) || !contains(f[1:], name) {
			return false
		}
		copy(found[:], mac)
		return true
	})
	return found, err
}

// scan calls f with the words of every line that has two or more, until it is true.
func scan(path string, f func([]string) bool) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	s := bufio.NewScanner(r)
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		if words := strings.Fields(line); len(words) >= 2 && f(words) {
			return nil
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	return fmt.Errorf("not in %s", path)
}

func contains(words []string, name string) bool {
	for _, w := range words {
		if w == name {
			return true
		}
	}
	return false
}

var _ Resolver = System{}

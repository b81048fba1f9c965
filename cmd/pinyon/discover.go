package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/discover"
	"pinyon/internal/plain"
	"pinyon/remote"
)

// leastWindow is how long is waited for answers at the least.
const leastWindow = 0.1

// foundServer is a server as discover tells of it.
type foundServer struct {
	Name       string            `json:"name"`
	Address    string            `json:"address"`
	Addresses  []string          `json:"addresses"`
	Port       uint16            `json:"port"`
	Properties map[string]string `json:"properties"`

	url string
}

func (a *app) discoverCommand() *cobra.Command {
	var window float64
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "List capture servers that announce themselves on the local networks",
		Long: `List the capture servers that announce themselves ("pinyon serve --announce", and JoyfulJay's) by
multicast DNS on the networks of this machine: a line for each, with its number, its name and
the URL for "pinyon connect", which takes number or name too (--discover). Anyone on the network
may announce anything: the token, and the key that you pin, say who a server is.`,
		Example: `  pinyon discover
  pinyon discover --timeout 5 --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if window <= 0 {
				return usage("--timeout: got %v; want seconds above 0", window)
			}
			all, err := find(window)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(a.out)
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(all)
			}
			if len(all) == 0 {
				a.say("no server announces itself")
			}
			for i, s := range all {
				fmt.Fprintf(a.out, "%d %s: %s\n", i+1, plain.Text(s.Name), s.url)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Float64Var(&window, "timeout", 2, "seconds to wait for answers, all of which are waited")
	f.BoolVar(&asJSON, "json", false, "print an array of objects")
	return cmd
}

// find browses for servers; a name that servers of both types have is there once for each.
func find(window float64) ([]foundServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(max(window, leastWindow)*float64(time.Second)))
	defer cancel()
	list, err := discover.Browse(ctx, discover.Pinyon, discover.JoyfulJay)
	if err != nil {
		return nil, err
	}
	all := []foundServer{}
	for _, s := range list {
		if one, ok := foundOf(&s); ok {
			all = append(all, one)
		}
	}
	return all, nil
}

// foundOf is a service as a server that can be connected to, at the address that is most likely
// to be reached: IPv4 before IPv6, those of one link last.
func foundOf(s *discover.Service) (one foundServer, ok bool) {
	if len(s.Addresses) == 0 {
		return one, false
	}
	addrs := slices.Clone(s.Addresses)
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) })
	one = foundServer{Name: s.Name, Address: addrs[0].String(), Port: s.Port, Properties: s.Text}
	for _, a := range addrs {
		one.Addresses = append(one.Addresses, a.String())
	}
	to := &remote.Address{Host: one.Address, Port: s.Port, TLS: s.Text["tls"] == "1", Old: s.Type == discover.JoyfulJay}
	if pin, err := remote.ParsePin(s.Text["pin"]); err == nil && to.TLS {
		to.Pin = pin
	}
	one.url = to.String()
	return one, true
}

func rank(a netip.Addr) int {
	switch {
	case a.IsLinkLocalUnicast(), a.IsLoopback():
		return 2
	case a.Is4():
		return 0
	}
	return 1
}

// pickServer is the server that a number or a name of discover's list means.
func pickServer(word string, all []foundServer) (string, error) {
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(all) {
		return all[n-1].url, nil
	}
	var urls []string
	for _, s := range all {
		if s.Name == word {
			urls = append(urls, s.url)
		}
	}
	switch len(urls) {
	case 0:
		return "", fmt.Errorf("--discover: no server announces itself as %q; \"pinyon discover\" lists those that do", word)
	case 1:
		return urls[0], nil
	}
	return "", usage("--discover: %d servers are named %q; want one of the URLs: %s", len(urls), word, strings.Join(urls, " "))
}

// announce tells the networks of a server, until the function that it returns is called.
func (s *serving) announce(at net.Addr, secure bool, pin remote.Pin) (end func(), err error) {
	ip := netip.MustParseAddrPort(at.String())
	name := s.announceName
	if name == "" {
		host, _ := os.Hostname()
		name = fmt.Sprintf("Pinyon-%s-%d", host, ip.Port())
	}
	o := &discover.Options{Name: name, Type: discover.Pinyon, Port: ip.Port(), Text: []string{"protocol=pinyon", "proto=2", "version=" + pinyon.Version, "tls=0"}}
	if secure {
		o.Text[3] = "tls=1"
	}
	if s.auto {
		o.Text = append(o.Text, "pin="+pin.String())
	}
	if !ip.Addr().IsUnspecified() {
		o.Addresses = []netip.Addr{ip.Addr().Unmap().WithZone("")}
	}
	a, err := discover.Announce(o)
	if err != nil {
		return nil, fmt.Errorf("--announce: %w", err)
	}
	s.say("announced as %s", a.Name())
	return a.Close, nil
}

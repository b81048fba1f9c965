package filter

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A sample is an expression for a link type.
type sample struct {
	link uint16
	expr string
}

func readList(t testing.TB, name string) []sample {
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	links := []uint16{1}
	var out []sample
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if rest, ok := strings.CutPrefix(line, "[links "); ok {
			links = nil
			for n := range strings.FieldsSeq(strings.TrimSuffix(rest, "]")) {
				v, err := strconv.ParseUint(n, 10, 16)
				if err != nil {
					t.Fatal(err)
				}
				links = append(links, uint16(v))
			}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		for _, l := range links {
			out = append(out, sample{l, line})
		}
	}
	return out
}

// expression makes an expression at random out of what frames of a maker contain.
func (m maker) expression(depth int) string {
	if depth > 0 {
		switch m.IntN(8) {
		case 0, 1:
			return m.expression(depth-1) + pick(m, " and ", " && ", " or ") + m.expression(depth-1)
		case 2:
			return "(" + m.expression(depth-1) + pick(m, " and ", " or ", " || ") + m.expression(depth-1) + ")"
		case 3:
			return pick(m, "not ", "!", "not not ") + m.expression(0)
		case 4:
			return "not (" + m.expression(depth-1) + ")"
		}
	}
	return m.primitive()
}

func (m maker) primitive() string {
	host := func() string { return pick(m, "10.0.0.1", "10.0.0.2", "192.168.1.5", "172.16.0.9") }
	dir := func() string { return pick(m, "", "", "src ", "dst ", "src or dst ", "src and dst ") }
	port := func() string { return strconv.Itoa(m.port()) }
	n := m.IntN(16)
	if m.tame && n == 10 {
		n = 11
	}
	switch n {
	case 0:
		return pick(m, "tcp", "udp", "icmp", "ip", "ip6", "arp", "rarp", "sctp", "icmp6", "igmp", "esp", "ah", "pim", "vrrp")
	case 1, 2:
		return pick(m, "", "ip ", "arp ", "") + dir() + "host " + host()
	case 3:
		return dir() + "host " + host() + pick(m, " or ", " and ") + pick(m, "", "not ") + host()
	case 4:
		return pick(m, "", "ip6 ") + dir() + "host " + pick(m, "2001:db8::1", "2001:db8::2", "fe80::1", "ff02::1")
	case 5:
		return dir() + "net " + pick(m, "10", "10.0.0.0/8", "192.168.1", "192.168.1.0/25", "172.16/12", "2001:db8::/32", "fe80::/10", "10.0.0.0 mask 255.255.255.0")
	case 6, 7:
		return pick(m, "", "tcp ", "udp ", "sctp ") + dir() + "port " + port()
	case 8:
		return pick(m, "", "tcp ", "udp ") + dir() + "port " + pick(m, "("+port()+" or "+port()+")", port()+" or "+port(), port()+" and not "+port())
	case 9:
		return pick(m, "", "tcp ", "udp ") + dir() + "portrange " + port() + "-" + port()
	case 10:
		return m.operand(2) + pick(m, " = ", " != ", " < ", " <= ", " > ", " >= ", " == ") + m.operand(2)
	case 11:
		return pick(m, "less ", "greater ") + strconv.Itoa(40+m.IntN(100))
	case 12:
		return pick(m, "proto ", "ip proto ", "ip6 proto ") + strconv.Itoa(pick(m, 1, 2, 6, 17, 44, 47, 50, 58, 132))
	case 13:
		return fmt.Sprintf("tcp[tcpflags] & (%s) %s %s", pick(m, "tcp-syn", "tcp-syn|tcp-ack", "tcp-fin|tcp-rst"), pick(m, "!=", "="), pick(m, "0", "tcp-syn", "2"))
	case 14:
		return pick(m, "ip multicast", "ip6 multicast", "proto gre", "ip broadcast")
	}
	return pick(m, "ip", "tcp", "udp") + fmt.Sprintf("[%d%s] %s %d", m.IntN(20), pick(m, "", ":2", ":4"), pick(m, "=", ">", "<"), m.IntN(300))
}

// operand makes a computed number; no constant divides or shifts.
func (m maker) operand(depth int) string {
	if depth == 0 {
		return pick(m, "len", strconv.Itoa(m.IntN(100)), fmt.Sprintf("%s[%d%s]", pick(m, "ip", "tcp", "udp", "link", "ip6"), m.IntN(24), pick(m, "", ":1", ":2", ":4")))
	}
	switch m.IntN(5) {
	case 0:
		return "(" + m.operand(depth-1) + pick(m, " + ", " - ", " * ", " & ", " | ", " ^ ") + m.operand(depth-1) + ")"
	case 1:
		return m.operand(depth-1) + pick(m, " + ", " - ", " * ", " & ", " | ") + m.operand(depth-1)
	case 2:
		return "(" + m.operand(depth-1) + pick(m, " >> ", " << ", " / ", " % ") + strconv.Itoa(1+m.IntN(7)) + ")"
	case 3:
		return pick(m, "tcp", "udp", "ip") + "[" + m.operand(depth-1) + " & 15]"
	}
	return m.operand(0)
}

// etherPrimitive is one that only Ethernet has.
func (m maker) etherPrimitive() string {
	return pick(m, "vlan", "vlan 3", "mpls", "mpls 1025", "pppoes", "pppoes 7", "geneve", "geneve 3",
		"ether host 00:01:02:03:04:05", "ether src aa:bb:cc:dd:ee:ff", "broadcast", "multicast", "llc", "llc u",
		"iso", "stp", "ipx", "atalk", "isis", "ether proto 0x800", "decnet host 1.1")
}

// generated makes n samples of different link types.
func generated(seed uint64, n int) []sample {
	m := newMaker(seed)
	links := []uint16{1, 1, 1, 1, 1, 1, 1, 113, 276, 101, 9, 104, 108, 105, 127, 228, 229}
	out := make([]sample, n)
	for i := range out {
		link := pick(m, links...)
		// libpcap keeps the length of 802.11 headers in a scratch register that operands
		// of the first test overwrite.
		m.tame = layoutOf(link).kind == linkWLAN
		e := m.expression(1 + m.IntN(3))
		if link == 1 && m.IntN(3) == 0 {
			e = m.etherPrimitive() + pick(m, " and ", " or ", " and not ") + "(" + e + ")"
		}
		out[i] = sample{link, e}
	}
	return out
}

// joined makes n samples of primitives in longer lists and deeper than people write them:
// food for what moves tests about, and drops those that decide nothing.
func joined(seed uint64, n int) []sample {
	m := newMaker(seed)
	out := make([]sample, n)
	for i := range out {
		out[i] = sample{pick[uint16](m, 0, 1, 1, 1, 1, 6, 8, 9, 12, 101, 104, 108, 113, 228, 229, 276), m.list(1 + m.IntN(3))}
	}
	return out
}

func (m maker) list(depth int) string {
	if depth == 0 || m.IntN(5) == 0 {
		idle := pick(m, "1 = 1", "5 > 4", "net 0.0.0.0/0", "net ::/0", "src net 0.0.0.0/8", "portrange 0-65535",
			"ip[0] & 0 = 0", "ip[1] * 0 = ip[2]", "0 / ip[1] = 0", "0 - ip[3] = 4", "ip[1+2] = 4", "rarp", "link[6:4] & 0 != 0")
		return pick(m, "", "", "", "not ") + pick(m, m.primitive(), m.primitive(), m.primitive(), m.primitive(), idle)
	}
	parts := make([]string, 2+m.IntN(3))
	for i := range parts {
		parts[i] = m.list(depth - 1)
	}
	return pick(m, "", "", "", "not ") + "(" + strings.Join(parts, pick(m, " and ", " or ")) + ")"
}

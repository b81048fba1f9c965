// Package expr reads conditions on rows of packets: the words of pcap-filter(7) for hosts,
// networks, ports, protocols and flags, and comparisons of columns.
//
//	tcp port 443 and net 10.0.0.0/8
//	tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn
//	packet_size > 1000 and protocol in (UDP, ICMP)
//	timestamp >= 2026-03-01T12:00:00Z and vlan_id is not null
//
// The package knows columns by name and class, and nothing of where their values lie: package
// packetstore holds rows against a Node.
package expr

import (
	"bytes"
	"net/netip"
)

// A Class says how a column's values are written in an expression.
type Class uint8

// The classes. Words are texts of which capitals do not matter; Instant is nanoseconds since
// 1970-01-01 UTC, Day days since then.
const (
	Number Class = iota + 1
	Word
	Text
	Address
	Link
	Bytes
	Instant
	Day
)

// A Kind says what a Node is.
type Kind uint8

// The kinds. A condition on a value does not hold where there is none, so that Not holds there.
const (
	And    Kind = iota // all of Args hold
	Or                 // one of Args holds
	Not                // Args[0] does not hold
	In                 // the number of Column, under Mask, lies in one of Ranges
	Is                 // the text of Column is one that Match means
	Absent             // Column has no value
	Always             // holds
)

// A Node is a condition on a row.
type Node struct {
	Kind   Kind
	Args   []*Node
	Column string
	Mask   int64 // of In; 0 is all bits
	Ranges []Range
	Match  Match
}

// A Range is the numbers from Lo to Hi, both included.
type Range struct{ Lo, Hi int64 }

// Holds reports whether a number that is there fulfils a Node of kind In.
func (n *Node) Holds(v int64) bool {
	if n.Mask != 0 {
		v &= n.Mask
	}
	for _, r := range n.Ranges {
		if r.Lo <= v && v <= r.Hi {
			return true
		}
	}
	return false
}

// A Match says which texts are meant: those in Texts, addresses in Nets, link addresses of
// groups, or texts that hold Part. Else has it mean all others instead.
type Match struct {
	Texts []string
	Fold  bool // capitals of Texts, which are small then, do not matter
	Nets  []netip.Prefix
	Group bool
	Part  []byte
	Else  bool
}

// Holds reports whether a text that is there is meant.
func (m *Match) Holds(b []byte) bool { return m.holds(b) != m.Else }

func (m *Match) holds(b []byte) bool {
	for _, s := range m.Texts {
		if string(b) == s || m.Fold && len(b) == len(s) && bytes.EqualFold(b, []byte(s)) {
			return true
		}
	}
	if len(m.Nets) > 0 {
		if a, err := netip.ParseAddr(string(b)); err == nil {
			for _, p := range m.Nets {
				if p.Contains(a) {
					return true
				}
			}
		}
	}
	if m.Group && len(b) >= 2 { // the lowest bit of the first byte
		switch b[1] {
		case '1', '3', '5', '7', '9', 'b', 'd', 'f':
			return true
		}
	}
	return m.Part != nil && bytes.Contains(b, m.Part)
}

// Columns are the names of the columns that the condition needs, each once, in the order in which
// it names them.
func (n *Node) Columns() (names []string) {
	seen := map[string]bool{}
	var walk func(n *Node)
	walk = func(n *Node) {
		if n.Column != "" && !seen[n.Column] {
			seen[n.Column] = true
			names = append(names, n.Column)
		}
		for _, a := range n.Args {
			walk(a)
		}
	}
	walk(n)
	return names
}

func both(kind Kind, args ...*Node) *Node { return &Node{Kind: kind, Args: args} }

func number(column string, v int64) *Node {
	return &Node{Kind: In, Column: column, Ranges: []Range{{v, v}}}
}

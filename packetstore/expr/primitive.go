package expr

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"pinyon/filter"
)

// protocols are what the protocol names of the capture filter mean for a row. ip and ip6 mean
// what the header says, or the type in front of it where the header could not be read.
var protocols = map[string]func() *Node{
	"ip":    func() *Node { return both(Or, number("ip_version", 4), number("ethertype", 0x0800)) },
	"ip6":   func() *Node { return both(Or, number("ip_version", 6), number("ethertype", 0x86dd)) },
	"arp":   func() *Node { return number("ethertype", 0x0806) },
	"rarp":  func() *Node { return number("ethertype", 0x8035) },
	"tcp":   func() *Node { return number("ip_proto", 6) },
	"udp":   func() *Node { return number("ip_proto", 17) },
	"sctp":  func() *Node { return number("ip_proto", 132) },
	"icmp":  func() *Node { return both(And, number("ip_version", 4), number("ip_proto", 1)) },
	"icmp6": func() *Node { return both(And, number("ip_version", 6), number("ip_proto", 58)) },
	"igmp":  func() *Node { return both(And, number("ip_version", 4), number("ip_proto", 2)) },
	"pim":   func() *Node { return number("ip_proto", 103) },
	"vrrp":  func() *Node { return both(And, number("ip_version", 4), number("ip_proto", 112)) },
	"esp":   func() *Node { return number("ip_proto", 50) },
}

// qualifiers stand before a value: a protocol, whether it is the source's or the destination's,
// and what it is.
type qualifiers struct {
	proto string // of protocols, or ether
	dir   string // src, dst, "src or dst", which "" is too, or "src and dst"
	kind  string // host, net, port, portrange, proto
}

var kinds = []string{"host", "net", "port", "portrange", "proto"}

// primitive reads a primitive; nil if the next words are none.
func (p *parser) primitive() *Node {
	t := p.peek()
	var q qualifiers
	if _, ok := protocols[t.text]; ok || t.text == "ether" {
		p.next()
		if p.is("[") {
			return p.load(t)
		}
		q.proto = t.text
	}
	switch {
	case p.take("broadcast"):
		return p.cast(t, q, false)
	case p.take("multicast"):
		return p.cast(t, q, true)
	}
	if q.dir = p.direction(); p.err != nil {
		return &Node{}
	}
	if p.is(kinds...) {
		q.kind = p.next().text
	}
	switch {
	case q.kind == "" && q.dir == "" && q.proto != "" && q.proto != "ether":
		p.last = qualifiers{}
		return protocols[q.proto]()
	case q == (qualifiers{}):
		if n := p.other(t); n != nil || p.err != nil {
			return n
		}
		if p.last == (qualifiers{}) || !p.isValue(t) {
			return nil
		}
		q = p.last
	case q.kind == "": // src 10.0.0.1
		q.kind = "host"
	}
	p.last = q
	if !p.take("(") { // port (80 or 443)
		return p.qualified(q)
	}
	n := p.qualified(q)
	for p.take("or", "||") {
		n = both(Or, n, p.qualified(q))
	}
	p.expect(")")
	return n
}

// isValue reports whether a word can be a value of the qualifiers before it.
func (p *parser) isValue(t token) bool {
	if t.quoted || t.op {
		return false
	}
	if _, err := strconv.ParseUint(t.text, 0, 32); err == nil {
		return true
	}
	switch p.last.kind {
	case "host", "net":
		return strings.ContainsAny(t.text, ".:")
	case "port":
		_, ok := filter.Port(t.text)
		return ok
	case "portrange":
		return strings.Contains(t.text, "-")
	case "proto":
		_, ok := filter.Protocol(t.text)
		return ok
	}
	return false
}

// direction reads src, dst, or both joined.
func (p *parser) direction() string {
	if !p.is("src", "dst") {
		return ""
	}
	d := p.next()
	if next := p.list[min(p.at+1, len(p.list)-1)]; p.is("or", "and", "||", "&&") && (next.text == "src" || next.text == "dst") && next.text != d.text {
		join := "src or dst"
		if w := p.next().text; w == "and" || w == "&&" {
			join = "src and dst"
		}
		p.next()
		return join
	}
	return d.text
}

// other reads the primitives that have no qualifiers.
func (p *parser) other(t token) *Node {
	size := func(r Range) *Node { return &Node{Kind: In, Column: "packet_size", Ranges: []Range{r}} }
	switch {
	case p.take("less"):
		return size(Range{0, p.number(p.next())})
	case p.take("greater"):
		return size(Range{p.number(p.next()), math.MaxInt64})
	case p.take("len", "length"):
		return p.comparison(token{text: "packet_size", at: t.at}, Number)
	case p.take("vlan"):
		there := both(Not, &Node{Kind: Absent, Column: "vlan_id"})
		if _, err := strconv.ParseUint(p.peek().text, 0, 16); err != nil {
			return there
		}
		return number("vlan_id", p.number(p.next()))
	case p.is("inbound", "outbound"):
		return p.fail(t, faultf(filter.ErrQualifier, "rows have it as a column: direction = Up, or Down"))
	case p.is("gateway", "protochain", "mpls", "pppoes", "pppoed", "geneve", "llc", "byte", "ifindex", "wlan", "type", "subtype", "link"):
		return p.fail(t, faultf(filter.ErrQualifier, "rows do not hold it: filter the capture"))
	}
	return nil
}

// cast is broadcast and multicast, of the link or of IP.
func (p *parser) cast(t token, q qualifiers, group bool) *Node {
	net := func(s string) *Node {
		return &Node{Kind: Is, Column: "dst_ip", Match: Match{Nets: []netip.Prefix{netip.MustParsePrefix(s)}}}
	}
	switch {
	case (q.proto == "" || q.proto == "ether") && group:
		return &Node{Kind: Is, Column: "dst_mac", Match: Match{Group: true}}
	case q.proto == "" || q.proto == "ether":
		return &Node{Kind: Is, Column: "dst_mac", Match: Match{Texts: []string{"ff:ff:ff:ff:ff:ff"}}}
	case q.proto == "ip" && group:
		return net("224.0.0.0/4")
	case q.proto == "ip6" && group:
		return net("ff00::/8")
	case q.proto == "ip":
		return net("255.255.255.255/32")
	}
	return p.fail(t, faultf(filter.ErrQualifier, "not of %s", q.proto))
}

// load reads the bytes of a header that columns hold: TCP's flags, ICMP's type and code.
func (p *parser) load(t token) *Node {
	p.expect("[")
	offset := int64(-1)
	if at := p.peek(); p.list[min(p.at+1, len(p.list)-1)].text == "]" && (isConstant(at.text) || strings.Trim(at.text, "0123456789") == "") {
		offset = p.number(p.next())
		p.expect("]")
	}
	column, mask := "", int64(0)
	switch {
	case t.text == "tcp" && offset == 13:
		column, mask = "tcp_flags", 0xff
	case (t.text == "icmp" || t.text == "icmp6") && offset == 0:
		column = "icmp_type"
	case (t.text == "icmp" || t.text == "icmp6") && offset == 1:
		column = "icmp_code"
	default:
		return p.fail(t, faultf(filter.ErrQualifier, "rows hold no bytes of headers but tcp[tcpflags], icmp[icmptype] and icmp[icmpcode]: filter the capture"))
	}
	n := p.comparison(token{text: column, at: t.at}, Number)
	if n.Mask == 0 {
		n.Mask = mask
	} else if mask != 0 {
		n.Mask &= mask
	}
	if column != "tcp_flags" {
		return both(And, protocols[t.text](), n)
	}
	return n
}

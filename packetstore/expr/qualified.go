package expr

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"pinyon/filter"
)

// qualified reads a value, and makes the condition of it.
func (p *parser) qualified(q qualifiers) *Node {
	t := p.next()
	if t.op || t.quoted || t.text == "" {
		return p.fail(t, faultf(filter.ErrSyntax, "a value is due"))
	}
	switch q.kind {
	case "host":
		return p.host(q, t)
	case "net":
		return p.network(q, t)
	case "proto":
		return p.proto(q, t)
	}
	return p.ports(q, t)
}

// ends is a condition on the source's column, the destination's, or both, as q says.
func ends(q qualifiers, src, dst *Node) *Node {
	switch q.dir {
	case "src":
		return src
	case "dst":
		return dst
	case "src and dst":
		return both(And, src, dst)
	}
	return both(Or, src, dst)
}

// within is a condition on packets of the protocol that q names.
func (p *parser) within(q qualifiers, t token, n *Node, allowed ...string) *Node {
	if q.proto == "" {
		return n
	}
	for _, name := range allowed {
		if q.proto == name {
			return both(And, protocols[name](), n)
		}
	}
	return p.fail(t, faultf(filter.ErrQualifier, "%s has no %s", q.proto, q.kind))
}

// host is an address of IP, or of the link.
func (p *parser) host(q qualifiers, t token) *Node {
	var m Match
	src, dst := "src_ip", "dst_ip"
	if q.proto == "ether" {
		src, dst = "src_mac", "dst_mac"
		m.Texts = []string{p.link(t)}
		q.proto = ""
	} else if p.address(&m, t); len(m.Nets) > 0 {
		return p.fail(t, faultf(filter.ErrValue, "a network: net %s", t.text))
	}
	return p.within(q, t, ends(q, &Node{Kind: Is, Column: src, Match: m}, &Node{Kind: Is, Column: dst, Match: m}), "ip", "ip6", "arp", "rarp")
}

// network is 10.0.0.0/8, 10.0.0.0 mask 255.0.0.0, 10.1, or an IPv6 prefix.
func (p *parser) network(q qualifiers, t token) *Node {
	prefix, err := netip.ParsePrefix(t.text)
	if addr, bits, ok := strings.Cut(t.text, "/"); err != nil && (!ok || !strings.Contains(addr, ":")) {
		parts := strings.Split(addr, ".")
		if !ok {
			bits = strconv.Itoa(8 * len(parts))
		}
		n, e := strconv.Atoi(bits)
		full := addr + strings.Repeat(".0", max(0, 4-len(parts)))
		if a, e2 := netip.ParseAddr(full); e == nil && e2 == nil && a.Is4() && n >= 0 && n <= 32 {
			prefix, err = netip.PrefixFrom(a, n), nil
		}
	}
	if a, e := netip.ParseAddr(t.text); e == nil && a.Is6() && a.Zone() == "" {
		prefix, err = netip.PrefixFrom(a, 128), nil
	}
	if err != nil {
		return p.fail(t, faultf(filter.ErrValue, "no network"))
	}
	if p.take("mask") {
		m := p.next()
		ip := net.ParseIP(m.text).To4()
		ones, size := net.IPMask(ip).Size()
		if size != 32 || !prefix.Addr().Is4() {
			return p.fail(m, faultf(filter.ErrValue, "no netmask of IPv4 with its ones in front"))
		}
		prefix = netip.PrefixFrom(prefix.Addr(), ones)
	}
	if prefix.Masked() != prefix {
		return p.fail(t, faultf(filter.ErrValue, "bits are set behind the network's length"))
	}
	m := Match{Nets: []netip.Prefix{prefix}}
	return p.within(q, t, ends(q, &Node{Kind: Is, Column: "src_ip", Match: m}, &Node{Kind: Is, Column: "dst_ip", Match: m}), "ip", "ip6", "arp", "rarp")
}

// ports is a port by number or name, or a range of them.
func (p *parser) ports(q qualifiers, t token) *Node {
	lo, hi := t.text, t.text
	if q.kind == "portrange" {
		var ok bool
		if lo, hi, ok = strings.Cut(t.text, "-"); !ok {
			return p.fail(t, faultf(filter.ErrValue, "no range of ports"))
		}
	}
	r := Range{p.port(t, lo), p.port(t, hi)}
	if r.Lo > r.Hi {
		r.Lo, r.Hi = r.Hi, r.Lo
	}
	end := func(column string) *Node { return &Node{Kind: In, Column: column, Ranges: []Range{r}} }
	return p.within(q, t, ends(q, end("src_port"), end("dst_port")), "tcp", "udp", "sctp", "ip", "ip6")
}

func (p *parser) port(t token, s string) int64 {
	if n, ok := filter.Port(s); ok {
		return int64(n)
	}
	n, err := strconv.ParseUint(s, 0, 16)
	if err != nil {
		p.fail(t, faultf(filter.ErrValue, "no port"))
	}
	return int64(n)
}

// proto is a protocol behind IP, or an EtherType, by number or name.
func (p *parser) proto(q qualifiers, t token) *Node {
	column, most := "ip_proto", uint64(0xff)
	name := strings.TrimPrefix(t.text, `\`)
	v, err := strconv.ParseUint(name, 0, 16)
	if q.proto == "ether" {
		column, most = "ethertype", 0xffff
		if n, ok := filter.EtherType(name); ok {
			v, err = uint64(n), nil
		}
		q.proto = ""
	} else if n, ok := filter.Protocol(name); ok {
		v, err = uint64(n), nil
	}
	if err != nil || v > most || q.dir != "" {
		return p.fail(t, faultf(filter.ErrValue, "no protocol"))
	}
	return p.within(q, t, number(column, int64(v)), "ip", "ip6")
}

package filter

// Protocol numbers (IANA) that the language has words for.
const (
	ipHopByHop = 0
	ipICMP     = 1
	ipIGMP     = 2
	ipTCP      = 6
	ipIGRP     = 9
	ipUDP      = 17
	ipRouting  = 43
	ipFragment = 44
	ipESP      = 50
	ipAH       = 51
	ipICMPv6   = 58
	ipNone     = 59
	ipDstOpts  = 60
	ipPIM      = 103
	ipVRRP     = 112
	ipSCTP     = 132
)

// anyTransport stands for TCP, UDP and SCTP.
const anyTransport = 0

// port tests for a port, or one between two, over a transport protocol, or over any.
func (g *gen) port(lo, hi uint32, transport uint32, dir uint8) *cond {
	if lo > hi {
		lo, hi = hi, lo
	}
	v6 := g.portOver(etherIPv6, lo, hi, transport, dir)
	return or(v6, g.portOver(etherIPv4, lo, hi, transport, dir))
}

// portOver is port over one version of IP.
func (g *gen) portOver(typ, lo, hi, transport uint32, dir uint8) *cond {
	c := g.linkType(typ)
	if transport != anyTransport {
		return and(c, g.portOf(typ, lo, hi, transport, dir))
	}
	// SCTP is tried first, as the order of evaluation is visible in cut frames.
	s := g.portOf(typ, lo, hi, ipSCTP, dir)
	t := g.portOf(typ, lo, hi, ipTCP, dir)
	return and(c, or(s, or(t, g.portOf(typ, lo, hi, ipUDP, dir))))
}

// portOf tests a transport header: in IPv4 that of a whole datagram or a first fragment,
// in IPv6 one that nothing stands before.
func (g *gen) portOf(typ, lo, hi, transport uint32, dir uint8) *cond {
	var head *cond
	if typ == etherIPv4 {
		head = and(g.equal(g.net(), 9, 1, transport), g.firstFragment())
	} else {
		head = g.equal(g.net(), 6, 1, transport)
	}
	return and(head, g.direct(dir, func(s bool) *cond {
		at := g.tran6()
		if typ == etherIPv4 {
			at = g.tran4()
		}
		off := either(s, 0, 2)
		if lo == hi {
			return g.equal(at, off, 2, lo)
		}
		v := g.load(at, off, 2)
		return and(g.compare(jmpGE, v, lo), not(g.compare(jmpGT, v, hi)))
	}))
}

// firstFragment tests for a fragment offset of 0.
func (g *gen) firstFragment() *cond {
	return not(g.compare(jmpSet, g.load(g.net(), 6, 2), 0x1fff))
}

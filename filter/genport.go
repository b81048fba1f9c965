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

// ports are those from lo to hi. A range of one is tested as a range all the same: its
// tests are seen to be moved as such.
type ports struct {
	lo, hi uint32
	span   bool // written as a range
}

// port tests for one of the ports, over a transport protocol, or over any.
func (g *gen) port(p ports, transport uint32, dir uint8) *cond {
	if p.lo > p.hi {
		p.lo, p.hi = p.hi, p.lo
	}
	v6 := g.portOver(etherIPv6, p, transport, dir)
	return or(v6, g.portOver(etherIPv4, p, transport, dir))
}

// portOver is port over one version of IP.
func (g *gen) portOver(typ uint32, p ports, transport uint32, dir uint8) *cond {
	c := g.linkType(typ)
	if transport != anyTransport {
		return and(c, g.portOf(typ, p, transport, dir))
	}
	// SCTP is tried first, as the order of evaluation is visible in cut frames.
	s := g.portOf(typ, p, ipSCTP, dir)
	t := g.portOf(typ, p, ipTCP, dir)
	return and(c, or(s, or(t, g.portOf(typ, p, ipUDP, dir))))
}

// portOf tests a transport header: in IPv4 that of a whole datagram or a first fragment,
// in IPv6 one that nothing stands before.
func (g *gen) portOf(typ uint32, p ports, transport uint32, dir uint8) *cond {
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
		if !p.span {
			return g.equal(at, off, 2, p.lo)
		}
		v := g.load(at, off, 2)
		return and(g.compare(jmpGE, v, p.lo), not(g.compare(jmpGT, v, p.hi)))
	}))
}

// firstFragment tests for a fragment offset of 0.
func (g *gen) firstFragment() *cond {
	return not(g.compare(jmpSet, g.load(g.net(), 6, 2), 0x1fff))
}

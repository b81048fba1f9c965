package filter

import "pinyon/packet"

// vlan tests for a VLAN tag (IEEE 802.1Q), possibly with an id, and moves everything that
// is written after it behind the tag.
func (g *gen) vlan(id uint32, set bool) *cond {
	switch {
	case g.labels > 0:
		return g.fail(ErrLinkType, "no VLAN inside MPLS")
	case id > 0xfff:
		return g.fail(ErrValue, "VLAN id over 4095")
	case g.kind != linkEther && (g.kind != linkWLAN || g.radio == radioPPI):
		return g.fail(ErrLinkType, "no VLAN on link type %d", g.link)
	}
	// Linux takes the outermost tag out of an Ethernet frame before the filter sees it.
	if g.o.Mode == ModeKernel && g.kind == linkEther && g.tags == 0 && g.hdr.v == 0 && g.hdr.k == 0 {
		return g.vlanKernel(id, set)
	}
	c := g.vlanTag()
	if set {
		c = and(c, g.masked(g.net(), 0, 2, id, 0xfff))
	}
	g.typ.k += 4
	g.payload.k += 4
	g.tags++
	return c
}

// vlanTag tests for the EtherTypes that announce a tag.
func (g *gen) vlanTag() *cond {
	c := g.linkType(etherVLAN)
	c = or(c, g.linkType(etherQinQ))
	return or(c, g.linkType(etherVLAN9100))
}

// vlanKernel tests for a tag beside the frame or in it. Only one in it moves what comes
// after, so how far is decided per packet: a scratch register is 4, or 0 if never set.
func (g *gen) vlanKernel(id uint32, set bool) *cond {
	taken := func() *cond { return g.compare(jmpEQ, g.vs.load(0, adVLANPresent, 1), 1) }
	moved := g.register()
	move := g.set(moved, g.vs.constant(4))
	c := or(taken(), and(move, g.vlanTag()))
	if set {
		beside := g.compare(jmpEQ, g.mask(g.vs.load(0, adVLANTag, 1), 0xfff), id)
		inside := g.masked(g.net(), 0, 2, id, 0xfff)
		c = and(c, or(and(taken(), beside), and(not(taken()), inside)))
	}
	g.typ.v = g.vs.mem(moved)
	g.payload.v = g.typ.v
	g.tags++
	return c
}

// set puts v into scratch register r.
func (g *gen) set(r uint8, v vid) *cond {
	return &cond{op: condSet, reg: r, t: test{v: v}}
}

// mpls tests for an MPLS label (RFC 3032), possibly a certain one, and moves what is
// written after it behind the label. A second mpls is for the label below.
func (g *gen) mpls(label uint32, set bool) *cond {
	if label > 0xfffff {
		return g.fail(ErrValue, "MPLS label over 1048575")
	}
	var c *cond
	switch {
	case g.labels > 0:
		// The label before is not the bottom of the stack.
		c = g.masked(offset{v: g.payload.v, k: g.net().k - 4}, 2, 1, 0, 0x01)
	case !g.mplsable:
		return g.fail(ErrLinkType, "no MPLS on link type %d", g.link)
	case g.kind == linkPPP:
		c = g.linkType(0x0281)
	default:
		c = g.linkType(etherMPLS)
	}
	if set {
		c = and(c, g.masked(g.net(), 0, 4, label<<12, 0xfffff000))
	}
	g.network += 4
	g.networkNoSNAP += 4
	g.labels++
	return c
}

// mplsType tests what is behind the bottom of the label stack: its first four bits tell.
func (g *gen) mplsType(typ uint32) *cond {
	var version uint32
	switch typ {
	case etherIPv4:
		version = 0x40
	case etherIPv6:
		version = 0x60
	default:
		return g.fail(ErrLinkType, "MPLS carries IP only")
	}
	net := g.net()
	bottom := g.masked(offset{v: net.v, k: net.k - 2}, 0, 1, 0x01, 0x01)
	return and(bottom, g.masked(net, 0, 1, version, 0xf0))
}

// pppoes tests for a PPPoE session packet (RFC 2516), possibly of a certain session, and
// moves what is written after it into the PPP frame, which begins with the protocol.
func (g *gen) pppoes(session uint32, set bool) *cond {
	if session > 0xffff {
		return g.fail(ErrValue, "PPPoE session over 65535")
	}
	c := g.linkType(etherPPPoES)
	if set {
		c = and(c, g.masked(g.net(), 0, 4, session, 0xffff))
	}
	net := g.net()
	g.hdr = offset{v: net.v, k: net.k + 6}
	g.typ = g.hdr
	g.payload = offset{v: net.v, k: net.k + 8}
	g.enter(packet.LinkPPP, layout{kind: linkPPP})
	g.networkNoSNAP = 0
	return c
}

// enter makes the link layer that of an inner frame.
func (g *gen) enter(link uint16, l layout) {
	g.link, g.kind, g.radio, g.untyped = link, l.kind, radioNone, false
	g.hasMAC, g.src, g.dst = l.hasMAC, l.src, l.dst
	g.network, g.mplsable, g.geneve = 0, true, false
}

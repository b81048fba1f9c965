package filter

var everyone = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// broadcast tests for a link-layer or IPv4 broadcast.
func (g *gen) broadcast(proto uint8) *cond {
	switch proto {
	case protoNone, protoLink:
		if g.kind != linkWLAN && !g.hasMAC {
			return g.fail(ErrLinkType, "no broadcast on link type %d", g.link)
		}
		return g.mac(everyone, dirDst)
	case protoIP:
		if g.o.Netmask == NetmaskUnknown {
			return g.fail(ErrMode, "ip broadcast needs the netmask")
		}
		// The host part of the destination is all zeros or all ones.
		host := ^g.o.Netmask
		c := g.linkType(etherIPv4)
		return and(c, or(g.masked(g.net(), 16, 4, 0, host), g.masked(g.net(), 16, 4, host, host)))
	}
	return g.fail(ErrQualifier, "broadcast is of the link layer or IP")
}

// multicast tests for a link-layer, IPv4 or IPv6 multicast; a broadcast is one.
func (g *gen) multicast(proto uint8) *cond {
	switch proto {
	case protoNone, protoLink:
		group := func(at uint32) *cond { return g.bits(g.hdr, at, 0x01) }
		if g.kind == linkWLAN {
			return g.wlanDestination(group)
		}
		if !g.hasMAC {
			return g.fail(ErrLinkType, "no multicast on link type %d", g.link)
		}
		return g.behindLink(group(g.dst))
	case protoIP:
		c := g.linkType(etherIPv4)
		return and(c, g.compare(jmpGE, g.load(g.net(), 16, 1), 224))
	case protoIP6:
		c := g.linkType(etherIPv6)
		return and(c, g.equal(g.net(), 24, 1, 255))
	}
	return g.fail(ErrQualifier, "multicast is of the link layer, IP or IPv6")
}

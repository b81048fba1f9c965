package filter

// direct joins what of gives for source and destination as the direction asks.
func (g *gen) direct(dir uint8, of func(src bool) *cond) *cond {
	switch dir {
	case dirSrc:
		return of(true)
	case dirDst:
		return of(false)
	case dirAnd:
		s := of(true)
		return and(s, of(false))
	case dirNone, dirOr:
		s := of(true)
		return or(s, of(false))
	}
	return g.fail(ErrQualifier, "addr1 to addr4, ra and ta are for 802.11 addresses only")
}

// either is src or dst.
func either(src bool, s, d uint32) uint32 {
	if src {
		return s
	}
	return d
}

// host4 tests for an IPv4 address or network, in IP, ARP and RARP if proto names none.
func (g *gen) host4(addr, mask uint32, q qual) *cond {
	switch q.proto {
	case protoNone:
		c := g.address4(addr, mask, q.dir, etherIPv4, 12, 16)
		if g.labels > 0 { // MPLS carries no ARP
			return c
		}
		c = or(c, g.address4(addr, mask, q.dir, etherARP, 14, 24))
		return or(c, g.address4(addr, mask, q.dir, etherRARP, 14, 24))
	case protoIP:
		return g.address4(addr, mask, q.dir, etherIPv4, 12, 16)
	case protoARP:
		return g.address4(addr, mask, q.dir, etherARP, 14, 24)
	case protoRARP:
		return g.address4(addr, mask, q.dir, etherRARP, 14, 24)
	}
	return g.fail(ErrQualifier, "this protocol has no IPv4 addresses")
}

func (g *gen) address4(addr, mask uint32, dir uint8, typ, src, dst uint32) *cond {
	return g.direct(dir, func(s bool) *cond {
		c := g.linkType(typ)
		return and(c, g.masked(g.net(), either(s, src, dst), 4, addr, mask))
	})
}

// host6 tests for an IPv6 address or network.
func (g *gen) host6(addr [16]byte, bits uint32, q qual) *cond {
	if q.proto != protoNone && q.proto != protoIP6 {
		return g.fail(ErrQualifier, "this protocol has no IPv6 addresses")
	}
	return g.direct(q.dir, func(s bool) *cond {
		off := either(s, 8, 24)
		c := g.linkType(etherIPv6)
		for i := uint32(0); i < 16; i += 4 {
			mask := prefixMask(min(max(bits, i*8)-i*8, 32))
			word := uint32(addr[i])<<24 | uint32(addr[i+1])<<16 | uint32(addr[i+2])<<8 | uint32(addr[i+3])
			c = and(c, g.masked(g.net(), off+i, 4, word, mask))
		}
		return c
	})
}

// mac tests for a link-layer address.
func (g *gen) mac(addr []byte, dir uint8) *cond {
	switch {
	case g.kind == linkWLAN:
		return g.wlanAddress(addr, dir)
	case !g.hasMAC:
		return g.fail(ErrLinkType, "no link-layer addresses on link type %d", g.link)
	case dir >= dirAddr1:
		return g.fail(ErrLinkType, "no 802.11 header on link type %d", g.link)
	}
	c := g.direct(dir, func(s bool) *cond { return g.bytes(g.hdr, either(s, g.src, g.dst), addr) })
	return g.behindLink(c)
}

// behindLink puts before c what makes sure that the frame has the link header c reads.
func (g *gen) behindLink(c *cond) *cond {
	if g.geneve {
		return and(g.geneveHasLink(), c)
	}
	return c
}

// decnet tests for a DECnet address, in data packets with none or one byte of padding.
// Addresses are little endian; flags and padding come after a two-byte length.
func (g *gen) decnet(addr uint32, dir uint8) *cond {
	addr = addr&0xff<<8 | addr>>8&0xff
	return g.direct(dir, func(s bool) *cond {
		short, long := either(s, 3, 1), either(s, 15, 7)
		net := g.net()
		at := func(pad, off uint32) *cond { return g.equal(net, 2+pad+off, 2, addr) }
		c := g.linkType(etherDECnet)
		// Flags: 6 is a long header, 2 a short one; 0x81 before them is a byte of padding.
		longer := or(and(g.masked(net, 2, 1, 0x06, 0x07), at(0, long)),
			and(g.masked(net, 2, 2, 0x8106, 0xff07), at(1, long)))
		shorter := or(and(g.masked(net, 2, 1, 0x02, 0x07), at(0, short)),
			or(and(g.masked(net, 2, 2, 0x8102, 0xff07), at(1, short)), longer))
		return and(c, shorter)
	})
}

// prefixMask is the mask of the first bits, at most 32.
func prefixMask(bits uint32) uint32 { return uint32(uint64(0xffffffff00000000) >> bits) }

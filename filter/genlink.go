package filter

// EtherTypes (IEEE registration authority) that the language has words for.
const (
	etherIPv4     = 0x0800
	etherARP      = 0x0806
	etherMOPDL    = 0x6001
	etherMOPRC    = 0x6002
	etherDECnet   = 0x6003
	etherLAT      = 0x6004
	etherSCA      = 0x6007
	etherBridged  = 0x6558
	etherRARP     = 0x8035
	etherATalk    = 0x809b
	etherAARP     = 0x80f3
	etherVLAN     = 0x8100
	etherIPX      = 0x8137
	etherIPv6     = 0x86dd
	etherMPLS     = 0x8847
	etherPPPoED   = 0x8863
	etherPPPoES   = 0x8864
	etherQinQ     = 0x88a8
	etherLoopback = 0x9000
	etherVLAN9100 = 0x9100

	maxLLCFrame = 1500 // up to here a length of an 802.3 frame
)

// LLC service access points (IEEE 802.2). Where an EtherType is wanted a value up to
// maxLLCFrame is one of these.
const (
	sapIP      = 0x06
	sap8021D   = 0x42
	sapSNAP    = 0xaa
	sapIPX     = 0xe0
	sapNetBEUI = 0xf0
	sapISO     = 0xfe
)

// Protocol fields of a cooked header that hold no EtherType (linux/if_ether.h).
const (
	sllNovell = 0x0001 // IPX straight in 802.3
	sllLLC    = 0x0004
)

// linkType tests for a network protocol: an EtherType, or an LLC service access point.
func (g *gen) linkType(typ uint32) *cond {
	if g.labels > 0 {
		return g.mplsType(typ)
	}
	switch g.kind {
	case linkEther:
		return g.etherType(typ)
	case linkSLL:
		return g.sllType(typ)
	case linkTyped:
		return g.equal(g.typ, 0, 2, typ)
	case linkIP, linkIP4, linkIP6:
		return g.rawType(typ)
	case linkFamily, linkFamilyBE:
		return g.familyType(typ)
	case linkPPP:
		return g.equal(g.typ, 0, 2, pppType(typ))
	case linkHDLC:
		if typ == sapISO {
			typ = sapISO<<8 | sapISO
		}
		return g.equal(g.typ, 0, 2, typ)
	case linkLLC:
		return g.llcType(typ)
	case linkWLAN:
		return and(g.wlanDataFrame(), g.llcType(typ))
	case linkFrameRelay:
		return g.frameRelayType(typ)
	}
	return g.fail(ErrLinkType, "frames of link type %d do not say what they carry", g.link)
}

// isLength tests for an 802.3 frame: a length where Ethernet II has its type.
func (g *gen) isLength() *cond {
	return not(g.compare(jmpGT, g.load(g.typ, 0, 2), maxLLCFrame))
}

func (g *gen) etherType(typ uint32) *cond {
	switch typ {
	case sapISO, sapIP, sapNetBEUI:
		return and(g.isLength(), g.equal(g.payload, 0, 2, typ<<8|typ))
	case sapIPX:
		// Ethernet II; else 802.3 with IPX straight behind it, in LLC or in SNAP.
		inside := or(g.snap(0, etherIPX), or(g.equal(g.payload, 0, 1, sapIPX), g.equal(g.payload, 0, 2, 0xffff)))
		return or(g.equal(g.typ, 0, 2, etherIPX), and(g.isLength(), inside))
	case etherATalk:
		return or(g.equal(g.typ, 0, 2, typ), and(g.isLength(), g.snap(ouiApple, typ)))
	case etherAARP:
		return or(g.equal(g.typ, 0, 2, typ), and(g.isLength(), g.snap(0, typ)))
	}
	if typ <= maxLLCFrame {
		return and(g.isLength(), g.equal(g.typ, 2, 1, typ))
	}
	return g.equal(g.typ, 0, 2, typ)
}

func (g *gen) sllType(typ uint32) *cond {
	isLLC := func() *cond { return g.equal(g.typ, 0, 2, sllLLC) }
	switch typ {
	case sapISO, sapIP, sapNetBEUI:
		return and(isLLC(), g.equal(g.payload, 0, 2, typ<<8|typ))
	case sapIPX:
		inside := or(g.equal(g.payload, 0, 1, sapIPX), g.snap(0, etherIPX))
		return or(g.equal(g.typ, 0, 2, etherIPX), or(g.equal(g.typ, 0, 2, sllNovell), and(isLLC(), inside)))
	case etherATalk:
		return or(g.equal(g.typ, 0, 2, typ), and(isLLC(), g.snap(ouiApple, typ)))
	case etherAARP:
		return or(g.equal(g.typ, 0, 2, typ), and(isLLC(), g.snap(0, typ)))
	}
	if typ <= maxLLCFrame {
		return and(isLLC(), g.equal(g.payload, 0, 1, typ))
	}
	return g.equal(g.typ, 0, 2, typ)
}

// rawType reads the IP version where nothing else is.
func (g *gen) rawType(typ uint32) *cond {
	switch {
	case g.kind == linkIP4:
		return always(typ == etherIPv4)
	case g.kind == linkIP6:
		return always(typ == etherIPv6)
	case typ == etherIPv4:
		return g.masked(g.hdr, 0, 1, 0x40, 0xf0)
	case typ == etherIPv6:
		return g.masked(g.hdr, 0, 1, 0x60, 0xf0)
	}
	return always(false)
}

// familyType reads the address family of BSD loopback frames. That of IPv4 is 2
// everywhere. That of IPv6 differs: a file may come from any BSD (24, 28, 30), a live
// frame from this Linux (10).
func (g *gen) familyType(typ uint32) *cond {
	families := [3]uint32{2}
	n := 1
	switch {
	case typ == etherIPv6 && g.o.Mode == ModeFile:
		families, n = [3]uint32{30, 24, 28}, 3
	case typ == etherIPv6:
		families[0] = 10
	case typ != etherIPv4:
		return always(false)
	}
	var c *cond
	for _, f := range families[:n] {
		var t *cond
		swapped := f << 24
		switch {
		case g.kind == linkFamilyBE:
			t = g.equal(g.hdr, 0, 4, f)
		case g.o.Mode == ModeFile:
			// A file may come from a host of either byte order.
			t = g.equal(g.hdr, 0, 4, swapped)
			t.t.either = true
		case hostIsBigEndian:
			t = g.equal(g.hdr, 0, 4, f)
		default:
			t = g.equal(g.hdr, 0, 4, swapped)
		}
		if c == nil {
			c = t
		} else {
			c = or(c, t)
		}
	}
	return c
}

// frameRelayType reads the control byte and the protocol identifier behind an address of 2
// bytes. As in libpcap the network header is looked for where the frame begins, so whatever
// goes beyond the protocol looks at the wrong bytes.
func (g *gen) frameRelayType(typ uint32) *cond {
	const unnumbered = 0x0300
	switch typ {
	case etherIPv4:
		return g.equal(g.hdr, 2, 2, unnumbered|0xcc)
	case etherIPv6:
		return g.equal(g.hdr, 2, 2, unnumbered|0x8e)
	case sapISO:
		return g.equal(g.hdr, 2, 2, unnumbered|0x81)
	}
	return always(false)
}

// pppType is the PPP protocol (RFC 1661, IANA) for an EtherType or access point.
func pppType(typ uint32) uint32 {
	switch typ {
	case etherIPv4:
		return 0x0021
	case etherIPv6:
		return 0x0057
	case etherDECnet:
		return 0x0027
	case etherATalk:
		return 0x0029
	case 0x0600: // Xerox NS
		return 0x0025
	case sapISO:
		return 0x0023
	case sap8021D:
		return 0x0031
	case sapIPX:
		return 0x002b
	}
	return typ
}

package filter

// Network layer protocol identifiers of OSI (ISO 9577) and PDU types of IS-IS (ISO 10589).
const (
	nlpidCLNP = 0x81
	nlpidESIS = 0x82
	nlpidISIS = 0x83

	isisL1Hello = 15
	isisL2Hello = 16
	isisP2P     = 17
	isisL1LSP   = 18
	isisL2LSP   = 20
	isisL1CSNP  = 24
	isisL2CSNP  = 25
	isisL1PSNP  = 26
	isisL2PSNP  = 27
)

// etherOf are the protocols that a protocol name tests the link layer for.
var etherOf = map[uint8]uint32{
	protoIP: etherIPv4, protoIP6: etherIPv6, protoARP: etherARP, protoRARP: etherRARP,
	protoATalk: etherATalk, protoAARP: etherAARP, protoDECnet: etherDECnet, protoSCA: etherSCA,
	protoLAT: etherLAT, protoMOPDL: etherMOPDL, protoMOPRC: etherMOPRC,
	protoISO: sapISO, protoSTP: sap8021D, protoIPX: sapIPX, protoNetBEUI: sapNetBEUI,
}

// insideOf are those that it looks for inside another: IP of one or both versions, or OSI.
var insideOf = map[uint8]struct {
	outer  uint8
	number uint32
}{
	protoSCTP: {protoNone, ipSCTP}, protoTCP: {protoNone, ipTCP}, protoUDP: {protoNone, ipUDP},
	protoPIM: {protoNone, ipPIM}, protoAH: {protoNone, ipAH}, protoESP: {protoNone, ipESP},
	protoICMP: {protoIP, ipICMP}, protoIGMP: {protoIP, ipIGMP}, protoIGRP: {protoIP, ipIGRP},
	protoVRRP: {protoIP, ipVRRP}, protoCARP: {protoIP, ipVRRP}, protoICMP6: {protoIP6, ipICMPv6},
	protoESIS: {protoISO, nlpidESIS}, protoISIS: {protoISO, nlpidISIS}, protoCLNP: {protoISO, nlpidCLNP},
}

// isisOf are the PDU types of IS-IS in the order in which they are tried.
var isisOf = map[uint8][]uint32{
	protoISISL1:   {isisL1PSNP, isisL1CSNP, isisL1LSP, isisL1Hello, isisP2P},
	protoISISL2:   {isisL2PSNP, isisL2CSNP, isisL2LSP, isisL2Hello, isisP2P},
	protoISISIIH:  {isisP2P, isisL1Hello, isisL2Hello},
	protoISISLSP:  {isisL1LSP, isisL2LSP},
	protoISISSNP:  {isisL2PSNP, isisL1PSNP, isisL1CSNP, isisL2CSNP},
	protoISISCSNP: {isisL1CSNP, isisL2CSNP},
	protoISISPSNP: {isisL1PSNP, isisL2PSNP},
}

// abbrev tests for a protocol that is named alone.
func (g *gen) abbrev(proto uint8) *cond {
	if typ, ok := etherOf[proto]; ok {
		return g.linkType(typ)
	}
	if in, ok := insideOf[proto]; ok {
		return g.inside(in.number, in.outer)
	}
	if types, ok := isisOf[proto]; ok {
		c := g.inside(types[0], protoISIS)
		for _, t := range types[1:] {
			c = or(c, g.inside(t, protoISIS))
		}
		return c
	}
	return g.fail(ErrQualifier, "a qualifier, not a protocol")
}

// inside tests for protocol number v inside outer.
func (g *gen) inside(v uint32, outer uint8) *cond {
	switch outer {
	case protoNone:
		c := g.inside(v, protoIP)
		return or(c, g.inside(v, protoIP6))
	case protoLink:
		return g.linkType(v)
	case protoIP:
		c := g.linkType(etherIPv4)
		return and(c, g.equal(g.net(), 9, 1, v))
	case protoIP6:
		// The first header, or that behind a fragment header.
		c := g.linkType(etherIPv6)
		fragment := and(g.equal(g.net(), 6, 1, ipFragment), g.equal(g.net(), 40, 1, v))
		return and(c, or(g.equal(g.net(), 6, 1, v), fragment))
	case protoISO:
		c := g.linkType(sapISO)
		skip := uint32(0)
		if g.kind == linkHDLC {
			skip = 1 // a byte of padding
		}
		return and(c, g.equal(g.netPlain(), skip, 1, v))
	case protoISIS:
		c := g.inside(nlpidISIS, protoISO)
		return and(c, g.equal(g.netPlain(), 4, 1, v))
	}
	return g.fail(ErrQualifier, "this protocol does not say what it carries")
}

// netPlain is the network header behind LLC without SNAP.
func (g *gen) netPlain() offset {
	return offset{v: g.payload.v, k: g.payload.k + g.networkNoSNAP}
}

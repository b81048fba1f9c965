package filter

import "pinyon/packet"

const genevePort = 6081 // RFC 8926

// Geneve header (RFC 8926, 3.4):
//
//	 0                   1                   2                   3
//	|Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
//	|        Virtual Network Identifier (VNI)       |    Reserved   |
//	|                    Variable-Length Options                    |
//
// genevePacket tests for a Geneve packet, possibly of a certain network, and moves what is
// written after it into the packet inside: an Ethernet frame, or anything with an
// EtherType. Where that begins differs from packet to packet, so registers hold it.
func (g *gen) genevePacket(vni uint32, set bool) *cond {
	if vni > 0xffffff {
		return g.fail(ErrValue, "Geneve network over 16777215")
	}
	begin, hdr, typ, payload := g.register(), g.register(), g.register(), g.register()
	net := g.net()

	c4 := g.geneveOver(etherIPv4, vni, set)
	c4 = and(c4, g.set(begin, g.headerEnd4()))
	c6 := g.geneveOver(etherIPv6, vni, set)
	end6 := g.vs.constant(40)
	if net.v != 0 {
		end6 = g.vs.bin(aluAdd, net.v, end6)
	}
	c := or(c4, and(c6, g.set(begin, end6)))

	// From here on register begin tells where UDP begins, from net.k on.
	at := offset{v: g.vs.mem(begin), k: net.k + 8}
	words := g.mask(g.load(at, 0, 1), 0x3f)
	length := g.vs.bin(aluAdd, g.vs.bin(aluMul, words, g.vs.constant(4)), g.vs.constant(8+at.k))
	c = and(c, g.set(hdr, g.vs.bin(aluAdd, length, at.v)))
	inner := g.vs.mem(hdr)
	bridged := and(g.equal(at, 2, 2, etherBridged), and(
		g.set(typ, g.vs.bin(aluAdd, inner, g.vs.constant(12))),
		g.set(payload, g.vs.bin(aluAdd, inner, g.vs.constant(14)))))
	bare := and(g.set(typ, g.vs.bin(aluAdd, at.v, g.vs.constant(at.k+2))), g.set(payload, inner))
	c = and(c, or(bridged, bare))

	g.hdr = offset{v: inner}
	g.typ = offset{v: g.vs.mem(typ)}
	g.payload = offset{v: g.vs.mem(payload)}
	plain := g.networkNoSNAP
	g.enter(packet.LinkEthernet, layouts[packet.LinkEthernet])
	g.networkNoSNAP, g.geneve, g.inGeneve = plain, true, true
	return c
}

// geneveOver tests for version 0 to the port over one version of IP.
func (g *gen) geneveOver(typ, vni uint32, set bool) *cond {
	c := g.portOver(typ, ports{lo: genevePort}, ipUDP, dirDst)
	at := g.tran6()
	if typ == etherIPv4 {
		at = g.tran4()
	}
	c = and(c, g.masked(at, 8, 1, 0, 0xc0))
	if set {
		c = and(c, g.masked(at, 12, 4, vni<<8, 0xffffff00))
	}
	return c
}

// geneveHasLink tests for a packet with a link header inside.
func (g *gen) geneveHasLink() *cond {
	return not(&cond{op: condTest, t: test{jump: jmpEQ, v: g.hdr.v, w: g.payload.v}})
}

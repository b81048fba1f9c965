package filter

import "pinyon/packet"

// Linux packet type of a frame that this host sent (linux/if_packet.h), also in cooked headers.
const packetOutgoing = 4

// direction tests for frames that this host sent, or for the others.
func (g *gen) direction(out bool) *cond {
	var c *cond
	switch {
	case g.link == packet.LinkLinuxSLL:
		c = g.equal(g.hdr, 0, 2, packetOutgoing)
	case g.link == packet.LinkLinuxSLL2:
		c = g.equal(g.hdr, 10, 1, packetOutgoing)
	case g.link == linkPPPPPPD:
		// The first byte is 1 for sent, 0 for received.
		if out {
			return g.equal(g.hdr, 0, 1, 1)
		}
		return g.equal(g.hdr, 0, 1, 0)
	case g.link == linkSLIP:
		if c = g.equal(g.hdr, 0, 1, 0); out {
			c = not(c)
		}
		return c
	case g.o.Mode == ModeFile:
		return g.fail(ErrMode, "files of link type %d do not tell directions", g.link)
	default:
		c = g.compare(jmpEQ, g.vs.load(0, adPacketType, 2), packetOutgoing)
	}
	if !out {
		c = not(c)
	}
	return c
}

// ifindex tests for the device that a frame came through.
func (g *gen) ifindex(n uint32) *cond {
	switch {
	case g.link == packet.LinkLinuxSLL2:
		return g.equal(g.hdr, 4, 4, n)
	case g.o.Mode == ModeFile:
		return g.fail(ErrMode, "files of link type %d do not tell devices", g.link)
	}
	return g.compare(jmpEQ, g.vs.load(0, adIfindex, 4), n)
}

// byteOp tests a byte of the link-layer frame: byte 12 = 8. With & and | the byte must
// not be 0 after the operation.
func (g *gen) byteOp(e *expr) *cond {
	v := g.load(g.hdr, e.num, 1)
	switch e.rel {
	case '=':
		return g.compare(jmpEQ, v, e.num2)
	case '<':
		return not(g.compare(jmpGE, v, e.num2))
	case '>':
		return g.compare(jmpGT, v, e.num2)
	case '&':
		return g.compare(jmpSet, v, e.num2)
	}
	return not(g.compare(jmpEQ, g.vs.bin(aluOr, v, g.vs.constant(e.num2)), 0))
}

// loadCooked is load on a device of mixed link types ("any"). The kernel shows the filter
// the network header first; fields of the cooked header are asked for beside the packet.
func (g *gen) loadCooked(base vid, k uint32, size uint8) vid {
	if k >= g.cooked && k < adBase {
		return g.vs.load(base, k-g.cooked, size)
	}
	type field struct {
		k    uint32
		size uint8
	}
	fields := map[field]uint32{{0, 2}: adPacketType, {2, 2}: adHatype, {14, 2}: adProtocol}
	if g.cooked == 20 {
		fields = map[field]uint32{{0, 2}: adProtocol, {4, 4}: adIfindex, {8, 2}: adHatype, {10, 1}: adPacketType}
	}
	if c, ok := g.vs.number(base); ok || base == 0 {
		if ad, ok := fields[field{k + c, size}]; ok {
			return g.vs.load(0, ad, size)
		}
		if at := k + c; at >= g.cooked && at < adBase {
			return g.vs.load(0, at-g.cooked, size)
		}
	}
	g.fail(ErrMode, "the kernel has no cooked header to look at")
	return g.vs.length()
}

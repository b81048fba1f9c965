package filter

import "pinyon/packet"

// A gen turns predicates into conds. It carries where headers are at this point of the
// expression: vlan, mpls, pppoes and geneve move that for all that is written after them.
type gen struct {
	vs values
	o  *Options
	// frame is the link type of the frame; the following are as the link layer stands now.
	frame         uint16
	link          uint16
	kind          linkKind
	radio         radio
	untyped       bool
	src, dst      uint32
	hasMAC        bool
	hdr           offset // link-layer header
	typ           offset // its type field
	payload       offset // behind it
	network       uint32 // network header, from payload
	networkNoSNAP uint32

	labels, tags int  // mpls and vlan so far
	geneve       bool // in a Geneve packet, whose frame may lack its link header
	mplsable     bool // this link layer can carry MPLS

	cooked uint32 // bytes of a cooked header that the kernel does not have; 0 elsewhere
	regs   uint8  // scratch registers taken
	used   uint16 // those that were read
	hdrReg uint8  // with a radio header: its length
	plReg  uint8  // with 802.11: offset of the payload
	loops  bool   // there is a protochain

	inGeneve bool // there is a geneve

	at  token // of the primitive at work
	err *Error
}

// An offset in a frame: a computed part, if v is not 0, and a constant.
type offset struct {
	v vid
	k uint32
}

func newGen(link uint16, o *Options) *gen {
	l := layoutOf(link)
	g := &gen{
		vs: newValues(asWritten), o: o, frame: link, link: link,
		kind: l.kind, radio: l.radio, untyped: l.untyped, src: l.src, dst: l.dst, hasMAC: l.hasMAC,
		typ: offset{k: l.typ}, payload: offset{k: l.payload},
		network: l.network, networkNoSNAP: l.networkNoSNAP,
		mplsable: link == packet.LinkEthernet || link == packet.LinkCHDLC || link == packet.LinkPPP,
	}
	if l.kind == linkWLAN {
		if l.radio != radioNone {
			g.hdrReg = g.register()
			g.hdr.v = g.vs.mem(g.hdrReg)
		}
		g.plReg = g.register()
		g.payload.v = g.vs.mem(g.plReg)
	}
	if o.Mode == ModeKernel && (link == packet.LinkLinuxSLL || link == packet.LinkLinuxSLL2) {
		g.cooked = l.payload
	}
	return g
}

// mirrored reports whether libpcap optimizes this program: not where it computes with
// jumps that its optimizer does not see.
func (g *gen) mirrored() bool {
	l := layoutOf(g.frame)
	wlan := l.radio == radioPrism || l.kind == linkWLAN && g.used>>g.plReg&1 != 0
	return !wlan && !g.loops && !g.inGeneve
}

// fail notes the first error. What is generated after it is thrown away.
func (g *gen) fail(kind error, format string, args ...any) *cond {
	if g.err == nil {
		g.err = &Error{Offset: g.at.pos, Word: g.at.text, Err: faultf(kind, format, args...)}
	}
	return always(false)
}

// register takes a scratch register.
func (g *gen) register() uint8 {
	if g.regs == maxRegisters {
		g.fail(ErrTooComplex, "too many scratch registers")
		return 0
	}
	g.regs++
	return g.regs - 1
}

// maxRegisters leaves the rest of the scratch registers to operands.
const maxRegisters = 12

// predicate makes the cond of e.
func (g *gen) predicate(e *expr) *cond {
	if g.err != nil {
		return always(false)
	}
	switch e.op {
	case opAnd:
		l := g.predicate(e.l)
		return and(l, g.predicate(e.r))
	case opOr:
		l := g.predicate(e.l)
		return or(l, g.predicate(e.r))
	case opNot:
		return not(g.predicate(e.l))
	}
	g.at = e.tok
	switch e.op {
	case opID:
		return g.ident(e.id)
	case opAbbrev:
		return g.abbrev(uint8(e.num))
	case opRel:
		return g.relation(e)
	case opCast:
		if e.tok.kind == kBroadcast {
			return g.broadcast(uint8(e.num))
		}
		return g.multicast(uint8(e.num))
	case opLess:
		return not(g.compare(jmpGT, g.length(), e.num))
	case opGreater:
		return g.compare(jmpGE, g.length(), e.num)
	case opByte:
		return g.byteOp(e)
	case opDirect:
		return g.direction(e.num != 0)
	case opIfindex:
		return g.ifindex(e.num)
	case opVLAN:
		return g.vlan(e.num, e.set)
	case opMPLS:
		return g.mpls(e.num, e.set)
	case opPPPoED:
		return g.linkType(etherPPPoED)
	case opPPPoES:
		return g.pppoes(e.num, e.set)
	case opGeneve:
		return g.genevePacket(e.num, e.set)
	case opWLANType:
		return g.wlanFrame(0, e.num, e.num2)
	case opWLANDir:
		return g.wlanFrame(1, e.num, wlanDirMask)
	case opLLC:
		return g.llc(e)
	}
	return g.fail(ErrLinkType, "not on any supported link type")
}

// load is size bytes at o+add of the frame.
func (g *gen) load(o offset, add uint32, size uint8) vid {
	g.used |= g.vs.deps[o.v]
	k := o.k + add
	if g.cooked > 0 {
		return g.loadCooked(o.v, k, size)
	}
	return g.vs.load(o.v, k, size)
}

// mask is v & m.
func (g *gen) mask(v vid, m uint32) vid {
	if m == 1<<32-1 {
		return v
	}
	return g.vs.bin(aluAnd, v, g.vs.constant(m))
}

func (g *gen) compare(jump uint16, v vid, k uint32) *cond {
	return &cond{op: condTest, t: test{jump: jump, v: v, w: g.vs.constant(k)}}
}

// equal tests for size bytes at o+add being k.
func (g *gen) equal(o offset, add uint32, size uint8, k uint32) *cond {
	return g.compare(jmpEQ, g.load(o, add, size), k)
}

// masked tests size bytes under a mask.
func (g *gen) masked(o offset, add uint32, size uint8, k, mask uint32) *cond {
	return g.compare(jmpEQ, g.mask(g.load(o, add, size), mask), k)
}

// bits tests for any of the bits of a byte.
func (g *gen) bits(o offset, add uint32, mask uint32) *cond {
	return g.compare(jmpSet, g.load(o, add, 1), mask)
}

// bytes tests for the bytes b at o+add, from the back and in the largest pieces.
func (g *gen) bytes(o offset, add uint32, b []byte) *cond {
	var c *cond
	for n := len(b); n > 0; {
		size := 1
		switch {
		case n >= 4:
			size = 4
		case n >= 2:
			size = 2
		}
		n -= size
		var k uint32
		for _, x := range b[n : n+size] {
			k = k<<8 | uint32(x)
		}
		if t := g.equal(o, add+uint32(n), uint8(size), k); c == nil {
			c = t
		} else {
			c = and(c, t)
		}
	}
	return c
}

// net is the network header.
func (g *gen) net() offset { return offset{v: g.payload.v, k: g.payload.k + g.network} }

// tran4 is the header behind that of IPv4.
func (g *gen) tran4() offset {
	net := g.net()
	return offset{v: g.headerEnd4(), k: net.k}
}

// headerEnd4 is the length of the IPv4 header plus the computed part of its offset.
func (g *gen) headerEnd4() vid {
	net := g.net()
	if net.v == 0 && g.cooked == 0 {
		return g.vs.msh(net.k)
	}
	if net.v == 0 {
		return g.vs.msh(net.k - g.cooked)
	}
	low := g.mask(g.load(net, 0, 1), 0x0f)
	return g.vs.bin(aluAdd, g.vs.bin(aluLsh, low, g.vs.constant(2)), net.v)
}

// tran6 is the header behind that of IPv6, if no other is between.
func (g *gen) tran6() offset {
	net := g.net()
	return offset{v: net.v, k: net.k + 40}
}

// length is that of the packet, with a cooked header if frames of this link type have one.
func (g *gen) length() vid {
	if g.cooked == 0 {
		return g.vs.length()
	}
	return g.vs.bin(aluAdd, g.vs.length(), g.vs.constant(g.cooked))
}

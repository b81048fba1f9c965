package filter

// Addresses of an 802.11 frame lie at 4, 10, 16 and 24. Who they are depends on the type
// of the frame, in byte 0, and on To DS and From DS, in byte 1 (IEEE 802.11, table 9-60).
const (
	wlanToDS   = 0x01
	wlanFromDS = 0x02

	// Bits of byte 0: management has neither, control (and reserved) the low one.
	wlanLowType  = 0x04
	wlanHighType = 0x08
)

func (g *gen) wlanBit(at, bit uint32) *cond { return g.bits(g.hdr, at, bit) }

// wlanDataFrame tests for a data frame.
func (g *gen) wlanDataFrame() *cond {
	return and(not(g.wlanBit(0, wlanLowType)), g.wlanBit(0, wlanHighType))
}

// wlanFrame tests byte at of frame control.
func (g *gen) wlanFrame(at, v, mask uint32) *cond {
	if g.kind != linkWLAN || g.radio == radioPPI {
		return g.fail(ErrLinkType, "no 802.11 header on link type %d", g.link)
	}
	return g.masked(g.hdr, at, 1, v, mask)
}

// wlanAddress tests for an address of an 802.11 frame.
func (g *gen) wlanAddress(addr []byte, dir uint8) *cond {
	at := func(off uint32) *cond { return g.bytes(g.hdr, off, addr) }
	control := func() *cond { return g.masked(g.hdr, 0, 1, wlanControl, wlanTypeMask) }
	switch dir {
	case dirAddr1:
		return at(4)
	case dirAddr2:
		return and(g.wlanHasAddr2(), at(10))
	case dirAddr3:
		return and(not(control()), at(16))
	case dirAddr4:
		return and(g.masked(g.hdr, 1, 1, wlanToDS|wlanFromDS, wlanDirMask), at(24))
	case dirRA:
		return and(g.wlanBit(0, wlanHighType), at(4))
	case dirTA:
		return and(g.wlanBit(0, wlanHighType), and(g.wlanHasAddr2(), at(10)))
	}
	return g.direct(dir, func(src bool) *cond {
		if src {
			return g.wlanSource(at)
		}
		return g.wlanDestination(at)
	})
}

// wlanHasAddr2 tests for a frame with a second address: all but CTS and ACK.
func (g *gen) wlanHasAddr2() *cond {
	byte0 := func(v, mask uint32) *cond { return not(g.masked(g.hdr, 0, 1, v, mask)) }
	return or(byte0(wlanControl, wlanTypeMask), and(byte0(0xc0, wlanSubtypeMask), byte0(0xd0, wlanSubtypeMask)))
}

// wlanDestination applies at to where the destination is: of management frames and those
// not to the distribution system the first address, of others the third.
func (g *gen) wlanDestination(at func(uint32) *cond) *cond {
	management := and(not(g.wlanBit(0, wlanHighType)), at(4))
	direct := and(not(g.wlanBit(1, wlanToDS)), at(4))
	data := and(g.wlanBit(0, wlanHighType), or(direct, and(g.wlanBit(1, wlanToDS), at(16))))
	return and(not(g.wlanBit(0, wlanLowType)), or(management, data))
}

// wlanSource applies at to where the source is.
func (g *gen) wlanSource(at func(uint32) *cond) *cond {
	management := and(not(g.wlanBit(0, wlanHighType)), at(10))
	direct := and(not(g.wlanBit(1, wlanFromDS)), at(10))
	relayed := or(and(not(g.wlanBit(1, wlanToDS)), at(16)), and(g.wlanBit(1, wlanToDS), at(24)))
	data := and(g.wlanBit(0, wlanHighType), or(direct, and(g.wlanBit(1, wlanFromDS), relayed)))
	return and(not(g.wlanBit(0, wlanLowType)), or(management, data))
}

// prologue computes the registers that the frame's own headers need, before anything else.
func (g *gen) prologue() []*cond {
	l := layoutOf(g.frame)
	var steps []*cond
	if l.radio == radioPPI {
		// Only 802.11 inside is understood; its link type is little endian at 4.
		steps = append(steps, g.compare(jmpEQ, g.vs.load(0, 4, 4), 105<<24))
	}
	needPayload := l.kind == linkWLAN && g.used>>g.plReg&1 != 0
	if l.radio != radioNone && (needPayload || g.used>>g.hdrReg&1 != 0) {
		steps = append(steps, g.radioLength(l.radio))
	}
	if needPayload {
		steps = append(steps, g.wlanPayload(l.radio))
	}
	return steps
}

// radioLength puts the length of the radio header into its register.
func (g *gen) radioLength(r radio) *cond {
	vs := &g.vs
	avs := g.set(g.hdrReg, vs.load(0, 4, 4))
	switch r {
	case radioPrism:
		// Drivers that announce Prism may send AVS, which begins with its version.
		version := vs.bin(aluAnd, vs.load(0, 0, 4), vs.constant(0xfffff000))
		return or(and(g.compare(jmpEQ, version, 0x80211000), avs), g.set(g.hdrReg, vs.constant(144)))
	case radioAVS:
		return avs
	}
	high := vs.bin(aluLsh, vs.load(0, 3, 1), vs.constant(8))
	return g.set(g.hdrReg, vs.bin(aluOr, vs.load(0, 2, 1), high))
}

// wlanPayload puts the offset of the 802.11 payload into its register: 24 bytes for the
// header, of QoS data two more, padded to four if radiotap says so.
func (g *gen) wlanPayload(r radio) *cond {
	vs := &g.vs
	hdr := vid(0)
	if r != radioNone {
		hdr = vs.mem(g.hdrReg)
	}
	plus := func(n uint32) vid {
		if hdr == 0 {
			return vs.constant(n)
		}
		return vs.bin(aluAdd, hdr, vs.constant(n))
	}
	control := func(bit uint32) *cond { return g.compare(jmpSet, vs.load(hdr, 0, 1), bit) }
	set := func(v vid) *cond { return g.set(g.plReg, v) }

	end := func(n uint32) *cond {
		if r != radioTap {
			return set(plus(n))
		}
		padded := set(vs.bin(aluAnd, vs.bin(aluAdd, plus(n), vs.constant(3)), vs.constant(^uint32(3))))
		return or(and(g.radiotapPads(), padded), set(plus(n)))
	}
	data := and(control(wlanHighType), not(control(wlanLowType)))
	return or(and(data, or(and(control(0x80), end(26)), end(24))), set(plus(24)))
}

// radiotapPads tests the flags field for padding between header and payload. It is found
// without extended presence words only; a timestamp before it moves it.
func (g *gen) radiotapPads() *cond {
	vs := &g.vs
	present := func(bit uint32) *cond { return g.compare(jmpSet, vs.load(0, 4, 4), bit) }
	flag := func(at uint32) *cond { return g.compare(jmpSet, vs.load(0, at, 1), 0x20) }
	where := or(and(present(1<<24), flag(16)), and(not(present(1<<24)), flag(8)))
	return and(present(2<<24), and(not(present(0x80)), where))
}

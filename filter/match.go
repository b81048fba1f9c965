package filter

import (
	"encoding/binary"

	"pinyon/packet"
)

// A step is an instruction as the matcher runs it: its operation as a dense number, and
// where it goes. A load that a comparison with a constant follows does both.
type step struct {
	op     stepOp
	k, cmp uint32
	t, f   int32
}

type stepOp uint8

const (
	doReject stepOp = iota
	doAccept
	doLoadB
	doLoadH
	doLoadW
	doLoadBEq // and compare with cmp
	doLoadHEq
	doLoadWEq
	doIndB
	doIndH
	doIndW
	doIndHEq
	doMSH
	doEq
	doGt
	doGe
	doSet
	doEqX
	doGtX
	doGeX
	doSetX
	doAnd
	doALU
	doALUX
	doNeg
	doImm
	doImmX
	doLen
	doLenX
	doMem
	doMemX
	doST
	doSTX
	doTAX
	doTXA
	doJump
	doPacketType
)

var plainSteps = map[uint16]stepOp{
	classLD | sizeB | modeABS: doLoadB, classLD | sizeH | modeABS: doLoadH, classLD | sizeW | modeABS: doLoadW,
	classLD | sizeB | modeIND: doIndB, classLD | sizeH | modeIND: doIndH, classLD | sizeW | modeIND: doIndW,
	classLDX | sizeB | modeMSH: doMSH, classLD | modeIMM: doImm, classLDX | modeIMM: doImmX,
	classLD | modeLEN: doLen, classLDX | modeLEN: doLenX, classLD | modeMEM: doMem, classLDX | modeMEM: doMemX,
	classST: doST, classSTX: doSTX, classMISC | miscTAX: doTAX, classMISC | miscTXA: doTXA,
	classALU | aluNeg: doNeg, classALU | aluAnd: doAnd,
	classJMP | jmpEQ: doEq, classJMP | jmpGT: doGt, classJMP | jmpGE: doGe, classJMP | jmpSet: doSet,
	classJMP | jmpEQ | srcX: doEqX, classJMP | jmpGT | srcX: doGtX, classJMP | jmpGE | srcX: doGeX, classJMP | jmpSet | srcX: doSetX,
}

var fusedSteps = map[stepOp]stepOp{doLoadB: doLoadBEq, doLoadH: doLoadHEq, doLoadW: doLoadWEq, doIndH: doIndHEq}

// prepare translates a verified program.
func prepare(code []Instruction) []step {
	steps := make([]step, len(code))
	for i, in := range code {
		s := &steps[i]
		next := int32(i) + 1
		s.k, s.t, s.f = in.K, next+int32(in.Jt), next+int32(in.Jf)
		op, ok := plainSteps[in.Op]
		switch {
		case ok:
			s.op = op
			if op == doLoadH && in.K == adPacketType {
				s.op = doPacketType
			}
		case in.Op&7 == classALU:
			s.cmp = uint32(in.Op & 0xf0)
			if s.op = doALU; in.Op&srcX != 0 {
				s.op = doALUX
			}
		case in.Op&7 == classJMP:
			s.op, s.t = doJump, next+int32(in.K)
		case in.K != 0:
			s.op = doAccept
		}
	}
	for i := range steps[:len(steps)-1] {
		s, n := &steps[i], &steps[i+1]
		if fused, ok := fusedSteps[s.op]; ok && n.op == doEq {
			s.op, s.cmp, s.t, s.f = fused, n.k, n.t, n.f
		}
	}
	return steps
}

// Match reports whether a frame matches. data are its captured bytes from the link-layer
// header on, wire its length on the wire. It does not allocate or keep data.
func (p *Program) Match(data []byte, wire uint32) bool {
	return p.run(data, wire, packet.TypeUnknown)
}

// MatchFrame is Match with what else a source says of a frame: the direction, for
// programs of ModeLive. Frames of another link type do not match.
func (p *Program) MatchFrame(f *packet.Frame) bool {
	return f.Link == p.link && p.run(f.Data, f.Wire, f.Type)
}

// run executes the program. Every load checks its bounds; behind them it refuses.
func (p *Program) run(data []byte, wire uint32, typ packet.Type) bool {
	var a, x uint32
	var mem [scratchWords]uint32
	steps := p.steps
	n := uint64(len(data))
	for i := int32(0); ; {
		s := &steps[i]
		i++
		switch s.op {
		case doReject:
			return false
		case doAccept:
			return true
		case doLoadB:
			if uint64(s.k) >= n {
				return false
			}
			a = uint32(data[s.k])
		case doLoadH:
			if uint64(s.k)+2 > n {
				return false
			}
			a = uint32(binary.BigEndian.Uint16(data[s.k:]))
		case doLoadW:
			if uint64(s.k)+4 > n {
				return false
			}
			a = binary.BigEndian.Uint32(data[s.k:])
		case doLoadBEq:
			if uint64(s.k) >= n {
				return false
			}
			if a = uint32(data[s.k]); a == s.cmp {
				i = s.t
			} else {
				i = s.f
			}
		case doLoadHEq:
			if uint64(s.k)+2 > n {
				return false
			}
			if a = uint32(binary.BigEndian.Uint16(data[s.k:])); a == s.cmp {
				i = s.t
			} else {
				i = s.f
			}
		case doLoadWEq:
			if uint64(s.k)+4 > n {
				return false
			}
			if a = binary.BigEndian.Uint32(data[s.k:]); a == s.cmp {
				i = s.t
			} else {
				i = s.f
			}
		case doIndB:
			at := uint64(x) + uint64(s.k)
			if at >= n {
				return false
			}
			a = uint32(data[at])
		case doIndH:
			at := uint64(x) + uint64(s.k)
			if at+2 > n {
				return false
			}
			a = uint32(binary.BigEndian.Uint16(data[at:]))
		case doIndW:
			at := uint64(x) + uint64(s.k)
			if at+4 > n {
				return false
			}
			a = binary.BigEndian.Uint32(data[at:])
		case doIndHEq:
			at := uint64(x) + uint64(s.k)
			if at+2 > n {
				return false
			}
			if a = uint32(binary.BigEndian.Uint16(data[at:])); a == s.cmp {
				i = s.t
			} else {
				i = s.f
			}
		case doMSH:
			if uint64(s.k) >= n {
				return false
			}
			x = uint32(data[s.k]&0xf) << 2
		case doEq:
			i = branch(a == s.k, s)
		case doGt:
			i = branch(a > s.k, s)
		case doGe:
			i = branch(a >= s.k, s)
		case doSet:
			i = branch(a&s.k != 0, s)
		case doEqX:
			i = branch(a == x, s)
		case doGtX:
			i = branch(a > x, s)
		case doGeX:
			i = branch(a >= x, s)
		case doSetX:
			i = branch(a&x != 0, s)
		case doAnd:
			a &= s.k
		case doALU:
			a, _ = alu(uint16(s.cmp), a, s.k)
		case doALUX:
			var ok bool
			if a, ok = alu(uint16(s.cmp), a, x); !ok {
				return false
			}
		case doNeg:
			a = -a
		case doImm:
			a = s.k
		case doImmX:
			x = s.k
		case doLen:
			a = wire
		case doLenX:
			x = wire
		case doMem:
			a = mem[s.k%scratchWords]
		case doMemX:
			x = mem[s.k%scratchWords]
		case doST:
			mem[s.k%scratchWords] = a
		case doSTX:
			mem[s.k%scratchWords] = x
		case doTAX:
			x = a
		case doTXA:
			a = x
		case doJump:
			i = s.t
		case doPacketType:
			if typ == packet.TypeUnknown {
				return false
			}
			a = uint32(typ) - 1
		}
	}
}

func branch(yes bool, s *step) int32 {
	if yes {
		return s.t
	}
	return s.f
}

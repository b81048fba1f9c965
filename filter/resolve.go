package filter

// A resolver turns labels into distances, from the last instruction to the first, so that
// where a jump leads is known when it is written. A conditional jump reaches 255
// instructions. One that has to go further takes a bridge: an unconditional jump, or a
// copy of the return that it leads to. Jumps within reach of a bridge share it.
type resolver struct {
	in     []insn
	label  []int32
	rev    []Instruction // the program, last instruction first
	start  []int32       // by instruction of in: len(rev) when it was written; 0 if not yet
	bridge []int32       // by instruction of in: the same of the last bridge to it
	loops  []loop
}

// A loop is a jump back, whose distance is known in the end only.
type loop struct{ at, to int32 }

// reach is how far a conditional jump goes.
const reach = 255

func resolve(in []insn, label []int32, limit int) ([]Instruction, error) {
	r := resolver{in: in, label: label, start: make([]int32, len(in)), bridge: make([]int32, len(in))}
	for i := len(in) - 1; i >= 0; i-- {
		n := &in[i]
		switch {
		case n.op&7 != classJMP:
			r.rev = append(r.rev, Instruction{Op: n.op, K: n.k})
		case n.op&0xf0 == jmpA:
			r.jump(label[n.t])
		default:
			r.branch(n)
		}
		r.start[i] = int32(len(r.rev))
		if len(r.rev) > limit {
			return nil, faultf(ErrTooComplex, "over %d instructions", limit)
		}
	}
	for _, l := range r.loops {
		r.rev[l.at].K = uint32(l.at - r.start[l.to])
	}
	for a, b := 0, len(r.rev)-1; a < b; a, b = a+1, b-1 {
		r.rev[a], r.rev[b] = r.rev[b], r.rev[a]
	}
	return r.rev, nil
}

// jump writes what leads to an instruction of in at any distance, if anything is needed.
func (r *resolver) jump(to int32) {
	at := int32(len(r.rev))
	switch {
	case r.start[to] == 0:
		r.loops = append(r.loops, loop{at, to})
		r.rev = append(r.rev, Instruction{Op: classJMP | jmpA})
	case r.start[to] != at:
		r.span(to)
	}
}

// span writes a bridge to an instruction of in.
func (r *resolver) span(to int32) {
	at := int32(len(r.rev))
	if n := &r.in[to]; n.op == classRET {
		r.rev = append(r.rev, Instruction{Op: classRET, K: n.k})
	} else {
		r.rev = append(r.rev, Instruction{Op: classJMP | jmpA, K: uint32(at - r.start[to])})
	}
	r.bridge[to] = at + 1
}

// branch writes a conditional jump, and behind it the bridges that it needs.
func (r *resolver) branch(n *insn) {
	t, f := r.label[n.t], r.label[n.f]
	// A bridge to the one may put the other out of reach, so look again after each.
	for range 2 {
		if r.distance(t) > reach {
			r.span(t)
		}
		if r.distance(f) > reach {
			r.span(f)
		}
	}
	r.rev = append(r.rev, Instruction{Op: n.op, K: n.k, Jt: uint8(r.distance(t)), Jf: uint8(r.distance(f))})
}

// distance is what a jump written next has to skip to get to an instruction of in, or to
// a bridge to it.
func (r *resolver) distance(to int32) int32 {
	at := int32(len(r.rev))
	if d := at - r.start[to]; d <= reach || r.bridge[to] == 0 {
		return d
	}
	return at - r.bridge[to]
}

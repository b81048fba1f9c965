package filter

// An emitter writes instructions for a graph, each node after those that lead to it.
//
// A test has two entries: one that computes its value, and one behind that for whoever
// comes with the value in A already. The first is written only if somebody needs it.
type emitter struct {
	g     *graph
	out   []insn
	label []int32 // by 2*node (entry) and 2*node+1 (behind its load): index in out; -1 unset
	state []regs  // by the same: what A and X hold on every way there
	a, x  vid     // what they hold here
	need  []uint8 // memory of needs
	temps uint8   // scratch registers in use by operands, from the top
	err   error
}

// An insn is an instruction whose jumps are labels still.
type insn struct {
	op   uint16
	k    uint32
	t, f int32 // labels of a jump; t alone of an unconditional one
}

// regs is what is known of A and X at a label; it is void until something leads there.
type regs struct {
	a, x    vid
	reached bool
}

func emit(g *graph, snap uint32, kernel bool) ([]Instruction, error) {
	order := g.order()
	e := &emitter{g: g, label: make([]int32, 2*len(g.nodes)), state: make([]regs, 2*len(g.nodes))}
	for i := range e.label {
		e.label[i] = -1
	}
	e.state[2*g.root].reached = true
	for _, id := range order {
		if g.nodes[id].op >= nodeTest {
			e.node(id)
		}
	}
	// Both ends come last, whoever leads there.
	for _, end := range [...]int32{atAccept, atReject} {
		if s := e.state[2*end]; s.reached || g.root == end {
			e.label[2*end], e.label[2*end+1] = int32(len(e.out)), int32(len(e.out))
			k := uint32(0)
			if end == atAccept {
				k = snap
			}
			e.put(classRET, k)
		}
	}
	if e.err != nil {
		return nil, e.err
	}
	limit := maxUserInstructions
	if kernel {
		limit = maxInstructions
	}
	return resolve(e.out, e.label, limit)
}

func (e *emitter) put(op uint16, k uint32) {
	e.out = append(e.out, insn{op: op, k: k})
}

// reach notes that what A and X hold here they hold at the node, and gives the label to
// jump to.
func (e *emitter) reach(to int32) int32 {
	n := &e.g.nodes[to]
	l := 2 * to
	if n.op == nodeTest && e.a == n.v && e.ready(n.w) {
		l++
	}
	s := &e.state[l]
	if !s.reached {
		*s = regs{a: e.a, x: e.x, reached: true}
		return l
	}
	if s.a != e.a {
		s.a = 0
	}
	if s.x != e.x {
		s.x = 0
	}
	return l
}

// ready reports whether the right side of a test needs no more instructions.
func (e *emitter) ready(w vid) bool {
	_, ok := e.g.vs.isConst(w)
	return ok || e.x == w
}

func (e *emitter) node(id int32) {
	n := &e.g.nodes[id]
	entry, behind := e.state[2*id], e.state[2*id+1]
	e.label[2*id] = int32(len(e.out))
	if entry.reached {
		e.a, e.x = entry.a, entry.x
		if n.op == nodeTest {
			e.operands(n.v, n.w)
		}
		if behind.reached {
			if behind.x != e.x {
				e.x = 0
			}
			if behind.a != e.a {
				e.a = 0
			}
		}
	} else {
		e.a, e.x = behind.a, behind.x
	}
	e.label[2*id+1] = int32(len(e.out))
	switch n.op {
	case nodeTest:
		if n.t == n.f { // loads only
			e.jump(e.reach(n.t))
			return
		}
		op, k := classJMP|n.jump|srcX, uint32(0)
		if c, ok := e.g.vs.isConst(n.w); ok {
			op, k = classJMP|n.jump, c
		}
		in := insn{op: op, k: k}
		in.t, in.f = e.reach(n.t), e.reach(n.f)
		e.out = append(e.out, in)
	case nodeSet:
		e.intoA(n.v)
		e.put(classST, uint32(n.reg))
		e.stale(n.reg)
		if e.g.vs.deps[n.v]>>n.reg&1 == 0 {
			// Whoever reads the register next finds it in A.
			e.a = e.g.vs.mem(n.reg)
		}
		e.jump(e.reach(n.t))
	case nodeChain:
		e.chain(n)
	}
}

// jump goes to a label; the resolver drops it if that comes next anyway.
func (e *emitter) jump(to int32) {
	e.out = append(e.out, insn{op: classJMP | jmpA, t: to, f: -1})
}

// stale forgets what A and X hold if that reads a scratch register that has changed.
func (e *emitter) stale(reg uint8) {
	if e.g.vs.deps[e.a]>>reg&1 != 0 {
		e.a = 0
	}
	if e.g.vs.deps[e.x]>>reg&1 != 0 {
		e.x = 0
	}
}

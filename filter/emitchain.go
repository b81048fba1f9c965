package filter

// newLabel makes a label of the emitter's own.
func (e *emitter) newLabel() int32 {
	e.label = append(e.label, -1)
	return int32(len(e.label) - 1)
}

func (e *emitter) place(l int32) { e.label[l] = int32(len(e.out)) }

// branch goes to t if A is k, and to f if not.
func (e *emitter) branch(k uint32, t, f int32) {
	e.out = append(e.out, insn{op: classJMP | jmpEQ, k: k, t: t, f: f})
}

// chain walks a chain of headers: A is the protocol of the header that begins X bytes
// behind the network header. Every turn moves X on by 8 at least, so a load ends the walk
// with the packet, if nothing else does.
func (e *emitter) chain(n *node) {
	v, _ := e.g.vs.isConst(n.v)
	e.a, e.x = 0, 0
	found, missed := e.reach(n.t), e.reach(n.f)
	again, authentication := e.newLabel(), e.newLabel()

	if n.reg == 4 {
		e.put(classLD|sizeB|modeABS, n.chain+9)
		e.put(classLDX|sizeB|modeMSH, n.chain)
	} else {
		e.put(classLD|sizeB|modeABS, n.chain+6)
		e.put(classLDX|modeIMM, 40)
	}
	e.place(again)
	e.test(v, found)
	e.test(ipNone, missed)
	if n.reg == 6 {
		options := e.newLabel()
		e.test(ipHopByHop, options)
		e.test(ipDstOpts, options)
		e.test(ipRouting, options)
		e.branch(ipFragment, options, authentication)
		e.place(options)
		e.step(n.chain, 1, 8, again) // length in units of 8 bytes without the first
	}
	e.place(authentication)
	next := e.newLabel()
	e.branch(ipAH, next, missed)
	e.place(next)
	e.step(n.chain, 2, 4, again) // length in units of 4 bytes without the first two
}

// test goes to t if A is k, and on if not.
func (e *emitter) test(k uint32, t int32) {
	next := e.newLabel()
	e.branch(k, t, next)
	e.place(next)
}

// step moves X behind the header there, whose length byte counts units without the first
// few, loads the protocol that it names, and goes back.
func (e *emitter) step(net, first, unit uint32, again int32) {
	t := e.temp()
	e.temps--
	e.put(classLD|sizeB|modeIND, net)
	e.put(classST, t)
	e.put(classLD|sizeB|modeIND, net+1)
	e.put(classALU|aluAdd, first)
	e.put(classALU|aluMul, unit)
	e.put(classALU|aluAdd|srcX, 0)
	e.put(classMISC|miscTAX, 0)
	e.put(classLD|modeMEM, t)
	e.jump(again)
}

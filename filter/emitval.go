package filter

// operands puts v into A, and w into X unless it is a constant.
func (e *emitter) operands(v, w vid) {
	if _, ok := e.g.vs.isConst(w); ok {
		e.intoA(v)
		return
	}
	e.pair(v, w)
}

// pair puts v into A and w into X.
func (e *emitter) pair(v, w vid) {
	switch {
	case e.a == v && e.x == w:
	case e.direct(w):
		e.intoA(v)
		e.intoX(w)
	case e.keepsX(v):
		e.intoX(w)
		e.intoA(v)
	case e.needs(v) >= e.needs(w):
		// Neither side leaves the register of the other alone: the harder one goes first,
		// while all scratch registers are free.
		e.intoA(v)
		t := e.temp()
		e.put(classST, t)
		e.intoA(w)
		e.put(classMISC|miscTAX, 0)
		e.put(classLD|modeMEM, t)
		e.a, e.x = v, w
		e.temps--
	default:
		e.intoA(w)
		t := e.temp()
		e.put(classST, t)
		e.intoA(v)
		e.put(classLDX|modeMEM, t)
		e.a, e.x = v, w
		e.temps--
	}
}

// needs is how many scratch registers v takes at most while it is computed.
func (e *emitter) needs(v vid) uint8 {
	if v == 0 {
		return 0
	}
	if e.need == nil {
		e.need = make([]uint8, len(e.g.vs.list))
	}
	if e.need[v] == 0 {
		a, b := e.needs(e.g.vs.list[v].a), e.needs(e.g.vs.list[v].b)
		e.need[v] = max(a, b) + 1 // one up, so that 0 is unset
		if n := e.g.vs.list[v]; n.op == vBin && a == b && !e.direct(n.b) {
			e.need[v]++
		}
	}
	return e.need[v] - 1
}

// temp takes a scratch register for an operand.
func (e *emitter) temp() uint32 {
	e.temps++
	if e.temps > scratchWords-maxRegisters {
		e.err = faultf(ErrTooComplex, "operands nested too deeply")
		return 0
	}
	return uint32(scratchWords - e.temps)
}

// direct reports whether v can be put into X without A.
func (e *emitter) direct(v vid) bool {
	switch e.g.vs.list[v].op {
	case vConst, vLen, vMSH, vMem:
		return true
	}
	return false
}

// keepsX reports whether v can be put into A without X.
func (e *emitter) keepsX(v vid) bool {
	for {
		n := e.g.vs.list[v]
		switch n.op {
		case vConst, vLen, vMem:
			return true
		case vLoad:
			return n.a == 0
		case vNeg:
			v = n.a
		case vBin:
			if _, ok := e.g.vs.isConst(n.b); !ok {
				return false
			}
			v = n.a
		default:
			return false
		}
	}
}

func (e *emitter) intoX(v vid) {
	if e.x == v {
		return
	}
	n := e.g.vs.list[v]
	switch n.op {
	case vConst:
		e.put(classLDX|modeIMM, n.k)
	case vLen:
		e.put(classLDX|modeLEN, 0)
	case vMSH:
		e.put(classLDX|sizeB|modeMSH, n.k)
	case vMem:
		if e.a == v {
			e.put(classMISC|miscTAX, 0)
		} else {
			e.put(classLDX|modeMEM, n.k)
		}
	default:
		e.intoA(v)
		e.put(classMISC|miscTAX, 0)
	}
	e.x = v
}

func (e *emitter) intoA(v vid) {
	if e.a == v || e.err != nil {
		return
	}
	n := e.g.vs.list[v]
	switch n.op {
	case vConst:
		e.put(classLD|modeIMM, n.k)
	case vLen:
		e.put(classLD|modeLEN, 0)
	case vMem:
		if e.x == v {
			e.put(classMISC|miscTXA, 0)
		} else {
			e.put(classLD|modeMEM, n.k)
		}
	case vMSH:
		e.intoX(v)
		e.put(classMISC|miscTXA, 0)
	case vLoad:
		mode := uint16(modeABS)
		if n.a != 0 {
			e.intoX(n.a)
			mode = modeIND
		}
		e.put(classLD|mode|sizeOf(n.size), n.k)
	case vNeg:
		e.intoA(n.a)
		e.put(classALU|aluNeg, 0)
	case vBin:
		e.binary(n)
	}
	e.a = v
}

func (e *emitter) binary(n value) {
	if k, ok := e.g.vs.isConst(n.b); ok {
		e.intoA(n.a)
		e.put(classALU|n.alu, k)
		return
	}
	a, b := n.a, n.b
	commutes := n.alu == aluAdd || n.alu == aluMul || n.alu == aluAnd || n.alu == aluOr || n.alu == aluXor
	if commutes && !e.direct(b) && (e.direct(a) || e.keepsX(b) && !e.keepsX(a)) {
		a, b = b, a
	}
	e.pair(a, b)
	e.put(classALU|n.alu|srcX, 0)
}

func sizeOf(bytes uint8) uint16 {
	switch bytes {
	case 1:
		return sizeB
	case 2:
		return sizeH
	}
	return sizeW
}

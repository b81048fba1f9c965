package filter

// relation tests two computed numbers. What guards the loads in them comes first.
func (g *gen) relation(e *expr) *cond {
	a, ga := g.number32(e.a)
	b, gb := g.number32(e.b)
	g.at = e.tok
	var c *cond
	t := func(jump uint16) *cond { return &cond{op: condTest, t: test{jump: jump, v: a, w: b, rel: true}} }
	switch e.rel {
	case '>':
		c = t(jmpGT)
	case 'G':
		c = t(jmpGE)
	case '=':
		c = t(jmpEQ)
	case '<':
		c = not(t(jmpGE))
	case 'L':
		c = not(t(jmpGT))
	default:
		c = not(t(jmpEQ))
	}
	guard := both(ga, gb)
	if guard == nil {
		return c
	}
	return and(guard, c)
}

// both joins guards, of which either may be missing.
func both(a, b *cond) *cond {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return and(a, b)
}

// number32 computes a, and gives the guard of its loads. Of an operator it is that of the
// left operand only, as everywhere that this language is compiled.
func (g *gen) number32(a *arith) (vid, *cond) {
	switch a.op {
	case 0:
		return g.vs.constant(a.num), nil
	case 'L':
		return g.length(), nil
	case '[':
		return g.loadArith(a)
	case 'n':
		v, guard := g.number32(a.a)
		return g.vs.neg(v), guard
	}
	x, guard := g.number32(a.a)
	y, _ := g.number32(a.b)
	g.at = a.tok
	op := aluOf(a.op)
	if k, ok := g.vs.isConst(y); ok {
		switch {
		case k == 0 && (op == aluDiv || op == aluMod):
			g.fail(ErrValue, "division by zero")
		case k > 31 && (op == aluLsh || op == aluRsh):
			g.fail(ErrValue, "shift by more than 31 bits")
		}
	}
	return g.vs.bin(op, x, y), guard
}

func aluOf(op byte) uint16 {
	switch op {
	case '+':
		return aluAdd
	case '-':
		return aluSub
	case '*':
		return aluMul
	case '/':
		return aluDiv
	case '%':
		return aluMod
	case '&':
		return aluAnd
	case '|':
		return aluOr
	case '^':
		return aluXor
	case '{':
		return aluLsh
	}
	return aluRsh
}

// loadArith is proto[index:size]. Its guard is that the packet has that protocol.
func (g *gen) loadArith(a *arith) (vid, *cond) {
	index, inner := g.number32(a.a)
	g.at = a.tok
	if a.size != 1 && a.size != 2 && a.size != 4 {
		g.fail(ErrValue, "size must be 1, 2 or 4")
		return index, nil
	}
	size := uint8(a.size)
	at := func(o offset) vid {
		base := index
		if o.v != 0 {
			base = g.vs.bin(aluAdd, index, o.v)
		}
		g.used |= g.vs.deps[o.v]
		return g.load(offset{v: base, k: o.k}, 0, size)
	}
	switch a.prot {
	case protoLink:
		return at(g.hdr), inner
	case protoRadio:
		if g.radio != radioPrism && g.radio != radioAVS && g.radio != radioTap {
			g.fail(ErrLinkType, "no radio header on link type %d", g.link)
		}
		return g.vs.load(index, 0, size), inner
	case protoIP, protoARP, protoRARP, protoATalk, protoDECnet, protoSCA, protoLAT,
		protoMOPRC, protoMOPDL, protoIP6:
		guard := both(inner, g.abbrev(a.prot))
		return at(g.net()), guard
	case protoSCTP, protoTCP, protoUDP, protoICMP, protoIGMP, protoIGRP, protoPIM, protoVRRP, protoCARP:
		is := g.abbrev(a.prot)
		guard := and(both(inner, is), g.firstFragment())
		return at(g.tran4()), and(g.linkType(etherIPv4), guard)
	case protoICMP6:
		guard := both(inner, g.linkType(etherIPv6))
		guard = and(guard, g.equal(g.net(), 6, 1, ipICMPv6))
		return at(g.tran6()), guard
	}
	g.fail(ErrQualifier, "cannot be indexed")
	return index, nil
}

// chain tests for protocol v anywhere in the chain of headers: behind authentication
// headers, and in IPv6 behind hop-by-hop, routing, fragment and destination options.
func (g *gen) chain(v uint32, proto uint8) *cond {
	var typ uint32
	c := &cond{op: condChain, t: test{v: g.vs.constant(v)}}
	switch proto {
	case protoNone:
		c4 := g.chain(v, protoIP)
		return or(c4, g.chain(v, protoIP6))
	case protoIP:
		typ, c.reg = etherIPv4, 4
	case protoIP6:
		typ, c.reg = etherIPv6, 6
	default:
		return g.fail(ErrQualifier, "protochain is of IP and IPv6")
	}
	switch {
	case g.payload.v != 0:
		return g.fail(ErrLinkType, "protochain needs headers of fixed length before it")
	case g.o.Mode == ModeKernel:
		return g.fail(ErrMode, "protochain is a loop, which no kernel runs")
	}
	c.k = g.net().k
	g.loops = true
	return and(g.linkType(typ), c)
}

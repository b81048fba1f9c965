package filter

// precedence of the binary operators, from 1. % and ^ have none in the grammar that this
// one follows; there an operator after or before them is always read on, so they bind
// what is left of them tightly and take all that is right of them.
func precedence(t token) (op byte, prec int) {
	switch t.kind {
	case kShl:
		return '{', 3
	case kShr:
		return '}', 3
	case kPunct:
		switch op = byte(t.num); op {
		case '|':
			return op, 1
		case '&':
			return op, 2
		case '+', '-':
			return op, 4
		case '*', '/':
			return op, 5
		case '%', '^':
			return op, 0
		}
	}
	return 0, 0
}

// tightest is above every precedence: the operand of a minus sign.
const tightest = 6

// operand reads a computed number.
func (p *parser) operand() *arith {
	u := p.arith(0, noQual)
	if p.err == nil && u.class != isNum && u.class != isArith {
		p.fail(u.tok, ErrSyntax)
	}
	if u.a == nil {
		return &arith{}
	}
	return u.a
}

// arith reads operands joined by operators of precedence least or more. What begins like
// an operand and is none, as after a parenthesis, is passed on if least is 0.
func (p *parser) arith(least int, inherit qual) unit {
	if !p.enter() {
		return unit{e: &expr{}}
	}
	defer p.leave()
	u := p.primary(inherit)
	if u.class != isNum && u.class != isArith {
		if least > 0 && p.err == nil {
			p.fail(u.tok, ErrSyntax)
		}
		return u
	}
	for p.err == nil {
		op, prec := precedence(p.tok)
		if op == 0 || prec > 0 && prec < least {
			break
		}
		t := p.advance()
		next := prec + 1
		if prec == 0 {
			next = 0
		}
		r := p.arith(next, noQual)
		if p.err == nil && r.class != isNum && r.class != isArith {
			p.fail(r.tok, ErrSyntax)
		}
		if p.err != nil {
			break
		}
		u.a = &arith{tok: t, op: op, a: u.a, b: r.a}
		u.class = isArith
	}
	return u
}

// primary reads one operand, or any primitive of the language.
func (p *parser) primary(inherit qual) unit {
	t := p.tok
	switch {
	case t.kind == kNum:
		p.advance()
		return unit{class: isNum, a: &arith{tok: t, num: t.num}, q: inherit, tok: t}
	case t.kind == kLen:
		p.advance()
		return unit{class: isArith, a: &arith{tok: t, op: 'L'}, tok: t}
	case p.is('-'):
		p.advance()
		u := p.arith(tightest, noQual)
		return unit{class: isArith, a: &arith{tok: t, op: 'n', a: u.a}, tok: t}
	case p.is('('):
		p.advance()
		u := p.list(inherit, true)
		p.expect(')')
		if u.tok = t; u.class == isTerm {
			u.q = inherit
		}
		return u
	}
	return p.primitive()
}

// load reads the index after a protocol name: [ offset ] or [ offset : size ].
func (p *parser) load(t token) unit {
	p.advance()
	a := &arith{tok: t, op: '[', prot: uint8(t.num), size: 1}
	a.a = p.operand()
	if p.is(':') {
		p.advance()
		a.size = p.number()
	}
	p.expect(']')
	return unit{class: isArith, a: a, tok: t}
}

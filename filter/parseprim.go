package filter

// primitive reads a primitive that begins with a keyword.
func (p *parser) primitive() unit {
	t := p.tok
	if t.kind == kProto {
		p.advance()
		if p.is('[') {
			return p.load(t)
		}
		return p.qualified(t, uint8(t.num), true)
	}
	return p.qualified(t, protoNone, false)
}

// qualified reads what may follow a protocol name, or stand without one. t is the first word.
func (p *parser) qualified(t token, proto uint8, named bool) unit {
	q := qual{proto: proto}
	switch p.tok.kind {
	case kDir:
		q.dir = p.direction()
		if p.tok.kind == kAddr && p.tok.num <= uint32(addrPortRange) {
			q.addr = uint8(p.advance().num)
		}
		return p.qualifiedID(t, q)
	case kAddr:
		q.addr = uint8(p.advance().num)
		return p.qualifiedID(t, q)
	case kBroadcast, kMulticast:
		return p.term(&expr{op: opCast, tok: p.advance(), num: uint32(proto)}, t)
	case kType, kSubtype, kDirection:
		return p.term(p.wlan(), t)
	}
	if named {
		return p.term(&expr{op: opAbbrev, tok: t, num: uint32(proto)}, t)
	}
	return p.term(p.other(), t)
}

func (p *parser) term(e *expr, t token) unit { return unit{e: e, q: noQual, tok: t} }

// direction reads src, dst, both joined, or the name of an 802.11 address.
func (p *parser) direction() uint8 {
	d := uint8(p.advance().num)
	if d > dirDst || p.tok.kind != kAnd && p.tok.kind != kOr {
		return d
	}
	joined := dirOr
	if p.tok.kind == kAnd {
		joined = dirAnd
	}
	p.advance()
	if p.tok.kind != kDir || p.tok.num != uint32(dirSrc+dirDst-d) {
		p.syntax()
	}
	p.advance()
	return joined
}

// qualifiedID reads the identifier, or several in parentheses, that q stands before.
func (p *parser) qualifiedID(t token, q qual) unit {
	u := p.unit(q)
	if u.class == isNum || u.class == isArith {
		u = p.settle(u, q)
	} else if u.class == isTerm && p.err == nil {
		p.fail(u.tok, ErrSyntax)
	}
	return unit{e: u.e, q: u.q, tok: t}
}

// other reads the primitives that take no protocol.
func (p *parser) other() *expr {
	e := &expr{tok: p.tok}
	switch p.tok.kind {
	case kLess, kGreater, kIfindex:
		e.op = map[kind]exprOp{kLess: opLess, kGreater: opGreater, kIfindex: opIfindex}[p.tok.kind]
		p.advance()
		e.num = p.number()
	case kByte:
		p.advance()
		e.op, e.num = opByte, p.number()
		if !p.is('&') && !p.is('|') && !p.is('<') && !p.is('>') && !p.is('=') {
			p.syntax()
		}
		e.rel = byte(p.advance().num)
		e.num2 = p.number()
	case kInbound, kOutbound:
		e.op = opDirect
		if p.advance().kind == kOutbound {
			e.num = 1
		}
	case kVLAN, kMPLS, kPPPoES, kGeneve:
		e.op = map[kind]exprOp{kVLAN: opVLAN, kMPLS: opMPLS, kPPPoES: opPPPoES, kGeneve: opGeneve}[p.tok.kind]
		p.advance()
		if e.set = p.tok.kind == kNum || p.is('('); e.set {
			e.num = p.pnum()
		}
	case kPPPoED:
		e.op = opPPPoED
		p.advance()
	case kLLC:
		e.op = opLLC
		p.advance()
		if p.tok.kind == kID || p.tok.kind == kPF && p.tok.text == "rnr" || p.tok.text == "rulenum" {
			e.set, e.tok = true, p.tok
			if e.name = p.advance().text; e.name == "rulenum" {
				e.name = "rnr"
			}
		}
	case kPF, kATM, kMTP:
		e.op = opForeign
		p.fail(p.tok, faultf(ErrLinkType, "not on any supported link type"))
	default:
		p.syntax()
	}
	return e
}

// pnum reads a number that may stand in parentheses.
func (p *parser) pnum() uint32 {
	depth := 0
	for ; p.is('(') && depth < maxDepth; depth++ {
		p.advance()
	}
	n := p.number()
	for ; depth > 0; depth-- {
		p.expect(')')
	}
	return n
}

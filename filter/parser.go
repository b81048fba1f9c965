package filter

// Bounds of what is parsed at all: they keep time and stack in proportion.
const (
	maxText  = 1 << 17 // bytes of an expression
	maxDepth = 500     // parentheses, negations and operators within each other
)

// A parser is a recursive-descent parser with one word of lookahead. It follows the yacc
// grammar of pcap-filter: "and" and "or" have the same precedence and associate to the
// left, negation binds tighter, and an identifier without qualifiers takes those of the
// operand before it.
type parser struct {
	lex   lexer
	tok   token
	depth int
	err   *Error
}

// A class tells what a parsed unit may stand for.
type class uint8

const (
	isTerm  class = iota // a predicate
	isID                 // an identifier, which needs a qualifier to inherit
	isNum                // a bare number: an identifier or an operand
	isArith              // an operand
)

// A unit is a parsed piece with the qualifiers that the next one may inherit.
type unit struct {
	class class
	e     *expr
	a     *arith
	q     qual
	tok   token
}

// parse reads a whole expression; nil stands for the empty one.
func parse(src string) (*expr, *Error) {
	if len(src) > maxText {
		return nil, &Error{Offset: maxText, Err: faultf(ErrTooComplex, "over %d bytes", maxText)}
	}
	p := &parser{lex: lexer{src: src}}
	p.advance()
	if p.err == nil && p.tok.kind == kEnd {
		return nil, nil
	}
	u := p.list(noQual, false)
	if p.err == nil && u.class != isTerm {
		p.fail(u.tok, faultf(ErrSyntax, "syntax error: a qualifier or a relation is missing"))
	}
	if p.err == nil && p.tok.kind != kEnd {
		p.syntax()
	}
	return u.e, p.err
}

// advance reads the next word. After an error there are no more.
func (p *parser) advance() token {
	t := p.tok
	if p.err != nil {
		return t
	}
	p.tok = p.lex.next()
	if p.tok.err != nil {
		p.fail(p.tok, p.tok.err)
	} else if p.tok.kind == kBad {
		p.syntax()
	}
	return t
}

func (p *parser) fail(t token, err error) {
	if p.err == nil {
		p.err = &Error{Offset: t.pos, Word: t.text, Err: err}
	}
	p.tok = token{kind: kEnd, pos: p.tok.pos}
}

func (p *parser) syntax() { p.fail(p.tok, ErrSyntax) }

// is reports whether the next word is the one-character word c.
func (p *parser) is(c byte) bool { return p.tok.kind == kPunct && p.tok.num == uint32(c) }

func (p *parser) expect(c byte) {
	if !p.is(c) {
		p.syntax()
		return
	}
	p.advance()
}

// enter guards every rule that can contain itself; leave is its counterpart.
func (p *parser) enter() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok, faultf(ErrTooComplex, "nested over %d deep", maxDepth))
	}
	return p.err == nil
}

func (p *parser) leave() { p.depth-- }

// list reads units joined by and and or. inherit are the qualifiers for an identifier at
// its beginning. In parentheses a single operand stays one.
func (p *parser) list(inherit qual, paren bool) unit {
	u := p.unit(inherit)
	if paren && p.is(')') {
		return u
	}
	u = p.settle(u, inherit)
	for p.err == nil && (p.tok.kind == kAnd || p.tok.kind == kOr) {
		op, t := opAnd, p.advance()
		if t.kind == kOr {
			op = opOr
		}
		r := p.settle(p.unit(u.q), u.q)
		if u.class == isID && r.class == isTerm {
			p.fail(r.tok, ErrSyntax)
		}
		u.e, u.q = &expr{op: op, tok: t, l: u.e, r: r.e}, r.q
	}
	return u
}

// settle makes a bare number the identifier that it must be if no operator follows.
func (p *parser) settle(u unit, q qual) unit {
	switch u.class {
	case isNum:
		id := &ident{kind: kNum, q: q, num: u.a.num}
		return unit{class: isID, e: &expr{op: opID, tok: u.tok, id: id}, q: q, tok: u.tok}
	case isArith:
		p.syntax()
	}
	return u
}

// unit reads a predicate, an identifier or an operand, with the negations before it.
func (p *parser) unit(inherit qual) unit {
	if !p.enter() {
		return unit{e: &expr{}}
	}
	defer p.leave()
	if p.tok.kind == kNot {
		t := p.advance()
		u := p.settle(p.unit(inherit), inherit)
		u.e, u.tok = &expr{op: opNot, tok: t, l: u.e}, t
		return u
	}
	switch p.tok.kind {
	case kID, kHost, kHost6, kMAC, kARC:
		return p.ident(inherit)
	}
	return p.relation(inherit)
}

// relation reads an operand and what it is compared with, or passes on what is none.
func (p *parser) relation(inherit qual) unit {
	u := p.arith(0, inherit)
	if p.err != nil || u.class != isNum && u.class != isArith {
		return u
	}
	var rel byte
	switch {
	case p.is('>'), p.is('<'), p.is('='):
		rel = byte(p.tok.num)
	case p.tok.kind == kGE:
		rel = 'G'
	case p.tok.kind == kLE:
		rel = 'L'
	case p.tok.kind == kNE:
		rel = 'N'
	default:
		return u
	}
	t := p.advance()
	b := p.operand()
	return unit{e: &expr{op: opRel, tok: t, rel: rel, a: u.a, b: b}, q: noQual, tok: u.tok}
}

// ident reads an identifier that is no bare number.
func (p *parser) ident(q qual) unit {
	t := p.advance()
	id := &ident{kind: t.kind, q: q, text: t.text}
	u := unit{class: isID, e: &expr{op: opID, tok: t, id: id}, q: q, tok: t}
	switch {
	case (t.kind == kHost || t.kind == kHost6) && p.is('/'):
		p.advance()
		id.form, id.bits = withBits, p.number()
	case t.kind == kHost && p.tok.kind == kMask:
		p.advance()
		if p.tok.kind != kHost {
			p.syntax()
		}
		id.form, id.mask = withMask, p.advance().text
	}
	return u
}

// number reads a number.
func (p *parser) number() uint32 {
	if p.tok.kind != kNum {
		p.syntax()
		return 0
	}
	return p.advance().num
}

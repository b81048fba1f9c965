package expr

import (
	"slices"
	"strings"

	"pinyon/filter"
	"pinyon/internal/near"
)

// A parser reads an expression by recursive descent. As in pcap-filter, "and" and "or" have the
// same precedence and associate to the left, "not" binds tighter, and a value without qualifiers
// takes those of the value before it: "port 80 or 443".
type parser struct {
	columns map[string]Class
	list    []token
	at      int
	depth   int
	last    qualifiers // of the primitive before, which a bare value takes
	err     *filter.Error
}

// Parse reads an expression over columns of these names and classes; the empty one holds always.
// The error is a *filter.Error, which says where the expression is wrong.
func Parse(s string, columns map[string]Class) (*Node, error) {
	list, err := words(s)
	if err != nil {
		return nil, err
	}
	if len(list) == 1 {
		return &Node{Kind: Always}, nil
	}
	p := &parser{columns: columns, list: list}
	n := p.terms()
	if p.err == nil && !p.end() {
		p.fail(p.peek(), faultf(filter.ErrSyntax, "and, or, or the end is due"))
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

func (p *parser) peek() token { return p.list[p.at] }

func (p *parser) end() bool { return p.at == len(p.list)-1 }

// next takes a token; the end stays.
func (p *parser) next() token {
	t := p.list[p.at]
	if !p.end() {
		p.at++
	}
	return t
}

// is reports whether the next token is one of these words or operators.
func (p *parser) is(words ...string) bool {
	t := p.peek()
	return !t.quoted && !p.end() && slices.Contains(words, t.text)
}

// take takes the next token if it is one of these.
func (p *parser) take(words ...string) bool {
	ok := p.is(words...)
	if ok {
		p.at++
	}
	return ok
}

func (p *parser) expect(word string) {
	if !p.take(word) {
		p.fail(p.peek(), faultf(filter.ErrSyntax, "%q is due", word))
	}
}

// fail notes the first error, and leaves nothing to read.
func (p *parser) fail(t token, err error) *Node {
	if p.err == nil {
		p.err = &filter.Error{Offset: t.at, Word: t.text, Err: err}
	}
	p.at = len(p.list) - 1
	return &Node{}
}

// terms reads conditions joined by and and or.
func (p *parser) terms() *Node {
	if p.depth++; p.depth > mostDepth {
		return p.fail(p.peek(), faultf(filter.ErrTooComplex, "nested over %d deep", mostDepth))
	}
	defer func() { p.depth-- }()
	n := p.term()
	for p.err == nil {
		kind := And
		switch {
		case p.take("and", "&&"):
		case p.take("or", "||"):
			kind = Or
		default:
			return n
		}
		m := p.term()
		if n.Kind == kind {
			n.Args = append(n.Args, m)
		} else {
			n = both(kind, n, m)
		}
	}
	return n
}

// term reads one condition.
func (p *parser) term() *Node {
	not := false
	for p.take("not", "!") {
		not = !not
	}
	var n *Node
	switch {
	case p.end():
		return p.fail(p.peek(), faultf(filter.ErrSyntax, "a condition is missing"))
	case p.take("("):
		n = p.terms()
		p.expect(")")
	default:
		n = p.condition()
	}
	if not {
		n = both(Not, n)
	}
	return n
}

// condition reads a comparison of a column, or a primitive of the capture filter.
func (p *parser) condition() *Node {
	t := p.peek()
	if t.quoted || t.op {
		return p.fail(t, filter.ErrSyntax)
	}
	if class, ok := p.columns[t.text]; ok && p.compares() {
		p.next()
		p.last = qualifiers{}
		return p.comparison(t, class)
	}
	if n := p.primitive(); n != nil {
		return n
	}
	if p.err != nil {
		return &Node{}
	}
	return p.fail(t, faultf(filter.ErrName, "neither a column nor a word of the capture filter%s", near.Hint(t.text, p.names())))
}

// compares reports whether the token behind the next is one that follows a column.
func (p *parser) compares() bool {
	t := p.list[p.at+1]
	return t.op && strings.Contains(" = == != < <= > >= & ", " "+t.text+" ") || !t.quoted && (t.text == "is" || t.text == "in" || t.text == "contains")
}

// names are what a condition may begin with.
func (p *parser) names() (all []string) {
	for name := range p.columns {
		all = append(all, name)
	}
	for name := range protocols {
		all = append(all, name)
	}
	all = append(all, "host", "net", "port", "portrange", "vlan", "broadcast", "multicast", "less", "greater", "src", "dst", "ether")
	slices.Sort(all)
	return all
}

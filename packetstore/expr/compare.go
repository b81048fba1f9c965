package expr

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pinyon/filter"
)

// comparison reads what follows a column's name: an operator and a value, a list of values, a
// part of a text, or whether there is a value.
func (p *parser) comparison(column token, class Class) *Node {
	n := &Node{Column: column.text}
	switch {
	case p.take("is"):
		n.Kind = Absent
		not := p.take("not")
		p.expect("null")
		if not {
			return both(Not, n)
		}
		return n
	case p.take("contains"):
		if class != Text && class != Word && class != Bytes && class != Link {
			return p.fail(column, faultf(filter.ErrQualifier, "contains is for texts"))
		}
		t := p.next()
		if t.op || t.text == "" {
			return p.fail(t, faultf(filter.ErrSyntax, "a text is due"))
		}
		n.Kind, n.Match.Part = Is, []byte(t.text)
		return n
	case p.take("in"):
		p.expect("(")
		p.value(n, class, "=")
		for p.take(",") {
			p.value(n, class, "=")
		}
		p.expect(")")
		return n
	case p.take("&"):
		if class != Number {
			return p.fail(column, faultf(filter.ErrQualifier, "bits are of numbers"))
		}
		n.Mask = p.bits()
	}
	op := p.next()
	switch op.text {
	case "==":
		op.text = "="
	case "=", "!=", "<", "<=", ">", ">=":
	default:
		return p.fail(op, faultf(filter.ErrSyntax, "a comparison is due"))
	}
	p.value(n, class, op.text)
	if n.Mask == math.MinInt64 { // of no bits the value is 0
		n.Mask = 0
		holds := Node{Ranges: n.Ranges}
		if !holds.Holds(0) {
			n.Ranges = nil
		} else {
			n.Ranges = []Range{{math.MinInt64, math.MaxInt64}}
		}
	}
	return n
}

// bits reads a number, or several in parentheses joined by |. None at all is MinInt64, as 0 is
// all.
func (p *parser) bits() int64 {
	var mask int64
	if p.take("(") {
		mask = p.number(p.next())
		for p.take("|") {
			mask |= p.number(p.next())
		}
		p.expect(")")
	} else {
		mask = p.number(p.next())
	}
	if mask == 0 {
		return math.MinInt64
	}
	return mask
}

// value adds what a value means under an operator to a condition.
func (p *parser) value(n *Node, class Class, op string) {
	t := p.next()
	if t.op && t.text == "(" && class == Number { // (tcp-syn|tcp-ack)
		p.at--
		t.text = strconv.FormatInt(max(p.bits(), 0), 10)
		t.op = false
	}
	if t.op || t.text == "" && !t.quoted {
		p.fail(t, faultf(filter.ErrSyntax, "a value is due"))
		return
	}
	switch class {
	case Number, Instant, Day:
		n.Kind = In
		lo, hi := p.span(t, class)
		n.Ranges = append(n.Ranges, compared(lo, hi, op)...)
		return
	}
	n.Kind = Is
	switch op {
	case "=":
	case "!=":
		n.Match.Else = true
	default:
		p.fail(t, faultf(filter.ErrQualifier, "texts are compared by =, !=, in and contains"))
		return
	}
	switch class {
	case Address:
		p.address(&n.Match, t)
	case Link:
		n.Match.Texts = append(n.Match.Texts, p.link(t))
	case Word:
		n.Match.Fold = true
		n.Match.Texts = append(n.Match.Texts, strings.ToLower(t.text))
	default:
		n.Match.Texts = append(n.Match.Texts, t.text)
	}
}

// compared are the numbers that compare as op says with one from lo to hi.
func compared(lo, hi int64, op string) []Range {
	const least, most = math.MinInt64, math.MaxInt64
	below, above := Range{least, lo}, Range{hi, most}
	below.Hi-- // lo is never the least number
	above.Lo++
	switch op {
	case "!=":
		return []Range{below, above}
	case "<":
		return []Range{below}
	case "<=":
		return []Range{{least, hi}}
	case ">":
		return []Range{above}
	case ">=":
		return []Range{{lo, most}}
	}
	return []Range{{lo, hi}}
}

// span is the numbers that a value stands for: one, those of a range, or of a time as long as the
// text is exact, such as the nanoseconds of a second.
func (p *parser) span(t token, class Class) (lo, hi int64) {
	switch class {
	case Number:
		if a, b, ok := strings.Cut(t.text, "-"); ok && a != "" && !isConstant(t.text) {
			lo, hi = p.number(token{text: a, at: t.at}), p.number(token{text: b, at: t.at})
			return min(lo, hi), max(lo, hi)
		}
		lo = p.number(t)
		return lo, lo
	case Day:
		if v, err := time.Parse(time.DateOnly, t.text); err == nil {
			lo = floor(v.Unix(), 24*3600)
			return lo, lo
		}
		lo = p.number(t)
		return lo, lo
	}
	for _, form := range []struct {
		layout string
		exact  time.Duration
	}{
		{time.RFC3339Nano, 1}, {"2006-01-02T15:04:05.999999999", 1}, {"2006-01-02T15:04", time.Minute}, {time.DateOnly, 24 * time.Hour},
		{"2006-01-02 15:04:05.999999999", 1}, {"2006-01-02 15:04", time.Minute},
	} {
		v, err := time.Parse(form.layout, t.text)
		if err != nil {
			continue
		}
		if v.Before(time.Unix(0, math.MinInt64+int64(48*time.Hour))) || v.After(time.Unix(0, math.MaxInt64-int64(48*time.Hour))) {
			p.fail(t, faultf(filter.ErrValue, "a time beyond the years 1677 to 2262"))
			return 0, 0
		}
		exact := form.exact
		if exact == 1 && !strings.Contains(t.text, ".") {
			exact = time.Second
		}
		return v.UnixNano(), v.UnixNano() + int64(exact) - 1
	}
	return p.epoch(t)
}

// epoch reads seconds since 1970 with up to nine digits behind the point.
func (p *parser) epoch(t token) (lo, hi int64) {
	whole, part, _ := strings.Cut(t.text, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(part) > 9 || sec < 0 || sec >= math.MaxInt64/int64(time.Second) {
		p.fail(t, faultf(filter.ErrValue, "no time: want 2006-01-02T15:04:05Z, 2006-01-02, or seconds since 1970"))
		return 0, 0
	}
	exact := int64(time.Second)
	lo = sec * exact
	for _, c := range []byte(part) {
		if c < '0' || c > '9' {
			p.fail(t, faultf(filter.ErrValue, "no time"))
			return 0, 0
		}
		exact /= 10
		lo += int64(c-'0') * exact
	}
	return lo, lo + exact - 1
}

func isConstant(s string) bool {
	_, ok := filter.Constant(s)
	return ok
}

// number reads a decimal or hexadecimal number, or a word that stands for one.
func (p *parser) number(t token) int64 {
	if v, ok := filter.Constant(t.text); ok {
		return int64(v)
	}
	v, err := strconv.ParseInt(t.text, 0, 64)
	if err != nil || v < 0 || v > 1<<40 || t.op {
		p.fail(t, faultf(filter.ErrValue, "no number"))
		return 0
	}
	return v
}

// address reads an IP address, or a network with its length.
func (p *parser) address(m *Match, t token) {
	if a, err := netip.ParseAddr(t.text); err == nil && a.Zone() == "" {
		m.Texts = append(m.Texts, a.String())
		return
	}
	if n, err := netip.ParsePrefix(t.text); err == nil {
		m.Nets = append(m.Nets, n.Masked())
		return
	}
	p.fail(t, faultf(filter.ErrValue, "no IP address"))
}

// link reads a link address, with colons, hyphens or dots, as rows have it.
func (p *parser) link(t token) string {
	s := strings.ToLower(t.text)
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '-' || r == '.' })
	var b strings.Builder
	for _, part := range parts {
		if len(part) > 2 && len(part)%2 != 0 || len(part) == 0 || strings.Trim(part, "0123456789abcdef") != "" {
			p.fail(t, faultf(filter.ErrValue, "no link address"))
			return ""
		}
		if len(part) == 1 {
			part = "0" + part
		}
		for ; part != ""; part = part[2:] {
			if b.Len() > 0 {
				b.WriteByte(':')
			}
			b.WriteString(part[:2])
		}
	}
	if b.Len() != len("00:00:00:00:00:00") {
		p.fail(t, faultf(filter.ErrValue, "no link address"))
	}
	return b.String()
}

// floor is how many whole units there are.
func floor(v, unit int64) int64 {
	if v < 0 {
		return (v+1)/unit - 1
	}
	return v / unit
}

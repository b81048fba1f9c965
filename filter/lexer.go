package filter

import (
	"net/netip"
	"strings"
)

// A lexer cuts an expression into words: at each place the longest word that fits, so
// "80-90" is one name and "1.2.3.4" one address.
type lexer struct {
	src string
	pos int
}

func (l *lexer) next() token {
	for l.pos < len(l.src) && strings.IndexByte(" \r\n\t", l.src[l.pos]) >= 0 {
		l.pos++
	}
	s := l.src[l.pos:]
	if s == "" {
		return token{kind: kEnd, pos: l.pos}
	}
	t, n := word(s)
	if n == 0 {
		t, n = punct(s)
	}
	t.pos = l.pos
	if t.text == "" {
		t.text = s[:n]
	}
	l.pos += n
	return t
}

// word reads a word that is no operator; 0 bytes if there is none.
func word(s string) (token, int) {
	if s[0] == '\\' {
		n := 1
		for n < len(s) && strings.IndexByte(" !()\n\t", s[n]) < 0 {
			n++
		}
		if n == 1 {
			return token{}, 0
		}
		return token{kind: kID, text: s[1:n]}, n
	}
	if s[0] == '$' && len(s) > 1 && isHex(s[1]) {
		if len(s) > 2 && isHex(s[2]) {
			return token{kind: kARC}, 3
		}
		return token{kind: kARC}, 2
	}
	id := lenID(s)
	mac := lenMAC(s)
	num := lenNum(s)
	dotted := lenDotted(s)
	v6 := lenIPv6(s)
	best := max(id, mac, num, dotted, v6)
	if n := lenBogus(s); n > best {
		return token{kind: kMAC, err: faultf(ErrValue, "bad Ethernet address")}, n
	}
	// Of equally long readings the first in this order holds.
	switch best {
	case 0:
		return token{}, 0
	case mac:
		return token{kind: kMAC}, mac
	case num:
		return number(s[:num]), num
	case dotted:
		return token{kind: kHost}, dotted
	case v6:
		t := token{kind: kHost6}
		if _, err := netip.ParseAddr(s[:v6]); err != nil {
			t.err = faultf(ErrValue, "bad IPv6 address")
		}
		return t, v6
	default:
		return named(s[:id]), id
	}
}

// named tells keywords and constants from plain names.
func named(s string) token {
	if k, ok := keywords[s]; ok {
		return token{kind: k.kind, num: uint32(k.num)}
	}
	if v, ok := constants[s]; ok {
		return token{kind: kNum, num: v}
	}
	return token{kind: kID}
}

// number reads decimal, octal after 0, and hexadecimal after 0x; all fit 32 bits or are wrong.
func number(s string) token {
	base, digits := uint64(10), s
	switch {
	case len(s) > 2 && (s[1] == 'x' || s[1] == 'X'):
		base, digits = 16, s[2:]
	case s[0] == '0':
		base = 8
	}
	var n uint64
	for i := range len(digits) {
		d := uint64(hexValue(digits[i]))
		if d >= base {
			return token{kind: kNum, err: faultf(ErrValue, "%q is no octal digit", digits[i])}
		}
		if n = n*base + d; n > 1<<32-1 {
			return token{kind: kNum, err: faultf(ErrValue, "number over 32 bits")}
		}
	}
	return token{kind: kNum, num: uint32(n)}
}

func punct(s string) (token, int) {
	if len(s) > 1 {
		switch s[:2] {
		case ">=":
			return token{kind: kGE}, 2
		case "<=":
			return token{kind: kLE}, 2
		case "!=":
			return token{kind: kNE}, 2
		case "==":
			return token{kind: kPunct, num: '='}, 2
		case "<<":
			return token{kind: kShl}, 2
		case ">>":
			return token{kind: kShr}, 2
		case "&&":
			return token{kind: kAnd}, 2
		case "||":
			return token{kind: kOr}, 2
		}
	}
	switch c := s[0]; {
	case c == '!':
		return token{kind: kNot}, 1
	case strings.IndexByte("+-*/%:[]<>()&|^=", c) >= 0:
		return token{kind: kPunct, num: uint32(c)}, 1
	default:
		return token{kind: kBad}, 1
	}
}

package text

import (
	"unicode/utf8"

	"pinyon/column"
	"pinyon/feature"
)

// plain marks the bytes that stand for themselves in a JSON string (RFC 8259 section 7).
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string: control characters escaped, everything else as
// UTF-8, bytes that are none as U+FFFD. It returns how many those were.
func AppendString(dst, s []byte) (out []byte, bad int) {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if _, n := utf8.DecodeRune(s[i:]); n > 1 {
				i += n
				continue
			}
			dst = append(append(dst, s[from:i]...), replacement...)
			bad++
		} else {
			dst = appendEscape(append(dst, s[from:i]...), c)
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"'), bad
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// AppendNumber appends v as JSON has it: null for what is not finite.
func AppendNumber(dst []byte, v float64) []byte {
	if !Finite(v) {
		return append(dst, "null"...)
	}
	return AppendFloat(dst, v)
}

// AppendList appends row i of a list column as a JSON array; a triple is an array of
// length, gap and direction.
func AppendList(dst []byte, c *column.Column, i int) []byte {
	from, to := c.Span(i)
	dst = append(dst, '[')
	for k := from; k < to; k++ {
		if k > from {
			dst = append(dst, ',')
		}
		switch c.Field.Kind {
		case feature.IntList:
			dst = AppendInt(dst, c.Ints[k])
		case feature.FloatList:
			dst = AppendNumber(dst, c.Floats[k])
		default:
			dst = AppendInt(append(dst, '['), c.Ints[k])
			dst = AppendNumber(append(dst, ','), c.Floats[k])
			dst = append(AppendInt(append(dst, ','), c.Dirs[k]), ']')
		}
	}
	return append(dst, ']')
}

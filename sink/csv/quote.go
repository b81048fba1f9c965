package csv

import (
	"unicode/utf8"

	"pinyon/sink/internal/text"
)

// class is what a byte means for its cell.
type class uint8

const (
	plain  class = iota
	quoted       // the cell needs quotes
	odd          // a control character, or not ASCII
)

// classes is the table for one separator. Tab, CR and LF may stand in quotes; every other
// control character is written as \x and two hex digits, since RFC 4180 has none of them
// and readers cut cells at NUL or act on escape sequences.
func classes(sep byte) (t [256]class) {
	for c := range t {
		if c < ' ' || c >= 0x7f {
			t[c] = odd
		}
	}
	for _, c := range []byte{'"', '\n', '\r', '\t', sep} {
		t[c] = quoted
	}
	if sep != '\t' {
		t['\t'] = plain
	}
	return t
}

// appendText appends s as one cell. With safe, text that a spreadsheet would take for a
// formula gets a ' in front.
func (t *encoder) appendText(dst, s []byte, safe bool) []byte {
	var seen class
	for _, c := range s {
		seen |= t.class[c]
	}
	formula := safe && len(s) > 0 && isFormula(s[0])
	if seen == plain && !formula {
		return append(dst, s...)
	}
	if seen&quoted != 0 {
		dst = append(dst, '"')
	}
	if formula {
		dst = append(dst, '\'')
	}
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"':
			dst = append(append(dst, s[from:i+1]...), '"')
		case t.class[c]&odd == 0:
			i++
			continue
		case c < utf8.RuneSelf:
			dst = append(dst, s[from:i]...)
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			_, n := utf8.DecodeRune(s[i:])
			if n > 1 {
				i += n
				continue
			}
			dst = append(dst, s[from:i]...)
			dst, _ = text.AppendValid(dst, s[i:i+1])
			t.replaced++
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	if seen&quoted != 0 {
		dst = append(dst, '"')
	}
	return dst
}

const hex = "0123456789abcdef"

// isFormula reports whether spreadsheets evaluate a cell that starts with c.
func isFormula(c byte) bool {
	switch c {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return true
	}
	return false
}

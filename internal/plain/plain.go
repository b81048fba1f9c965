// Package plain makes text from outside fit for a terminal. Names of files and interfaces, and
// whatever a capture says, may hold bytes that move the cursor, change colours, or begin a line
// that looks like one of the program's. What cannot be read as it stands is shown as a Go
// string has it (\x1b, \u202e).
package plain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is s, in quotation marks and with escapes if a character of it cannot be printed.
func Text(s string) string {
	if printable(s, "") {
		return s
	}
	return strconv.Quote(s)
}

// All is Text of each.
func All(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = Text(s)
	}
	return out
}

// Line is s with escapes for all characters that cannot be printed, ends of lines among them.
func Line(s string) string { return escape(s, "") }

// Lines is Line for text of several lines and with tabs.
func Lines(s string) string { return escape(s, "\n\t") }

// JSON is a JSON text in which characters that cannot be printed, and stand in strings as they
// are, became escapes. It means the same as b, and is b itself if there are none.
func JSON(b []byte) []byte {
	s := string(b)
	if printable(s, "\n\r\t") {
		return b
	}
	out := make([]byte, 0, len(b)+32)
	for _, r := range s { // bytes that are not UTF-8 come as U+FFFD
		switch {
		case strconv.IsPrint(r) || strings.ContainsRune("\n\r\t", r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// printable reports whether s has only characters that can be printed, and those of keep.
func printable(s, keep string) bool {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if !strconv.IsPrint(r) && !strings.ContainsRune(keep, r) {
			return false
		}
	}
	return true
}

func escape(s, keep string) string {
	if printable(s, keep) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		if c := s[:n]; printable(c, keep) {
			b.WriteString(c)
		} else {
			q := strconv.Quote(c)
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[n:]
	}
	return b.String()
}

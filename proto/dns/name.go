package dns

import (
	"bytes"
	"encoding/binary"

	"pinyon/internal/cursor"
)

// Limits of a name: octets with length bytes and root (RFC 1035, section 3.1), and
// pointers. A name has at most 127 labels; more pointers than that lead from one to the
// next, and following thousands of them for each record would be slow.
const (
	maxName     = 255
	maxPointers = 255
)

// How reading a name ended.
type outcome uint8

const (
	whole outcome = iota
	short         // the message ends inside
	bad           // malformed, whatever may follow
)

// skipName moves c, a cursor over msg from its start, behind a name, and checks it. A
// pointer's target must lie below the start of the labels that it ends (RFC 1035, section
// 4.1.4, "prior occurrence"), so there are no loops.
//
// The first name of a message is read before any other, so a pointer to it alone, which is
// what most records begin with, leads nowhere new.
func skipName(msg []byte, c *cursor.Cursor) outcome {
	at := c.At()
	if at > headerLen && at+1 < len(msg) && msg[at] == 0xc0 && msg[at+1] == headerLen {
		c.Skip(2)
		return whole
	}
	var w labels
	w.start(at)
	for w.next(msg) {
	}
	if w.end > 0 {
		c.Skip(w.end - c.At())
	}
	return w.outcome
}

// labels walks the labels of a name.
type labels struct {
	label    []byte // borrowed from the message
	at       int
	from     int // start of the sequence of labels
	end      int // behind the name where it was met; 0 if not known yet
	octets   int
	pointers int
	outcome  outcome
}

func (w *labels) start(at int) { *w = labels{at: at, from: at} }

// next reads a label; at the end of the name, or at a fault, it returns false.
func (w *labels) next(msg []byte) bool {
	for {
		if w.at >= len(msg) {
			w.outcome = short
			return false
		}
		c := int(msg[w.at])
		switch c >> 6 {
		case 0:
			if w.octets += 1 + c; w.octets > maxName {
				w.outcome = bad
				return false
			}
			if w.at++; c == 0 {
				if w.end == 0 {
					w.end = w.at
				}
				return false
			}
			if c > len(msg)-w.at {
				w.outcome = short
				return false
			}
			w.label = msg[w.at : w.at+c]
			w.at += c
			return true
		case 3:
			if w.at+1 >= len(msg) {
				w.outcome = short
				return false
			}
			if w.end == 0 {
				w.end = w.at + 2
			}
			w.at = c&0x3f<<8 | int(msg[w.at+1])
			if w.pointers++; w.at >= w.from || w.pointers > maxPointers {
				w.outcome = bad
				return false
			}
			w.from = w.at
		default: // label types 01 and 10
			w.outcome = bad
			return false
		}
	}
}

// appendName appends the name at msg[at:], which skipName has checked: lower case (RFC
// 4343), labels joined by dots, the root as a dot; dot and backslash inside a label
// written with a backslash before them, bytes outside 0x21-0x7E as \DDD, decimal.
func appendName(dst, msg []byte, at int) []byte {
	n := len(dst)
	var w labels
	for w.start(at); w.next(msg); {
		if len(dst) > n {
			dst = append(dst, '.')
		}
		for _, c := range w.label {
			switch {
			case c == '.' || c == '\\':
				dst = append(dst, '\\', c)
			case c < 0x21 || c > 0x7e:
				dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
			default:
				dst = append(dst, lower(c))
			}
		}
	}
	if len(dst) == n {
		dst = append(dst, '.')
	}
	return dst
}

func lower(c byte) byte {
	if c-'A' < 26 {
		c |= 0x20
	}
	return c
}

// hashName hashes the lower-case form of a checked name, eight bytes at a time, and tells
// where the name ends.
func hashName(msg []byte, at int) (h uint64, end int) {
	var w labels
	for w.start(at); w.next(msg); {
		b := w.label
		h = mix(h, uint64(len(b)))
		for ; len(b) >= 8; b = b[8:] {
			h = mix(h, lower8(binary.LittleEndian.Uint64(b)))
		}
		var rest uint64
		for _, c := range b {
			rest = rest<<8 | uint64(c)
		}
		h = mix(h, lower8(rest))
	}
	return h, w.end
}

// mix adds a word to a hash.
func mix(h, word uint64) uint64 {
	h = (h ^ word) * 0x9e3779b97f4a7c15
	return h ^ h>>32
}

// lower8 is lower for eight bytes: in each, the top bit of a sum says whether it reaches A,
// or is behind Z.
func lower8(w uint64) uint64 {
	const ones = 0x0101010101010101
	low := w & (0x7f * ones)
	letter := (low + (0x80-'A')*ones) &^ (low + (0x7f-'Z')*ones) &^ w & (0x80 * ones)
	return w | letter>>2
}

// sameName compares two checked names without regard to case.
func sameName(a []byte, i int, b []byte, j int) bool {
	var v, w labels
	v.start(i)
	w.start(j)
	for {
		more := v.next(a)
		if more != w.next(b) {
			return false
		}
		if !more {
			return true
		}
		if len(v.label) != len(w.label) {
			return false
		}
		if bytes.Equal(v.label, w.label) {
			continue
		}
		for k, c := range v.label {
			if lower(c) != lower(w.label[k]) {
				return false
			}
		}
	}
}

package tls

import (
	"bytes"
	"strconv"
)

const hexDigits = "0123456789abcdef"

// Escape appends text from the wire to dst: bytes outside 0x21-0x7E and the backslash
// become \xhh, so that what was sent can be told again from what is printed.
func Escape(dst, text []byte) []byte {
	for _, c := range text {
		if c < 0x21 || c > 0x7e || c == '\\' {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// appendName appends a name to dst, which is a list that commas join: escaped, and a comma inside it
// as \x2c, so that the list falls apart into the names that were sent and no others. A value may hold
// commas wherever it came from (RFC 9460 appendix A.1 has the same trouble with lists of protocols).
// Behind another name, as first says, a comma goes ahead.
func appendName(dst, name []byte, first bool) []byte {
	if !first {
		dst = append(dst, ',')
	}
	for more := true; more; {
		var part []byte
		part, name, more = bytes.Cut(name, []byte{','})
		if dst = Escape(dst, part); more {
			dst = append(dst, `\x2c`...)
		}
	}
	return dst
}

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// appendHex4 appends v as four lower-case hex digits.
func appendHex4(dst []byte, v uint16) []byte {
	return append(dst, hexDigits[v>>12], hexDigits[v>>8&15], hexDigits[v>>4&15], hexDigits[v&15])
}

// appendTwo appends n as two decimal digits, 99 at most.
func appendTwo(dst []byte, n int) []byte {
	n = min(n, 99)
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// appendNumbers appends decimal numbers joined by sep.
func appendNumbers[T uint8 | uint16](dst []byte, values []T, sep byte) []byte {
	for i, v := range values {
		if i > 0 {
			dst = append(dst, sep)
		}
		dst = strconv.AppendUint(dst, uint64(v), 10)
	}
	return dst
}

// appendHex4List appends hex4 numbers joined by commas.
func appendHex4List(dst []byte, values []uint16) []byte {
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendHex4(dst, v)
	}
	return dst
}

func isAlnum(c byte) bool {
	return c-'0' < 10 || c|0x20 >= 'a' && c|0x20 <= 'z'
}

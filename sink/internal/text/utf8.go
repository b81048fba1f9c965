package text

import (
	"encoding/binary"
	"unicode/utf8"

	"pinyon/column"
)

const replacement = "\uFFFD"

// AppendValid appends s with every byte that is not part of UTF-8 as U+FFFD, and returns
// how many those were.
func AppendValid(dst, s []byte) ([]byte, int) {
	if utf8.Valid(s) {
		return append(dst, s...), 0
	}
	bad := 0
	for len(s) > 0 {
		_, n := utf8.DecodeRune(s)
		if n == 1 && s[0] >= utf8.RuneSelf {
			dst = append(dst, replacement...)
			bad++
		} else {
			dst = append(dst, s[:n]...)
		}
		s = s[n:]
	}
	return dst, bad
}

// ASCII reports whether s holds no byte of 0x80 or above.
func ASCII(s []byte) bool {
	for len(s) >= 8 {
		if binary.LittleEndian.Uint64(s)&0x8080808080808080 != 0 {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// An Arena holds texts one after the other, cut by Offsets as a column's are.
type Arena struct {
	Bytes   []byte
	Offsets []int32
}

// Clean makes a Text column's values valid UTF-8, which the Arrow and Parquet formats
// demand. A column that is valid is lent as it is; another is copied into a, with the
// number of replaced bytes. The result is valid until the next call or the column's reuse.
func (a *Arena) Clean(c *column.Column, rows int) (bytes []byte, offsets []int32, bad int) {
	offsets = c.Offsets[:rows+1]
	bytes = c.Bytes[:offsets[rows]]
	if ASCII(bytes) {
		return bytes, offsets, 0
	}
	valid := true
	for i := 0; i < rows && valid; i++ {
		valid = utf8.Valid(bytes[offsets[i]:offsets[i+1]])
	}
	if valid {
		return bytes, offsets, 0
	}
	a.Bytes, a.Offsets = a.Bytes[:0], append(a.Offsets[:0], 0)
	for i := range rows {
		var n int
		a.Bytes, n = AppendValid(a.Bytes, bytes[offsets[i]:offsets[i+1]])
		a.Offsets = append(a.Offsets, int32(len(a.Bytes)))
		bad += n
	}
	return a.Bytes, a.Offsets, bad
}

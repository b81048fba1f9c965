// Package cursor reads big-endian fields from bytes that may end at any point. A read past
// the end fails, and so does every later one; nothing panics and nothing is copied.
package cursor

import "encoding/binary"

// A Cursor is a position in borrowed bytes. Once a read failed, Failed is true, Rest is
// empty and all further reads give zero values.
type Cursor struct {
	b      []byte
	at     int
	failed bool
}

// New is a cursor at the start of b.
func New(b []byte) Cursor { return Cursor{b: b} }

// Failed reports whether a read went past the end.
func (c *Cursor) Failed() bool { return c.failed }

// At is the number of bytes read.
func (c *Cursor) At() int { return c.at }

// Len is the number of bytes left.
func (c *Cursor) Len() int { return len(c.b) - c.at }

// Empty reports whether all bytes were read and no read failed.
func (c *Cursor) Empty() bool { return !c.failed && c.at == len(c.b) }

// Rest is what is left; borrowed.
func (c *Cursor) Rest() []byte { return c.b[c.at:] }

func (c *Cursor) fail() {
	c.failed = true
	c.at = len(c.b)
}

// Bytes reads n bytes; borrowed, nil if there are fewer.
func (c *Cursor) Bytes(n int) []byte {
	if n < 0 || c.failed || n > len(c.b)-c.at {
		c.fail()
		return nil
	}
	s := c.b[c.at : c.at+n : c.at+n]
	c.at += n
	return s
}

// Part reads n bytes, or fails and gives those there are: the start of something cut.
func (c *Cursor) Part(n int) []byte {
	if n >= 0 && n <= c.Len() {
		return c.Bytes(n)
	}
	rest := c.Rest()
	c.fail()
	return rest
}

// Skip passes over n bytes.
func (c *Cursor) Skip(n int) { c.Bytes(n) }

// U8 reads one byte.
func (c *Cursor) U8() uint8 {
	if b := c.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes.
func (c *Cursor) U16() uint16 {
	if b := c.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U24 reads three bytes.
func (c *Cursor) U24() uint32 {
	if b := c.Bytes(3); b != nil {
		return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	}
	return 0
}

// U32 reads four bytes.
func (c *Cursor) U32() uint32 {
	if b := c.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes.
func (c *Cursor) U64() uint64 {
	if b := c.Bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Varint reads a variable-length integer of QUIC (RFC 9000 section 16): the top two bits of
// the first byte tell of 1, 2, 4 or 8 bytes.
func (c *Cursor) Varint() uint64 {
	first := c.U8()
	n := 1<<(first>>6) - 1
	v := uint64(first & 0x3f)
	for _, b := range c.Bytes(n) {
		v = v<<8 | uint64(b)
	}
	if c.failed {
		return 0
	}
	return v
}

// Vector8 reads a one-byte length and as many bytes: a TLS vector<0..255>.
func (c *Cursor) Vector8() Cursor { return New(c.Bytes(int(c.U8()))) }

// Vector16 reads a two-byte length and as many bytes. A vector that is cut gives an empty
// one and fails c.
func (c *Cursor) Vector16() Cursor { return New(c.Bytes(int(c.U16()))) }

// Vector24 reads a three-byte length and as many bytes.
func (c *Cursor) Vector24() Cursor { return New(c.Bytes(int(c.U24()))) }

package tls

import (
	"iter"

	"pinyon/internal/cursor"
)

// A List is 16-bit numbers as they stand in a message: suites, groups, schemes, versions.
// Borrowed. A last odd byte is no element.
type List []byte

// Len is the number of elements, GREASE included.
func (l List) Len() int { return len(l) / 2 }

// At is element i, from 0.
func (l List) At(i int) uint16 { return uint16(l[2*i])<<8 | uint16(l[2*i+1]) }

// Count is the number of elements less GREASE.
func (l List) Count() int {
	n := 0
	for i := range l.Len() {
		if !IsGREASE(l.At(i)) {
			n++
		}
	}
	return n
}

// HasGREASE reports whether an element is a GREASE value.
func (l List) HasGREASE() bool { return l.Count() < l.Len() }

// First is the first element that is not GREASE, 0 if there is none.
func (l List) First() uint16 {
	for i := range l.Len() {
		if v := l.At(i); !IsGREASE(v) {
			return v
		}
	}
	return 0
}

// Newest is the newest of a list of versions, GREASE left out; 0 if there is none.
func (l List) Newest() uint16 {
	var m uint16
	for i := range l.Len() {
		if v := l.At(i); !IsGREASE(v) && (m == 0 || Older(m, v)) {
			m = v
		}
	}
	return m
}

// Append appends the elements less GREASE to dst, in wire order.
func (l List) Append(dst []uint16) []uint16 {
	for i := range l.Len() {
		if v := l.At(i); !IsGREASE(v) {
			dst = append(dst, v)
		}
	}
	return dst
}

// AppendHex appends the elements less GREASE as four lower-case hex digits each, joined by
// commas, in wire order.
func (l List) AppendHex(dst []byte) []byte {
	first := true
	for i := range l.Len() {
		v := l.At(i)
		if IsGREASE(v) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendHex4(dst, v)
	}
	return dst
}

// A Protocols list holds ALPN names (RFC 7301), each behind its one-byte length. Borrowed.
type Protocols []byte

// All yields the names in wire order; a name that is cut ends the walk.
func (p Protocols) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := cursor.New(p)
		for c.Len() > 0 {
			n := c.Bytes(int(c.U8()))
			if c.Failed() || !yield(n) {
				return
			}
		}
	}
}

// First is the first name, nil if there is none.
func (p Protocols) First() []byte {
	c := cursor.New(p)
	return c.Bytes(int(c.U8()))
}

// AppendText appends the names, escaped and joined by commas; one inside a name is written \x2c.
// Names that RFC 8701 reserves are left out.
func (p Protocols) AppendText(dst []byte) []byte {
	first := true
	for name := range p.All() {
		if isGREASEProtocol(name) {
			continue
		}
		dst = appendName(dst, name, first)
		first = false
	}
	return dst
}

// A KeyShares list holds entries of the key_share extension (RFC 8446 section 4.2.8): a
// group, a two-byte length and as many bytes. Borrowed.
type KeyShares []byte

// All yields group and public value in wire order; an entry that is cut ends the walk.
func (k KeyShares) All() iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		c := cursor.New(k)
		for c.Len() > 0 {
			group := c.U16()
			v := c.Bytes(int(c.U16()))
			if c.Failed() || !yield(group, v) {
				return
			}
		}
	}
}

// First is the first entry whose group is not GREASE; 0 and nil if there is none.
func (k KeyShares) First() (group uint16, public []byte) {
	for g, v := range k.All() {
		if !IsGREASE(g) {
			return g, v
		}
	}
	return 0, nil
}

// AppendHex appends the groups less GREASE as hex4 numbers joined by commas.
func (k KeyShares) AppendHex(dst []byte) []byte {
	first := true
	for g := range k.All() {
		if IsGREASE(g) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendHex4(dst, g)
	}
	return dst
}

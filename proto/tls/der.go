package tls

import (
	"pinyon/internal/cursor"
	"strconv"
)

// ASN.1 tags met in certificates (X.690).
const (
	tagBoolean    = 0x01
	tagInteger    = 0x02
	tagBitString  = 0x03
	tagOctets     = 0x04
	tagOID        = 0x06
	tagUTF8       = 0x0c
	tagT61        = 0x14
	tagUTCTime    = 0x17
	tagTime       = 0x18
	tagUniversal  = 0x1c
	tagBMP        = 0x1e
	tagSequence   = 0x30
	tagSet        = 0x31
	tagVersion    = 0xa0
	tagExtensions = 0xa3
)

// element reads one DER element: one-byte tag, length of up to four bytes, content. raw is
// all of it. An indefinite or cut length fails c.
func element(c *cursor.Cursor) (tag uint8, content, raw []byte) {
	all := c.Rest()
	from := c.At()
	tag = c.U8()
	n := int(c.U8())
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 4 {
			c.Skip(-1)
			return 0, nil, nil
		}
		n = 0
		for range size {
			n = n<<8 | int(c.U8())
		}
	}
	content = c.Bytes(n)
	if c.Failed() {
		return 0, nil, nil
	}
	return tag, content, all[:c.At()-from]
}

// want reads one element of a tag; any other fails c.
func want(c *cursor.Cursor, tag uint8) (content, raw []byte) {
	t, content, raw := element(c)
	if t != tag {
		c.Skip(-1)
		return nil, nil
	}
	return content, raw
}

// peekTag is the tag of the next element, 0 at the end.
func peekTag(c *cursor.Cursor) uint8 {
	if c.Len() == 0 {
		return 0
	}
	return c.Rest()[0]
}

// appendOID appends the dotted form of an OID's content octets. Arcs over 62 bits end it.
func appendOID(dst, oid []byte) []byte {
	var v uint64
	first := true
	for _, b := range oid {
		if v >= 1<<55 {
			return dst
		}
		v = v<<7 | uint64(b&0x7f)
		if b&0x80 != 0 {
			continue
		}
		if first {
			first = false
			top := min(v/40, 2)
			dst = strconv.AppendUint(dst, top, 10)
			v -= top * 40
		}
		dst = append(dst, '.')
		dst = strconv.AppendUint(dst, v, 10)
		v = 0
	}
	return dst
}

package quic

import "pinyon/internal/cursor"

// maxID is the longest connection id of all versions whose packets are read (RFC 9000
// section 17.2). Version-independent headers allow 255 bytes (RFC 8999).
const maxID = 20

// kind is the type of a long-header packet.
type kind uint8

const (
	kindInitial kind = iota
	kindZeroRTT
	kindHandshake
	kindRetry
	kindNegotiation // Version Negotiation
	kindPublic      // Google QUIC before Q044
	kindOther       // an unknown version: ids only
)

// The type bits of a long header by version (RFC 9000 section 17.2, RFC 9369 section 3.2).
var (
	kinds1 = [4]kind{kindInitial, kindZeroRTT, kindHandshake, kindRetry}
	kinds2 = [4]kind{kindRetry, kindInitial, kindZeroRTT, kindHandshake}
)

// A header is a long-header packet up to its packet number:
//
//	+-+-+-+-+-+-+-+-+
//	|1|F|T T|X X X X|   F fixed bit, may be greased (RFC 9287); X protected
//	+-+-+-+-+-+-+-+-+---------------+
//	|          version (32)         |
//	+---------------+---------------+
//	| DCID length 8 | DCID ...      |
//	| SCID length 8 | SCID ...      |
//	+---------------+---------------+
//	| Initial: token length (i), token ...          |
//	| not Retry: length (i), number (8-32), payload |
type header struct {
	version    uint32
	kind       kind
	dcid, scid []byte // borrowed
	rest       []byte // Version Negotiation: the versions that were captured
	token      int    // bytes of the token of Initial and Retry
	number     int    // where the packet number starts
	clear      int    // Google QUIC before Q050: where the number ends and the payload's hash starts
	size       int    // bytes of the packet on the wire; 0 if it takes the whole datagram
}

// parseLong reads the long header at the start of b, of which wire bytes were on the wire,
// and false if there is none that fits.
func parseLong(b []byte, wire int) (h header, ok bool) {
	c := cursor.New(b)
	first := c.U8()
	h.version = c.U32()
	if n := googleNumber(h.version); n > 0 && n < google50 {
		return parseGoogle(h, b, wire, n)
	}
	d := c.Vector8()
	s := c.Vector8()
	if c.Failed() || first&0x80 == 0 {
		return h, false
	}
	h.dcid, h.scid = d.Rest(), s.Rest()
	if h.version == 0 {
		h.kind, h.rest = kindNegotiation, c.Rest()
		left := wire - c.At()
		return h, left >= 4 && left%4 == 0
	}
	row, long := suiteOf(h.version), len(h.dcid) > maxID || len(h.scid) > maxID
	if row == suiteUnknown || long && reserved(h.version) {
		h.kind = kindOther
		return h, true
	}
	if len(h.dcid) > maxID {
		return h, false
	}
	h.kind = kinds1[first>>4&3]
	if row == suite2 || row == suite2Draft {
		h.kind = kinds2[first>>4&3]
	}
	switch h.kind {
	case kindRetry:
		h.token = wire - c.At() - 16 // the integrity tag
		return h, h.token >= 0
	case kindInitial:
		n := c.Varint()
		if n > uint64(c.Len()) {
			return h, false
		}
		h.token = int(n)
		c.Skip(h.token)
	}
	n := c.Varint()
	h.number = c.At()
	if c.Failed() || n == 0 || n > uint64(wire-h.number) {
		return h, false
	}
	h.size = h.number + int(n)
	return h, true
}

// parseGoogle reads a long header of Google QUIC that has no header protection: version Q044
// to Q049, n.
//
//	type (8) | version (32) | DCID length - 3 (4) | SCID length - 3 (4) | DCID | SCID | number
//
// The number has four bytes until Q045 and as many as the type says later, when the type is that
// of RFC 9000. From Q049 on the ids, token and length are RFC 9000's too.
func parseGoogle(h header, b []byte, wire, n int) (header, bool) {
	c := cursor.New(b)
	first := c.U8()
	c.Skip(4)
	h.kind = kinds1[first>>4&3]
	number := int(first&3) + 1
	if n < google46 {
		number = 4
		switch first & 0x7f {
		case 0x7f:
			h.kind = kindInitial
		case 0x7e:
			h.kind = kindRetry
		case 0x7d:
			h.kind = kindHandshake
		case 0x7c:
			h.kind = kindZeroRTT
		default:
			return h, false
		}
	}
	if n < google49 {
		n := c.U8()
		h.dcid, h.scid = c.Bytes(shortID(n>>4)), c.Bytes(shortID(n&15))
	} else {
		d := c.Vector8()
		s := c.Vector8()
		h.dcid, h.scid = d.Rest(), s.Rest()
		if h.kind == kindInitial {
			if n := c.Varint(); n <= uint64(c.Len()) {
				h.token = int(n)
				c.Skip(h.token)
			}
		}
		if size := c.Varint(); !c.Failed() && size <= uint64(wire-c.At()) {
			h.size = c.At() + int(size)
		}
	}
	h.number = c.At()
	c.Skip(number)
	h.clear = c.At()
	return h, first&0x80 != 0 && !c.Failed() && len(h.dcid) <= maxID && len(h.scid) <= maxID
}

func shortID(n uint8) int {
	if n == 0 {
		return 0
	}
	return int(n) + 3
}

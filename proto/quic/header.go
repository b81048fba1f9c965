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
	kindGoogle      // a version of Google QUIC: nothing behind the ids is read
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
	size       int    // bytes of the packet on the wire; 0 if it takes the whole datagram
}

// parseLong reads the long header at the start of b, of which wire bytes were on the wire,
// and false if there is none that fits.
func parseLong(b []byte, wire int) (h header, ok bool) {
	c := cursor.New(b)
	first := c.U8()
	h.version = c.U32()
	if google(h.version) {
		return parseGoogle(h, b)
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

// parseGoogle reads the ids of a long header of Google QUIC: one byte of two lengths less 3
// (draft-ietf-quic-transport-17) up to Q048, a length before each id later. What does not
// fit is left out: the version alone tells.
func parseGoogle(h header, b []byte) (header, bool) {
	h.kind = kindGoogle
	c := cursor.New(b)
	c.Skip(5)
	if h.version>>24 == 'Q' && h.version&0xffff < '4'<<8|'9' {
		n := c.U8()
		h.dcid, h.scid = c.Bytes(shortID(n>>4)), c.Bytes(shortID(n&15))
	} else {
		d := c.Vector8()
		s := c.Vector8()
		h.dcid, h.scid = d.Rest(), s.Rest()
	}
	return h, true
}

func shortID(n uint8) int {
	if n == 0 {
		return 0
	}
	return int(n) + 3
}

// googlePublic reads the version of a packet of Google QUIC before Q044: public flags with
// an 8-byte connection id and a version.
func googlePublic(b []byte) (id []byte, version uint32, ok bool) {
	if len(b) < 13 || b[0]&0xcb != 0x09 {
		return nil, 0, false
	}
	version = be32(b[9:])
	return b[1:9], version, google(version)
}

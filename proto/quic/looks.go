package quic

import "encoding/binary"

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// Looks reports whether a datagram may be QUIC's: the first test of a flow that no Conn
// watches yet. It says yes to every long header of a version whose packets are read, to
// Google QUIC, to Version Negotiation, and to unknown versions with ids as long as clients
// choose them (RFC 9000 section 7.2): these ask for Version Negotiation. Short headers look
// like anything and never count.
func Looks(payload []byte) bool {
	return len(payload) >= 7 && (payload[0]&0x80 != 0 || payload[0]&0xcb == 0x09) && looks(payload)
}

func looks(payload []byte) bool {
	if payload[0]&0x80 == 0 {
		_, ok := parsePublic(payload)
		return ok
	}
	v, d := be32(payload[1:]), int(payload[5])
	if suiteOf(v) != suiteUnknown || googleNumber(v) >= google44 {
		return true
	}
	if d > maxID || 6+d >= len(payload) {
		return false
	}
	s := int(payload[6+d])
	if v == 0 { // answers a client: the ids are swapped
		return s >= 8 && s <= maxID && len(payload) >= 7+d+s+4
	}
	return d >= 8 && s <= maxID
}

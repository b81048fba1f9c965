// Package dns reads DNS messages over UDP and TCP, multicast DNS and LLMNR (RFC 1035,
// 6762, 4795, 6891, 7766): which name a flow asked for, how that query was answered, and
// counts over all messages of the flow.
//
// A Flow is given UDP payloads one by one, or the bytes of the two directions of a TCP
// flow in pieces of any size; where a piece ends changes nothing. It keeps two messages,
// the query and the response of record, and reads columns from them when asked. It
// resolves nothing, checks no signature, and knows neither flows nor packets.
//
// No port decides what is DNS. On ports that IANA gave to DNS a message is accepted if all
// that it counts is there; on any other port the first message of a flow has to have the
// shape of DNS beyond doubt, which shape.go describes, and those behind it are then read as
// on the former.
package dns

import "pinyon/proto"

// A Carrier is the way messages travel.
type Carrier uint8

// The carriers. NoCarrier carries no messages.
const (
	NoCarrier Carrier = iota
	UDP
	TCP
	MDNS
	LLMNR
)

// String is dns_transport: udp, tcp, mdns or llmnr.
func (c Carrier) String() string { return [...]string{"", "udp", "tcp", "mdns", "llmnr"}[c] }

// CarrierOf is the carrier of a UDP or TCP flow between two ports, in either order: 53, else
// 5353, else 5355 name theirs, and own is true. On all other ports messages travel as on 53,
// and have to be told by their shape.
func CarrierOf(a, b uint16, tcp bool) (c Carrier, own bool) {
	switch {
	case a == 53 || b == 53:
	case a == 5353 || b == 5353:
		return MDNS, true
	case a == 5355 || b == 5355:
		return LLMNR, true
	default:
		return plain(tcp), false
	}
	return plain(tcp), true
}

func plain(tcp bool) Carrier {
	if tcp {
		return TCP
	}
	return UDP
}

// Looks is the first test of a message: whether opcode and number of questions are
// possible. It does not say that the message parses.
func Looks(b []byte, c Carrier) proto.Verdict {
	if len(b) < 6 {
		return proto.NeedMore
	}
	if 1<<(b[2]>>3&15)&opcodes == 0 || (b[4] != 0 || b[5] > maxQuestions) && c != MDNS {
		return proto.NotMine
	}
	return proto.Mine
}

const (
	headerLen    = 12
	maxQuestions = 16
	maxStream    = 64 << 10

	// opcodes accepted: QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO.
	opcodes = 1<<opQuery | 1<<1 | 1<<2 | 1<<opNotify | 1<<opUpdate | 1<<6

	opQuery  = 0
	opNotify = 4
	opUpdate = 5
)

// Header flags (RFC 1035, section 4.1.1; RFC 4035).
const (
	flagQR = 0x8000
	flagAA = 0x0400
	flagTC = 0x0200
	flagRD = 0x0100
	flagRA = 0x0080
	flagZ  = 0x0040 // has to be zero
	flagAD = 0x0020
	flagCD = 0x0010
)

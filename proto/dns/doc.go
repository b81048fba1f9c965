// Package dns reads DNS messages over UDP and TCP, multicast DNS and LLMNR (RFC 1035,
// 6762, 4795, 6891, 7766): which name a flow asked for, how that query was answered, and
// counts over all messages of the flow.
//
// A Flow is given UDP payloads one by one, or the bytes of the two directions of a TCP
// flow in pieces of any size; where a piece ends changes nothing. It keeps two messages,
// the query and the response of record, and reads columns from them when asked. It
// resolves nothing, checks no signature, and knows neither flows nor packets.
package dns

// A Verdict says whether bytes are DNS.
type Verdict uint8

// The verdicts.
const (
	NeedMore Verdict = iota // too few bytes to tell
	Mine
	NotMine
)

// A Carrier is the way messages travel.
type Carrier uint8

// The carriers. NoCarrier is ports that are nobody's.
const (
	NoCarrier Carrier = iota
	UDP
	TCP
	MDNS
	LLMNR
)

// String is dns_transport: udp, tcp, mdns or llmnr.
func (c Carrier) String() string { return [...]string{"", "udp", "tcp", "mdns", "llmnr"}[c] }

// CarrierOf tells by the ports of a UDP or TCP flow, in either order: 53, else 5353, else
// 5355. All other flows carry no DNS that this package reads.
func CarrierOf(a, b uint16, tcp bool) Carrier {
	switch {
	case a == 53 || b == 53:
		if tcp {
			return TCP
		}
		return UDP
	case a == 5353 || b == 5353:
		return MDNS
	case a == 5355 || b == 5355:
		return LLMNR
	}
	return NoCarrier
}

// Looks is the first test of a UDP payload or of a message behind its TCP length: whether
// opcode and number of questions are possible. It does not say that the message parses.
func Looks(b []byte, c Carrier) Verdict {
	if len(b) < 6 {
		return NeedMore
	}
	if 1<<(b[2]>>3&15)&opcodes == 0 || (b[4] != 0 || b[5] > maxQuestions) && c != MDNS {
		return NotMine
	}
	return Mine
}

const (
	headerLen    = 12
	maxQuestions = 16
	maxStream    = 64 << 10

	// opcodes accepted: QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO.
	opcodes = 1<<0 | 1<<1 | 1<<2 | 1<<4 | 1<<5 | 1<<6
)

// Header flags (RFC 1035, section 4.1.1; RFC 4035).
const (
	flagQR = 0x8000
	flagAA = 0x0400
	flagTC = 0x0200
	flagRD = 0x0100
	flagRA = 0x0080
	flagAD = 0x0020
	flagCD = 0x0010
)

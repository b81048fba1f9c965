package carrier

import "pinyon/proto"

// Types of TDS packets (MS-TDS section 2.2.3.1.1): the server's answers, and what comes
// before login, the TLS handshake among it.
const (
	tdsResponse = 0x04
	tdsPrelogin = 0x12
)

// tdsHeader is the length of a packet's header:
//
//	type, status, length (16, of all), server process (16), packet number, window 0
const tdsHeader = 8

// tdsPacket is the length of the packet of TDS that b starts with.
func tdsPacket(b []byte) (n int, v proto.Verdict) {
	for i, c := range b[:min(len(b), tdsHeader)] {
		switch {
		case i == 0 && c != tdsPrelogin && c != tdsResponse, i == 1 && c > 1, i == 7 && c != 0:
			return 0, proto.NotMine
		}
	}
	if len(b) >= 4 {
		if n = int(b[2])<<8 | int(b[3]); n <= tdsHeader {
			return 0, proto.NotMine
		}
	}
	if len(b) < tdsHeader {
		return 0, proto.NeedMore
	}
	return n, proto.Mine
}

// prelogin is a packet of options sent before the handshake: behind the header, tokens of
// which the first is the version, whose six bytes stand behind all tokens (section 2.2.6.5).
func prelogin(b []byte) (n int, v proto.Verdict) {
	n, v = tdsPacket(b)
	switch {
	case v != proto.Mine:
		return 0, v
	case n < tdsHeader+6, len(b) > tdsHeader && b[tdsHeader] != 0:
		return 0, proto.NotMine
	case len(b) < tdsHeader+5:
		return 0, proto.NeedMore
	case b[tdsHeader+3] != 0 || b[tdsHeader+4] != 6:
		return 0, proto.NotMine
	}
	return n, proto.Mine
}

// wrapsTLS tells whether b starts with a TDS packet that holds the start of a record of TLS:
// the handshake is sent in such packets.
func wrapsTLS(b []byte) (n int, v proto.Verdict) {
	switch _, v = tdsPacket(b); {
	case v != proto.Mine:
		return 0, v
	case len(b) > tdsHeader && b[tdsHeader] != 0x16 && b[tdsHeader] != 0x15:
		return 0, proto.NotMine
	case len(b) < tdsHeader+2:
		return 0, proto.NeedMore
	case b[tdsHeader+1] != 3:
		return 0, proto.NotMine
	}
	return 0, proto.Mine
}

// A TDS takes a direction of TLS out of TDS packets, from the start of one. When the
// handshake is over TLS goes on without them. The zero TDS is ready.
type TDS struct {
	head  [tdsHeader]byte
	nhead int
	left  int  // bytes of the packet's body to come
	bare  bool // TLS stands alone
}

// Next takes the next bytes of what b holds and returns those of TLS among them, borrowed,
// and what is still to be read. There is nothing more when rest is empty.
func (t *TDS) Next(b []byte) (inner, rest []byte) {
	for len(b) > 0 {
		switch {
		case t.bare:
			return b, nil
		case t.left > 0:
			n := min(t.left, len(b))
			t.left -= n
			return b[:n], b[n:]
		case t.nhead == 0 && b[0] != tdsPrelogin && b[0] != tdsResponse:
			t.bare = true
		default:
			n := copy(t.head[t.nhead:], b)
			b = b[n:]
			if t.nhead += n; t.nhead == tdsHeader {
				t.nhead = 0
				n, _ := tdsPacket(t.head[:])
				t.left = max(n-tdsHeader, 0)
			}
		}
	}
	return nil, nil
}

package tunnel

// espRun is how many datagrams in a row with one SPI and a sequence number that goes up look
// like ESP in UDP (RFC 3948 section 2.1). Other protocols number their messages so, too.
const espRun = 4

// ikeHeader is the length of IKE's header in bytes.
const ikeHeader = 28

// ike reports whether a datagram is a message of IKE, with the marker of RFC 3948 section 2.2
// before it or without. The header (RFC 7296 section 3.1) repeats the length:
//
//	SPI of the initiator 8, of the responder 8, next payload, version, exchange, flags, number 4, length 4
func (f *Flow) ike(b []byte, size int) bool {
	if len(b) >= 4 && be32(b) == 0 {
		b, size = b[4:], size-4
	}
	if len(b) < ikeHeader || be64(b) == 0 || int64(be32(b[24:])) != int64(size) {
		return false
	}
	exchange, flags := b[18], b[19]
	switch b[17] {
	case 0x20: // IANA: IKE_SA_INIT 34 to IKE_FOLLOWUP_KE 44; of the flags three are defined
		if exchange < 34 || exchange > 44 || flags&^0x38 != 0 {
			return false
		}
	case 0x10: // RFC 2408: five exchanges, 32 and 33 of RFC 2409, 6 to 31 free for others
		if exchange == 0 || exchange > 33 || flags&^0x07 != 0 {
			return false
		}
	default:
		return false
	}
	f.prove(IKE)
	return true
}

// ikeTCP reports whether a segment begins a stream of IKE and ESP (RFC 9329 section 4), or is a
// message of IKE in one: two bytes of length, four of zero, the message.
func (f *Flow) ikeTCP(b []byte) bool {
	if len(b) >= 6 && string(b[:6]) == "IKETCP" {
		f.hint(IKE)
		b = b[6:]
	}
	if len(b) < 6 || be32(b[2:]) != 0 {
		return false
	}
	return f.ike(b[2:], int(be16(b))-2)
}

package packet

// Authentication Header (RFC 4302), over IPv4 and IPv6. It hides nothing: what lies behind it
// is the flow.
//
//	+---------------+---------------+-------------------------------+
//	| next header   | length - 2    | reserved                      |
//	+---------------+---------------+-------------------------------+
//	| security parameters index (SPI)                               |
//	+---------------------------------------------------------------+
//	| sequence number, integrity check value                        |
//	+---------------------------------------------------------------+
//
// The length counts words of 4 bytes.

// minAH is the length of an Authentication Header without a check value.
const minAH = 12

// ahLen is the length of the Authentication Header at b[0]; more than len(b) if it is cut or
// shorter than one can be.
func ahLen(b []byte) int {
	if len(b) < minAH {
		return minAH
	}
	if n := (int(b[1]) + 2) * 4; n >= minAH {
		return n
	}
	return len(b) + 1
}

// authenticated reads what lies behind the Authentication Headers of an IPv4 packet.
func (d *Decoder) authenticated(p *Packet, b []byte, x uint32, has Has) {
	for headers := 0; p.Proto == ProtoAH; headers++ {
		size := ahLen(b)
		if headers == maxExtHeaders || len(b) < size {
			d.notes.note(ExtHeaderBad)
			d.opaque(p, b, x, has)
			return
		}
		has |= HasAH
		p.Proto = b[0]
		p.IPHdrLen += uint16(size)
		x -= uint32(size)
		b = b[size:]
	}
	d.dispatch(p, b, x, has)
}

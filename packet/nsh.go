package packet

import "encoding/binary"

// Protocols behind a Network Service Header (RFC 8300) and a generic VXLAN header
// (draft-ietf-nvo3-vxlan-gpe), which have the same numbers.
const (
	nextIPv4     = 1
	nextIPv6     = 2
	nextEthernet = 3
	nextNSH      = 4
	nextMPLS     = 5
)

// nsh reads a Network Service Header (RFC 8300 section 2.2).
//
//	 0                   1                   2                   3
//	+---+-+-+-----------+-----------+-------+-------+---------------+
//	|ver|O| | TTL       | length/4  |       | MD    | next protocol |
//	+---+-+-+-----------+-----------+-------+-------+---------------+
//	| service path identifier                       | service index |
//	+-----------------------------------------------+---------------+
//	| context headers, to length                                    |
//	+---------------------------------------------------------------+
func (d *Decoder) nsh(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 8 {
		return nil, 0, L2Short
	}
	n := int(binary.BigEndian.Uint16(b)&0x3f) * 4
	if b[0]>>6 != 0 || n < 8 {
		return b, 0, d.isNot(spaceEtherType, etherNSH)
	}
	if len(b) < n {
		return nil, 0, L2Short
	}
	p.passed(EncapNSH, binary.BigEndian.Uint32(b[4:])>>8)
	return d.next(p, b[n:], b[3])
}

// next reads what a next protocol field announces.
func (d *Decoder) next(p *Packet, b []byte, proto uint8) ([]byte, uint8, Reason) {
	switch proto {
	case nextIPv4:
		return b, 4, readable
	case nextIPv6:
		return b, 6, readable
	case nextEthernet:
		d.nested = true
		return d.ethernet(p, b)
	case nextNSH:
		return d.etherType(p, b, etherNSH)
	case nextMPLS:
		return d.etherType(p, b, etherMPLS)
	}
	return b, 0, d.isNot(spaceNext, uint16(proto))
}

package packet

import "encoding/binary"

// PPP protocol numbers (RFC 1332, 5072, 3032).
const (
	pppIPv4     = 0x0021
	pppIPv6     = 0x0057
	pppMPLS     = 0x0281
	pppMPLSMult = 0x0283
)

// pppLink reads a frame of link type PPP or PPP_HDLC: PPP with or without its HDLC
// address and control, or Cisco's framing, which real files of these types hold too.
func (d *Decoder) pppLink(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) >= 2 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 {
		return d.chdlc(p, b)
	}
	return d.pppHDLC(p, b)
}

// pppHDLC reads PPP after an optional address and control FF 03 (RFC 1662).
func (d *Decoder) pppHDLC(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b = b[2:]
	}
	return d.ppp(p, b)
}

// ppp reads the protocol field: two bytes, or one if it is odd, as protocol field
// compression leaves it (RFC 1661 section 6.5).
func (d *Decoder) ppp(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) == 0 {
		return nil, 0, L2Short
	}
	proto := uint16(b[0])
	if proto&1 != 0 {
		b = b[1:]
	} else {
		if len(b) < 2 {
			return nil, 0, L2Short
		}
		proto, b = binary.BigEndian.Uint16(b), b[2:]
	}
	switch proto {
	case pppIPv4:
		return b, 4, readable
	case pppIPv6:
		return b, 6, readable
	case pppMPLS:
		return d.etherType(p, b, etherMPLS)
	case pppMPLSMult:
		return d.etherType(p, b, etherMPLSMult)
	}
	return b, 0, d.isNot(spacePPP, proto)
}

// pppoe reads a PPPoE session header (RFC 2516 section 4) and the PPP behind it:
//
//	+---------+---------+-------------------+-------------------+
//	| 1  | 1  | code 0  | session           | length            |
//	+---------+---------+-------------------+-------------------+
func (d *Decoder) pppoe(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 6 {
		return nil, 0, L2Short
	}
	if b[0] != 0x11 || b[1] != 0 {
		return b, 0, d.isNot(spaceEtherType, etherPPPoE)
	}
	p.passed(EncapPPPoE, uint32(binary.BigEndian.Uint16(b[2:])))
	d.bound(b[6:], uint32(binary.BigEndian.Uint16(b[4:])))
	return d.ppp(p, b[6:])
}

// chdlc reads Cisco HDLC: address 0F or 8F, control 00, EtherType (RFC 1547 section 4.3.1).
func (d *Decoder) chdlc(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 4 {
		return nil, 0, L2Short
	}
	typ := binary.BigEndian.Uint16(b[2:])
	if (b[0] != 0x0f && b[0] != 0x8f) || b[1] != 0 || typ < etherMin {
		return b, 0, d.isNot(spaceEtherType, typ)
	}
	return d.typed(p, b[4:], typ)
}

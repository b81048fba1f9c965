package packet

import "encoding/binary"

// Network layer protocol identifiers behind a Frame Relay address (RFC 2427, ISO/IEC TR 9577).
const (
	nlpidPad  = 0x00
	nlpidSNAP = 0x80
	nlpidIPv6 = 0x8e
	nlpidIPv4 = 0xcc
	nlpidPPP  = 0xcf // RFC 1973
)

// frameRelay reads a Frame Relay frame (ITU-T Q.922, RFC 2427): an address of 2 to 4 bytes, of
// which the last has its lowest bit set, unnumbered information, and an identifier of the
// protocol. Cisco's framing has an EtherType there instead.
//
//	 0                   1
//	+-----------+---+---+-------+---+---+---+---+---------+---------+
//	| DLCI high |C/R|EA0| low   |FN |BN |DE |EA1| UI 03   | NLPID   |
//	+-----------+---+---+-------+---+---+---+---+---------+---------+
func (d *Decoder) frameRelay(p *Packet, b []byte) ([]byte, uint8, Reason) {
	n := 0
	for n < len(b) && b[n]&1 == 0 {
		if n++; n == 4 {
			return b, 0, d.isNot(spaceNLPID, 0) // no address ends
		}
	}
	if n++; len(b) < n+1 {
		return nil, 0, L2Short
	}
	var dlci uint32
	switch n {
	case 1: // the address of HDLC, which has no circuit
	case 4:
		dlci = uint32(b[0]>>2)<<17 | uint32(b[1]>>4)<<13 | uint32(b[2]>>1)<<6 | uint32(b[3]>>2)
	case 3:
		dlci = uint32(b[0]>>2)<<10 | uint32(b[1]>>4)<<6 | uint32(b[2]>>2)
	default:
		dlci = uint32(b[0]>>2)<<4 | uint32(b[1]>>4)
	}
	p.passed(EncapFrameRelay, dlci)
	b = b[n:]
	if b[0] == 0x03 {
		return d.nlpid(p, b[1:])
	}
	if len(b) < 2 {
		return nil, 0, L2Short
	}
	// Circuit 0 is signalling, in numbered frames.
	typ := binary.BigEndian.Uint16(b)
	if dlci == 0 || typ < etherMin {
		return b, 0, d.isNot(spaceNLPID, uint16(b[0]))
	}
	return d.typed(p, b[2:], typ)
}

// nlpid reads a protocol identifier, of which one byte of padding may stand before it.
func (d *Decoder) nlpid(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) > 0 && b[0] == nlpidPad {
		b = b[1:]
	}
	if len(b) == 0 {
		return nil, 0, L2Short
	}
	switch id := b[0]; id {
	case nlpidIPv4:
		return b[1:], 4, readable
	case nlpidIPv6:
		return b[1:], 6, readable
	case nlpidPPP:
		return d.ppp(p, b[1:])
	case nlpidSNAP:
		return d.snap(p, b)
	default:
		return b, 0, d.isNot(spaceNLPID, uint16(id))
	}
}

// snap reads the SNAP header behind b[0]: OUI 00-00-00 and an EtherType, or 00-80-C2 and what
// says that a bridged Ethernet frame follows, with or without its check sequence (RFC 2427
// section 4.2).
func (d *Decoder) snap(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 6 {
		return nil, 0, L2Short
	}
	typ := binary.BigEndian.Uint16(b[4:])
	switch oui := uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]); {
	case oui == 0 && typ >= etherMin:
		return d.typed(p, b[6:], typ)
	case oui == 0x0080c2 && (typ == 1 || typ == 7):
		return d.ethernet(p, b[6:])
	}
	return b, 0, d.isNot(spaceNLPID, uint16(b[0]))
}

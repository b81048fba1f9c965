package packet

import "encoding/binary"

// etag reads what follows the type 893F of an E-Tag (IEEE 802.1BR): priority, the base and
// extension of the identifiers of the ingress and destination ports (E-CID), and a type. The
// caller has seen to its length, and takes the type.
//
//	+-----+---+-----------------+---+-----+-----------------+-------+-------+----------+
//	| PCP |DEI| ingress base 12 | 0 | GRP | E-CID base 12   | i.ext | ext 8 | type 16  |
//	+-----+---+-----------------+---+-----+-----------------+-------+-------+----------+
//	0                           2                           4       5       6          8
func etag(p *Packet, b []byte) {
	p.passed(EncapETag, uint32(binary.BigEndian.Uint16(b[2:])&0x3fff)<<8|uint32(b[5]))
}

// vntag reads what follows the type 8926 of a VN-Tag, which Cisco's fabric extenders use:
// direction, pointer, destination and source virtual interface, and a type.
//
//	+---+---+-------------------+---+---+-----+-----------------+----------+
//	| D | P | destination 14    | L | R | ver | source 12       | type 16  |
//	+---+---+-------------------+---+---+-----+-----------------+----------+
//	0                           2                               4          6
func vntag(p *Packet, b []byte) {
	p.passed(EncapVNTag, uint32(binary.BigEndian.Uint16(b)&0x3fff))
}

// fabricPath reads what follows the type 8903 of a Cisco FabricPath header: a forwarding tag
// of 10 bits, a hop limit of 6 and a whole Ethernet frame. The addresses in front are numbers
// of switches and their ports: the stations and the type are those of the frame inside.
func (d *Decoder) fabricPath(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 2 {
		return nil, 0, L2Short
	}
	p.passed(EncapFabricPath, uint32(binary.BigEndian.Uint16(b)>>6))
	if !d.nested && p.VLANCount == 0 {
		p.Has &^= HasSrcMAC | HasDstMAC | HasEthType
	}
	return d.ethernet(p, b[2:])
}

// pbb reads what follows the type 88E7 of a backbone service instance tag (IEEE 802.1ah):
// priority and flags, the I-SID of 24 bits and a customer's whole Ethernet frame.
func (d *Decoder) pbb(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 4 {
		return nil, 0, L2Short
	}
	p.passed(EncapPBB, binary.BigEndian.Uint32(b)&0xffffff)
	d.nested = true
	return d.ethernet(p, b[4:])
}

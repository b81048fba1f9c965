package packet

import "encoding/binary"

// UDP ports of tunnels (IANA; 8472 is Linux's port for VXLAN).
const (
	portL2TP    = 1701
	portGTPU    = 2152
	portTeredo  = 3544
	portVXLAN   = 4789
	portGPE     = 4790
	portCAPWAP  = 5247
	portGeneve  = 6081
	portVXLAN84 = 8472
)

// udpTunnel opens a tunnel by UDP port: VXLAN, VXLAN-GPE and Geneve by the destination, whose
// source port is a hash, the others by either end. Teredo is told by its shape on any port.
func (d *Decoder) udpTunnel(p *Packet, b []byte) ([]byte, uint8) {
	switch p.DstPort {
	case portVXLAN, portVXLAN84:
		return d.vxlan(p, b)
	case portGPE:
		return d.vxlanGPE(p, b)
	case portGeneve:
		return d.geneve(p, b)
	}
	for _, port := range [2]uint16{p.DstPort, p.SrcPort} {
		switch port {
		case portGTPU:
			return d.gtpu(p, b, d.datagram(p))
		case portTeredo:
			return teredo(p, b, d.datagram(p), true)
		case portL2TP:
			return d.l2tp(p, b)
		case portCAPWAP:
			return d.capwap(p, b)
		}
	}
	return teredo(p, b, d.datagram(p), false)
}

// datagram is the length of a UDP datagram's payload. A first fragment holds only a part of
// it; there UDP's own length tells.
func (d *Decoder) datagram(p *Packet) uint32 {
	if p.Has&HasFragment != 0 && uint32(d.udpLen) > p.PayloadLen+8 {
		return uint32(d.udpLen) - 8
	}
	return p.PayloadLen
}

// vxlan reads a VXLAN header (RFC 7348): flags with the I bit, VNI in bytes 4 to 6.
func (d *Decoder) vxlan(p *Packet, b []byte) ([]byte, uint8) {
	if len(b) < 8 || b[0]&0x08 == 0 {
		return nil, 0
	}
	p.passed(EncapVXLAN, binary.BigEndian.Uint32(b[4:])>>8)
	return within(d.ethernet(p, b[8:]))
}

// vxlanGPE reads the generic header that looks like VXLAN's (draft-ietf-nvo3-vxlan-gpe): with
// the P bit its fourth byte says what follows, without it that is Ethernet.
//
//	+---+---+---+---+---+---+---+---+---------------+---------------+
//	| 0 | 0 | ver   | I | P | B | O | 0             | next protocol |
//	+---+---+-------+---+---+---+---+---------------+---------------+
//	| VNI                                           | 0             |
//	+-----------------------------------------------+---------------+
func (d *Decoder) vxlanGPE(p *Packet, b []byte) ([]byte, uint8) {
	const version, hasVNI, hasNext = 0x30, 0x08, 0x04
	if len(b) < 8 || b[0]&version != 0 || b[0]&hasVNI == 0 {
		return nil, 0
	}
	p.passed(EncapVXLANGPE, binary.BigEndian.Uint32(b[4:])>>8)
	if b[0]&hasNext == 0 {
		return within(d.ethernet(p, b[8:]))
	}
	return within(d.next(p, b[8:], b[3]))
}

// geneve reads a Geneve header (RFC 8926): version, option length in words, protocol, VNI.
//
//	+---+-----------+-+-+-----------+-------------------------------+
//	|ver| opt len   |O|C|           | protocol                      |
//	+---+-----------+-+-+-----------+---------------+---------------+
//	| VNI                                           |               |
//	+-----------------------------------------------+---------------+
func (d *Decoder) geneve(p *Packet, b []byte) ([]byte, uint8) {
	if len(b) < 8 || b[0]>>6 != 0 {
		return nil, 0
	}
	n := 8 + int(b[0]&0x3f)*4
	typ := binary.BigEndian.Uint16(b[2:])
	if len(b) < n {
		return nil, 0
	}
	p.passed(EncapGeneve, binary.BigEndian.Uint32(b[4:])>>8)
	return d.carried(p, b[n:], typ)
}

// gtpu reads a GTP-U header (3GPP TS 29.281 section 5.1) of a G-PDU and its extension
// headers.
//
//	byte 0: version 1 (3 bits), PT 1, spare, E, S, PN; byte 1: message; 2: length; 4: TEID
//	with any of E, S, PN: sequence (2), N-PDU number (1), next extension type (1)
//
// datagram is the length that its own must not exceed.
func (d *Decoder) gtpu(p *Packet, b []byte, datagram uint32) ([]byte, uint8) {
	const (
		e        = 0x04
		optional = 0x07
		gPDU     = 255
	)
	if len(b) < 8 || b[0]>>4 != 3 || b[1] != gPDU {
		return nil, 0
	}
	end := 8 + uint32(binary.BigEndian.Uint16(b[2:]))
	if end > datagram {
		return nil, 0
	}
	flags, teid := b[0], binary.BigEndian.Uint32(b[4:])
	d.bound(b, end)
	b = b[:min(int(end), len(b))]
	n := 8
	if flags&optional != 0 {
		n += 4
		for flags&e != 0 {
			if len(b) < n {
				return nil, 0
			}
			if b[n-1] == 0 {
				break
			}
			if len(b) < n+4 || b[n] == 0 {
				return nil, 0
			}
			n += int(b[n]) * 4
		}
	}
	if len(b) < n {
		return nil, 0
	}
	p.passed(EncapGTPU, teid)
	return nibble(b[n:])
}

// l2tp reads an L2TPv2 data message (RFC 2661 section 3.1): flags and version, then the
// fields that the flags announce; then PPP.
//
//	flags 8000 control, 4000 length, 0800 Ns and Nr, 0200 offset; version in the low 4 bits
func (d *Decoder) l2tp(p *Packet, b []byte) ([]byte, uint8) {
	const control, length, sequence, pad = 0x8000, 0x4000, 0x0800, 0x0200
	if len(b) < 2 {
		return nil, 0
	}
	flags := binary.BigEndian.Uint16(b)
	if flags&control != 0 || flags&15 != 2 {
		return nil, 0
	}
	n := 2
	if flags&length != 0 {
		if len(b) < 4 {
			return nil, 0
		}
		d.bound(b, uint32(binary.BigEndian.Uint16(b[2:])))
		n += 2
	}
	if len(b) < n+4 {
		return nil, 0
	}
	id := binary.BigEndian.Uint32(b[n:])
	n += 4
	if flags&sequence != 0 {
		n += 4
	}
	if flags&pad != 0 {
		if len(b) < n+2 {
			return nil, 0
		}
		n += 2 + int(binary.BigEndian.Uint16(b[n:]))
	}
	if len(b) < n {
		return nil, 0
	}
	p.passed(EncapL2TP, id)
	return within(d.pppHDLC(p, b[n:]))
}

// capwap reads a CAPWAP data header (RFC 5415 section 4.3). Fragments stay closed. Common
// access points send the two bytes of the 802.11 frame control field swapped; where only
// that order makes a data frame, it is taken.
//
//	 0                   1                   2                   3
//	+---------------+---------+---------+---------+-+-+-+-+-+-+-----+
//	| preamble 0    | HLEN    | RID     | WBID    |T|F|L|W|M|K|     |
//	+---------------+---------+---------+---------+-+-+-+-+-+-+-----+
func (d *Decoder) capwap(p *Packet, b []byte) ([]byte, uint8) {
	if len(b) < 8 || b[0] != 0 || b[3]&0x80 != 0 {
		return nil, 0
	}
	native := b[2]&1 != 0
	n := int(b[1]>>3) * 4
	if n < 8 || n > len(b) {
		return nil, 0
	}
	p.passed(EncapCAPWAP, 0)
	b = b[n:]
	if !native {
		return within(d.ethernet(p, b))
	}
	if len(b) < 2 {
		return nil, 0
	}
	control, flags := b[0], b[1]
	if !isDot11Data(control) && isDot11Data(flags) {
		control, flags = flags, control
	}
	return within(d.dot11Data(p, b, control, flags, false))
}

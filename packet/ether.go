package packet

import "encoding/binary"

const ethernetLen = 14

// ethernet reads an Ethernet header and what follows up to IP:
//
//	0                   6                   12        14
//	+-------------------+-------------------+---------+
//	| destination       | source            | type    |
//	+-------------------+-------------------+---------+
//
// Like all walkers of the link layer it returns the bytes from the IP header on and the
// version due there, or the reason why there are none; with NonIP the bytes of what is there
// instead, which Summary looks at.
func (d *Decoder) ethernet(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < ethernetLen {
		return nil, 0, L2Short
	}
	h := (*[ethernetLen]byte)(b)
	typ := binary.BigEndian.Uint16(h[12:])
	if !d.nested {
		p.DstMAC = [6]byte(h[0:6])
		p.SrcMAC = [6]byte(h[6:12])
		p.Has |= HasSrcMAC | HasDstMAC
	}
	return d.typed(p, b[ethernetLen:], typ)
}

// typed reads what an Ethernet type or length field announces and keeps a type as the
// link's, if it is the outermost.
func (d *Decoder) typed(p *Packet, b []byte, typ uint16) ([]byte, uint8, Reason) {
	if typ >= etherMin {
		d.setEthType(p, typ)
	}
	return d.etherType(p, b, typ)
}

func (d *Decoder) setEthType(p *Packet, typ uint16) {
	if !d.nested && p.Has&HasEthType == 0 {
		p.EthType = typ
		p.Has |= HasEthType
	}
}

// etherType walks tags, labels and sessions down to IP.
func (d *Decoder) etherType(p *Packet, b []byte, typ uint16) ([]byte, uint8, Reason) {
	for {
		switch typ {
		case etherIPv4:
			return b, 4, readable
		case etherIPv6:
			return b, 6, readable
		case etherVLAN, etherQinQ, etherVLAN9100, etherVLAN9200,
			etherMPLS, etherMPLSMult, etherPPPoE, etherBridged,
			etherETag, etherVNTag, etherFabricPath, etherPBB, etherNSH:
			if d.hops++; d.hops > maxHops {
				return nil, 0, EncapDepth
			}
		}
		switch typ {
		case etherVLAN, etherQinQ, etherVLAN9100, etherVLAN9200:
			if len(b) < 4 {
				return nil, 0, L2Short
			}
			d.tag(p, binary.BigEndian.Uint16(b)&0x0fff)
			typ, b = binary.BigEndian.Uint16(b[2:]), b[4:]
			if !d.nested {
				d.behind = typ
			}
		case etherETag, etherVNTag:
			n := 8
			if typ == etherVNTag {
				n = 6
			}
			if len(b) < n {
				return nil, 0, L2Short
			}
			if typ == etherVNTag {
				vntag(p, b)
			} else {
				etag(p, b)
			}
			typ, b = binary.BigEndian.Uint16(b[n-2:]), b[n:]
		case etherFabricPath:
			return d.fabricPath(p, b)
		case etherPBB:
			return d.pbb(p, b)
		case etherNSH:
			return d.nsh(p, b)
		case etherMPLS, etherMPLSMult:
			return d.mpls(p, b, typ)
		case etherPPPoE:
			return d.pppoe(p, b)
		case etherBridged:
			d.nested = true
			if len(b) < ethernetLen {
				return nil, 0, L2Short
			}
			typ, b = binary.BigEndian.Uint16(b[12:]), b[ethernetLen:]
		default:
			if typ <= maxLLCFrame {
				d.bound(b, uint32(typ))
				return d.llc(p, b)
			}
			return b, 0, d.isNot(spaceEtherType, typ)
		}
	}
}

// tag takes the VLAN id of one tag (IEEE 802.1Q).
func (d *Decoder) tag(p *Packet, vid uint16) {
	p.passed(EncapVLAN, uint32(vid))
	if d.nested {
		return
	}
	if p.VLANCount == 0 {
		p.VLAN = vid
		p.Has |= HasVLAN
	}
	p.VLANInner = vid
	p.VLANCount++
}

// llc reads an IEEE 802.2 header: SNAP with OUI 00-00-00 holds an EtherType (RFC 1042),
// SAP 06 is IPv4.
func (d *Decoder) llc(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 3 {
		return nil, 0, L2Short
	}
	switch {
	case b[0] == 0xaa && b[1] == 0xaa && b[2] == 0x03:
		if len(b) < 8 {
			return nil, 0, L2Short
		}
		typ := binary.BigEndian.Uint16(b[6:])
		if b[3]|b[4]|b[5] == 0 && typ >= etherMin {
			return d.typed(p, b[8:], typ)
		}
	case b[0] == 0x06 && b[1] == 0x06:
		return b[3:], 4, readable
	}
	return b, 0, d.isNot(spaceLLC, uint16(b[0]))
}

// mpls reads a label stack (RFC 3032) and guesses by the first nibble what it carries, as
// nothing in it says so: IPv4, IPv6, or a pseudowire control word with Ethernet behind
// (RFC 4385, RFC 4448).
//
//	 0                   1                   2                   3
//	+---------------------------------------+-----+-+---------------+
//	| label                                 | TC  |S| TTL           |
//	+---------------------------------------+-----+-+---------------+
func (d *Decoder) mpls(p *Packet, b []byte, typ uint16) ([]byte, uint8, Reason) {
	for labels := 0; ; labels++ {
		if labels == maxLabels {
			return nil, 0, EncapDepth
		}
		if len(b) < 4 {
			return nil, 0, L2Short
		}
		word := binary.BigEndian.Uint32(b)
		b = b[4:]
		p.passed(EncapMPLS, word>>12)
		if word&0x100 != 0 {
			break
		}
	}
	if len(b) == 0 {
		return nil, 0, L2Short
	}
	switch b[0] >> 4 {
	case 4:
		return b, 4, readable
	case 6:
		return b, 6, readable
	case 0:
		if len(b) < 4 {
			return nil, 0, L2Short
		}
		d.nested = true
		return d.ethernet(p, b[4:])
	}
	return b, 0, d.isNot(spaceEtherType, typ)
}

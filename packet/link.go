package packet

import "encoding/binary"

// link walks from the link header of a frame of the given type to IP.
func (d *Decoder) link(p *Packet, b []byte, link uint16) ([]byte, uint8, Reason) {
	switch link {
	case LinkEthernet:
		return d.ethernet(p, b)
	case LinkNull:
		return d.null(b, true)
	case LinkLoop:
		return d.null(b, false)
	case LinkRaw, LinkRaw12, LinkRaw14, LinkIPv4, LinkIPv6:
		return d.raw(b)
	case LinkFrameRelay:
		return d.frameRelay(p, b)
	case LinkLinuxSLL:
		return d.sll(p, b)
	case LinkLinuxSLL2:
		return d.sll2(p, b)
	case LinkPPP, LinkPPPHDLC:
		return d.pppLink(p, b)
	case LinkPPPEther:
		return d.pppoe(p, b)
	case LinkCHDLC:
		return d.chdlc(p, b)
	case LinkIEEE80211:
		return d.dot11(p, b, false)
	case LinkRadiotap:
		return d.radiotap(p, b)
	case LinkPrism:
		return d.prism(p, b)
	case LinkAVS:
		return d.avs(p, b)
	case LinkPPI:
		return d.ppi(p, b)
	case LinkNFLOG:
		return d.nflog(b)
	}
	return nil, 0, UnknownLinkType
}

// raw takes the version from the first nibble: files say LINKTYPE_IPV4 or IPV6 of packets of
// the other version too.
func (d *Decoder) raw(b []byte) ([]byte, uint8, Reason) {
	if len(b) == 0 {
		return nil, 0, L2Short
	}
	switch v := b[0] >> 4; v {
	case 4, 6:
		return b, v, readable
	default:
		return b, 0, d.isNot(spaceVersion, uint16(v))
	}
}

// null reads the BSD loopback header: a 4-byte address family, of LINKTYPE_NULL in the
// byte order of the capturing host, of LINKTYPE_LOOP in network order. IPv6 has another
// number on nearly every system.
func (d *Decoder) null(b []byte, host bool) ([]byte, uint8, Reason) {
	if len(b) < 4 {
		return nil, 0, L2Short
	}
	family := binary.BigEndian.Uint32(b)
	if host && family >= 256 {
		family = binary.LittleEndian.Uint32(b)
	}
	switch family {
	case 2:
		return b[4:], 4, readable
	case 10, 23, 24, 28, 30:
		return b[4:], 6, readable
	}
	return b, 0, d.isNot(spaceFamily, uint16(min(family, 0xffff)))
}

// sll reads the Linux cooked header, version 1:
//
//	+-------------+---------+---------+-------------------+----------+
//	| packet type | ARPHRD  | addrlen | address, 8 bytes  | protocol |
//	+-------------+---------+---------+-------------------+----------+
//	0             2         4         6                   14         16
func (d *Decoder) sll(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 16 {
		return nil, 0, L2Short
	}
	h := (*[16]byte)(b)
	addrLen := binary.BigEndian.Uint16(h[4:])
	return d.cooked(p, b[16:], binary.BigEndian.Uint16(h[0:]), addrLen, (*[6]byte)(h[6:]), binary.BigEndian.Uint16(h[14:]))
}

// sll2 reads the Linux cooked header, version 2:
//
//	+----------+----------+---------+--------+------+---------+------------------+
//	| protocol | reserved | ifindex | ARPHRD | type | addrlen | address, 8 bytes |
//	+----------+----------+---------+--------+------+---------+------------------+
//	0          2          4         8        10     11        12                 20
func (d *Decoder) sll2(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 20 {
		return nil, 0, L2Short
	}
	h := (*[20]byte)(b)
	return d.cooked(p, b[20:], uint16(h[10]), uint16(h[11]), (*[6]byte)(h[12:]), binary.BigEndian.Uint16(h[0:]))
}

// cooked takes what both cooked headers say. The kernel's packet types are one less than
// those of Type; protocol 4 is an 802.2 frame.
func (d *Decoder) cooked(p *Packet, b []byte, kind, addrLen uint16, mac *[6]byte, proto uint16) ([]byte, uint8, Reason) {
	if kind < uint16(TypeOutgoing) {
		p.PacketType = Type(kind) + 1
	}
	if addrLen == 6 {
		p.SrcMAC = *mac
		p.Has |= HasSrcMAC
	}
	p.EthType = proto
	p.Has |= HasEthType
	switch {
	case proto == 4:
		return d.llc(p, b)
	case proto < etherMin:
		return b, 0, d.isNot(spaceEtherType, proto)
	}
	return d.etherType(p, b, proto)
}

// ppi reads a Per-Packet Information header, whose length and inner link type are
// little-endian. It does not nest.
func (d *Decoder) ppi(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 8 {
		return nil, 0, L2Short
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	link := binary.LittleEndian.Uint32(b[4:])
	if n < 8 || n > len(b) {
		return nil, 0, L2Short
	}
	if link > 0xffff || link == LinkPPI {
		return nil, 0, UnknownLinkType
	}
	return d.link(p, b[n:], uint16(link))
}

// nflog reads a netfilter log header and its attributes (length, type, value, padded to 4
// bytes, little-endian) up to the payload.
func (d *Decoder) nflog(b []byte) ([]byte, uint8, Reason) {
	const payload = 9
	if len(b) < 4 {
		return nil, 0, L2Short
	}
	family := b[0]
	for b = b[4:]; len(b) >= 4; {
		n := int(binary.LittleEndian.Uint16(b))
		if n < 4 {
			return nil, 0, L2Short
		}
		if binary.LittleEndian.Uint16(b[2:]) == payload {
			return d.raw(b[4:min(n, len(b))])
		}
		if n = (n + 3) &^ 3; n > len(b) {
			return nil, 0, L2Short
		}
		b = b[n:]
	}
	return b, 0, d.isNot(spaceFamily, uint16(family))
}

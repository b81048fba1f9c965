package packet

import "encoding/binary"

// ipv4 reads an IPv4 header (RFC 791) and its transport. left is the number of bytes on
// the wire from b[0]. Nothing of p changes unless the header is good.
//
//	 0                   1                   2                   3
//	+-------+-------+---------------+-------------------------------+
//	|version| IHL   | ToS           | Total Length                  |
//	+-------+-------+---------------+-----+-------------------------+
//	| Identification                |flags| fragment offset / 8     |
//	+---------------+---------------+-----+-------------------------+
//	| TTL           | protocol      | checksum                      |
//	+---------------+---------------+-------------------------------+
//	| source, destination, options                                  |
//	+---------------------------------------------------------------+
func (d *Decoder) ipv4(p *Packet, b []byte, left uint32) Reason {
	if len(b) < 20 {
		return IPv4BadHeader
	}
	h := (*[20]byte)(b)
	hdr := uint32(h[0]&15) * 4
	total := uint32(binary.BigEndian.Uint16(h[2:]))
	if h[0]>>4 != 4 || hdr < 20 {
		return IPv4BadHeader
	}
	if total < hdr {
		if total != 0 {
			return IPv4BadHeader
		}
		total = left // taken before segmentation offload
	}
	if total > left {
		d.notes.note(IPLenExceedsWire)
	}

	// One store of eight bytes and one of zeros an address.
	binary.LittleEndian.PutUint64(p.Src[0:8], uint64(binary.LittleEndian.Uint32(h[12:])))
	binary.LittleEndian.PutUint64(p.Src[8:16], 0)
	binary.LittleEndian.PutUint64(p.Dst[0:8], uint64(binary.LittleEndian.Uint32(h[16:])))
	binary.LittleEndian.PutUint64(p.Dst[8:16], 0)
	p.Proto, p.HeaderProto, p.IPVersion, p.TTL, p.TOS = h[9], h[9], 4, h[8], h[1]
	p.TotalLen = total
	p.IPFlags = h[6] >> 5
	p.IPID = binary.BigEndian.Uint16(h[4:])
	p.IPHdrLen = uint16(hdr)
	p.FlowLabel = 0

	x := total - min(hdr, total)
	if uint64(total) < uint64(len(b)) {
		b = b[:total]
	}
	b = b[min(uint64(hdr), uint64(len(b))):]

	has := p.Has & linkBits
	if frag := binary.BigEndian.Uint16(h[6:]); frag&0x3fff != 0 {
		has |= HasFragment
		p.MoreFrags = frag&0x2000 != 0
		p.FragOff = frag & 0x1fff << 3
		p.FragID = uint32(p.IPID)
		if p.FragOff != 0 {
			d.laterFragment(p, b, x, has)
			return readable
		}
	}
	switch h[9] {
	case ProtoTCP:
		d.tcp(p, b, x, has)
	case ProtoUDP:
		d.udp(p, b, x, has)
	case ProtoAH:
		d.authenticated(p, b, x, has)
	default:
		d.transport(p, b, x, has)
	}
	return readable
}

// laterFragment is a fragment without a transport header: all of it is payload.
func (d *Decoder) laterFragment(p *Packet, b []byte, x uint32, has Has) {
	p.SrcPort, p.DstPort, p.SACKBlocks = 0, 0, 0
	p.Payload, p.PayloadLen = b, x
	has |= HasLaterFragment
	if d.Decap == DecapInner {
		switch p.Proto {
		case ProtoIPIP, ProtoIPv6, ProtoGRE:
			has |= HasTunnelFragment
			d.notes.note(TunnelFragment)
		}
	}
	p.Has = has
}

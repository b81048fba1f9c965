package packet

import "encoding/binary"

// Below, x is the length of the datagram behind its IP headers by the IP header's own
// count, and b what of it was captured.

// dispatch reads the transport header of p.Proto.
func (d *Decoder) dispatch(p *Packet, b []byte, x uint32, has Has) {
	switch p.Proto {
	case ProtoTCP:
		d.tcp(p, b, x, has)
	case ProtoUDP:
		d.udp(p, b, x, has)
	default:
		d.transport(p, b, x, has)
	}
}

// transport reads transports other than TCP and UDP.
func (d *Decoder) transport(p *Packet, b []byte, x uint32, has Has) {
	switch p.Proto {
	case ProtoUDPLite:
		d.opaque(p, b, x, has)
		d.ports(p, b, 8)
		p.after(b, x, 8)
	case ProtoSCTP, ProtoDCCP:
		d.opaque(p, b, x, has)
		d.ports(p, b, 12)
	case ProtoICMP:
		d.opaque(p, b, x, has)
		if p.IPVersion == 4 {
			d.icmp(p, b, x)
		}
	case ProtoICMPv6:
		d.opaque(p, b, x, has)
		if p.IPVersion == 6 {
			d.icmp(p, b, x)
		}
	default:
		d.opaque(p, b, x, has)
	}
}

// opaque is a datagram without transport fields: all of it is payload.
func (d *Decoder) opaque(p *Packet, b []byte, x uint32, has Has) {
	p.SrcPort, p.DstPort, p.SACKBlocks = 0, 0, 0
	p.Payload, p.PayloadLen = b, x
	p.Has = has
}

// after makes the payload what follows a transport header of n bytes.
func (p *Packet) after(b []byte, x, n uint32) {
	p.PayloadLen = x - min(x, n)
	p.Payload = b[min(int(n), len(b)):]
}

// ports takes the first four bytes of a transport header that should have n.
func (d *Decoder) ports(p *Packet, b []byte, n int) {
	if len(b) < n {
		d.notes.note(L4Short)
	}
	if len(b) >= 4 {
		p.SrcPort = binary.BigEndian.Uint16(b)
		p.DstPort = binary.BigEndian.Uint16(b[2:])
		p.Has |= HasPorts
	}
}

// udp reads a UDP header (RFC 768). Its length field counts if it fits the datagram.
//
//	+-------------------+-------------------+
//	| source port       | destination port  |
//	+-------------------+-------------------+
//	| length            | checksum          |
//	+-------------------+-------------------+
func (d *Decoder) udp(p *Packet, b []byte, x uint32, has Has) {
	if len(b) < 8 {
		d.udpShort(p, b, x, has)
		return
	}
	h := (*[8]byte)(b)
	p.SrcPort = binary.BigEndian.Uint16(h[0:])
	p.DstPort = binary.BigEndian.Uint16(h[2:])
	p.SACKBlocks = 0
	p.Has = has | HasPorts | HasTransport
	b = b[8:]
	d.udpLen = binary.BigEndian.Uint16(h[4:])
	n := uint32(d.udpLen) - 8
	if n > x-8 { // a length below 8 has become a huge one
		n = x - 8
	}
	p.PayloadLen = n
	if uint64(n) < uint64(len(b)) {
		b = b[:n]
	}
	p.Payload = b
}

// udpShort reads what is there of a cut UDP header.
func (d *Decoder) udpShort(p *Packet, b []byte, x uint32, has Has) {
	d.opaque(p, b, x, has)
	d.ports(p, b, 8)
	p.after(b, x, 8)
	if len(b) >= 6 {
		if n := uint32(binary.BigEndian.Uint16(b[4:])); n >= 8 && n <= x {
			p.PayloadLen = n - 8
		}
	}
}

// icmp reads type and code (RFC 792, RFC 4443), and identifier and sequence number of the
// messages that have them. Quoted packets are payload.
//
//	+---------+---------+-------------------+
//	| type    | code    | checksum          |
//	+---------+---------+-------------------+
//	| identifier        | sequence          |
//	+-------------------+-------------------+
func (d *Decoder) icmp(p *Packet, b []byte, x uint32) {
	p.after(b, x, 8)
	if len(b) < 8 {
		d.notes.note(L4Short)
	}
	if len(b) < 2 {
		return
	}
	p.ICMPType, p.ICMPCode = b[0], b[1]
	p.Has |= HasICMP
	if len(b) >= 8 && isEcho(p.IPVersion, b[0]) {
		p.ICMPID = binary.BigEndian.Uint16(b[4:])
		p.ICMPSeq = binary.BigEndian.Uint16(b[6:])
		p.Has |= HasICMPEcho
	}
}

// isEcho: echo, timestamp, information and address mask messages have an identifier.
func isEcho(version, typ uint8) bool {
	if version == 6 {
		return typ == 128 || typ == 129
	}
	return typ == 0 || typ == 8 || typ >= 13 && typ <= 18
}

package packet

import "encoding/binary"

// tcp reads a TCP header (RFC 9293).
//
//	 0                   1                   2                   3
//	+-------------------------------+-------------------------------+
//	| source port                   | destination port              |
//	+-------------------------------+-------------------------------+
//	| sequence number                                               |
//	+---------------------------------------------------------------+
//	| acknowledgment number                                         |
//	+-------+-----+-----------------+-------------------------------+
//	|offset |     |A C E U A P R S F| window                        |
//	+-------+-----+-----------------+-------------------------------+
//	| checksum                      | urgent pointer                |
//	+-------------------------------+-------------------------------+
//	| options, to offset × 4                                        |
//	+---------------------------------------------------------------+
func (d *Decoder) tcp(p *Packet, b []byte, x uint32, has Has) {
	if len(b) < 20 {
		d.tcpShort(p, b, x, has)
		return
	}
	h := (*[20]byte)(b)
	p.SrcPort = binary.BigEndian.Uint16(h[0:])
	p.DstPort = binary.BigEndian.Uint16(h[2:])
	p.SACKBlocks = 0
	size := uint32(h[12]>>4) * 4
	if size < 20 || size > x {
		d.notes.note(TCPBadOffset)
		p.Payload, p.PayloadLen = b[len(b):], 0
		p.Has = has | HasPorts
		return
	}
	has |= HasPorts | HasTCP | HasTransport
	p.Seq = binary.BigEndian.Uint32(h[4:])
	p.Ack = binary.BigEndian.Uint32(h[8:])
	p.TCPFlags = binary.BigEndian.Uint16(h[12:]) & 0x1ff
	p.Window = binary.BigEndian.Uint16(h[14:])
	p.PayloadLen = x - size

	// Most segments have no options, or NOP, NOP, timestamps (RFC 7323 appendix A) and
	// seldom more; taking these first pays in BenchmarkDecode.
	if size == 20 {
		p.Options, p.Payload = b[20:20], b[20:]
		p.Has = has
		return
	}
	from := 20
	if size >= 32 && len(b) >= 32 {
		o := (*[32]byte)(b)
		if binary.LittleEndian.Uint32(o[20:]) == 0x0a080101 {
			p.TSval = binary.BigEndian.Uint32(o[24:])
			p.TSecr = binary.BigEndian.Uint32(o[28:])
			has |= HasTimestamp | HasOption
			if size == 32 {
				p.Options, p.Payload = b[20:32], b[32:]
				p.Has = has
				return
			}
			from = 32
		}
	}
	end := int(size)
	if len(b) < end {
		d.notes.note(L4Short)
		end = len(b)
	}
	p.Options, p.Payload = b[20:end], b[end:]
	p.readOptions(b[from:end], has)
}

// tcpShort reads what is there of a header of which under 20 bytes were captured, or sent.
func (d *Decoder) tcpShort(p *Packet, b []byte, x uint32, has Has) {
	d.opaque(p, b, x, has)
	size := uint32(20) // the least it can be
	if len(b) > 12 {
		size = uint32(b[12]>>4) * 4
	}
	if size < 20 || size > x {
		d.ports(p, b, 0)
		d.notes.note(TCPBadOffset)
		size = x
	} else {
		d.ports(p, b, 20)
	}
	p.PayloadLen = x - size
	p.Payload = b[len(b):]
}

package packet

import (
	"encoding/binary"
	"math"
)

// Extension headers that are walked (RFC 8200, 6275, 7401, 5533, and AH of RFC 4302): all
// of IANA's registry of IPv6 Extension Header Types but ESP, whose inside is hidden, and 253
// and 254, whose form nobody has settled. These, No Next Header and whatever else is no
// extension header end the walk and are the protocol.
const (
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extDestination = 60
	extMobility    = 135
	extHIP         = 139
	extShim6       = 140
	noNextHeader   = 59

	maxExtHeaders = 16
)

// ipv6 reads an IPv6 header (RFC 8200), its extension headers and its transport. left is
// the number of bytes on the wire from b[0]. Nothing of p changes unless the header is
// good.
//
//	 0                   1                   2                   3
//	+-------+---------------+---------------------------------------+
//	|version| traffic class | flow label                            |
//	+-------+---------------+-------+---------------+---------------+
//	| payload length                | next header   | hop limit     |
//	+-------------------------------+---------------+---------------+
//	| source, destination: 16 bytes each                            |
//	+---------------------------------------------------------------+
func (d *Decoder) ipv6(p *Packet, b []byte, left uint32) Reason {
	if len(b) < 40 {
		return IPv6BadHeader
	}
	h := (*[40]byte)(b)
	first := binary.BigEndian.Uint32(h[0:])
	if first>>28 != 6 {
		return IPv6BadHeader
	}
	proto := h[6]
	total := uint32(binary.BigEndian.Uint16(h[4:])) + 40
	if total == 40 && proto != noNextHeader && proto != ProtoICMPv6 {
		total = left // taken before segmentation offload, which ICMPv6 has none of
		if proto == extHopByHop {
			if n, ok := jumbo(b[40:]); ok {
				total = uint32(min(uint64(n)+40, math.MaxUint32))
			}
		}
	}
	if total > left {
		d.notes.note(IPLenExceedsWire)
	}

	p.Src = [16]byte(h[8:24])
	p.Dst = [16]byte(h[24:40])
	p.HeaderProto, p.IPVersion, p.TTL, p.TOS = proto, 6, h[7], uint8(first>>20)
	p.TotalLen = total
	p.IPFlags, p.IPID = 0, 0
	p.FlowLabel = first & 0xfffff

	if uint64(total) < uint64(len(b)) {
		b = b[:total]
	}
	has := p.Has & linkBits
	b = b[40:]
	if proto == ProtoTCP {
		p.Proto, p.IPHdrLen = proto, 40
		d.tcp(p, b, total-40, has)
		return readable
	}
	if proto == ProtoUDP {
		p.Proto, p.IPHdrLen = proto, 40
		d.udp(p, b, total-40, has)
		return readable
	}
	d.extensions(p, b, proto, has)
	return readable
}

// extensions walks the extension headers at b[0], the first of kind next, to the
// transport header.
func (d *Decoder) extensions(p *Packet, b []byte, next uint8, has Has) {
	hdr := uint32(40)
	for headers := 0; ; headers++ {
		size := 8
		switch next {
		case extHopByHop, extRouting, extDestination, extMobility, extHIP, extShim6:
			if len(b) >= 2 {
				size = (int(b[1]) + 1) * 8
			}
		case ProtoAH:
			size = ahLen(b)
		case extFragment:
		default:
			p.Proto, p.IPHdrLen = next, uint16(hdr)
			d.dispatch(p, b, p.TotalLen-hdr, has)
			return
		}
		if headers == maxExtHeaders || len(b) < size {
			d.notes.note(ExtHeaderBad)
			p.Proto, p.IPHdrLen = next, uint16(hdr)
			d.opaque(p, b, p.TotalLen-hdr, has)
			return
		}
		switch next {
		case ProtoAH:
			has |= HasAH
		case extFragment:
			frag := binary.BigEndian.Uint16(b[2:])
			if frag&^6 != 0 { // else atomic (RFC 6946): no fragment
				has |= HasFragment
				p.MoreFrags = frag&1 != 0
				p.FragOff = frag &^ 7
				p.FragID = binary.BigEndian.Uint32(b[4:])
			}
			if has&HasFragment != 0 && p.FragOff != 0 {
				hdr += 8
				p.Proto, p.IPHdrLen = b[0], uint16(hdr)
				d.laterFragment(p, b[8:], p.TotalLen-hdr, has)
				return
			}
		}
		next = b[0]
		hdr += uint32(size)
		b = b[size:]
	}
}

// jumbo looks for the Jumbo Payload option (RFC 2675) in the hop-by-hop header at b[0].
func jumbo(b []byte) (uint32, bool) {
	const pad1, jumboPayload = 0, 0xc2
	if len(b) < 8 {
		return 0, false
	}
	end := min((int(b[1])+1)*8, len(b))
	for o := b[2:end]; len(o) > 0; {
		if o[0] == pad1 {
			o = o[1:]
			continue
		}
		if len(o) < 2 || len(o) < 2+int(o[1]) {
			break
		}
		if o[0] == jumboPayload && o[1] == 4 {
			return binary.BigEndian.Uint32(o[2:]), true
		}
		o = o[2+int(o[1]):]
	}
	return 0, false
}

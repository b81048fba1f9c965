package packet

import "math"

// A length field in front of the IP header says where the bytes end that can be the packet's:
// that of an 802.3 frame, of PPPoE, of the IP and UDP headers around a tunnel, of the tunnel's
// own header. All of them bound the payload, by one rule; lengths of IP stay what the IP header
// says.

// unbounded is the end where no length field was met: further off than one can set it.
const unbounded = math.MinInt64 / 2

// bound notes a length field that says that n bytes follow from b[0] on. Of several the one
// that ends first counts. Ends are kept as capacities: how much of the frame's memory lies
// behind them, less than nothing if they lie beyond it.
func (d *Decoder) bound(b []byte, n uint32) { d.end = max(d.end, int64(cap(b))-int64(n)) }

// ip decodes the IP header of the given version at b[0]; left is the number of bytes on
// the wire from there.
func (d *Decoder) ip(p *Packet, b []byte, version uint8, left uint32) Reason {
	switch {
	case d.end != unbounded:
		return d.enclosed(p, b, version, left)
	case version == 6:
		return d.ipv6(p, b, left)
	}
	return d.ipv4(p, b, left)
}

// enclosed is ip where some length field may have been met.
func (d *Decoder) enclosed(p *Packet, b []byte, version uint8, left uint32) (why Reason) {
	room := uint32(min(max(int64(cap(b))-d.end, 0), math.MaxUint32))
	least := uint32(20)
	if version == 6 {
		least = 40
	}
	if room < least {
		room = math.MaxUint32 // that length is wrong
	}
	left = min(left, room)
	if version == 6 {
		why = d.ipv6(p, b, left)
	} else {
		why = d.ipv4(p, b, left)
	}
	if why == readable && room < p.TotalLen {
		p.clip(room)
	}
	return why
}

// clip leaves of the payload what lies within room bytes from the IP header on.
func (p *Packet) clip(room uint32) {
	start := p.TotalLen - p.PayloadLen
	if p.Proto == ProtoUDP && p.Has&HasTransport != 0 {
		start = uint32(p.IPHdrLen) + 8 // the datagram may end before the packet does
	}
	n := room - min(start, room)
	if p.PayloadLen > n {
		p.PayloadLen = n
		p.Payload = p.Payload[:min(uint64(n), uint64(len(p.Payload)))]
	}
}

package packet

import "encoding/binary"

// inner goes from the IP header that p was read from to the innermost one it can reach.
// A tunnel that fails a check leaves p as it is, one level up.
func (d *Decoder) inner(f *Frame, p *Packet) {
	for level := 1; ; level++ {
		if p.Has&HasLaterFragment != 0 || p.Proto == ProtoTCP { // most packets
			return
		}
		encaps := p.EncapCount
		d.hops, d.nested = 0, true
		d.enclose(p)
		b, version := d.tunnel(p)
		if version == 0 || !goodIP(b, version) {
			p.EncapCount = encaps
			return
		}
		if level == maxLevels {
			p.EncapCount = encaps
			d.notes.note(TunnelDepth)
			return
		}
		d.enclosed(p, b, version, p.WireLen-offset(f.Data, b))
	}
}

// enclose bounds what a tunnel carries by the lengths of p, the packet around it. A fragment
// that is the first of its datagram says how long that is by UDP's length alone.
func (d *Decoder) enclose(p *Packet) {
	d.end = unbounded
	if p.Has&HasFragment == 0 || p.Proto == ProtoUDP {
		d.bound(p.Payload, d.datagram(p))
	}
}

// goodIP reports whether ipv4 or ipv6 will accept the header at b[0].
func goodIP(b []byte, version uint8) bool {
	if version == 6 {
		return len(b) >= 40 && b[0]>>4 == 6
	}
	if len(b) < 20 || b[0]>>4 != 4 || b[0]&15 < 5 {
		return false
	}
	total := binary.BigEndian.Uint16(b[2:])
	return total == 0 || total >= uint16(b[0]&15)*4
}

// tunnel opens the tunnel that p's protocol and ports announce. It returns the bytes from
// the inner IP header on and the version due there, or version 0.
func (d *Decoder) tunnel(p *Packet) ([]byte, uint8) {
	b := p.Payload
	switch p.Proto {
	case ProtoIPIP:
		p.passed(EncapIPIP, 0)
		return b, 4
	case ProtoIPv6:
		if p.IPVersion == 4 {
			p.passed(Encap6in4, 0)
		} else {
			p.passed(EncapIPIP, 0)
		}
		return b, 6
	case ProtoGRE:
		return d.gre(p, b)
	case ProtoUDP:
		if p.Has&HasTransport != 0 {
			return d.udpTunnel(p, b)
		}
	}
	return nil, 0
}

// within turns the result of a walk over link headers into that of a tunnel.
func within(b []byte, version uint8, why Reason) ([]byte, uint8) {
	if why != readable {
		return nil, 0
	}
	return b, version
}

// nibble takes the version from the first nibble.
func nibble(b []byte) ([]byte, uint8) {
	if len(b) > 0 && (b[0]>>4 == 4 || b[0]>>4 == 6) {
		return b, b[0] >> 4
	}
	return nil, 0
}

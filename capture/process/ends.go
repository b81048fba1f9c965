package process

import (
	"bytes"
	"net/netip"

	"pinyon/packet"
)

// end is an address and a port. An IPv4 address is the mapped IPv6 one (RFC 4291, 2.5.5.2), as
// which a socket of both versions has it.
type end struct {
	addr [16]byte
	port uint16
}

func endOf(a netip.AddrPort) end { return end{a.Addr().As16(), a.Port()} }

// unspecified reports whether the address is 0.0.0.0 or ::.
func (e *end) unspecified() bool {
	a := netip.AddrFrom16(e.addr).Unmap()
	return a.IsUnspecified()
}

func (e *end) loopback() bool { return netip.AddrFrom16(e.addr).Unmap().IsLoopback() }

// v6 reports whether the address is one of IPv6.
func (e *end) v6() bool { return !netip.AddrFrom16(e.addr).Is4In6() }

// pair are the ends of a conversation in a fixed order, and its protocol.
type pair struct {
	ends  [2]end
	proto uint16 // of two bytes, so that the key is hashed in one go
}

// pairOf gives the pair, and at which place of it the first end stands.
func pairOf(a, b end, proto uint8) (p pair, at int) {
	if c := bytes.Compare(a.addr[:], b.addr[:]); c > 0 || c == 0 && a.port > b.port {
		return pair{[2]end{b, a}, uint16(proto)}, 1
	}
	return pair{[2]end{a, b}, uint16(proto)}, 0
}

// ends are what of a packet tells its sockets.
type ends struct {
	src, dst end
	proto    uint8
	fresh    bool // a TCP SYN without ACK: whatever was known of the pair is over
}

// decoder reads the ends of frames.
type decoder struct {
	dec, inner packet.Decoder
	p, quoted  packet.Packet
	fragments  fragments
}

// read reads the ends of a frame; false if it is no packet that a socket could have. The message
// of an ICMP error belongs to whom the packet belongs that it quotes (RFC 792, RFC 4443).
func (d *decoder) read(f *packet.Frame, e *ends) bool {
	p := &d.p
	if !d.dec.Decode(f, p) {
		return false
	}
	if quotes(p) {
		q := packet.Frame{Data: p.Payload, Wire: uint32(len(p.Payload)), Link: packet.LinkRaw}
		if !d.inner.Decode(&q, &d.quoted) {
			return false
		}
		p = &d.quoted
	} else if p.Has&packet.HasFragment != 0 {
		d.fragments.apply(p)
	}
	switch p.Proto {
	case packet.ProtoTCP, packet.ProtoUDP, packet.ProtoUDPLite:
	default:
		return false
	}
	e.src, e.dst, e.proto = end{mapped(p, &p.Src), p.SrcPort}, end{mapped(p, &p.Dst), p.DstPort}, p.Proto
	e.fresh = p == &d.p && p.Has&packet.HasTCP != 0 && p.TCPFlags&(packet.SYN|packet.ACK) == packet.SYN
	return true
}

// mapped is an address of a packet as an end has it.
func mapped(p *packet.Packet, a *[16]byte) [16]byte {
	if p.IPVersion == 4 {
		return [16]byte{10: 0xff, 11: 0xff, 12: a[0], 13: a[1], 14: a[2], 15: a[3]}
	}
	return *a
}

// quotes reports whether a packet is an ICMP error.
func quotes(p *packet.Packet) bool {
	if p.Has&packet.HasICMP == 0 {
		return false
	}
	if p.IPVersion == 6 {
		return p.ICMPType >= 1 && p.ICMPType <= 4
	}
	switch p.ICMPType {
	case 3, 4, 5, 11, 12:
		return true
	}
	return false
}

// fragments remembers the ports of the latest datagrams that came in fragments: only the first
// one has them.
type fragments struct {
	list [64]fragment
	next int
}

type fragment struct {
	src, dst [16]byte
	id       uint32
	proto    uint8
	ports    [2]uint16
}

// apply notes the ports of a first fragment, and fills in those of a later one.
func (t *fragments) apply(p *packet.Packet) {
	if p.Has&packet.HasLaterFragment == 0 {
		if p.Has&packet.HasPorts != 0 {
			t.list[t.next%len(t.list)] = fragment{p.Src, p.Dst, p.FragID, p.Proto, [2]uint16{p.SrcPort, p.DstPort}}
			t.next++
		}
		return
	}
	p.SrcPort, p.DstPort = 0, 0
	for i := range t.list {
		f := &t.list[i]
		if f.id == p.FragID && f.proto == p.Proto && f.src == p.Src && f.dst == p.Dst {
			p.SrcPort, p.DstPort = f.ports[0], f.ports[1]
			return
		}
	}
}

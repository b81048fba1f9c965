package packet

import "encoding/binary"

// Decap says how far into tunnels Decode goes.
type Decap uint8

// DecapNone, the default, stops at the outermost IP header and the transport header
// behind it. DecapInner goes on through IP-in-IP, 6in4, GRE, ERSPAN, PPTP, VXLAN, VXLAN-GPE,
// Geneve, GTP-U, Teredo, L2TPv2 and CAPWAP and takes everything from IP upward from the innermost
// IP header it reaches, the fourth at most.
const (
	DecapNone Decap = iota
	DecapInner
)

// A Decoder turns frames into packets and counts what it could not use. The zero value
// works. It is used from one goroutine; several may run side by side, each with its own
// Counts.
type Decoder struct {
	Decap  Decap
	Counts Counts

	// State of the frame at hand.
	notes  notes
	nonIP  nonIPKey // what the walk met instead of IP
	hops   uint8    // headers passed between link and IP, of maxHops
	udpLen uint16   // length field of the UDP header read last
	behind uint16   // type field behind the link's VLAN tags; valid iff there are any
	end    int64    // where the lengths around the bytes at hand end; see bound, in bound.go
	nested bool     // inside a tunnel or a bridged frame: its MACs and tags are not the link's
}

const (
	maxHops   = 8  // tags, MPLS, PPPoE, NSH and bridged Ethernet headers before IP
	maxLabels = 16 // MPLS labels of one stack
	maxLevels = 4  // nested IP headers
)

// linkBits are the bits of Packet.Has that stay when a tunnel is opened.
const linkBits = HasSrcMAC | HasDstMAC | HasEthType | HasVLAN

// Decode fills p from f and reports whether f held an IP packet. Otherwise it has counted
// one reason for which Reason.Dropped is true, and p is undefined. It cannot fail and does
// not allocate. p may have held any other packet before: only what Has and the comments of
// Packet declare readable is written. Payload and Options borrow f.Data.
func (d *Decoder) Decode(f *Frame, p *Packet) bool {
	data := f.Data
	n := uint32(len(data))
	wire := max(f.Wire, n)
	p.TS, p.Number = f.TS, f.Number
	p.Link, p.Iface, p.PacketType, p.Process, p.Gaps = f.Link, f.Iface, f.Type, f.Process, 0
	p.CapLen, p.WireLen = n, wire
	p.VLANCount, p.EncapCount = 0, 0
	d.notes = 0
	if n < wire {
		d.notes.note(SnapLenCut)
	}

	// The straight road of BenchmarkDecode: untagged IP over Ethernet.
	if f.Link == LinkEthernet && n >= ethernetLen {
		h := (*[ethernetLen]byte)(data)
		p.DstMAC = [6]byte(h[0:6])
		p.SrcMAC = [6]byte(h[6:12])
		p.EthType = binary.BigEndian.Uint16(h[12:])
		p.Has = HasSrcMAC | HasDstMAC | HasEthType
		switch p.EthType {
		case etherIPv4:
			return d.finish(f, p, d.ipv4(p, data[ethernetLen:], wire-ethernetLen))
		case etherIPv6:
			return d.finish(f, p, d.ipv6(p, data[ethernetLen:], wire-ethernetLen))
		}
	}
	return d.general(f, p)
}

// general decodes a frame of any link type.
func (d *Decoder) general(f *Frame, p *Packet) bool {
	p.Has = 0
	d.hops, d.nested, d.end = 0, false, unbounded
	b, version, why := d.link(p, f.Data, f.Link)
	if why == readable { // as d.ip, whose call costs a nanosecond a packet
		left := p.WireLen - offset(f.Data, b)
		switch {
		case d.end != unbounded:
			why = d.enclosed(p, b, version, left)
		case version == 6:
			why = d.ipv6(p, b, left)
		default:
			why = d.ipv4(p, b, left)
		}
	}
	return d.finish(f, p, why)
}

// walk is general for who wants to know where IP begins, or with NonIP where it was missed.
// It counts nothing. (general does not call it: that costs a nanosecond a packet.)
func (d *Decoder) walk(f *Frame, p *Packet) (b []byte, why Reason) {
	p.Has = 0
	d.hops, d.nested, d.end = 0, false, unbounded
	subframes := d.Counts.n[AMSDUSubframes] // the one count that is not left to finish
	b, version, why := d.link(p, f.Data, f.Link)
	d.Counts.n[AMSDUSubframes] = subframes
	if why == readable {
		why = d.ip(p, b, version, p.WireLen-offset(f.Data, b))
	}
	return b, why
}

// finish opens tunnels if asked to and books what was met.
func (d *Decoder) finish(f *Frame, p *Packet, why Reason) bool {
	if why != readable {
		d.Counts.n[why]++
		if why == NonIP {
			d.Counts.nonIP.count(d.nonIP, 1)
		}
		return false
	}
	if d.Decap == DecapInner {
		d.inner(f, p)
	}
	if d.notes != 0 {
		d.Counts.count(d.notes)
	}
	return true
}

// offset is the position of part in whole, of which it is a slice. Nothing in this
// package limits a slice's capacity, so the distance to the end tells.
func offset(whole, part []byte) uint32 { return uint32(cap(whole) - cap(part)) }

// isNot notes what was met instead of IP.
func (d *Decoder) isNot(space nonIPKey, number uint16) Reason {
	d.nonIP = space | nonIPKey(number)
	return NonIP
}

package listen

import (
	"net/netip"
	"time"

	"pinyon/packet"
)

// A Row is what the table holds of one frame. It is a plain value of its own.
type Row struct {
	ts               int64
	protocol         string // IANA keyword, or the name of what a frame without IP holds
	size, captured   uint32
	src, dst         [16]byte
	srcMAC, dstMAC   [6]byte
	etherType, vlan  uint16
	srcPort, dstPort uint16
	operation        uint16
	number           uint8 // of the protocol behind IP
	version          uint8 // of the addresses; 0 without any
	direction        packet.Direction
	has              has
}

// has tells which fields of a row hold something.
type has uint8

const (
	hasSrcMAC has = 1 << iota
	hasDstMAC
	hasPorts
	hasOperation
	hasNumber
	hasVLAN
	hasEtherType
	hasSrcIP
)

// Time is the capture time, UTC.
func (r *Row) Time() time.Time { return time.Unix(0, r.ts).UTC() }

// Timestamp is the capture time in nanoseconds since 1970-01-01 UTC.
func (r *Row) Timestamp() int64 { return r.ts }

// EtherType is that behind VLAN tags; ok is false of frames without one.
func (r *Row) EtherType() (typ uint16, ok bool) { return r.etherType, r.has&hasEtherType != 0 }

// Direction is where the packet went, as seen from this machine.
func (r *Row) Direction() packet.Direction { return r.direction }

// SourceMAC is the source's address of the link; ok is false where there is none.
func (r *Row) SourceMAC() (mac [6]byte, ok bool) { return r.srcMAC, r.has&hasSrcMAC != 0 }

// DestinationMAC is the destination's.
func (r *Row) DestinationMAC() (mac [6]byte, ok bool) { return r.dstMAC, r.has&hasDstMAC != 0 }

// SourceIP is the source's address, or that of an ARP message's sender; not valid without one.
func (r *Row) SourceIP() netip.Addr {
	if r.has&hasSrcIP == 0 {
		return netip.Addr{}
	}
	return addr(r.version, &r.src)
}

// DestinationIP is the destination's address, or that of an ARP message's target; not valid
// without one.
func (r *Row) DestinationIP() netip.Addr { return addr(r.version, &r.dst) }

func addr(version uint8, b *[16]byte) netip.Addr {
	switch version {
	case 4:
		return netip.AddrFrom4([4]byte(b[:4]))
	case 6:
		return netip.AddrFrom16(*b)
	}
	return netip.Addr{}
}

// Ports are the source's and the destination's; ok is false of packets without.
func (r *Row) Ports() (source, destination uint16, ok bool) {
	return r.srcPort, r.dstPort, r.has&hasPorts != 0
}

// Protocol is the IANA keyword of the protocol behind IP, or the name of what a frame without IP
// holds, such as ARP; a number stands for what has no name. It is empty of what cannot be read.
func (r *Row) Protocol() string { return r.protocol }

// ProtocolNumber is the IANA number of the protocol behind IP; ok is false without IP.
func (r *Row) ProtocolNumber() (n uint8, ok bool) { return r.number, r.has&hasNumber != 0 }

// Operation is that of ARP and RARP: 1 request, 2 reply; ok is false of other frames.
func (r *Row) Operation() (op uint16, ok bool) { return r.operation, r.has&hasOperation != 0 }

// VLAN is that of the outermost tag; ok is false without one.
func (r *Row) VLAN() (id uint16, ok bool) { return r.vlan, r.has&hasVLAN != 0 }

// Size is the bytes on the wire, Captured those of them that were captured.
func (r *Row) Size() uint32 { return r.size }

// Captured is how many bytes were captured.
func (r *Row) Captured() uint32 { return r.captured }

// A reader makes rows of frames. It is used from one goroutine.
type reader struct {
	dec packet.Decoder
	p   packet.Packet
	v   packet.Finding
	own func(netip.Addr) bool
}

// read fills a row from a frame. It allocates for numbers of protocols without a name alone.
func (d *reader) read(f *packet.Frame, r *Row) {
	p := &d.p
	ip := d.dec.Examine(f, p, &d.v)
	*r = Row{ts: f.TS, size: max(f.Wire, uint32(len(f.Data))), captured: uint32(len(f.Data)), protocol: d.v.Protocol, etherType: d.v.EtherType}
	if r.etherType != 0 {
		r.has |= hasEtherType
	}
	if p.Is(packet.HasSrcMAC) {
		r.srcMAC, r.has = p.SrcMAC, r.has|hasSrcMAC
	}
	if p.Is(packet.HasDstMAC) {
		r.dstMAC, r.has = p.DstMAC, r.has|hasDstMAC
	}
	if p.Is(packet.HasVLAN) {
		r.vlan, r.has = p.VLAN, r.has|hasVLAN
	}
	if ip {
		r.version, r.src, r.dst, r.number = p.IPVersion, p.Src, p.Dst, p.Proto
		r.has |= hasNumber | hasSrcIP
		if p.Is(packet.HasPorts) {
			r.srcPort, r.dstPort, r.has = p.SrcPort, p.DstPort, r.has|hasPorts
		}
	} else if op, ok := d.v.ARPOperation(); ok {
		r.operation, r.has = op, r.has|hasOperation
		arp, _ := d.v.ARP()
		if a, b := arp.Sender(), arp.Target(); a.IsValid() && b.IsValid() {
			src, dst := a.As4(), b.As4()
			copy(r.src[:], src[:])
			copy(r.dst[:], dst[:])
			r.version, r.has = 4, r.has|hasSrcIP
		}
	}
	r.direction = packet.DirectionOf(p.PacketType, r.SourceIP(), r.DestinationIP(), d.own)
}

package engine

import "pinyon/packet"

const (
	maxDatagrams   = 65536          // remembered at once; the oldest is dropped first
	fragmentMemory = 30_000_000_000 // ns of the capture clock
)

// fragments remembers the ports of first fragments, so that later ones join their flow.
type fragments struct {
	known map[datagram]ports
	order []datagramAt // ring, oldest at head
	head  int
	n     int
	most  int // of n
}

// datagram is what RFC 791 and RFC 8200 identify one by: IPv4 counts the protocol of its
// header in, IPv6 does not, and there a later fragment may name an extension header where the first one,
// walked to its end, names the transport. Where flows of different VLANs are told apart, so
// are their datagrams.
type datagram struct {
	src, dst [16]byte
	id       uint32
	vlan     uint16
	proto    uint8
	version  uint8
}

type ports struct {
	src, dst uint16
	proto    uint8
	at       int64 // capture clock
}

type datagramAt struct {
	datagram
	at int64
}

// apply gives a later fragment its ports and protocol, and remembers those of a first one. It reports
// false for a later fragment whose first is not known.
func (f *fragments) apply(p *packet.Packet, vlan bool, now int64) bool {
	d := datagram{src: p.Src, dst: p.Dst, id: p.FragID, version: p.IPVersion}
	if p.IPVersion == 4 {
		d.proto = p.HeaderProto
	}
	if vlan && p.Has&packet.HasVLAN != 0 {
		d.vlan = p.VLAN
	}
	if p.Has&packet.HasLaterFragment == 0 {
		f.remember(d, p, now)
		return true
	}
	v, ok := f.known[d]
	if !ok || now-v.at > fragmentMemory {
		return false
	}
	p.SrcPort, p.DstPort, p.Proto = v.src, v.dst, v.proto
	return true
}

func (f *fragments) remember(d datagram, p *packet.Packet, now int64) {
	if f.known == nil {
		f.known = make(map[datagram]ports)
	}
	for f.n > 0 && (f.n == maxDatagrams || now-f.order[f.head].at > fragmentMemory) {
		old := f.order[f.head]
		if f.known[old.datagram].at == old.at {
			delete(f.known, old.datagram)
		}
		f.head = (f.head + 1) % len(f.order)
		f.n--
	}
	if f.n == len(f.order) {
		grown := make([]datagramAt, max(64, min(2*f.n, maxDatagrams)))
		for i := range f.n {
			grown[i] = f.order[(f.head+i)%len(f.order)]
		}
		f.order, f.head = grown, 0
	}
	f.order[(f.head+f.n)%len(f.order)] = datagramAt{d, now}
	f.n++
	f.most = max(f.most, f.n)
	f.known[d] = ports{p.SrcPort, p.DstPort, p.Proto, now}
}

func (f *fragments) reset() {
	clear(f.known)
	f.head, f.n, f.most = 0, 0, 0
}

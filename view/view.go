// Package view has a flow that keeps its packets, with the names of fields that notebooks and
// programs for looking at one flow by hand know: Timestamp, PayloadLen, InitiatorIP and so on.
// It is not what extraction runs on, which keeps no packet.
package view

import (
	"errors"
	"math"
	"net/netip"

	"pinyon/flow"
	"pinyon/internal/stat"
	"pinyon/packet"
)

// A Packet is what a Flow keeps of a packet. It owns all its memory.
type Packet struct {
	Timestamp  float64 // seconds since 1970-01-01 UTC
	SrcIP      netip.Addr
	DstIP      netip.Addr
	SrcPort    uint16 // 0 for protocols without ports
	DstPort    uint16
	Protocol   uint8  // IANA number: 6 TCP, 17 UDP
	PayloadLen uint32 // bytes, by the headers
	TotalLen   uint32 // bytes from the IP header onward, by the header
	TCPFlags   uint16 // FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, AE 256; 0 if it is no TCP segment
	RawPayload []byte // the first bytes of a TCP or UDP payload, 256 at most

	ns int64 // Timestamp as it was captured, unless that was changed
}

// rawPayload is how much payload a Packet keeps.
const rawPayload = 256

// NewPacket copies what a decoded packet says. The borrowed memory of p is not kept.
func NewPacket(p *packet.Packet) *Packet {
	v := &Packet{
		Timestamp: stat.Epoch(p.TS), SrcIP: p.SrcAddr(), DstIP: p.DstAddr(), SrcPort: p.SrcPort, DstPort: p.DstPort,
		Protocol: p.Proto, PayloadLen: p.PayloadLen, TotalLen: p.TotalLen, ns: p.TS,
	}
	if p.Has&packet.HasTCP != 0 {
		v.TCPFlags = p.TCPFlags
	}
	if p.Has&packet.HasTransport != 0 {
		v.RawPayload = append([]byte(nil), p.Payload[:min(rawPayload, len(p.Payload))]...)
	}
	return v
}

// nanos is the time in nanoseconds.
func (p *Packet) nanos() int64 {
	if stat.Epoch(p.ns) == p.Timestamp {
		return p.ns
	}
	s, f := math.Modf(p.Timestamp)
	return int64(s)*1e9 + int64(math.Round(f*1e9))
}

// FlowKey is the canonical 5-tuple of a flow: both directions have the same one.
type FlowKey = flow.Key

// ErrOtherFlow is what AddPacket returns for a packet of another 5-tuple.
var ErrOtherFlow = errors.New("view: packet of another flow")

// A Flow is a bidirectional flow that keeps its packets, for looking at one by hand: a few
// hundred bytes a packet. Nothing ends it; IsExpired and Terminated say when a pipeline
// would think of it. Extraction does not use it. Not safe for use from several goroutines.
type Flow struct {
	packets    []Packet
	first, now int64 // flow time of the first and the latest packet, ns
	key        FlowKey
	bytes      [2]uint64
	n          [2]int
	terminated bool
}

// FlowFromFirstPacket opens a flow. The sender of p is its initiator.
func FlowFromFirstPacket(p *Packet) *Flow {
	f := &Flow{key: keyOf(p), first: p.nanos(), now: p.nanos()}
	f.add(p, flow.Fwd)
	return f
}

func keyOf(p *Packet) (k FlowKey) {
	q := packet.Packet{SrcPort: p.SrcPort, DstPort: p.DstPort, Proto: p.Protocol, IPVersion: 6}
	if p.SrcIP.Is4() && p.DstIP.Is4() {
		src, dst := p.SrcIP.As4(), p.DstIP.As4()
		q.IPVersion = 4
		copy(q.Src[:], src[:])
		copy(q.Dst[:], dst[:])
	} else {
		q.Src, q.Dst = p.SrcIP.As16(), p.DstIP.As16()
	}
	flow.MakeKey(&k, &q, false)
	return k
}

// AddPacket adds the next packet, in the order of capture. A packet of another 5-tuple is
// not added: ErrOtherFlow.
func (f *Flow) AddPacket(p *Packet) error {
	if keyOf(p) != f.key {
		return ErrOtherFlow
	}
	f.now = max(f.now, p.nanos())
	f.add(p, f.Direction(p))
	return nil
}

func (f *Flow) add(p *Packet, dir int) {
	f.packets = append(f.packets, *p)
	f.n[dir]++
	f.bytes[dir] += uint64(p.TotalLen)
	if p.TCPFlags&(packet.FIN|packet.RST) != 0 {
		f.terminated = true
	}
}

// Direction is 0 for a packet of the initiator (same address and port), 1 for any other.
func (f *Flow) Direction(p *Packet) int {
	if first := &f.packets[0]; p.SrcIP == first.SrcIP && p.SrcPort == first.SrcPort {
		return flow.Fwd
	}
	return flow.Bwd
}

// IsExpired reports whether at time now, in seconds since 1970-01-01 UTC, more than timeout
// seconds have passed since the latest packet.
func (f *Flow) IsExpired(timeout, now float64) bool {
	return now-f.LastSeen() > timeout
}

// Key is the flow's 5-tuple, endpoints in canonical order.
func (f *Flow) Key() FlowKey { return f.key }

// StartTime is the time of the first packet, in seconds since 1970-01-01 UTC.
func (f *Flow) StartTime() float64 { return stat.Epoch(f.first) }

// EndTime is the time of the latest packet. It never runs backward: a packet that comes
// late has the time of the one before it.
func (f *Flow) EndTime() float64 { return stat.Epoch(f.now) }

// LastSeen is EndTime.
func (f *Flow) LastSeen() float64 { return f.EndTime() }

// Duration is EndTime less StartTime in seconds, without the rounding of either.
func (f *Flow) Duration() float64 { return float64(f.now-f.first) / 1e9 }

// PacketCount is the number of packets.
func (f *Flow) PacketCount() int { return len(f.packets) }

// TotalPackets is PacketCount.
func (f *Flow) TotalPackets() int { return f.PacketCount() }

// ByteCount is the sum of the packets' TotalLen.
func (f *Flow) ByteCount() uint64 { return f.bytes[flow.Fwd] + f.bytes[flow.Bwd] }

// TotalBytes is ByteCount.
func (f *Flow) TotalBytes() uint64 { return f.ByteCount() }

// Terminated reports whether a FIN or a reset was seen.
func (f *Flow) Terminated() bool { return f.terminated }

// Packets are the flow's packets, in the order they were added; not to be changed.
func (f *Flow) Packets() []Packet { return f.packets }

// InitiatorPackets are copies of the initiator's packets.
func (f *Flow) InitiatorPackets() []Packet { return f.of(flow.Fwd) }

// ResponderPackets are copies of the responder's packets.
func (f *Flow) ResponderPackets() []Packet { return f.of(flow.Bwd) }

func (f *Flow) of(dir int) []Packet {
	ps := make([]Packet, 0, f.n[dir])
	for i := range f.packets {
		if p := &f.packets[i]; f.Direction(p) == dir {
			ps = append(ps, *p)
		}
	}
	return ps
}

// InitiatorBytes is the sum of TotalLen over the initiator's packets.
func (f *Flow) InitiatorBytes() uint64 { return f.bytes[flow.Fwd] }

// ResponderBytes is the sum of TotalLen over the responder's packets.
func (f *Flow) ResponderBytes() uint64 { return f.bytes[flow.Bwd] }

// InitiatorIP is the address that sent the first packet.
func (f *Flow) InitiatorIP() netip.Addr { return f.packets[0].SrcIP }

// ResponderIP is the other address.
func (f *Flow) ResponderIP() netip.Addr { return f.packets[0].DstIP }

// InitiatorPort is the initiator's port; 0 for protocols without ports.
func (f *Flow) InitiatorPort() uint16 { return f.packets[0].SrcPort }

// ResponderPort is the responder's port.
func (f *Flow) ResponderPort() uint16 { return f.packets[0].DstPort }

// Protocol is the IANA number.
func (f *Flow) Protocol() uint8 { return f.packets[0].Protocol }

package groups

import (
	"pinyon/flow"
	"pinyon/internal/dispatch"
	"pinyon/internal/graph"
	"pinyon/packet"
)

// Short names of the packet bits that the updates ask for.
const (
	protoTCP = packet.ProtoTCP
	hasTCP   = packet.HasTCP
	hasICMP  = packet.HasICMP
	hasMPTCP = packet.HasMPTCP
	flagSYN  = packet.SYN
)

// A Row is a flow that ended: a copy of its head and state, and what finish made of them.
// The tables read it. Rows are reused.
type Row struct {
	flow.Head
	State
	Input int // position of its input among the run's

	gapStats  gapStats
	sizeStats sizeStats
	entropy   entropy
	lists     lists
	macSets   macSets
	labels    labels
	icmpSets  icmpSets
	parsers   *dispatch.Parsers // nil if there is nothing to say
	quicCH    quicHello
	hellos    tlsHellos
	cert      rowCert
	synKinds  synKinds
	guesses   kinds
	conn      graph.Row // late rows only
	custom    [][]Value // by custom extractor
	plan      *Plan
}

// Fill makes r the row of an ended entry, working out its statistics, and leaves nothing
// of the entry in use. number is the entry's, by which custom extractors know the flow.
func (r *Row) Fill(m *Memory, e *flow.Entry[State], number uint32, input int) {
	r.Head, r.State, r.Input, r.plan = e.Head, e.State, input, m.plan
	r.custom = r.custom[:0]
	r.guesses.known = false
	m.number = number
	r.finish(m)
}

func (r *Row) isTCP() bool { return r.Key.Proto == packet.ProtoTCP }

// isICMP goes by the protocol, 1 on IPv4 and 58 on IPv6: a flow of nothing but later
// fragments is one without ICMP packets, not one of another protocol.
func (r *Row) isICMP() bool {
	if r.Key.Version == 6 {
		return r.Key.Proto == packet.ProtoICMPv6
	}
	return r.Key.Proto == packet.ProtoICMP
}

// n is the number of packets.
func (r *Row) n() uint64 { return uint64(r.Packets) }

// total is the sum of IP lengths over both directions.
func (r *Row) total() uint64 { return r.core.bytes[flow.Fwd] + r.core.bytes[flow.Bwd] }

// payload is the sum of payload lengths over both directions.
func (r *Row) payload() uint64 { return r.core.payload[flow.Fwd] + r.core.payload[flow.Bwd] }

// ratio is a/b as float64; 0 for b = 0.
func ratio[A, B uint8 | uint16 | uint32 | uint64 | int64 | int](a A, b B) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

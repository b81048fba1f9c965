package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// Which flags (RFC 9293) a connection used, how often, and how it opened and closed. Counts
// are of segments and overlap: a FIN-ACK counts under FIN and under ACK.
var tcpTable = []Feature{
	flag("tcp_is_tcp", "Whether the flow's protocol is TCP.", (*Row).isTCP).everywhere(),
	tcpCount("tcp_syn_count", "Segments with SYN and without ACK.", func(t *tcp) uint32 { return t.syn }),
	tcpCount("tcp_synack_count", "Segments with SYN and ACK.", func(t *tcp) uint32 { return t.synAck }),
	tcpCount("tcp_fin_count", "Segments with FIN.", func(t *tcp) uint32 { return t.fin }),
	tcpCount("tcp_rst_count", "Segments with RST.", func(t *tcp) uint32 { return t.rst }),
	tcpCount("tcp_ack_count", "Segments with ACK, SYN-ACKs included.", func(t *tcp) uint32 { return t.ack }),
	tcpCount("tcp_psh_count", "Segments with PSH.", func(t *tcp) uint32 { return t.psh }),
	tcpCount("tcp_urg_count", "Segments with URG.", func(t *tcp) uint32 { return t.urg }),
	tcpCount("tcp_ece_count", "Segments with ECE.", func(t *tcp) uint32 { return t.ece }),
	tcpCount("tcp_cwr_count", "Segments with CWR.", func(t *tcp) uint32 { return t.cwr }),
	flag("tcp_complete_handshake", "A SYN of the initiator and a SYN-ACK of the responder were seen, in whatever order.", func(r *Row) bool {
		return r.tcp.seen&(sawSYN|sawSYNACK) == sawSYN|sawSYNACK
	}),
	flag("tcp_graceful_close", "Both sides sent a FIN.", func(r *Row) bool {
		return r.tcp.flags[flow.Fwd]&r.tcp.flags[flow.Bwd]&packet.FIN != 0
	}),
	flag("tcp_reset_close", "Some segment has RST.", func(r *Row) bool { return r.tcp.rst > 0 }),
	tcpShare("tcp_syn_ratio", "Share of packets with SYN, with or without ACK.", func(t *tcp) uint32 { return t.syn + t.synAck }),
	tcpShare("tcp_fin_ratio", "Share of packets with FIN.", func(t *tcp) uint32 { return t.fin }),
	tcpShare("tcp_rst_ratio", "Share of packets with RST.", func(t *tcp) uint32 { return t.rst }),
	tcpShare("tcp_psh_ratio", "Share of packets with PSH.", func(t *tcp) uint32 { return t.psh }),
	tcpCount("tcp_data_packets", "Segments with payload.", func(t *tcp) uint32 { return t.data }),
	tcpCount("tcp_ack_only_packets", "Segments with ACK, without payload, SYN, FIN and RST.", func(t *tcp) uint32 { return t.ackOnly }),
	flag("tcp_flags_anomaly", "Some segment has no flag, FIN with PSH and URG, FIN without ACK and SYN, SYN with FIN, or SYN with RST.", func(r *Row) bool {
		return r.tcp.seen&sawAnomaly != 0
	}),
	flag("tcp_initiator_syn", "The initiator sent a SYN without ACK.", func(r *Row) bool { return r.tcp.seen&sawSYN != 0 }),
	flag("tcp_responder_synack", "The responder sent a SYN-ACK.", func(r *Row) bool { return r.tcp.seen&sawSYNACK != 0 }),
	count("tcp_fstat", feature.Bitmap, "1 initiator's SYN, 2 responder's SYN-ACK, 4 another ACK, 8 forward FIN, 16 backward FIN, 32 RST, 64 payload, 128 odd flags.", func(r *Row) int64 { return r.tcp.status() }),
	count("tcp_flags_agg", feature.Bitmap, "All flags seen, by their bits in the header; 256 is AE.", func(r *Row) int64 {
		return int64(r.tcp.flags[flow.Fwd] | r.tcp.flags[flow.Bwd])
	}),
	count("tcp_flags_fwd", feature.Bitmap, "All flags of the initiator.", func(r *Row) int64 { return int64(r.tcp.flags[flow.Fwd]) }),
	count("tcp_flags_bwd", feature.Bitmap, "All flags of the responder.", func(r *Row) int64 { return int64(r.tcp.flags[flow.Bwd]) }),
}

func tcpCount(name, doc string, get func(*tcp) uint32) Feature {
	return count(name, feature.Count, doc, func(r *Row) int64 { return int64(get(&r.tcp)) })
}

// tcpShare is a count over all packets of the flow, later fragments and cut headers too.
func tcpShare(name, doc string, get func(*tcp) uint32) Feature {
	return float(name, feature.Ratio, doc, func(r *Row) float64 { return ratio(int64(get(&r.tcp)), int64(r.Packets)) })
}

// tcp counts flags.
type tcp struct {
	ack, psh, data, ackOnly uint32
	syn, synAck, fin, rst   uint32
	urg, ece, cwr           uint32
	flags                   [2]uint16 // all flags of a direction
	seen                    uint8
}

// Bits of tcp.seen.
const (
	sawSYN    = 1 << iota // of the initiator, without ACK
	sawSYNACK             // of the responder
	sawAnomaly
)

// rareFlags are those that most segments do not have.
const rareFlags = packet.SYN | packet.FIN | packet.RST | packet.URG | packet.ECE | packet.CWR

func (t *tcp) update(o *flow.Obs) {
	f, d := o.TCPFlags, o.Dir&1
	t.flags[d] |= f
	ack := uint32(f) / uint32(packet.ACK) & 1
	t.ack += ack
	t.psh += uint32(f) / uint32(packet.PSH) & 1
	if o.PayloadLen > 0 {
		t.data++
	} else if f&(packet.SYN|packet.FIN|packet.RST) == 0 {
		t.ackOnly += ack
	}
	if f&rareFlags != 0 || f == 0 {
		t.rare(f, d)
	}
}

// rare takes a segment without flags, or with some that most segments do not have.
func (t *tcp) rare(f uint16, dir int) {
	switch f & (packet.SYN | packet.ACK) {
	case packet.SYN:
		t.syn++
		if dir == flow.Fwd {
			t.seen |= sawSYN
		}
	case packet.SYN | packet.ACK:
		t.synAck++
		if dir == flow.Bwd {
			t.seen |= sawSYNACK
		}
	}
	if f&packet.FIN != 0 {
		t.fin++
	}
	if f&packet.RST != 0 {
		t.rst++
	}
	if f&packet.URG != 0 {
		t.urg++
	}
	if f&packet.ECE != 0 {
		t.ece++
	}
	if f&packet.CWR != 0 {
		t.cwr++
	}
	if oddFlags(f) {
		t.seen |= sawAnomaly
	}
}

// oddFlags reports combinations that no state of RFC 9293 sends, as scanners do.
func oddFlags(f uint16) bool {
	const (
		xmas = packet.FIN | packet.PSH | packet.URG
		finX = packet.FIN | packet.ACK | packet.SYN
	)
	switch {
	case f == 0, f&xmas == xmas, f&finX == packet.FIN:
		return true
	case f&packet.SYN != 0:
		return f&(packet.FIN|packet.RST) != 0
	}
	return false
}

// status is the bitmap tcp_fstat. It is this library's own; Tranalyzer's tcpFStat has other
// bits.
func (t *tcp) status() int64 {
	s := int64(t.seen & (sawSYN | sawSYNACK))
	for bit, set := range [...]bool{
		2: t.ack > t.synAck,
		3: t.flags[flow.Fwd]&packet.FIN != 0,
		4: t.flags[flow.Bwd]&packet.FIN != 0,
		5: t.rst > 0,
		6: t.data > 0,
		7: t.seen&sawAnomaly != 0,
	} {
		if set {
			s |= 1 << bit
		}
	}
	return s
}

package groups

import (
	"pinyon/column"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/stat"
)

// How big the packets are, in both directions and in each, how much of that is payload, and
// how lopsided the exchange is. Length is that of the IP packet; payload statistics take
// every packet, those without payload included.
var sizeTable = append(append(append(append(
	lengthFamily("pkt_len_", "Packet length", 2),
	lengthPercentile("pkt_len_p25", "25th percentile of the packet lengths.", func(s *sizeStats) float64 { return s.p25 }),
	lengthPercentile("pkt_len_p75", "75th percentile of the packet lengths.", func(s *sizeStats) float64 { return s.p75 }),
	lengthPercentile("pkt_len_p90", "90th percentile of the packet lengths.", func(s *sizeStats) float64 { return s.p90 })),
	lengthFamily("pkt_len_fwd_", "Length of forward packets", flow.Fwd)...),
	lengthFamily("pkt_len_bwd_", "Length of backward packets", flow.Bwd)...),
	float("payload_len_min", feature.Bytes, "Payload: least.", func(r *Row) float64 { return r.payloadMin() }).null(),
	float("payload_len_max", feature.Bytes, "Payload: greatest.", func(r *Row) float64 {
		return float64(max(r.size.dir[flow.Fwd].payMax, r.size.dir[flow.Bwd].payMax))
	}).null(),
	payloadMean("payload_len_mean", "Payload: mean.", 2),
	payloadStd("payload_len_std", "Payload: population standard deviation.", 2),
	payloadMean("payload_len_fwd_mean", "Payload of forward packets: mean.", flow.Fwd),
	payloadStd("payload_len_fwd_std", "Payload of forward packets: population standard deviation.", flow.Fwd),
	payloadMean("payload_len_bwd_mean", "Payload of backward packets: mean.", flow.Bwd),
	payloadStd("payload_len_bwd_std", "Payload of backward packets: population standard deviation.", flow.Bwd),
	count("packets_with_payload", feature.Count, "Packets that carry payload.", func(r *Row) int64 { return r.withPayload() }),
	count("packets_with_payload_fwd", feature.Count, "Forward packets that carry payload.", func(r *Row) int64 { return int64(r.size.dir[flow.Fwd].withPay) }),
	count("packets_with_payload_bwd", feature.Count, "Backward packets that carry payload.", func(r *Row) int64 { return int64(r.size.dir[flow.Bwd].withPay) }),
	float("header_only_ratio", feature.None, "Share of packets without payload.", func(r *Row) float64 {
		return ratio(int64(r.Packets)-r.withPayload(), int64(r.Packets))
	}),
	float("pkt_len_variance", feature.BytesSquared, "Population variance of the packet lengths.", func(r *Row) float64 { return r.lengthVariance() }),
	count("dominant_pkt_size", feature.Bytes, "Most frequent packet length; of several, the one seen first.", func(r *Row) int64 { return int64(r.sizeStats.dominant) }).needs(needSizes),
	float("dominant_pkt_ratio", feature.None, "Share of packets of that length.", func(r *Row) float64 { return ratio(r.sizeStats.dominantN, uint64(r.Packets)) }).needs(needSizes),
	count("l7_bytes_fwd", feature.Bytes, "Payload bytes from the initiator.", func(r *Row) int64 { return int64(r.core.payload[flow.Fwd]) }),
	count("l7_bytes_bwd", feature.Bytes, "Payload bytes from the responder.", func(r *Row) int64 { return int64(r.core.payload[flow.Bwd]) }),
	count("l7_bytes_total", feature.Bytes, "Payload bytes in both directions.", func(r *Row) int64 { return int64(r.payload()) }),
	count("l7_pkt_min_fwd", feature.Bytes, "Least payload above 0 of a forward packet.", func(r *Row) int64 { return r.pay(flow.Fwd, r.size.dir[flow.Fwd].payMin) }).null(),
	count("l7_pkt_max_fwd", feature.Bytes, "Greatest payload of a forward packet.", func(r *Row) int64 { return r.pay(flow.Fwd, r.size.dir[flow.Fwd].payMax) }).null(),
	count("l7_pkt_min_bwd", feature.Bytes, "Least payload above 0 of a backward packet.", func(r *Row) int64 { return r.pay(flow.Bwd, r.size.dir[flow.Bwd].payMin) }).null(),
	count("l7_pkt_max_bwd", feature.Bytes, "Greatest payload of a backward packet.", func(r *Row) int64 { return r.pay(flow.Bwd, r.size.dir[flow.Bwd].payMax) }).null(),
	float("pkt_asymmetry", feature.None, "Packets forward less backward, over all; -1 to 1.", func(r *Row) float64 {
		return ratio(int64(r.core.n[flow.Fwd])-int64(r.core.n[flow.Bwd]), int64(r.Packets))
	}),
	float("byte_asymmetry", feature.None, "Bytes forward less backward, over all; -1 to 1.", func(r *Row) float64 {
		return ratio(int64(r.core.bytes[flow.Fwd])-int64(r.core.bytes[flow.Bwd]), int64(r.total()))
	}),
	list("pkt_len_sequence", feature.IntList, feature.Bytes, "Lengths of the first packets, negative if backward, filled up with zeros unless missing is null.", func(c *column.Column, r *Row) { r.lists.signedList(c, r.plan.listLen) }).on(optSequences).needs(needList),
)

// lengthFamily is the minimum, maximum, mean, standard deviation and median of the packet
// lengths of one direction, or of both (2).
func lengthFamily(name, what string, set int) []Feature {
	return []Feature{
		float(name+"min", feature.Bytes, what+": least.", func(r *Row) float64 { return r.length(set, float64(r.lengthMin(set))) }).null(),
		float(name+"max", feature.Bytes, what+": greatest.", func(r *Row) float64 { return r.length(set, float64(r.lengthMax(set))) }).null(),
		float(name+"mean", feature.Bytes, what+": mean.", func(r *Row) float64 {
			n, sum, _ := r.lengthSums(set)
			return r.length(set, stat.Mean(n, sum, 1))
		}).null(),
		float(name+"std", feature.Bytes, what+": population standard deviation.", func(r *Row) float64 {
			n, sum, sq := r.lengthSums(set)
			return r.length(set, stat.Std(n, sum, sq, 1))
		}).null(),
		float(name+"median", feature.Bytes, what+": median.", func(r *Row) float64 { return r.length(set, r.sizeStats.median[set]) }).null().needs(needSizes),
	}
}

func lengthPercentile(name, doc string, get func(*sizeStats) float64) Feature {
	return float(name, feature.Bytes, doc, func(r *Row) float64 { return get(&r.sizeStats) }).null().needs(needSizes)
}

func payloadMean(name, doc string, set int) Feature {
	return float(name, feature.Bytes, doc, func(r *Row) float64 {
		n, sum, _ := r.payloadSums(set)
		return r.length(set, stat.Mean(n, sum, 1))
	}).null()
}

func payloadStd(name, doc string, set int) Feature {
	return float(name, feature.Bytes, doc, func(r *Row) float64 {
		n, sum, sq := r.payloadSums(set)
		return r.length(set, stat.Std(n, sum, sq, 1))
	}).null()
}

// size keeps, by direction, what streams of lengths and payloads; the sums are in core.
type size struct{ dir [2]sizeDir }

type sizeDir struct {
	lenSq, paySq     stat.Sum128
	lenMin, lenMax   uint32
	payMin, payMax   uint32 // of payloads above 0
	withPay, packets uint32
}

func (s *size) update(o *flow.Obs) {
	d := &s.dir[o.Dir&1]
	l := o.TotalLen
	if d.packets == 0 || l < d.lenMin {
		d.lenMin = l
	}
	d.lenMax = max(d.lenMax, l)
	d.packets++
	d.lenSq.AddSquare(uint64(l))
	if p := o.PayloadLen; p > 0 {
		if d.withPay == 0 || p < d.payMin {
			d.payMin = p
		}
		d.payMax = max(d.payMax, p)
		d.withPay++
		d.paySq.AddSquare(uint64(p))
	}
}

// length is v, or absent if the direction has no packet.
func (r *Row) length(set int, v float64) float64 {
	if set < 2 && r.core.n[set] == 0 {
		return absent
	}
	return v
}

func (r *Row) lengthMin(set int) uint32 {
	f, b := &r.size.dir[flow.Fwd], &r.size.dir[flow.Bwd]
	switch {
	case set < 2:
		return r.size.dir[set].lenMin
	case b.packets == 0:
		return f.lenMin
	case f.packets == 0:
		return b.lenMin
	}
	return min(f.lenMin, b.lenMin)
}

func (r *Row) lengthMax(set int) uint32 {
	if set < 2 {
		return r.size.dir[set].lenMax
	}
	return max(r.size.dir[flow.Fwd].lenMax, r.size.dir[flow.Bwd].lenMax)
}

func (r *Row) lengthSums(set int) (n, sum uint64, sq stat.Sum128) {
	if set < 2 {
		return uint64(r.core.n[set]), r.core.bytes[set], r.size.dir[set].lenSq
	}
	return r.n(), r.total(), r.size.dir[flow.Fwd].lenSq.Plus(r.size.dir[flow.Bwd].lenSq)
}

func (r *Row) payloadSums(set int) (n, sum uint64, sq stat.Sum128) {
	if set < 2 {
		return uint64(r.core.n[set]), r.core.payload[set], r.size.dir[set].paySq
	}
	return r.n(), r.payload(), r.size.dir[flow.Fwd].paySq.Plus(r.size.dir[flow.Bwd].paySq)
}

// lengthVariance serves size and padding.
func (r *Row) lengthVariance() float64 {
	n, sum, sq := r.lengthSums(2)
	return stat.Variance(n, sum, sq, 1)
}

func (r *Row) withPayload() int64 {
	return int64(r.size.dir[flow.Fwd].withPay) + int64(r.size.dir[flow.Bwd].withPay)
}

func (r *Row) payloadMin() float64 {
	f, b := &r.size.dir[flow.Fwd], &r.size.dir[flow.Bwd]
	switch {
	case r.withPayload() < int64(r.Packets):
		return 0
	case b.packets == 0:
		return float64(f.payMin)
	case f.packets == 0:
		return float64(b.payMin)
	}
	return float64(min(f.payMin, b.payMin))
}

// pay is v, or absent if the direction has no payload.
func (r *Row) pay(dir int, v uint32) int64 {
	if r.size.dir[dir].withPay == 0 {
		return none
	}
	return int64(v)
}

package groups

import (
	"pinyon/feature"
	"pinyon/internal/stat"
)

// Signs of padding, cells of fixed size and constant-rate shaping, and a score that sums
// them up. Heuristics: they describe, they do not prove.
var paddingTable = []Feature{
	float("pkt_size_variance", feature.BytesSquared, "Population variance of the packet lengths.", func(r *Row) float64 { return r.lengthVariance() }),
	float("pkt_size_cv", feature.None, "Standard deviation of the packet lengths over their mean.", func(r *Row) float64 { return r.sizeCV() }),
	flag("is_constant_size", "At least 95 % of the packets have the most frequent length.", func(r *Row) bool { return r.dominantRatio() >= 0.95 }).needs(needSizes),
	count("dominant_size_mode", feature.Bytes, "Most frequent packet length; of several, the one seen first.", func(r *Row) int64 { return int64(r.sizeStats.dominant) }).needs(needSizes),
	float("dominant_size_ratio", feature.None, "Share of packets of that length.", func(r *Row) float64 { return r.dominantRatio() }).needs(needSizes),
	count("unique_size_count", feature.Count, "Distinct packet lengths, up to 65,536.", func(r *Row) int64 { return int64(r.sizeStats.distinct) }).needs(needSizes),
	float("size_entropy", feature.None, "Entropy of the packet lengths over that of an even spread; 0 for one length.", func(r *Row) float64 { return r.sizeStats.entropy }).needs(needSizes),
	float("iat_variance", feature.SecondsSquared, "Population variance of the gaps.", func(r *Row) float64 {
		n, sum := r.gapSum(2)
		return stat.Variance(n, sum, r.timing.gaps[2].sq, 1e9)
	}),
	float("iat_cv", feature.None, "Standard deviation of the gaps over their mean.", func(r *Row) float64 { return r.iatCV() }),
	flag("is_constant_rate", "At least two packets, and iat_cv at most 0.1.", func(r *Row) bool { return r.constantRate() }),
	count("tor_cell_count", feature.Count, "Packets of 580 to 600 bytes.", func(r *Row) int64 { return int64(r.sizeStats.torCells) }).needs(needSizes),
	float("tor_cell_ratio", feature.None, "Share of those packets.", func(r *Row) float64 { return r.torRatio() }).needs(needSizes),
	flag("is_tor_like", "At least 70 % such packets, and pkt_size_cv below 0.1.", func(r *Row) bool { return r.torLike() }).needs(needSizes),
	float("burst_padding_ratio", feature.None, "Header bytes over all bytes, bursts covering the whole flow; 0 for one packet.", func(r *Row) float64 {
		return ratio(r.overhead(), int64(r.total()))
	}),
	count("burst_overhead_bytes", feature.Bytes, "Bytes that are not payload; 0 for one packet.", func(r *Row) int64 { return r.overhead() }),
	float("avg_burst_payload_efficiency", feature.None, "Mean over bursts of payload over bytes; 1 for one packet.", func(r *Row) float64 {
		if r.Packets < 2 || r.bursts.counted == 0 {
			return 1
		}
		return r.bursts.efficiency / float64(r.bursts.counted)
	}).needs(needBursts),
	float("padding_score", feature.None, "0 to 1: 0.3 constant size, 0.2 dominant above 0.8, 0.2 constant rate, 0.3 Tor-like.", func(r *Row) float64 {
		tenths := 0
		if r.dominantRatio() >= 0.95 {
			tenths += 3
		}
		if r.dominantRatio() > 0.8 {
			tenths += 2
		}
		if r.constantRate() {
			tenths += 2
		}
		if r.torLike() {
			tenths += 3
		}
		return float64(tenths) / 10
	}).needs(needSizes),
}

func (r *Row) sizeCV() float64 {
	n, sum, sq := r.lengthSums(2)
	return stat.CV(n, sum, sq)
}

func (r *Row) dominantRatio() float64 { return ratio(r.sizeStats.dominantN, uint64(r.Packets)) }

func (r *Row) iatCV() float64 {
	n, sum := r.gapSum(2)
	return stat.CV(n, sum, r.timing.gaps[2].sq)
}

func (r *Row) constantRate() bool { return r.Packets >= 2 && r.iatCV() <= 0.1 }

func (r *Row) torRatio() float64 { return ratio(r.sizeStats.torCells, uint64(r.Packets)) }

func (r *Row) torLike() bool {
	return r.torRatio() >= 0.7 && (r.Packets == 1 || r.sizeCV() < 0.1)
}

// overhead is bytes less payload; 0 for one packet.
func (r *Row) overhead() int64 {
	if r.Packets < 2 {
		return 0
	}
	return int64(r.total()) - int64(r.payload())
}

package groups

import (
	"pinyon/column"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/stat"
)

// The rhythm of a flow: gaps between packets, how regular they are, bursts and idle
// periods, and how fast the other side answered.
var timingTable = append(append(append(append(
	gapFamily("", "Gap between packets", 2),
	float("iat_sum", feature.Seconds, "Sum of the gaps.", func(r *Row) float64 {
		if r.Packets < 2 {
			return absent
		}
		return seconds(r.Last - r.First)
	}).null(),
	gapPercentile("iat_p25", "25th percentile of the gaps.", func(g *gapStats) float64 { return g.p25 }),
	gapPercentile("iat_p75", "75th percentile of the gaps.", func(g *gapStats) float64 { return g.p75 }),
	gapPercentile("iat_p90", "90th percentile of the gaps.", func(g *gapStats) float64 { return g.p90 }),
	gapPercentile("iat_p99", "99th percentile of the gaps.", func(g *gapStats) float64 { return g.p99 })),
	gapFamily("fwd_", "Gap between forward packets", flow.Fwd)...),
	gapFamily("bwd_", "Gap between backward packets", flow.Bwd)...),
	float("burstiness_index", feature.None, "Standard deviation of the gaps over their mean.", func(r *Row) float64 { return r.gapCV(2) }).null(),
	float("burstiness_index_fwd", feature.None, "The same for forward packets.", func(r *Row) float64 { return r.gapCV(flow.Fwd) }).null(),
	float("burstiness_index_bwd", feature.None, "The same for backward packets.", func(r *Row) float64 { return r.gapCV(flow.Bwd) }).null(),
	count("burst_count", feature.Count, "Runs of packets with gaps below the burst threshold; 0 for one packet.", func(r *Row) int64 { return r.burstCount() }).needs(needBursts),
	float("avg_burst_packets", feature.Count, "Packets a burst.", func(r *Row) float64 { return ratio(int64(r.Packets), r.burstCount()) }).needs(needBursts),
	float("avg_burst_duration", feature.Seconds, "Mean length of the bursts.", func(r *Row) float64 {
		return stat.Mean(uint64(r.burstCount()), uint64(r.Last-r.First)-r.bursts.idleSum, 1e9)
	}).needs(needBursts),
	count("max_burst_packets", feature.Count, "Packets in the longest burst.", func(r *Row) int64 {
		if r.Packets < 2 {
			return 0
		}
		return int64(r.bursts.longest)
	}).needs(needBursts),
	count("idle_count", feature.Count, "Gaps of at least the burst threshold.", func(r *Row) int64 { return int64(r.bursts.idles) }).needs(needBursts),
	float("avg_idle_duration", feature.Seconds, "Mean of those gaps.", func(r *Row) float64 {
		return stat.Mean(uint64(r.bursts.idles), r.bursts.idleSum, 1e9)
	}).needs(needBursts),
	float("max_idle_duration", feature.Seconds, "Greatest of those gaps.", func(r *Row) float64 { return seconds(r.bursts.idleMax) }).needs(needBursts),
	float("first_response_time", feature.Seconds, "Time from the first packet to the first backward packet.", func(r *Row) float64 {
		if r.core.n[flow.Bwd] == 0 {
			return absent
		}
		return seconds(r.timing.first[flow.Bwd] - r.First)
	}).null(),
	list("iat_sequence", feature.FloatList, feature.Seconds, "The first gaps, filled up with zeros unless missing is null.", func(c *column.Column, r *Row) { r.lists.gapList(c, r.plan.listLen) }).on(optSequences).needs(needList),
	list("timestamp_sequence", feature.FloatList, feature.Seconds, "Times of the first packets after the first one, filled up with zeros unless missing is null.", func(c *column.Column, r *Row) { r.lists.timeList(c, r.plan.listLen) }).on(optSequences).needs(needList),
	list("splt", feature.Triples, feature.None, "Length, gap and direction of the first packets.", func(c *column.Column, r *Row) { r.lists.triples(c, r.plan.listLen) }).on(optSPLT).needs(needList),
	list("splt_lengths", feature.IntList, feature.Bytes, "Lengths of the first packets, filled up with zeros unless missing is null.", func(c *column.Column, r *Row) { r.lists.lengthList(c, r.plan.listLen) }).on(optSPLT).needs(needList),
	list("splt_times", feature.FloatList, feature.Seconds, "Gaps before the first packets, filled up with zeros unless missing is null.", func(c *column.Column, r *Row) { r.lists.beforeList(c, r.plan.listLen) }).on(optSPLT).needs(needList),
	list("splt_directions", feature.IntList, feature.None, "Directions of the first packets: 1 forward, -1 backward, 0 no packet.", func(c *column.Column, r *Row) { r.lists.directionList(c, r.plan.listLen) }).on(optSPLT).needs(needList),
)

// gapFamily is the minimum, maximum, mean, standard deviation and median of one set of
// gaps: forward, backward, or all (2).
func gapFamily(dir, what string, set int) []Feature {
	name := "iat_" + dir
	return []Feature{
		float(name+"min", feature.Seconds, what+": least.", func(r *Row) float64 { return r.gap(set, seconds(r.timing.gaps[set].min)) }).null(),
		float(name+"max", feature.Seconds, what+": greatest.", func(r *Row) float64 { return r.gap(set, seconds(r.timing.gaps[set].max)) }).null(),
		float(name+"mean", feature.Seconds, what+": mean.", func(r *Row) float64 {
			n, sum := r.gapSum(set)
			return r.gap(set, stat.Mean(n, sum, 1e9))
		}).null(),
		float(name+"std", feature.Seconds, what+": population standard deviation.", func(r *Row) float64 {
			n, sum := r.gapSum(set)
			return r.gap(set, stat.Std(n, sum, r.timing.gaps[set].sq, 1e9))
		}).null(),
		float(name+"median", feature.Seconds, what+": median.", func(r *Row) float64 { return r.gap(set, r.gapStats.median[set]) }).null().needs(needGaps),
	}
}

func gapPercentile(name, doc string, get func(*gapStats) float64) Feature {
	return float(name, feature.Seconds, doc, func(r *Row) float64 { return r.gap(2, get(&r.gapStats)) }).null().needs(needGaps)
}

// timing keeps the gaps of each direction and of the flow (index 2).
type timing struct {
	gaps  [3]gapSum
	first [2]int64 // flow time of the first packet of a direction
	last  [2]int64
}

// gapSum is what streams; the sum of a set's gaps is its last time less its first.
type gapSum struct {
	min, max int64
	sq       stat.Sum128
}

func (g *gapSum) add(gap int64, first bool) {
	if first || gap < g.min {
		g.min = gap
	}
	if gap > g.max {
		g.max = gap
	}
	g.sq.AddSquare(uint64(gap))
}

func (t *timing) update(o *flow.Obs, c *core) {
	d := o.Dir & 1
	if o.Index > 0 {
		t.gaps[2].add(o.Gap, o.Index == 1)
	}
	if n := c.n[d]; n == 1 {
		t.first[d] = o.Time
	} else {
		t.gaps[d].add(o.Time-t.last[d], n == 2)
	}
	t.last[d] = o.Time
}

// gapSum is the number and the sum of a set's gaps.
func (r *Row) gapSum(set int) (n, sum uint64) {
	if set == 2 {
		return r.n() - 1, uint64(r.Last - r.First)
	}
	if n = uint64(r.core.n[set]); n < 2 {
		return 0, 0
	}
	return n - 1, uint64(r.timing.last[set] - r.timing.first[set])
}

// gap is v, or absent if the set has no gap.
func (r *Row) gap(set int, v float64) float64 {
	if set == 2 && r.Packets < 2 || set < 2 && r.core.n[set] < 2 {
		return absent
	}
	return v
}

func (r *Row) gapCV(set int) float64 {
	n, sum := r.gapSum(set)
	if n == 0 {
		return absent
	}
	return stat.CV(n, sum, r.timing.gaps[set].sq)
}

// burstCount is the number of bursts: one more than the idle periods, none for one packet.
func (r *Row) burstCount() int64 {
	if r.Packets < 2 {
		return 0
	}
	return int64(r.bursts.idles) + 1
}

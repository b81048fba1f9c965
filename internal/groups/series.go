package groups

import (
	"cmp"
	"slices"

	"github.com/DataDog/sketches-go/ddsketch"

	"pinyon/internal/stat"
)

// sketchError is the relative error of percentiles that a sketch gives.
const sketchError = 0.001

// series is every gap of a flow with its direction: (gap << 1 | direction) as a varint, in
// chunks. All three sets of gaps derive from it. Beyond the limits of Memory it becomes
// three sketches.
type series struct {
	n           uint32 // gaps kept
	first, tail uint32 // chunks
	sketch      uint32 // number of the sketches, once it is one
	fill        uint16 // bytes in the last chunk
	dirs        uint8  // bit d: a packet of direction d was first, or seen by the sketch
	last        [2]int64
	now         int64 // sketch only: time since the first packet
}

// chunk is one link of a series.
type chunk struct {
	next  uint32
	bytes [chunkBytes]byte
}

const (
	chunkBytes  = 124
	maxGapBytes = 10 // of one varint
)

// sketches hold the gaps of each direction and of the flow.
type sketches [3]*ddsketch.DDSketch

// add takes the next gap; firstDir is the direction of the flow's first packet.
func (s *series) add(m *Memory, gap int64, dir, firstDir int) {
	if s.sketch != 0 {
		s.addSketch(m, gap, dir)
		return
	}
	if s.first == 0 || int(s.fill) > chunkBytes-maxGapBytes {
		h, c := m.chunks.Get()
		c.next = 0
		if s.first == 0 {
			s.first = h
			s.dirs = 1 << firstDir
		} else {
			m.chunks.At(s.tail).next = h
		}
		s.tail, s.fill = h, 0
		if m.shard.samples += chunkBytes; m.shard.samples > m.plan.sampleShare/2 {
			m.Stats.SamplesHalf++
		}
	}
	c := m.chunks.At(s.tail)
	v := uint64(gap)<<1 | uint64(dir&1)
	i := s.fill
	for v >= 0x80 {
		c.bytes[i] = byte(v) | 0x80
		v >>= 7
		i++
	}
	c.bytes[i] = byte(v)
	s.fill = i + 1
	s.n++
	if limit := m.plan.exactSamples; limit > 0 && int(s.n) >= limit || m.shard.samples > m.plan.sampleShare {
		m.overflow(s)
	}
}

// each calls f with every gap and its direction.
func (s *series) each(m *Memory, f func(gap int64, dir int)) {
	left := s.n
	for h := s.first; h != 0 && left > 0; {
		c := m.chunks.At(h)
		for i := 0; i <= chunkBytes-maxGapBytes && left > 0; left-- {
			var v uint64
			shift := 0
			for {
				b := c.bytes[i]
				i++
				v |= uint64(b&0x7f) << shift
				if b < 0x80 {
					break
				}
				shift += 7
			}
			f(int64(v>>1), int(v&1))
		}
		h = c.next
	}
}

// overflow turns series into sketches: s itself at its own limit, or those of the shard's
// flows with most gaps until a quarter of the shard's share is free again.
func (m *Memory) overflow(s *series) {
	if limit := m.plan.exactSamples; limit > 0 && int(s.n) >= limit {
		s.toSketch(m)
		return
	}
	var all []*series
	m.shard.Each(func(st *State) {
		if st.gaps.first != 0 {
			all = append(all, &st.gaps)
		}
	})
	slices.SortStableFunc(all, func(a, b *series) int { return cmp.Compare(b.n, a.n) })
	for _, s := range all {
		if m.shard.samples <= m.plan.sampleShare/4*3 {
			break
		}
		s.toSketch(m)
	}
}

// release gives the chunks back.
func (s *series) release(m *Memory) {
	for h := s.first; h != 0; {
		next := m.chunks.At(h).next
		m.chunks.Put(h)
		m.shard.samples -= chunkBytes
		h = next
	}
	s.first, s.tail, s.fill = 0, 0, 0
}

// toSketch replaces the gaps kept by sketches of them.
func (s *series) toSketch(m *Memory) {
	h, k := m.sketches.Get()
	for i := range k {
		// The error comes from the bucket width; the store keeps every bucket.
		k[i], _ = ddsketch.NewDefaultDDSketch(sketchError)
	}
	chunks := *s
	s.sketch, s.n = h, 0
	chunks.each(m, func(gap int64, dir int) { s.addSketch(m, gap, dir) })
	chunks.release(m)
	s.first, s.tail, s.fill = 0, 0, 0
	m.Stats.SketchedFlows++
}

func (s *series) addSketch(m *Memory, gap int64, dir int) {
	d := dir & 1
	k := m.sketches.At(s.sketch)
	s.now += gap
	// Adding fails for values beyond the sketch's range only, and no int64 is.
	_ = k[2].Add(float64(gap))
	if s.dirs>>d&1 != 0 {
		_ = k[d].Add(float64(s.now - s.last[d]))
	}
	s.dirs |= 1 << d
	s.last[d] = s.now
	if s.n < 1<<32-1 {
		s.n++
	}
}

// gapStats are the percentiles of a flow's gaps, in seconds.
type gapStats struct {
	median             [3]float64 // forward, backward, both
	p25, p75, p90, p99 float64
}

func (g *gapStats) finish(m *Memory, r *Row) {
	*g = gapStats{}
	s := &r.gaps
	if s.sketch != 0 {
		g.fromSketch(m.sketches.At(s.sketch))
		*m.sketches.At(s.sketch) = sketches{}
		m.sketches.Put(s.sketch)
		return
	}
	if s.n == 0 {
		return
	}
	all, dirs := m.gapScratch[2][:0], [2][]int64{m.gapScratch[0][:0], m.gapScratch[1][:0]}
	var last [2]int64
	var seen [2]bool
	var now int64
	seen[r.core.firstDir()] = true
	s.each(m, func(gap int64, dir int) {
		now += gap
		all = append(all, gap)
		if seen[dir] {
			dirs[dir] = append(dirs[dir], now-last[dir])
		}
		seen[dir], last[dir] = true, now
	})
	m.gapScratch = [3][]int64{dirs[0], dirs[1], all}
	for i, set := range dirs {
		stat.Percentiles(g.median[i:i+1], set, []int{50}, 1e9)
	}
	var p [5]float64
	stat.Percentiles(p[:], all, []int{25, 50, 75, 90, 99}, 1e9)
	g.p25, g.median[2], g.p75, g.p90, g.p99 = p[0], p[1], p[2], p[3], p[4]
	s.release(m)
}

func (g *gapStats) fromSketch(k *sketches) {
	for i := range k {
		g.median[i] = sketched(k[i], 50)
	}
	g.p25, g.p75, g.p90, g.p99 = sketched(k[2], 25), sketched(k[2], 75), sketched(k[2], 90), sketched(k[2], 99)
}

// sketched is percentile p in seconds, of a sketch of gaps in nanoseconds. Like the exact one it
// lies between two neighbours (type 7), each of which the sketch knows within sketchError; so
// the error of what lies between them is no greater, however far apart they are.
func sketched(s *ddsketch.DDSketch, p int) float64 {
	n := int64(s.GetCount())
	if n == 0 {
		return 0
	}
	q := (n - 1) * int64(p)
	low, m := ranked(s, q/100), float64(q%100)
	if m == 0 {
		return low / 1e9
	}
	return (low*(100-m) + ranked(s, q/100+1)*m) / 100 / 1e9
}

// ranked is the value of a rank, from 0; no gap is negative.
func ranked(s *ddsketch.DDSketch, rank int64) float64 {
	r := float64(rank) - s.GetZeroCount()
	if r < 0 {
		return 0
	}
	return s.Value(s.GetPositiveValueStore().KeyAtRank(r))
}

package groups

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"pinyon/flow"
	"pinyon/internal/stat"
)

const (
	inlineSizes = 6
	maxSizes    = 65536 // distinct lengths; more are counted in Memory and otherwise ignored
)

// sizeCount is one length and how many packets had it, by direction.
type sizeCount struct {
	size uint32
	n    [2]uint32
}

// sizeCounts is a map from length to packets by direction, in order of first appearance:
// a few entries inline, the rest in a sizeMap.
type sizeCounts struct {
	few  [inlineSizes]sizeCount
	n    uint32 // entries
	more uint32 // number of the sizeMap that holds all of them, once there are too many
	last uint32 // entry hit last
}

func (s *sizeCounts) add(m *Memory, l uint32, dir int) {
	d := dir & 1
	if s.more != 0 {
		s.addMore(m, l, d)
		return
	}
	n := int(s.n)
	if n > inlineSizes {
		n = inlineSizes
	}
	for i := 0; i < n; i++ {
		if s.few[i].size == l {
			s.few[i].n[d]++
			return
		}
	}
	if n < inlineSizes {
		s.few[n].size = l
		s.few[n].n[d] = 1
		s.n++
		return
	}
	h, t := m.sizeMaps.Get()
	s.more = h
	t.reset()
	for _, e := range s.few {
		t.insert(e)
	}
	s.addMore(m, l, d)
}

func (s *sizeCounts) addMore(m *Memory, l uint32, d int) {
	t := m.sizeMaps.At(s.more)
	if e := &t.entries[s.last]; e.size == l {
		e.n[d]++
		return
	}
	i, ok := t.find(l)
	if !ok {
		if len(t.entries) >= maxSizes {
			m.Stats.SizesDropped++
			return
		}
		i = t.insert(sizeCount{size: l})
		s.n++
	}
	t.entries[i].n[d]++
	s.last = i
}

// A sizeMap is an open-addressing table of positions in entries.
type sizeMap struct {
	entries []sizeCount
	index   []uint32 // position + 1; 0 is free
}

func (t *sizeMap) reset() {
	t.entries = t.entries[:0]
	if len(t.index) == 0 || len(t.index) > 1024 {
		t.index = make([]uint32, 64)
	}
	clear(t.index)
}

func (t *sizeMap) bucket(l uint32) uint32 {
	return l * 0x9e3779b1 >> (32 - uint32(bits.Len(uint(len(t.index)))-1))
}

func (t *sizeMap) find(l uint32) (uint32, bool) {
	mask := uint32(len(t.index) - 1)
	for b := t.bucket(l); ; b = (b + 1) & mask {
		i := t.index[b]
		if i == 0 {
			return 0, false
		}
		if t.entries[i-1].size == l {
			return i - 1, true
		}
	}
}

func (t *sizeMap) insert(e sizeCount) uint32 {
	if (len(t.entries)+1)*4 > len(t.index)*3 {
		t.index = make([]uint32, 2*len(t.index))
		for i := range t.entries {
			t.place(t.entries[i].size, uint32(i))
		}
	}
	t.entries = append(t.entries, e)
	i := uint32(len(t.entries) - 1)
	t.place(e.size, i)
	return i
}

func (t *sizeMap) place(l, i uint32) {
	mask := uint32(len(t.index) - 1)
	b := t.bucket(l)
	for t.index[b] != 0 {
		b = (b + 1) & mask
	}
	t.index[b] = i + 1
}

// sizeStats is what the counts say at the end of the flow.
type sizeStats struct {
	median        [3]float64 // forward, backward, both
	p25, p75, p90 float64
	entropy       float64 // over log2 of the number of lengths
	dominant      uint32
	distinct      uint32
	dominantN     uint64
	torCells      uint64 // packets of 580 to 600 bytes
	fullSized     uint64 // packets of 1400 to 1500 bytes
}

func (s *sizeStats) finish(m *Memory, r *Row) {
	*s = sizeStats{distinct: r.sizes.n}
	es := r.sizes.few[:min(r.sizes.n, inlineSizes)]
	if r.sizes.more != 0 {
		es = m.sizeMaps.At(r.sizes.more).entries
	}
	var n [3]uint64
	for i := range es {
		e := &es[i]
		k := uint64(e.n[0]) + uint64(e.n[1])
		if k > s.dominantN {
			s.dominant, s.dominantN = e.size, k
		}
		if e.size >= 580 && e.size <= 600 {
			s.torCells += k
		}
		if e.size >= 1400 && e.size <= 1500 {
			s.fullSized += k
		}
		n[0] += uint64(e.n[0])
		n[1] += uint64(e.n[1])
	}
	n[2] = n[0] + n[1]
	s.entropy = sizeEntropy(es, n[2])
	if len(es) == 1 {
		v := float64(es[0].size)
		s.median = [3]float64{v, v, v}
		s.p25, s.p75, s.p90 = v, v, v
	} else {
		// Sorting in place is fine: the counts are read nowhere after.
		slices.SortFunc(es, func(a, b sizeCount) int { return cmp.Compare(a.size, b.size) })
		s.median[flow.Fwd] = sizePercentile(es, n[flow.Fwd], flow.Fwd, 50)
		s.median[flow.Bwd] = sizePercentile(es, n[flow.Bwd], flow.Bwd, 50)
		s.median[2] = sizePercentile(es, n[2], 2, 50)
		s.p25 = sizePercentile(es, n[2], 2, 25)
		s.p75 = sizePercentile(es, n[2], 2, 75)
		s.p90 = sizePercentile(es, n[2], 2, 90)
	}
	m.sizeMaps.Put(r.sizes.more)
}

func (e *sizeCount) in(set int) uint64 {
	if set == 2 {
		return uint64(e.n[0]) + uint64(e.n[1])
	}
	return uint64(e.n[set])
}

// sizePercentile is percentile p of the n lengths of one set, es ascending by length.
func sizePercentile(es []sizeCount, n uint64, set int, p uint64) float64 {
	if n == 0 {
		return 0
	}
	q := (n - 1) * p
	i, mod := q/100, int64(q%100)
	j := min(i+1, n-1)
	var seen uint64
	var a, b int64
	a = -1
	for k := range es {
		seen += es[k].in(set)
		if a < 0 && seen > i {
			a = int64(es[k].size)
		}
		if seen > j {
			b = int64(es[k].size)
			break
		}
	}
	return stat.Weigh(a, b, mod, 1)
}

// sizeEntropy is −Σ p·log2 p over the shares of the lengths in order of appearance, over
// log2 of their number; 0 for one length.
func sizeEntropy(es []sizeCount, n uint64) float64 {
	if len(es) < 2 {
		return 0
	}
	h := 0.0
	for i := range es {
		p := float64(es[i].in(2)) / float64(n)
		h -= p * math.Log2(p)
	}
	return h / math.Log2(float64(len(es)))
}

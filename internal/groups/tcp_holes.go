package groups

// maxHoles is the number of holes a direction keeps. When one more comes, the lowest is
// dropped and counts as seen.
const maxHoles = 64

// A span is the sequence numbers from l up to, not including, r.
type span struct{ l, r uint32 }

// holes are the ranges of a direction's sequence space that were passed over: disjoint,
// ascending, none farther than maxReach before nxt. Most connections have none, so they
// live in Memory from the first one until all are filled.
type holes struct {
	n    int
	span [maxHoles]span
}

// insert puts s at position i.
func (h *holes) insert(i int, s span) {
	if h.n == maxHoles {
		if i == 0 {
			return // s itself is the lowest
		}
		i--
		copy(h.span[:i], h.span[1:i+1])
	} else {
		copy(h.span[i+1:h.n+1], h.span[i:h.n])
		h.n++
	}
	h.span[i] = s
}

func (h *holes) remove(i, n int) {
	copy(h.span[i:h.n], h.span[i+n:h.n])
	h.n -= n
}

func (h *holes) has(v uint32) bool {
	for _, s := range h.span[:h.n] {
		if v-s.l < s.r-s.l {
			return true
		}
	}
	return false
}

// take removes the numbers from nxt + from up to nxt + to and returns how many of them were
// holes. Both are relative to nxt, which avoids comparing modulo 2³².
func (h *holes) take(nxt uint32, from, to int64) (taken int64) {
	for i := 0; i < h.n; i++ {
		s := &h.span[i]
		l, r := -int64(nxt-s.l), -int64(nxt-s.r)
		a, b := max(l, from), min(r, to)
		if a >= b {
			continue
		}
		taken += b - a
		switch {
		case a == l && b == r:
			h.remove(i, 1)
			i--
		case a == l:
			s.l += uint32(b - l)
		case b == r:
			s.r = s.l + uint32(a-l)
		default: // in the middle: nothing else can be touched
			rest := span{s.l + uint32(b-l), s.r}
			s.r = s.l + uint32(a-l)
			h.insert(i+1, rest)
			return taken
		}
	}
	return taken
}

// forget drops what will be farther than maxReach before nxt once it has moved by n.
func (h *holes) forget(nxt uint32, n uint64) {
	k := 0
	for k < h.n && uint64(nxt-h.span[k].r)+n >= maxReach {
		k++
	}
	h.remove(0, k)
	if h.n > 0 && uint64(nxt-h.span[0].l)+n > maxReach {
		h.span[0].l = nxt + uint32(n) - maxReach
	}
}

// addHole adds a hole above all others.
func (d *seqDir) addHole(m *Memory, s span) {
	h := d.makeHoles(m)
	h.insert(h.n, s)
}

func (d *seqDir) makeHoles(m *Memory) *holes {
	if d.holes != 0 {
		return m.tcpPools.holes.At(d.holes)
	}
	i, h := m.tcpPools.holes.Get()
	d.holes, h.n = i, 0
	return h
}

// fill takes payload from nxt + from up to nxt + to, from at most 0, and returns how many of
// its bytes before nxt were not seen yet: those in holes, and those before start.
func (d *seqDir) fill(m *Memory, from, to int64) (fresh int64) {
	if d.holes != 0 {
		fresh = m.tcpPools.holes.At(d.holes).take(d.nxt, from, to)
	}
	if start := -int64(d.nxt - d.start); from < start {
		fresh += min(to, start) - from
		if to < start {
			d.makeHoles(m).insert(0, span{d.nxt + uint32(to), d.start})
		}
		d.start = d.nxt + uint32(from)
	}
	d.freeEmpty(m)
	return fresh
}

func (d *seqDir) freeEmpty(m *Memory) {
	if d.holes != 0 && m.tcpPools.holes.At(d.holes).n == 0 {
		d.dropHoles(m)
	}
}

func (d *seqDir) dropHoles(m *Memory) {
	m.tcpPools.holes.Put(d.holes)
	d.holes = 0
}

package filter

import "slices"

// level sorts the blocks that can be reached by the tests on the longest way to an end.
// Within a level the last that is left comes first: the order of the passes is visible.
func (m *mirror) level() {
	for i := range m.blocks {
		m.blocks[i].level = -1
	}
	for i := range m.levels {
		m.levels[i] = m.levels[i][:0]
	}
	m.climb(0)
	for l, list := range m.levels {
		if len(list) == 0 {
			m.levels = m.levels[:l]
			break
		}
		for a, b := 0, len(list)-1; a < b; a, b = a+1, b-1 {
			list[a], list[b] = list[b], list[a]
		}
	}
}

func (m *mirror) climb(i int32) int32 {
	b := &m.blocks[i]
	if b.level >= 0 {
		return b.level
	}
	if b.level = 0; !b.end {
		t := m.climb(b.to[1])
		b.level = max(t, m.climb(b.to[0])) + 1
	}
	for int(b.level) >= len(m.levels) {
		m.levels = append(m.levels, nil)
	}
	m.levels[b.level] = append(m.levels[b.level], i)
	return b.level
}

// dominate finds what lies on every way to each block, as of now: the rest of the pass
// goes by that, whatever it moves.
func (m *mirror) dominate() {
	for i := range m.dom {
		m.dom[i] = ^uint64(0)
	}
	for i := range m.edom {
		m.edom[i] = ^uint64(0)
	}
	clear(m.dom[:m.words])
	clear(m.edom[:2*m.words])
	for _, list := range slices.Backward(m.levels) {
		for _, i := range list {
			own := m.dom[int(i)*m.words:][:m.words]
			own[i/64] |= 1 << (i % 64)
			b := &m.blocks[i]
			if b.end {
				continue
			}
			for side, to := range b.to {
				meet(m.dom[int(to)*m.words:], own)
				meet(m.edom[int(to)*2*m.words:], m.over(edge{i, int8(side)}))
			}
		}
	}
	m.steps -= len(m.blocks) * m.words
}

// over gives the edges on every way over e, itself among them. Those of tests that hold
// are numbered first.
func (m *mirror) over(e edge) []uint64 {
	n := 2 * m.words
	copy(m.row, m.edom[int(e.from)*n:][:n])
	id := e.from
	if e.side == 0 {
		id += int32(64 * m.words)
	}
	m.row[id/64] |= 1 << (id % 64)
	return m.row
}

func meet(set, other []uint64) {
	for i, x := range other {
		set[i] &= x
	}
}

// live finds where the scratch register is read later on.
func (m *mirror) live() {
	for _, list := range m.levels {
		for _, i := range list {
			b := &m.blocks[i]
			if b.end {
				continue
			}
			b.use = m.blocks[b.to[0]].reads || m.blocks[b.to[1]].reads
			own := m.vs.deps[b.v]|m.vs.deps[b.w] != 0
			b.reads = b.sets == nil && (own || b.use)
		}
	}
}

// edges lists the edges to each block, also from blocks that nothing leads to any more.
func (m *mirror) edges() {
	for i := range m.blocks {
		m.blocks[i].in = m.blocks[i].in[:0]
	}
	for _, list := range slices.Backward(m.levels) {
		for _, i := range list {
			if b := &m.blocks[i]; !b.end {
				for _, side := range [...]int8{1, 0} {
					to := &m.blocks[b.to[side]]
					to.in = append(to.in, edge{i, side})
				}
			}
		}
	}
}

// flow finds what the scratch register holds behind a block.
func (m *mirror) flow(i int32) {
	b := &m.blocks[i]
	b.reg = notSet
	for j, e := range b.in {
		if r := m.blocks[e.from].reg; j == 0 {
			b.reg = r
		} else if r != b.reg {
			b.reg = 0
		}
	}
	for _, s := range b.sets {
		b.reg = s.v
	}
}

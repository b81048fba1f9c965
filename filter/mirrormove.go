package filter

import "math/bits"

// refine brings a test nearer to its last form. What is in A changes a pass later.
func (m *mirror) refine(b *block) (changed bool) {
	if b.end {
		return false
	}
	b.seen = b.v
	if b.diff {
		// Equality of computed numbers is written as a difference of 0.
		b.seen = m.vs.intern(value{op: vBin, alu: aluSub, a: b.v, b: b.w})
		b.diff, changed = false, true
	}
	w, fixed := m.vs.isConst(b.w)
	if v := m.vs.list[b.v]; !b.rel && fixed && w == 0 && b.jump == jmpEQ && v.op == vBin && v.alu == aluAnd {
		if mask, ok := m.vs.isConst(v.b); ok {
			b.jump, b.v, b.w, w = jmpSet, v.a, v.b, mask
			b.to[0], b.to[1] = b.to[1], b.to[0]
			changed = true
		}
	}
	if b.jump == jmpSet && fixed && w == 0 {
		b.to[1] = b.to[0]
	}
	if v, ok := m.vs.isConst(b.seen); ok && fixed && b.to[0] != b.to[1] {
		if compare(b.jump, v, w) {
			b.to[0] = b.to[1]
		} else {
			b.to[1] = b.to[0]
		}
		changed = true
	}
	return changed
}

// alike reports whether two blocks find the same in A.
func (m *mirror) alike(a, b *block) bool {
	return a.seen == b.seen && (a.reg == b.reg || m.vs.deps[a.seen] == 0)
}

// disturbs reports whether an edge from a to behind the test of b would leave the scratch
// register with another number for those who read it there.
func disturbs(a, b *block) bool { return b.use && a.reg != b.reg }

// thread leads an edge past tests that both ways lead on from to the same, and past those
// that an edge on every way to it has decided.
func (m *mirror) thread(e edge) (changed, simpler bool) {
	from := &m.blocks[e.from]
	to := &from.to[e.side]
	b := &m.blocks[*to]
	if b.end {
		return false, false
	}
	if b.to[0] == b.to[1] && !disturbs(from, &m.blocks[b.to[1]]) {
		*to, changed, simpler = b.to[1], true, true
	}
	row := m.over(e)
again:
	for m.steps > 0 && !m.blocks[*to].end {
		for i, x := range row {
			for ; x != 0; x &= x - 1 {
				m.steps--
				id := int32(64*i + bits.TrailingZeros64(x))
				d := edge{id, 1}
				if id >= int32(64*m.words) {
					d = edge{id - int32(64*m.words), 0}
				}
				if next := m.decided(*to, d); next >= 0 && !disturbs(from, &m.blocks[next]) {
					*to, changed = next, true
					continue again
				}
			}
		}
		break
	}
	return changed, simpler
}

// decided gives where the test of a block leads if edge d has been taken, and -1 if that
// does not settle it.
func (m *mirror) decided(i int32, d edge) int32 {
	b, p := &m.blocks[i], &m.blocks[d.from]
	if b.jump != p.jump || b.byX != p.byX || !m.alike(b, p) {
		return -1
	}
	switch {
	case b.w == p.w && (b.reg == p.reg || m.vs.deps[b.w] == 0):
		return b.to[d.side]
	case d.side == 1 && b.jump == jmpEQ && !b.byX:
		return b.to[0] // it is another constant
	}
	return -1
}

// pull looks at a line of tests, from block i along one side, that leave for the same
// block on the other side. Where the first of them find in A what is there already, and
// others come between, the next that does is moved up to them.
func (m *mirror) pull(i int32, along int8) bool {
	b := &m.blocks[i]
	if len(b.in) == 0 {
		return false
	}
	leave := 1 - along
	// The edge to it that was found last is the first that libpcap looks at.
	above := &m.blocks[b.in[len(b.in)-1].from]
	for _, e := range b.in {
		if !m.alike(&m.blocks[e.from], above) {
			return false
		}
	}
	at := &above.to[0]
	if above.to[1] == i {
		at = &above.to[1]
	}
	inLine := func(j int32) bool {
		c := &m.blocks[j]
		return !c.end && c.to[leave] == b.to[leave] && m.dom[int(j)*m.words+int(i/64)]>>(i%64)&1 != 0
	}
	top := true
	for {
		if !inLine(*at) {
			return false
		}
		if c := &m.blocks[*at]; m.alike(c, above) {
			at, top = &c.to[along], false
			continue
		}
		break
	}
	later := &m.blocks[*at].to[along]
	for {
		if !inLine(*later) {
			return false
		}
		c := &m.blocks[*later]
		if m.alike(c, above) {
			break
		}
		later = &c.to[along]
	}
	up := *later
	*later = m.blocks[up].to[along]
	m.blocks[up].to[along] = *at
	if !top {
		*at = up
		return true
	}
	for _, e := range b.in {
		if p := &m.blocks[e.from]; p.to[1] == i {
			p.to[1] = up
		} else {
			p.to[0] = up
		}
	}
	return true
}

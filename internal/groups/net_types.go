package groups

// types counts packets by ICMP type, in order of first appearance: a few inline, which is
// enough for any conversation that is not a scan, all of them in a typeCounts.
type types struct {
	few  [fewTypes]uint32
	typ  [fewTypes]uint8
	n    uint32 // valid entries of few
	more uint32 // number of the typeCounts that holds all of them, once there are too many
}

const fewTypes = 4

// typeCounts counts by type.
type typeCounts struct {
	n     [256]uint32
	order [256]uint8 // types in order of appearance
	known int        // valid entries of order
}

func (t *types) add(m *Memory, typ uint8) {
	if t.more != 0 {
		m.netPools.typeCounts.At(t.more).add(typ, 1)
		return
	}
	for i := range t.n {
		if t.typ[i] == typ {
			t.few[i]++
			return
		}
	}
	if t.n < fewTypes {
		t.typ[t.n], t.few[t.n] = typ, 1
		t.n++
		return
	}
	h, c := m.netPools.typeCounts.Get()
	*c = typeCounts{}
	for i, n := range t.few {
		c.add(t.typ[i], n)
	}
	c.add(typ, 1)
	t.more = h
}

func (c *typeCounts) add(typ uint8, n uint32) {
	if c.n[typ] == 0 {
		c.order[c.known] = typ
		c.known++
	}
	c.n[typ] += n
}

// each calls f with every type and its packets, in order of appearance.
func (t *types) each(m *Memory, f func(typ uint8, n uint32)) {
	if t.more == 0 {
		for i := range t.n {
			f(t.typ[i], t.few[i])
		}
		return
	}
	c := m.netPools.typeCounts.At(t.more)
	for _, typ := range c.order[:c.known] {
		f(typ, c.n[typ])
	}
}

// finish gives back what the counts took from m.
func (t *types) finish(m *Memory) { m.netPools.typeCounts.Put(t.more) }

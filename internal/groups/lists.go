package groups

import (
	"pinyon/column"
	"pinyon/flow"
)

// packetList is the first packets of a flow, for the sequence columns.
type packetList struct {
	n  uint32
	at uint32 // number of the items
}

// listItem is one packet of a packetList.
type listItem struct {
	gap    int64 // to the packet before; 0 for the first
	length uint32
	bwd    bool
}

func (l *packetList) update(m *Memory, o *flow.Obs) {
	if int(l.n) > m.plan.listLen { // one more than the list: its gap is in iat_sequence
		return
	}
	var items *[]listItem
	if l.at == 0 {
		l.at, items = m.lists.Get()
		*items = (*items)[:0]
	} else {
		items = m.lists.At(l.at)
	}
	*items = append(*items, listItem{gap: o.Gap, length: o.TotalLen, bwd: o.Dir == flow.Bwd})
	l.n++
}

// lists is a row's own copy of the list.
type lists struct {
	items []listItem
	bare  bool // lists are not filled up
}

func (l *lists) finish(m *Memory, r *Row) {
	l.items, l.bare = l.items[:0], m.plan.Schema.Nulls
	if r.list.at != 0 {
		l.items = append(l.items, *m.lists.At(r.list.at)...)
		m.lists.Put(r.list.at)
	}
}

func (i listItem) direction() int64 {
	if i.bwd {
		return -1
	}
	return 1
}

// fillInts and fillFloats bring a list to n elements, unless rows have nulls: lists then hold what
// there was, so that a packet of 0 bytes differs from none.
func (l *lists) fillInts(c *column.Column, from, n int) {
	for !l.bare && len(c.Ints)-from < n {
		c.Ints = append(c.Ints, 0)
	}
}

func (l *lists) fillFloats(c *column.Column, from, n int) {
	for !l.bare && len(c.Floats)-from < n {
		c.Floats = append(c.Floats, 0)
	}
}

// gapList has the first n gaps; the first packet has none.
func (l *lists) gapList(c *column.Column, n int) {
	from := len(c.Floats)
	for i := 1; i < len(l.items); i++ {
		c.Floats = append(c.Floats, seconds(l.items[i].gap))
	}
	l.fillFloats(c, from, n)
}

func (l *lists) timeList(c *column.Column, n int) {
	from := len(c.Floats)
	var t int64
	for i := range l.head(n) {
		t += l.items[i].gap
		c.Floats = append(c.Floats, seconds(t))
	}
	l.fillFloats(c, from, n)
}

func (l *lists) beforeList(c *column.Column, n int) {
	from := len(c.Floats)
	for i := range l.head(n) {
		c.Floats = append(c.Floats, seconds(l.items[i].gap))
	}
	l.fillFloats(c, from, n)
}

func (l *lists) lengthList(c *column.Column, n int) {
	from := len(c.Ints)
	for i := range l.head(n) {
		c.Ints = append(c.Ints, int64(l.items[i].length))
	}
	l.fillInts(c, from, n)
}

func (l *lists) signedList(c *column.Column, n int) {
	from := len(c.Ints)
	for i := range l.head(n) {
		c.Ints = append(c.Ints, int64(l.items[i].length)*l.items[i].direction())
	}
	l.fillInts(c, from, n)
}

func (l *lists) directionList(c *column.Column, n int) {
	from := len(c.Ints)
	for i := range l.head(n) {
		c.Ints = append(c.Ints, l.items[i].direction())
	}
	l.fillInts(c, from, n)
}

func (l *lists) triples(c *column.Column, n int) {
	for _, it := range l.head(n) {
		c.Ints = append(c.Ints, int64(it.length))
		c.Floats = append(c.Floats, seconds(it.gap))
		c.Dirs = append(c.Dirs, it.direction())
	}
}

// head is the first n packets.
func (l *lists) head(n int) []listItem { return l.items[:min(n, len(l.items))] }

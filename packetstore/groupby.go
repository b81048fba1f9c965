package packetstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/packetstore/expr"
)

// A Group is the packets that have one value of a column.
type Group struct {
	Value   string // as text; "" too of packets without one, which Absent tells apart
	Absent  bool
	Packets uint64
	Bytes   uint64 // on the wire, as Min and Max, which are of a packet
	Min     uint32
	Max     uint32
	First   int64 // ns since 1970-01-01 UTC, as Last
	Last    int64

	number int64
}

// Mean is the mean bytes of a packet.
func (g *Group) Mean() float64 { return float64(g.Bytes) / float64(g.Packets) }

// add takes a packet.
func (g *Group) add(size uint32, ts int64) {
	if g.Packets == 0 {
		g.Min, g.First, g.Last = math.MaxUint32, math.MaxInt64, math.MinInt64
	}
	g.Packets++
	g.Bytes += uint64(size)
	g.Min, g.Max = min(g.Min, size), max(g.Max, size)
	g.First, g.Last = min(g.First, ts), max(g.Last, ts)
}

// A Grouping is the groups of a column, those with most packets first, of equally many by value.
// Others are packets of values beyond ReadOptions.MostGroups; Packets is 0 if there are none.
type Grouping struct {
	Column Column
	Groups []Group
	Others Group
}

// grouper collects the groups of one column.
type grouper struct {
	column  Column
	most    int
	numbers map[int64]*Group
	texts   map[string]*Group
	absent  Group
	others  Group
	byWord  []*Group // of the row group at hand
}

func newGrouper(c Column, most int) *grouper {
	return &grouper{column: c, most: most, numbers: map[int64]*Group{}, texts: map[string]*Group{}}
}

// rows takes the rows of a row group that take says.
func (b *grouper) rows(g *opened, take []bool) error {
	v, err := g.values(b.column.Name)
	if err != nil {
		return err
	}
	sizes, err := g.values("packet_size")
	if err != nil {
		return err
	}
	times, err := g.values("timestamp")
	if err != nil {
		return err
	}
	b.byWord = append(b.byWord[:0], make([]*Group, len(v.words))...)
	var last *Group
	lastNumber := int64(0)
	for i, ok := range take {
		if !ok {
			continue
		}
		to := &b.absent
		switch {
		case !v.is(i):
		case v.texts != nil:
			w := v.texts[i]
			if b.byWord[w] == nil {
				b.byWord[w] = b.text(v.words[w])
			}
			to = b.byWord[w]
		default:
			if last == nil || v.ints[i] != lastNumber {
				last, lastNumber = b.number(v.ints[i]), v.ints[i]
			}
			to = last
		}
		to.add(uint32(sizes.ints[i]), times.ints[i])
	}
	return nil
}

func (b *grouper) text(w []byte) *Group {
	to := b.texts[string(w)]
	if to == nil {
		if len(b.texts) >= b.most {
			return &b.others
		}
		to = &Group{Value: string(w)}
		b.texts[to.Value] = to
	}
	return to
}

func (b *grouper) number(n int64) *Group {
	to := b.numbers[n]
	if to == nil {
		if len(b.numbers) >= b.most {
			return &b.others
		}
		to = &Group{number: n}
		b.numbers[n] = to
	}
	return to
}

// done are the groups in their order.
func (b *grouper) done() *Grouping {
	all := &Grouping{Column: b.column, Others: b.others}
	for _, g := range b.texts {
		all.Groups = append(all.Groups, *g)
	}
	for _, g := range b.numbers {
		g.Value = numberText(&b.column, g.number)
		all.Groups = append(all.Groups, *g)
	}
	if b.absent.Packets > 0 {
		b.absent.Absent = true
		all.Groups = append(all.Groups, b.absent)
	}
	slices.SortFunc(all.Groups, func(a, c Group) int {
		absent := 0
		if a.Absent != c.Absent {
			absent = 1
			if c.Absent {
				absent = -1
			}
		}
		return cmp.Or(cmp.Compare(c.Packets, a.Packets), absent, cmp.Compare(a.number, c.number), bytes.Compare([]byte(a.Value), []byte(c.Value)))
	})
	return all
}

// CanGroup says what is wrong with the name of a column that is to make groups.
func CanGroup(by string) error {
	list, err := columnsNamed([]string{by})
	if err == nil && list[0].store == texts {
		err = fmt.Errorf("packetstore: column %s differs from packet to packet: no groups are made of it", by)
	}
	return err
}

// Group counts the packets for which a condition holds (nil: all) by the values of a column. It
// reads that column, timestamp, packet_size and what the condition needs.
func (s *Store) Group(ctx context.Context, by string, where *expr.Node) (*Grouping, error) {
	if err := CanGroup(by); err != nil {
		return nil, err
	}
	b := newGrouper(byName()[by], s.o.MostGroups)
	if err := s.scan(ctx, orAll(where), b.rows); err != nil {
		return nil, err
	}
	return b.done(), nil
}

// Batch is the groups as rows: the value, and with the column's name in theirs
// COL_packet_count, avg_COL_packet_size, min_ and max_COL_packet_size, total_COL_bytes, and
// first_ and last_COL_packet_time.
func (all *Grouping) Batch() *column.Batch {
	c := all.Column
	c.Nullable = true
	value := c.field()
	if c.Name == "timestamp" {
		value.Kind, value.Form = feature.Int, feature.Stamp
	}
	field := func(name string, kind feature.Kind, unit feature.Unit, form feature.Form, doc string) column.Field {
		return column.Field{Out: name, Desc: feature.Desc{Name: name, Group: "packets", Kind: kind, Unit: unit, Form: form, Doc: doc}}
	}
	s := &column.Schema{Nulls: true, Fields: []column.Field{
		value,
		field(c.Name+"_packet_count", feature.Int, feature.PacketsUnit, feature.NoForm, "Packets."),
		field("avg_"+c.Name+"_packet_size", feature.Float, feature.Bytes, feature.NoForm, "Mean bytes on the wire."),
		field("min_"+c.Name+"_packet_size", feature.Int, feature.Bytes, feature.Uint32, "Bytes of the smallest."),
		field("max_"+c.Name+"_packet_size", feature.Int, feature.Bytes, feature.Uint32, "Bytes of the largest."),
		field("total_"+c.Name+"_bytes", feature.Int, feature.Bytes, feature.NoForm, "Bytes on the wire."),
		field("first_"+c.Name+"_packet_time", feature.Int, feature.Nanoseconds, feature.Stamp, "Time of the first."),
		field("last_"+c.Name+"_packet_time", feature.Int, feature.Nanoseconds, feature.Stamp, "Time of the latest."),
	}}
	b := column.New(s, len(all.Groups))
	for i := range all.Groups {
		g := &all.Groups[i]
		v := &b.Cols[0]
		v.Valid = column.AppendBit(v.Valid, i, !g.Absent)
		if g.Absent {
			v.Nulls++
		}
		if value.Kind == feature.Int {
			v.Ints = append(v.Ints, g.number)
		} else {
			v.Bytes = append(v.Bytes, g.Value...)
			v.Offsets = append(v.Offsets, int32(len(v.Bytes)))
		}
		b.Cols[2].Floats = append(b.Cols[2].Floats, g.Mean())
		for k, n := range map[int]int64{1: int64(g.Packets), 3: int64(g.Min), 4: int64(g.Max), 5: int64(g.Bytes), 6: g.First, 7: g.Last} {
			b.Cols[k].Ints = append(b.Cols[k].Ints, n)
		}
		b.Rows++
	}
	return b
}

// numberText is a number of a column as text: times as RFC 3339 has them.
func numberText(c *Column, n int64) string {
	switch c.Name {
	case "timestamp":
		return time.Unix(0, n).UTC().Format(time.RFC3339Nano)
	case "date":
		return time.Unix(n*24*3600, 0).UTC().Format(time.DateOnly)
	}
	return strconv.FormatInt(n, 10)
}

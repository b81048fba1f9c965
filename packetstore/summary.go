package packetstore

import (
	"context"
	"slices"
	"strconv"

	"pinyon/packetstore/expr"
)

// A Summary is what packets come to.
type Summary struct {
	Files     int
	Packets   uint64
	Bytes     uint64   // on the wire
	First     int64    // ns since 1970-01-01 UTC, as Last; 0 without packets
	Last      int64    //
	Protocols Grouping // all of them
	// Addresses are packets by address, whichever end it is of; a packet to itself counts once.
	Addresses Grouping
}

// Summary sums the packets for which a condition holds (nil: all).
func (s *Store) Summary(ctx context.Context, where *expr.Node) (*Summary, error) {
	all := byName()
	protocols := newGrouper(all["protocol"], s.o.MostGroups)
	addresses := newGrouper(all["src_ip"], s.o.MostGroups)
	var total Group
	path, seen := "", 0
	err := s.scan(ctx, orAll(where), func(g *opened, rows []bool) error {
		if g.file.path != path {
			path = g.file.path
			seen++
		}
		if err := protocols.rows(g, rows); err != nil {
			return err
		}
		sizes, times := g.cache["packet_size"].ints, g.cache["timestamp"].ints
		for i, ok := range rows {
			if ok {
				total.add(uint32(sizes[i]), times[i])
			}
		}
		return addresses.ends(g, rows)
	})
	if err != nil {
		return nil, err
	}
	return &Summary{Files: seen, Packets: total.Packets, Bytes: total.Bytes, First: total.First, Last: total.Last,
		Protocols: *protocols.done(), Addresses: *addresses.done()}, nil
}

// ends takes the rows of a row group by both addresses.
func (b *grouper) ends(g *opened, take []bool) error {
	src, err := g.values("src_ip")
	if err != nil {
		return err
	}
	dst, err := g.values("dst_ip")
	if err != nil {
		return err
	}
	sizes, times := g.cache["packet_size"].ints, g.cache["timestamp"].ints
	groups := func(v *values) []*Group { return make([]*Group, len(v.words)) }
	from, to := groups(src), groups(dst)
	end := func(v *values, of []*Group, i int) *Group {
		if v.texts == nil || v.texts[i] < 0 {
			return nil
		}
		w := v.texts[i]
		if of[w] == nil {
			of[w] = b.text(v.words[w])
		}
		return of[w]
	}
	for i, ok := range take {
		if !ok {
			continue
		}
		a, c := end(src, from, i), end(dst, to, i)
		if a != nil {
			a.add(uint32(sizes[i]), times[i])
		}
		if c != nil && c != a {
			c.add(uint32(sizes[i]), times[i])
		}
	}
	return nil
}

// ColumnStats are what the footers of the files say of a column; no values are read for them.
type ColumnStats struct {
	Column  Column
	Rows    uint64 // of the files that have the column
	Missing uint64 // of them, those without a value
	Untold  uint64 // rows of which the footer does not say how many have a value
	Known   bool   // there are Min and Max
	Min     int64  // of numbers
	Max     int64
	Least   string // of texts
	Most    string
	Bytes   uint64 // in the files, compressed
	Plain   uint64 // before compression
}

// Columns are what the footers say of every column of the schema, and of whole frames if a file has
// them.
func (s *Store) Columns(ctx context.Context) ([]ColumnStats, error) {
	var list []ColumnStats
	for _, c := range append(Columns(), frame) {
		list = append(list, ColumnStats{Column: c})
	}
	err := s.each(ctx, func(in *parquetFile) error {
		for n := range in.r.NumRowGroups() {
			g, err := in.group(n)
			if err != nil {
				return &FileError{in.path, err}
			}
			for i := range list {
				list[i].add(g)
			}
		}
		return nil
	})
	if last := len(list) - 1; list[last].Rows == 0 {
		list = list[:last]
	}
	return list, err
}

// add takes a row group.
func (c *ColumnStats) add(g *opened) {
	at, ok := g.file.at[c.Column.Name]
	if !ok {
		return
	}
	c.Rows += uint64(g.rows)
	b := g.bounds(c.Column.Name)
	if b.nulls >= 0 {
		c.Missing += uint64(b.nulls)
	} else {
		c.Untold += uint64(g.rows)
	}
	if chunk, err := g.group.MetaData().ColumnChunk(at); err == nil {
		c.Bytes += uint64(max(0, chunk.TotalCompressedSize()))
		c.Plain += uint64(max(0, chunk.TotalUncompressedSize()))
	}
	if !b.known {
		return
	}
	if !c.Known {
		c.Known, c.Min, c.Max, c.Least, c.Most = true, b.min, b.max, b.least, b.most
	}
	c.Min, c.Max = min(c.Min, b.min), max(c.Max, b.max)
	c.Least, c.Most = min(c.Least, b.least), max(c.Most, b.most)
}

// Top are the groups with most packets, n at most; packets without a value are none.
func (all *Grouping) Top(n int) []Group {
	list := slices.DeleteFunc(slices.Clone(all.Groups), func(g Group) bool { return g.Absent })
	return list[:min(n, len(list))]
}

// Bounds are the least and the greatest value as text; "" if they are not known.
func (c *ColumnStats) Bounds() string {
	switch {
	case !c.Known:
		return ""
	case c.Column.isText():
		return strconv.Quote(c.Least) + ", " + strconv.Quote(c.Most)
	}
	return numberText(&c.Column, c.Min) + ", " + numberText(&c.Column, c.Max)
}

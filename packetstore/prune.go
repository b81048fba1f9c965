package packetstore

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"pinyon/packetstore/expr"
)

// bounds are what a row group's footer says of a column.
type bounds struct {
	nulls    int64 // -1: not told
	known    bool  // the bounds of the values
	min, max int64 // of numbers
	least    string
	most     string
	bloom    bool
}

// bounds of a column; all is unknown of one that the footer says nothing of.
func (g *opened) bounds(name string) bounds {
	if b, ok := g.stats[name]; ok {
		return b
	}
	b := bounds{nulls: -1}
	defer func() { g.stats[name] = b }()
	at, ok := g.file.at[name]
	if !ok {
		b.nulls = int64(g.rows)
		return b
	}
	chunk, err := g.group.MetaData().ColumnChunk(at)
	if err != nil {
		return b
	}
	b.bloom = chunk.BloomFilterOffset() > 0
	if ok, err := chunk.StatsSet(); err != nil || !ok {
		return b
	}
	s, err := chunk.Statistics()
	if err != nil || s == nil {
		return b
	}
	if s.HasNullCount() {
		b.nulls = s.NullCount()
	}
	if !s.HasMinMax() {
		return b
	}
	least, most := s.EncodeMin(), s.EncodeMax()
	switch s.Type() {
	case parquet.Types.Int32:
		if len(least) != 4 || len(most) != 4 {
			return b
		}
		if c := g.file.cols[name]; c.Type == "date32" {
			b.min, b.max = int64(int32(binary.LittleEndian.Uint32(least))), int64(int32(binary.LittleEndian.Uint32(most)))
		} else {
			b.min, b.max = int64(binary.LittleEndian.Uint32(least)), int64(binary.LittleEndian.Uint32(most))
		}
		b.known = b.min <= b.max
	case parquet.Types.Int64:
		if len(least) != 8 || len(most) != 8 {
			return b
		}
		unit := max(1, g.file.unit[name])
		b.min, b.max = int64(binary.LittleEndian.Uint64(least)), int64(binary.LittleEndian.Uint64(most))
		b.known = b.min <= b.max && b.min > math.MinInt64/unit && b.max < math.MaxInt64/unit
		b.min, b.max = b.min*unit, b.max*unit
	case parquet.Types.ByteArray:
		if c := g.file.cols[name]; !c.isText() {
			return b // days as texts
		}
		b.least, b.most = string(least), string(most)
		b.known = b.least <= b.most
	}
	return b
}

// judge says of a condition by the footer, and by bloom filters, whether it can hold for a row of
// the group, and whether it holds for all.
func (g *opened) judge(n *expr.Node) (can, all bool) {
	switch n.Kind {
	case expr.Always:
		return true, true
	case expr.And:
		can, all = true, true
		for _, a := range n.Args {
			c, every := g.judge(a)
			can, all = can && c, all && every
			if !can {
				return false, false
			}
		}
		return can, all
	case expr.Or:
		for _, a := range n.Args {
			c, every := g.judge(a)
			can, all = can || c, all || every
			if all {
				return true, true
			}
		}
		return can, all
	case expr.Not:
		c, every := g.judge(n.Args[0])
		return !every, !c
	}
	b := g.bounds(n.Column)
	none := b.nulls == int64(g.rows)
	switch n.Kind {
	case expr.Absent:
		return b.nulls != 0, none
	case expr.In:
		return !none && b.meets(n), b.nulls == 0 && b.within(n)
	}
	return !none && g.mayMatch(n, &b), false
}

// meets reports whether a number within the bounds can be one that is meant.
func (b *bounds) meets(n *expr.Node) bool {
	if !b.known || n.Mask != 0 {
		return len(n.Ranges) > 0
	}
	for _, r := range n.Ranges {
		if r.Lo <= b.max && b.min <= r.Hi {
			return true
		}
	}
	return false
}

// within reports whether every number within the bounds is meant.
func (b *bounds) within(n *expr.Node) bool {
	if !b.known || n.Mask != 0 {
		return false
	}
	for _, r := range n.Ranges {
		if r.Lo <= b.min && b.max <= r.Hi {
			return true
		}
	}
	return false
}

// mayMatch reports whether a text of the column can be one that is meant.
func (g *opened) mayMatch(n *expr.Node, b *bounds) bool {
	m := &n.Match
	if m.Else || m.Group || m.Part != nil || m.Fold {
		return true
	}
	for _, p := range m.Nets {
		if p.IsSingleIP() {
			if g.mayHold(n.Column, p.Addr().String(), b) {
				return true
			}
			continue
		}
		if begin := textPrefix(p); !b.known || b.most >= begin && b.least <= begin+"\xff" {
			return true
		}
	}
	for _, s := range m.Texts {
		if g.mayHold(n.Column, s, b) {
			return true
		}
	}
	return false
}

// mayHold reports whether the column can hold a text, by its bounds and its bloom filter.
func (g *opened) mayHold(column, s string, b *bounds) bool {
	if b.known && (s < b.least || s > b.most) {
		return false
	}
	if !b.bloom {
		return true
	}
	f, ok := g.blooms[column]
	if !ok {
		f = g.bloom(column)
		g.blooms[column] = f
	}
	if f == nil {
		return true
	}
	typed := metadata.TypedBloomFilter[parquet.ByteArray]{BloomFilter: f}
	return typed.Check(parquet.ByteArray(s))
}

// bloom reads a bloom filter; nil if it cannot be read, which the values will tell if it matters.
func (g *opened) bloom(column string) (f metadata.BloomFilter) {
	defer func() {
		if recover() != nil {
			f = nil
		}
	}()
	rd, err := g.file.r.GetBloomFilterReader().RowGroup(g.n)
	if err != nil {
		return nil
	}
	if f, err = rd.GetColumnBloomFilter(g.file.at[column]); err != nil {
		return nil
	}
	return f
}

// textPrefix is what the texts of all addresses of a network begin with.
func textPrefix(p netip.Prefix) string {
	var b strings.Builder
	if p.Addr().Is4() {
		a := p.Addr().As4()
		for i := range p.Bits() / 8 {
			b.WriteString(strconv.Itoa(int(a[i])))
			b.WriteByte('.')
		}
		return b.String()
	}
	// Groups of four digits, up to the first that may be part of a "::".
	a := p.Addr().As16()
	for i := range p.Bits() / 16 {
		group := binary.BigEndian.Uint16(a[2*i:])
		if group == 0 {
			break
		}
		b.WriteString(strconv.FormatUint(uint64(group), 16))
		b.WriteByte(':')
	}
	return b.String()
}

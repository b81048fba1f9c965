package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/column"
	"pinyon/feature"
)

// parquet reads row group by row group.
func (r *Reader) parquet(f *os.File, size int64) error {
	r.Format = "parquet"
	c := parquetCheck{budget: r.budget}
	if err := c.footer(f, size); err != nil {
		return err
	}
	for i := range c.groups {
		if err := c.fits(fmt.Sprintf("row group %d", i), 8*c.groups[i].rows*int64(len(c.leaves))); err != nil {
			return err
		}
	}
	if err := c.pages(f); err != nil {
		return err
	}
	rd, err := file.NewParquetReader(f)
	if err != nil {
		return err
	}
	r.close = []io.Closer{rd} // which closes the file
	r.Provenance = c.meta[provenanceKey]
	var names []string
	var kinds []feature.Kind
	for _, n := range c.root.children {
		k, err := kindNamed(n.word())
		if err == nil && n.repetition == repeated {
			err = errors.New("repeated, which no column of a feature file is")
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", n.name, err)
		}
		names, kinds = append(names, n.name), append(kinds, k)
	}
	r.schema = fields(names, kinds, func(i int) bool { return c.root.children[i].repetition == optional })
	r.schema.Version = c.meta[versionKey]
	r.rows = func(yield func(*column.Batch, error) bool) {
		for g := range rd.NumRowGroups() {
			all, err := r.rowGroup(rd.RowGroup(g))
			if err != nil {
				yield(nil, err)
				return
			}
			for from := 0; from < all.Rows; from += rowsAtOnce {
				if !yield(slice(all, from, min(from+rowsAtOnce, all.Rows)), nil) {
					return
				}
			}
		}
	}
	return nil
}

// rowGroup reads all rows of a row group.
func (r *Reader) rowGroup(g *file.RowGroupReader) (_ *column.Batch, err error) {
	defer guard(&err)
	b := column.New(r.schema, int(g.NumRows()))
	b.Rows = int(g.NumRows())
	leaf := 0
	next := func() (file.ColumnChunkReader, error) {
		leaf++
		return g.Column(leaf - 1)
	}
	for i := range b.Cols {
		c := &b.Cols[i]
		leaves := 1
		if c.Field.Kind == feature.Triples {
			leaves = 3
		}
		for k := range leaves {
			rd, err := next()
			if err == nil {
				err = readLeaf(c, rd, k)
			}
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", c.Field.Out, err)
			}
		}
	}
	return b, b.Check()
}

// readLeaf appends a column chunk, leaf k of a column: which rows have a value is in the
// definition levels, and where lists begin in the repetition levels.
func readLeaf(c *column.Column, rd file.ColumnChunkReader, k int) error {
	const some = 1024 // levels at once
	var def, rep [some]int16
	full := rd.Descriptor().MaxDefinitionLevel()
	if want := physical(c.Field.Kind, k); rd.Type() != want {
		return fmt.Errorf("damaged: values of type %v where %v are due", rd.Type(), want)
	}
	rows := 0
	for rd.HasNext() {
		var n int64
		var values int
		var err error
		var put func(i int)
		switch rd := rd.(type) {
		case *file.Int64ColumnChunkReader:
			var v [some]int64
			n, values, err = rd.ReadBatch(some, v[:], def[:], rep[:])
			to := &c.Ints
			if k == 2 {
				to = &c.Dirs
			}
			put = func(i int) { *to = append(*to, v[i]) }
		case *file.Float64ColumnChunkReader:
			var v [some]float64
			n, values, err = rd.ReadBatch(some, v[:], def[:], rep[:])
			put = func(i int) { c.Floats = append(c.Floats, v[i]) }
		case *file.BooleanColumnChunkReader:
			var v [some]bool
			n, values, err = rd.ReadBatch(some, v[:], def[:], rep[:])
			put = func(i int) { c.Bits = column.AppendBit(c.Bits, rows, v[i]) }
		case *file.ByteArrayColumnChunkReader:
			var v [some]parquet.ByteArray
			n, values, err = rd.ReadBatch(some, v[:], def[:], rep[:])
			put = func(i int) { c.Bytes = append(c.Bytes, v[i]...) }
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%d levels where more were due", rows)
		}
		at := 0
		for i := range int(n) {
			has := full == 0 || def[i] == full
			if c.Field.Kind.IsList() {
				if rep[i] == 0 && k == 0 {
					c.Offsets = append(c.Offsets, 0)
					if c.Valid != nil {
						c.Valid = column.AppendBit(c.Valid, rows, def[i] > 0)
						c.Nulls += 1 - min(int(def[i]), 1)
					}
				}
				if rep[i] == 0 {
					rows++
				}
				if has {
					put(at)
					at++
				}
				if k == 0 {
					c.Offsets[len(c.Offsets)-1] = int32(max(len(c.Ints), len(c.Floats)))
				}
				continue
			}
			if c.Valid != nil {
				c.Valid = column.AppendBit(c.Valid, rows, has)
			}
			if has {
				put(at)
				at++
			} else {
				c.Nulls++
				empty(c, rows)
			}
			if c.Field.Kind == feature.Text {
				c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
			}
			rows++
		}
		if at != values {
			return fmt.Errorf("%d values where %d were due", values, at)
		}
	}
	return nil
}

// physical is how leaf k of a column of a kind is stored.
func physical(kind feature.Kind, k int) parquet.Type {
	switch kind {
	case feature.Text:
		return parquet.Types.ByteArray
	case feature.Bool:
		return parquet.Types.Boolean
	case feature.Float, feature.FloatList:
		return parquet.Types.Double
	case feature.Triples:
		if k == 1 {
			return parquet.Types.Double
		}
	}
	return parquet.Types.Int64
}

// empty appends what stands in the slot of an absent value.
func empty(c *column.Column, row int) {
	switch c.Field.Kind {
	case feature.Int:
		c.Ints = append(c.Ints, 0)
	case feature.Float:
		c.Floats = append(c.Floats, 0)
	case feature.Bool:
		c.Bits = column.AppendBit(c.Bits, row, false)
	}
}

// slice is rows from to to of a batch, from being a multiple of eight, over the same memory but
// for offsets.
func slice(b *column.Batch, from, to int) *column.Batch {
	s := &column.Batch{Schema: b.Schema, Rows: to - from, Cols: make([]column.Column, len(b.Cols))}
	for i := range b.Cols {
		c, d := &b.Cols[i], &s.Cols[i]
		*d = column.Column{Field: c.Field}
		bits := func(v []byte) []byte { return v[from/8 : (to+7)/8] }
		if c.Valid != nil {
			d.Valid = bits(c.Valid)
			for k := range to - from {
				if !d.IsValid(k) {
					d.Nulls++
				}
			}
		}
		switch c.Field.Kind {
		case feature.Int:
			d.Ints = c.Ints[from:to]
			continue
		case feature.Float:
			d.Floats = c.Floats[from:to]
			continue
		case feature.Bool:
			d.Bits = bits(c.Bits)
			continue
		}
		first, last := c.Offsets[from], c.Offsets[to]
		for _, at := range c.Offsets[from : to+1] {
			d.Offsets = append(d.Offsets, at-first)
		}
		switch c.Field.Kind {
		case feature.Text:
			d.Bytes = c.Bytes[first:last]
		case feature.IntList:
			d.Ints = c.Ints[first:last]
		case feature.FloatList:
			d.Floats = c.Floats[first:last]
		default:
			d.Ints, d.Floats, d.Dirs = c.Ints[first:last], c.Floats[first:last], c.Dirs[first:last]
		}
	}
	return s
}

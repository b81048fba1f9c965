// Package column holds rows as columns: value slices, validity bitmaps and text arenas,
// laid out as Arrow lays them out, so that Arrow and Parquet sinks borrow instead of copy.
// It imports neither, and computes nothing.
package column

import (
	"fmt"
	"slices"

	"pinyon/feature"
)

// A Field is one column of a Schema: what it is, and what it is called in the output.
type Field struct {
	feature.Desc
	Out string // output name: bare, qualified or split
}

// A Schema decides columns, order, types and nulls of every sink.
type Schema struct {
	Fields []Field
	// Nulls is set if absent values leave as nulls (missing: null). Otherwise every column
	// is filled, absent values hold the field's missing value, and no column has nulls.
	Nulls   bool
	Version string // of the exported schema
}

// Index is the position of the column called out, or -1.
func (s *Schema) Index(out string) int {
	for i := range s.Fields {
		if s.Fields[i].Out == out {
			return i
		}
	}
	return -1
}

// A Column holds one field's values for the rows of a Batch. Which slices are in use
// depends on the kind:
//
//	Int        Ints
//	Float      Floats; may hold +Inf and, as a value of its own accord, nothing else non-finite
//	Bool       Bits, least significant bit first
//	Text       Bytes cut by Offsets (rows+1 of them)
//	IntList    Ints cut by Offsets
//	FloatList  Floats cut by Offsets
//	Triples    Ints (length), Floats (gap), Dirs (direction), all cut by Offsets
//
// An absent value holds the field's missing value; with Schema.Nulls its bit in Valid is
// clear as well.
type Column struct {
	Field   *Field
	Ints    []int64
	Floats  []float64
	Dirs    []int64
	Bits    []byte
	Bytes   []byte
	Offsets []int32
	Valid   []byte // one bit a row, least significant first; nil unless Schema.Nulls and Field.Nullable
	Nulls   int    // rows whose bit in Valid is clear
	Rows    int    // rows of a Bool column, whose bitmap does not tell
}

// A Batch is a run of rows. Sinks borrow it until Write returns.
type Batch struct {
	Schema *Schema
	Cols   []Column
	Rows   int
}

// New makes an empty batch with room for rows rows.
func New(s *Schema, rows int) *Batch {
	b := &Batch{Schema: s, Cols: make([]Column, len(s.Fields))}
	for i := range b.Cols {
		c := &b.Cols[i]
		c.Field = &s.Fields[i]
		switch c.Field.Kind {
		case feature.Int:
			c.Ints = make([]int64, 0, rows)
		case feature.Float:
			c.Floats = make([]float64, 0, rows)
		case feature.Bool:
			c.Bits = make([]byte, 0, (rows+7)/8)
		default:
			c.Offsets = make([]int32, 1, rows+1)
		}
		if s.Nulls && c.Field.Nullable {
			c.Valid = make([]byte, 0, (rows+7)/8)
		}
	}
	return b
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Rows = 0
	for i := range b.Cols {
		c := &b.Cols[i]
		c.Ints, c.Floats, c.Dirs = c.Ints[:0], c.Floats[:0], c.Dirs[:0]
		c.Bits, c.Bytes, c.Valid = c.Bits[:0], c.Bytes[:0], c.Valid[:0]
		if c.Offsets != nil {
			c.Offsets = c.Offsets[:1]
		}
		c.Nulls, c.Rows = 0, 0
	}
}

// IsValid reports whether row i of the column holds a value.
func (c *Column) IsValid(i int) bool {
	return c.Valid == nil || c.Valid[i>>3]>>(i&7)&1 != 0
}

// Bool is row i of a Bool column.
func (c *Column) Bool(i int) bool { return c.Bits[i>>3]>>(i&7)&1 != 0 }

// Text is row i of a Text column; borrowed.
func (c *Column) Text(i int) []byte { return c.Bytes[c.Offsets[i]:c.Offsets[i+1]] }

// Span is the range of row i of a list column in its value slices.
func (c *Column) Span(i int) (from, to int32) { return c.Offsets[i], c.Offsets[i+1] }

// AppendBit appends bit number n (the length so far) to a bitmap.
func AppendBit(bits []byte, n int, v bool) []byte {
	if n&7 == 0 {
		bits = append(bits, 0)
	}
	if v {
		bits[n>>3] |= 1 << (n & 7)
	}
	return bits
}

// Head is the first n rows of the batch, over the same memory, n being b.Rows at most.
func (b *Batch) Head(n int) *Batch {
	h := &Batch{Schema: b.Schema, Rows: n, Cols: slices.Clone(b.Cols)}
	for i := range h.Cols {
		c := &h.Cols[i]
		switch {
		case c.Offsets != nil:
			c.Offsets = c.Offsets[:n+1]
			last := c.Offsets[n]
			c.Ints, c.Floats, c.Dirs, c.Bytes = cut(c.Ints, last), cut(c.Floats, last), cut(c.Dirs, last), cut(c.Bytes, last)
		case c.Field.Kind == feature.Bool:
			c.Bits, c.Rows = c.Bits[:(n+7)/8], n
		default:
			c.Ints, c.Floats = cut(c.Ints, int32(n)), cut(c.Floats, int32(n))
		}
		if c.Valid != nil {
			c.Valid, c.Nulls = c.Valid[:(n+7)/8], 0
			for k := range n {
				if !c.IsValid(k) {
					c.Nulls++
				}
			}
		}
	}
	return h
}

// cut is the first n values of those that a column has, if it has any.
func cut[T any](v []T, n int32) []T { return v[:min(len(v), int(n))] }

// Check returns an error unless every column holds b.Rows rows; for tests of sinks.
func (b *Batch) Check() error {
	for i := range b.Cols {
		c := &b.Cols[i]
		n := 0
		switch c.Field.Kind {
		case feature.Int:
			n = len(c.Ints)
		case feature.Float:
			n = len(c.Floats)
		case feature.Bool:
			if len(c.Bits) != (b.Rows+7)/8 {
				return fmt.Errorf("column %s: %d bytes of bits for %d rows", c.Field.Out, len(c.Bits), b.Rows)
			}
			n = b.Rows
		default:
			n = len(c.Offsets) - 1
			if err := c.checkEnd(); err != nil {
				return err
			}
		}
		if n != b.Rows {
			return fmt.Errorf("column %s: %d values for %d rows", c.Field.Out, n, b.Rows)
		}
		if c.Valid != nil && len(c.Valid) != (b.Rows+7)/8 {
			return fmt.Errorf("column %s: %d bytes of validity for %d rows", c.Field.Out, len(c.Valid), b.Rows)
		}
	}
	return nil
}

// checkEnd compares the end of the last text or list with what there is of values.
func (c *Column) checkEnd() error {
	if len(c.Offsets) == 0 {
		return nil // which lacks rows
	}
	end := int(c.Offsets[len(c.Offsets)-1])
	have := [3]int{end, end, end}
	switch c.Field.Kind {
	case feature.Text:
		have[0] = len(c.Bytes)
	case feature.IntList:
		have[0] = len(c.Ints)
	case feature.FloatList:
		have[0] = len(c.Floats)
	case feature.Triples:
		have = [3]int{len(c.Ints), len(c.Floats), len(c.Dirs)}
	}
	for _, n := range have {
		if n != end {
			return fmt.Errorf("column %s: %d values or bytes where the offsets end at %d", c.Field.Out, n, end)
		}
	}
	return nil
}

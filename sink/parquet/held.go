package parquet

import (
	"unicode/utf8"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink/internal/text"
)

// A held column is one field's values in the open row group. Only values that are there are
// in lengths, parts, bits and texts.
type held struct {
	path     string
	leaf     int          // of the file, its first
	kind     feature.Kind // in the file
	optional bool
	narrow   bool // numbers have 32 bits in the file
	store    *store

	valid   bitmap // one bit a row, if optional
	bits    bitmap // Bool
	lengths series // of texts in bytes, of lists in elements
	texts   texts
	parts   []series // numbers, elements: three for Triples, otherwise one
	scratch []byte
	scalar  [1]int64
}

// leaves is how many columns of the file it is: three for Triples, otherwise one.
func (c *held) leaves() int { return max(1, len(c.parts)) }

// columnsOf are the columns of an empty row group.
func columnsOf(s *column.Schema, jsonLists bool) []held {
	all := make([]held, len(s.Fields))
	leaf := 0
	for i := range s.Fields {
		f := &s.Fields[i]
		c := &all[i]
		*c = held{path: f.Out, leaf: leaf, kind: storedKind(f.Kind, jsonLists), optional: s.Nulls && f.Nullable, narrow: f.Kind == feature.Int && bitsOf(f) > 0}
		switch c.kind {
		case feature.Int, feature.Float:
			c.parts = []series{{path: f.Out, float: c.kind == feature.Float}}
		case feature.IntList, feature.FloatList:
			c.parts = []series{{path: f.Out + ".list.element", float: c.kind == feature.FloatList}}
		case feature.Triples:
			for k, name := range parts {
				c.parts = append(c.parts, series{path: f.Out + ".list.element." + name, float: k == 1})
			}
		}
		leaf += c.leaves()
	}
	return all
}

// append takes rows from to to of col, and returns how many bytes of text were not UTF-8.
func (c *held) append(col *column.Column, from, to int) (replaced int) {
	nulls := c.optional && col.Nulls > 0
	switch {
	case nulls:
		c.valid.append(col.Valid, from, to)
	case c.optional:
		c.valid.append(nil, from, to)
	}
	switch c.kind {
	case feature.Int, feature.Float:
		c.appendNumbers(col, from, to, nulls)
	case feature.Bool:
		c.appendBools(col, from, to, nulls)
	case feature.Text:
		for i := from; i < to; i++ {
			if !nulls || col.IsValid(i) {
				replaced += c.appendText(col, i)
			}
		}
	default:
		for i := from; i < to; i++ {
			if !nulls || col.IsValid(i) {
				c.appendList(col, i)
			}
		}
	}
	return replaced
}

func (c *held) appendNumbers(col *column.Column, from, to int, nulls bool) {
	p := &c.parts[0]
	v := p.valuesOf(col, 0)
	if !nulls {
		p.append(c.store, v[from:to])
		return
	}
	for i := from; i < to; i++ {
		if col.IsValid(i) {
			p.append(c.store, v[i:i+1])
		}
	}
}

func (c *held) appendBools(col *column.Column, from, to int, nulls bool) {
	c.store.size += int64(to-from+7) / 8
	if !nulls {
		c.bits.append(col.Bits, from, to)
		return
	}
	for i := from; i < to; i++ {
		if col.IsValid(i) {
			c.bits.append(col.Bits, i, i+1)
		}
	}
}

func (c *held) appendText(col *column.Column, i int) (replaced int) {
	var s []byte
	if col.Field.Kind == feature.Text {
		if s = col.Text(i); !utf8.Valid(s) {
			c.scratch, replaced = text.AppendValid(c.scratch[:0], s)
			s = c.scratch
		}
	} else {
		c.scratch = text.AppendList(c.scratch[:0], col, i)
		s = c.scratch
	}
	c.texts.append(c.store, s)
	c.scalar[0] = int64(len(s))
	c.lengths.append(c.store, c.scalar[:])
	return replaced
}

func (c *held) appendList(col *column.Column, i int) {
	from, to := col.Span(i)
	for k := range c.parts {
		c.parts[k].append(c.store, c.parts[k].valuesOf(col, k)[from:to])
	}
	c.scalar[0] = int64(to - from)
	c.lengths.append(c.store, c.scalar[:])
}

// reset empties the column for the next row group.
func (c *held) reset() {
	c.valid.reset()
	c.bits.reset()
	c.lengths.reset()
	c.texts.reset()
	for k := range c.parts {
		c.parts[k].reset()
	}
}

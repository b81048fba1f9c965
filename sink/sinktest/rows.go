package sinktest

import (
	"fmt"
	"math"

	"pinyon/column"
	"pinyon/feature"
)

// A Triple is one element of a Triples cell.
type Triple struct {
	Length int64
	Gap    float64
	Dir    int64
}

// Schema has two columns of every kind, of which one may be absent.
func Schema(nulls bool) *column.Schema {
	s := &column.Schema{Nulls: nulls, Version: "v1"}
	for k := feature.Int; k <= feature.Triples; k++ {
		for _, nullable := range []bool{false, true} {
			name := fmt.Sprintf("%s_%t", k.TypeWord(), nullable)
			if k.IsList() {
				name = fmt.Sprintf("list%d_%t", k, nullable)
			}
			s.Fields = append(s.Fields, column.Field{Out: name, Desc: feature.Desc{
				Name: name, Group: "test", Kind: k, Unit: feature.Seconds, Profile: feature.Core,
				Doc: "A \"column\" of the suite, with a comma.", Nullable: nullable,
				MissingInt: -1, MissingText: "unknown",
			}})
		}
	}
	return s
}

// Rows are n rows for s: every odd value of a kind comes up, and columns that may be absent
// are so every third row. Equal arguments give equal rows.
func Rows(s *column.Schema, n int) [][]any {
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = make([]any, len(s.Fields))
		for k := range s.Fields {
			f := &s.Fields[k]
			if s.Nulls && f.Nullable && i%3 == 1 {
				continue
			}
			rows[i][k] = value(f.Kind, i+k)
		}
	}
	return rows
}

var (
	oddInts = []int64{0, 1, -1, 9, 10, 99, 100, 101, 65535, math.MaxInt32, math.MinInt32,
		1<<53 + 1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1}
	oddFloats = []float64{0, 1, -1, 0.1, 0.029, 1e-4, 1e-5, 1e15, 1e16, 1.0 / 3, 1753000000.123456, -2.5,
		math.Inf(1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1), 123456789012345678, 1e300}
	oddTexts = []string{"", "a", "a,b", "say \"hi\"", "two\nlines", "cr\r\nlf", "tab\there", "=1+1", "-", "ünïcödé",
		"\xff\xfe", "a\xc3", "\xf0\x9f\x98\x80", "nul\x00bel\x07del\x7f", "\\", " space ", "null", "\u2028", "0123456789abcdef0123456789abcdef"}
)

func value(k feature.Kind, i int) any {
	switch k {
	case feature.Int:
		return oddInts[i%len(oddInts)]
	case feature.Float:
		return oddFloats[i%len(oddFloats)]
	case feature.Bool:
		return i%5 < 2
	case feature.Text:
		return oddTexts[i%len(oddTexts)]
	case feature.IntList:
		v := []int64{}
		for j := range i % 4 {
			v = append(v, oddInts[(i+j)%len(oddInts)])
		}
		return v
	case feature.FloatList:
		v := []float64{}
		for j := range i % 5 {
			v = append(v, float64(i*j)/8)
		}
		return v
	}
	v := []Triple{}
	for j := range i % 3 {
		v = append(v, Triple{int64(40 + i), float64(j) / 1000, int64(1 - 2*(j%2))})
	}
	return v
}

// Fill empties b and appends rows to it. A nil is absent: its slot holds the field's missing
// value.
func Fill(b *column.Batch, rows [][]any) {
	b.Reset()
	for _, row := range rows {
		for k := range b.Cols {
			appendValue(&b.Cols[k], row[k], b.Rows)
		}
		b.Rows++
	}
}

func appendValue(c *column.Column, v any, row int) {
	if c.Valid != nil {
		c.Valid = column.AppendBit(c.Valid, row, v != nil)
		if v == nil {
			c.Nulls++
		}
	}
	switch c.Field.Kind {
	case feature.Int:
		x, ok := v.(int64)
		if !ok {
			x = c.Field.MissingInt
		}
		c.Ints = append(c.Ints, x)
	case feature.Float:
		x, _ := v.(float64)
		c.Floats = append(c.Floats, x)
	case feature.Bool:
		x, _ := v.(bool)
		c.Bits = column.AppendBit(c.Bits, row, x)
	case feature.Text:
		x, ok := v.(string)
		if !ok {
			x = c.Field.MissingText
		}
		c.Bytes = append(c.Bytes, x...)
		c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
	case feature.IntList:
		x, _ := v.([]int64)
		c.Ints = append(c.Ints, x...)
		c.Offsets = append(c.Offsets, int32(len(c.Ints)))
	case feature.FloatList:
		x, _ := v.([]float64)
		c.Floats = append(c.Floats, x...)
		c.Offsets = append(c.Offsets, int32(len(c.Floats)))
	case feature.Triples:
		x, _ := v.([]Triple)
		for _, t := range x {
			c.Ints, c.Floats, c.Dirs = append(c.Ints, t.Length), append(c.Floats, t.Gap), append(c.Dirs, t.Dir)
		}
		c.Offsets = append(c.Offsets, int32(len(c.Ints)))
	}
}

// poison overwrites all memory of b, as its owner may once Write has returned.
func poison(b *column.Batch) {
	for k := range b.Cols {
		c := &b.Cols[k]
		for i := range c.Ints {
			c.Ints[i] = 0x5a5a5a5a
		}
		for i := range c.Floats {
			c.Floats[i] = -0x5a5a
		}
		for i := range c.Dirs {
			c.Dirs[i] = 0x5a
		}
		for _, bytes := range [][]byte{c.Bits, c.Bytes, c.Valid} {
			for i := range bytes {
				bytes[i] = 0x5a
			}
		}
		if len(c.Offsets) > 1 {
			for i := range c.Offsets[1:] {
				c.Offsets[i+1] = 0
			}
		}
	}
}

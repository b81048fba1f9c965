package column

import (
	"fmt"
	"math"
	"slices"

	"pinyon/feature"
	"pinyon/internal/near"
)

// A Row is one row of a batch, for those who want rows. It is valid as long as the batch.
type Row struct {
	b *Batch
	i int
}

// Row is row i of the batch.
func (b *Batch) Row(i int) Row { return Row{b, i} }

// Schema is the row's schema.
func (r Row) Schema() *Schema { return r.b.Schema }

// Value is the value of the column called out: int64, float64, bool, string, []int64,
// []float64 or []Triple; nil for a null. It panics, as Int, Float, Bool and Text do, if the
// schema has no such column: a misspelled name is a mistake in the program, which a value such
// as 0 would hide. Lookup tells instead of panicking.
func (r Row) Value(out string) any { return r.At(r.index(out)) }

// Lookup is Value, and whether there is such a column.
func (r Row) Lookup(out string) (v any, ok bool) {
	i := r.b.Schema.Index(out)
	if i < 0 {
		return nil, false
	}
	return r.At(i), true
}

// index is the position of a column that has to be there.
func (r Row) index(out string) int {
	i := r.b.Schema.Index(out)
	if i < 0 {
		names := make([]string, len(r.b.Schema.Fields))
		for k := range names {
			names[k] = r.b.Schema.Fields[k].Out
		}
		panic(fmt.Sprintf("column: no column %q among the %d of the row%s", out, len(names), near.Hint(out, names)))
	}
	return i
}

// of is the position of a column that has to be there and to be of one of the kinds.
func (r Row) of(out string, kinds ...feature.Kind) int {
	i := r.index(out)
	if k := r.b.Cols[i].Field.Kind; !slices.Contains(kinds, k) {
		panic(fmt.Sprintf("column: %q is of kind %s, not %s", out, k, kinds[0]))
	}
	return i
}

// A Triple is one packet of a Triples column: length in bytes, gap to the packet before in
// seconds, direction 1 or -1.
type Triple struct {
	Length    int64
	Gap       float64
	Direction int64
}

// At is the value of column i, as Value has it. Slices and strings are copies.
func (r Row) At(i int) any {
	c := &r.b.Cols[i]
	if !c.IsValid(r.i) {
		return nil
	}
	switch c.Field.Kind {
	case feature.Int:
		return c.Ints[r.i]
	case feature.Float:
		return c.Floats[r.i]
	case feature.Bool:
		return c.Bool(r.i)
	case feature.Text:
		return string(c.Text(r.i))
	}
	from, to := c.Span(r.i)
	switch c.Field.Kind {
	case feature.IntList:
		return append([]int64(nil), c.Ints[from:to]...)
	case feature.FloatList:
		return append([]float64(nil), c.Floats[from:to]...)
	}
	ts := make([]Triple, 0, to-from)
	for k := from; k < to; k++ {
		ts = append(ts, Triple{c.Ints[k], c.Floats[k], c.Dirs[k]})
	}
	return ts
}

// Int is the value of an Int column; 0 for a null. It panics for a column of another kind.
func (r Row) Int(out string) int64 {
	v, _ := r.At(r.of(out, feature.Int)).(int64)
	return v
}

// Float is the value of a Float column, or of an Int one; NaN for a null. It panics for a
// column of another kind.
func (r Row) Float(out string) float64 {
	switch v := r.At(r.of(out, feature.Float, feature.Int)).(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return math.NaN()
}

// Bool is the value of a Bool column; false for a null. It panics for a column of another kind.
func (r Row) Bool(out string) bool {
	v, _ := r.At(r.of(out, feature.Bool)).(bool)
	return v
}

// Text is the value of a Text column; empty for a null. It panics for a column of another kind.
func (r Row) Text(out string) string {
	v, _ := r.At(r.of(out, feature.Text)).(string)
	return v
}

// Map is the whole row by output name.
func (r Row) Map() map[string]any {
	m := make(map[string]any, len(r.b.Cols))
	for i := range r.b.Cols {
		m[r.b.Schema.Fields[i].Out] = r.At(i)
	}
	return m
}

// Clone is a batch of its own with the same rows.
func (b *Batch) Clone() *Batch {
	n := &Batch{Schema: b.Schema, Rows: b.Rows, Cols: make([]Column, len(b.Cols))}
	for i := range b.Cols {
		c, d := &b.Cols[i], &n.Cols[i]
		*d = *c
		d.Ints, d.Floats, d.Dirs = clone(c.Ints), clone(c.Floats), clone(c.Dirs)
		d.Bits, d.Bytes, d.Offsets, d.Valid = clone(c.Bits), clone(c.Bytes), clone(c.Offsets), clone(c.Valid)
	}
	return n
}

func clone[T any](s []T) []T {
	if s == nil {
		return nil
	}
	return append(make([]T, 0, len(s)), s...)
}

package column

import (
	"math"

	"pinyon/feature"
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
// []float64 or []Triple; nil for a null, and for a column that does not exist.
func (r Row) Value(out string) any {
	i := r.b.Schema.Index(out)
	if i < 0 {
		return nil
	}
	return r.At(i)
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

// Int is the value of an Int column; 0 if there is none by that name.
func (r Row) Int(out string) int64 { v, _ := r.Value(out).(int64); return v }

// Float is the value of a Float column, or of an Int one; NaN if there is none.
func (r Row) Float(out string) float64 {
	switch v := r.Value(out).(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return math.NaN()
}

// Bool is the value of a Bool column; false if there is none.
func (r Row) Bool(out string) bool { v, _ := r.Value(out).(bool); return v }

// Text is the value of a Text column; empty if there is none.
func (r Row) Text(out string) string { v, _ := r.Value(out).(string); return v }

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

package engine

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pinyon/column"
	"pinyon/extract"
	"pinyon/feature"
)

// TestSpool stores batches, more than stay in memory, and reads the same ones back; then it
// is empty and can be used again.
func TestSpool(t *testing.T) {
	p := testOptions(t, func(x *extract.Options, _ *Options) { x.Groups = []string{"flow_meta", "timing", "size", "connection"} }).Plan
	rng := rand.New(rand.NewPCG(1, 2))
	fill := func(b *column.Batch, rows int) {
		b.Reset()
		b.Rows = rows
		for i := range b.Cols {
			c := &b.Cols[i]
			if p.IsLate(i) {
				continue
			}
			for r := range rows {
				switch c.Field.Kind {
				case feature.Int:
					c.Ints = append(c.Ints, rng.Int64N(3)-1)
				case feature.Float:
					c.Floats = append(c.Floats, rng.Float64())
				case feature.Bool:
					c.Bits = column.AppendBit(c.Bits, r, rng.IntN(2) == 0)
					c.Rows++
				case feature.Text:
					c.Bytes = append(c.Bytes, "text"[:rng.IntN(5)]...)
					c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
				default:
					c.Ints, c.Floats, c.Dirs = append(c.Ints, 1), append(c.Floats, 2), append(c.Dirs, 3)
					c.Offsets = append(c.Offsets, int32(r+1))
				}
				if c.Valid != nil {
					c.Valid = column.AppendBit(c.Valid, r, r%3 != 0)
				}
			}
		}
	}
	s := spool{plan: p}
	b := column.New(p.Schema, batchRows)
	for round := range 2 {
		var want, got bytes.Buffer
		for i := range 60 {
			fill(b, batchRows-i)
			digest(&want, b)
			if err := s.add(b); err != nil {
				t.Fatal(err)
			}
		}
		if s.file == nil {
			t.Fatalf("round %d: %d bytes stayed in memory", round, len(s.mem))
		}
		next := 0
		err := s.replay(func() *column.Batch { b.Reset(); return b }, func(b *column.Batch, from int) error {
			if from != next {
				t.Errorf("batch begins at row %d; want %d", from, next)
			}
			next += b.Rows
			digest(&got, b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("round %d: other rows came back", round)
		}
		if s.file != nil || s.n != 0 || len(s.mem) != 0 {
			t.Error("not empty after replay")
		}
	}
}

package engine

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/groups"
)

// TestSpool stores batches, more than stay in memory, and reads the same ones back; then it
// is empty and can be used again.
func TestSpool(t *testing.T) {
	p := testOptions(t, func(x *groups.Options, _ *Options) { x.Groups = []string{"flow_meta", "timing", "size", "connection"} }).Plan
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
					c.Ints = append(c.Ints, rng.Int64()>>(i*5%64)-1)
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
	s := spool{memory: 1 << 20}
	b := column.New(p.Schema, batchRows)
	for round := range 2 {
		var want, got bytes.Buffer
		for i := range 60 {
			fill(b, batchRows-i)
			digest(&want, b)
			if err := s.add(appendBatch(nil, b), place{i * batchRows, b.Rows}); err != nil {
				t.Fatal(err)
			}
		}
		if s.file == nil {
			t.Fatalf("round %d: %d bytes stayed in memory", round, s.held)
		}
		var store []byte
		for i := 0; ; i++ {
			var at place
			var ok bool
			var err error
			var stored []byte
			if stored, at, ok, err = s.next(&store); err != nil {
				t.Fatal(err)
			}
			if !ok {
				if i != 60 {
					t.Errorf("%d batches came back; want 60", i)
				}
				break
			}
			if want := (place{i * batchRows, batchRows - i}); at != want {
				t.Errorf("batch %d is at %v; want %v", i, at, want)
			}
			b.Reset()
			readBatch(stored, b)
			digest(&got, b)
		}
		s.reset()
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("round %d: other rows came back", round)
		}
		if s.file != nil || s.n != 0 || s.held != 0 || s.read != 0 || len(s.places) != 0 {
			t.Error("not empty after reset")
		}
	}
}

// TestSpoolInts has runs of every width, and one of the whole range.
func TestSpoolInts(t *testing.T) {
	for _, want := range [][]int64{
		{}, {7}, {-3, -3}, {-1, 254}, {0, 256}, {-32768, 32767}, {1, 65537}, {0, math.MaxUint32},
		{-1, math.MaxUint32}, {math.MinInt64, math.MaxInt64, 0, -1}, {math.MaxInt64, math.MaxInt64 - 1},
	} {
		got, rest := readInts(append(appendInts(nil, want), "rest"...), []int64{})
		if !slices.Equal(got, want) || string(rest) != "rest" {
			t.Errorf("%d: got %d and %q", want, got, rest)
		}
	}
}

func BenchmarkCodec(b *testing.B) {
	p := testOptions(b, func(*groups.Options, *Options) {}).Plan
	rng := rand.New(rand.NewPCG(1, 2))
	batch := column.New(p.Schema, batchRows)
	batch.Rows = batchRows
	for i := range batch.Cols { // half of them vary, most of these little
		c := &batch.Cols[i]
		for r := range batchRows {
			v := rng.Uint64() >> (48 - i%16) * uint64(i%2)
			switch c.Field.Kind {
			case feature.Int:
				c.Ints = append(c.Ints, int64(v))
			case feature.Float:
				c.Floats = append(c.Floats, float64(v))
			case feature.Bool:
				c.Bits = column.AppendBit(c.Bits, r, v&1 != 0)
				c.Rows++
			default:
				c.Offsets = append(c.Offsets, 0)
			}
		}
	}
	var store []byte
	into := column.New(p.Schema, batchRows)
	b.ReportAllocs()
	for b.Loop() {
		store = appendBatch(store[:0], batch)
		into.Reset()
		readBatch(store, into)
	}
	b.ReportMetric(float64(len(store))/batchRows, "bytes/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchRows, "ns/row")
}

package sinktest

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
)

// Flows is a schema of n columns in the proportions of flow tables: 53 % integers, 30 %
// floats, 9 % booleans, 8 % text.
func Flows(n int) *column.Schema {
	s := &column.Schema{Version: "v1"}
	for i := range n {
		f := column.Field{Out: fmt.Sprintf("column_%03d", i), Desc: feature.Desc{Group: "bench", Kind: feature.Int, Doc: "A column."}}
		switch p := i * 37 % 100; {
		case p >= 92:
			f.Kind = feature.Text
		case p >= 83:
			f.Kind = feature.Bool
		case p >= 53:
			f.Kind = feature.Float
		}
		f.Name = f.Out
		s.Fields = append(s.Fields, f)
	}
	return s
}

// FillFlows empties b and fills it with rows that look like flows: a fifth of the columns is
// constant; of the other values a third is zero; integers are small, ports or byte counts;
// floats are times to the microsecond, whole numbers and ratios; text has few values.
func FillFlows(b *column.Batch, rows int, r *rand.Rand) {
	b.Reset()
	b.Rows = rows
	for k := range b.Cols {
		c := &b.Cols[k]
		constant := k%5 == 4
		for i := range rows {
			zero := constant || r.Uint32()%3 == 0
			switch c.Field.Kind {
			case feature.Int:
				c.Ints = append(c.Ints, flowInt(k, zero, r))
			case feature.Float:
				c.Floats = append(c.Floats, flowFloat(k, zero, r))
			case feature.Bool:
				c.Bits = column.AppendBit(c.Bits, i, !zero && r.Uint32()%8 == 0)
			case feature.Text:
				if !zero {
					c.Bytes = append(c.Bytes, flowText(k, r)...)
				}
				c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
			}
		}
	}
}

func flowInt(k int, zero bool, r *rand.Rand) int64 {
	switch {
	case zero:
		return 0
	case k%4 == 0:
		return int64(r.ExpFloat64() * 20_000)
	case k%4 == 1:
		return []int64{443, 80, 53, 22, 8080, 123}[r.Uint32()%6]
	}
	return int64(r.ExpFloat64() * 6)
}

func flowFloat(k int, zero bool, r *rand.Rand) float64 {
	switch {
	case zero:
		return 0
	case k%4 == 0:
		return math.Floor(r.ExpFloat64()*1e5) / 1e6
	case k%4 == 1:
		return float64(int(r.ExpFloat64() * 500))
	case k%4 == 2:
		return float64(1+r.Uint32()%50) / float64(1+r.Uint32()%50)
	}
	return r.ExpFloat64()
}

func flowText(k int, r *rand.Rand) string {
	if k%4 == 0 {
		return fmt.Sprintf("10.%d.%d.%d", r.Uint32()%2, r.Uint32()%16, r.Uint32()%200)
	}
	return [...]string{"tcp", "http/1.1", "h2", "www.example.com", "TLS_AES_128_GCM_SHA256"}[r.Uint32()%5]
}

// Benchmark measures writing rows of 300 columns by one worker and by two; it reports ns a
// row and bytes a row.
func Benchmark(b *testing.B, open func(io.Writer, *column.Schema, int) (sink.Sink, error), w io.Writer) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) { benchmark(b, open, w, workers) })
	}
}

func benchmark(b *testing.B, open func(io.Writer, *column.Schema, int) (sink.Sink, error), w io.Writer, workers int) {
	s := Flows(300)
	const rows = 1024
	r := rand.New(rand.NewPCG(1, 2))
	var batches [8]*column.Batch
	for i := range batches {
		batches[i] = column.New(s, rows)
		FillFlows(batches[i], rows, r)
	}
	k, err := open(w, s, workers)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := k.Write(ctx, batches[n%len(batches)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if err := k.Close(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*rows), "ns/row")
	b.ReportMetric(float64(k.Counters().Stats().Bytes)/float64(n*rows), "B/row")
}

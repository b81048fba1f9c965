//go:build unix

package postgres

import (
	"math/rand/v2"
	"testing"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

// BenchmarkRows writes rows of 401 columns, the same 1000 again and again, to a server of its own, whose work is in the time too.
func BenchmarkRows(b *testing.B) {
	s := start(b)
	schema := sinktest.Flows(401)
	batch := column.New(schema, 0)
	const rows = 1000
	sinktest.FillFlows(batch, rows, rand.New(rand.NewPCG(1, 2)))
	k, err := openTable(b, s.fresh(b), schema, nil, sink.Run{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := k.Write(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := k.Close(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(k.Counters().Stats().Bytes)/float64(rows*b.N), "B/row")
}

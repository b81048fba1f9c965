package sqlite

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

// BenchmarkRows writes rows of 401 columns, the same 1000 again and again.
func BenchmarkRows(b *testing.B) {
	schema := sinktest.Flows(401)
	batch := column.New(schema, 0)
	const rows = 1000
	sinktest.FillFlows(batch, rows, rand.New(rand.NewPCG(1, 2)))
	ctx := context.Background()
	k, err := sink.Open(ctx, filepath.Join(b.TempDir(), "rows.db"), schema, &sink.Options{Registry: sink.Registry{Format}})
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
}

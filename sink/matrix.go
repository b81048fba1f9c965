package sink

import (
	"context"
	"fmt"
	"iter"
	"math"

	"pinyon/column"
	"pinyon/feature"
)

// WriteAll writes every batch to s, closes it, and returns its counts. An error of the
// batches or of the sink ends it; the sink is then left as it is, for the caller to abort.
func WriteAll(ctx context.Context, s Sink, batches iter.Seq2[*column.Batch, error]) (Stats, error) {
	for b, err := range batches {
		if err == nil {
			err = s.Write(ctx, b)
		}
		if err != nil {
			return s.Counters().Stats(), err
		}
	}
	err := s.Close(ctx)
	return s.Counters().Stats(), err
}

// Matrix appends the rows of b to dst, of each the columns named, in that order. They must
// be integers, floats or booleans (0 and 1); what is absent is NaN.
func Matrix(dst []float64, b *column.Batch, names []string) ([]float64, error) {
	cols := make([]*column.Column, len(names))
	for i, name := range names {
		k := b.Schema.Index(name)
		if k < 0 {
			return dst, fmt.Errorf("sink: no column %q", name)
		}
		cols[i] = &b.Cols[k]
		if kind := cols[i].Field.Kind; kind != feature.Int && kind != feature.Float && kind != feature.Bool {
			return dst, fmt.Errorf("sink: column %q is %v, not a number", name, kind)
		}
	}
	for i := range b.Rows {
		for _, c := range cols {
			dst = append(dst, Number(c, i))
		}
	}
	return dst, nil
}

// Number is row i of an Int, Float or Bool column as float64, NaN if it is absent. An
// integer beyond 2^53 is rounded.
func Number(c *column.Column, i int) float64 {
	switch {
	case !c.IsValid(i):
		return math.NaN()
	case c.Field.Kind == feature.Int:
		return float64(c.Ints[i])
	case c.Field.Kind == feature.Float:
		return c.Floats[i]
	case c.Bool(i):
		return 1
	}
	return 0
}

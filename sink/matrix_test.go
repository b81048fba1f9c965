package sink

import (
	"context"
	"errors"
	"iter"
	"math"
	"testing"

	"pinyon/column"
	"pinyon/feature"
)

func numbers() *column.Batch {
	s := &column.Schema{Nulls: true, Fields: []column.Field{
		{Out: "i", Desc: feature.Desc{Kind: feature.Int, Nullable: true}},
		{Out: "f", Desc: feature.Desc{Kind: feature.Float}},
		{Out: "b", Desc: feature.Desc{Kind: feature.Bool}},
		{Out: "t", Desc: feature.Desc{Kind: feature.Text}},
	}}
	b := column.New(s, 2)
	b.Rows = 2
	b.Cols[0].Ints, b.Cols[0].Valid, b.Cols[0].Nulls = []int64{7, 0}, []byte{1}, 1
	b.Cols[1].Floats = []float64{0.5, math.Inf(1)}
	b.Cols[2].Bits = []byte{2}
	b.Cols[3].Offsets = []int32{0, 0, 0}
	return b
}

func TestMatrix(t *testing.T) {
	got, err := Matrix(nil, numbers(), []string{"b", "i", "f"})
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{0, 7, 0.5, 1, math.NaN(), math.Inf(1)}
	for i := range want {
		if got[i] != want[i] && (got[i] == got[i] || want[i] == want[i]) {
			t.Errorf("got %v; want %v", got, want)
		}
	}
	for _, name := range []string{"t", "none"} {
		if _, err := Matrix(nil, numbers(), []string{name}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// counting is a sink that counts, and fails at the third batch.
type counting struct {
	n      Counters
	closed bool
}

var errThird = errors.New("third")

func (c *counting) Write(_ context.Context, b *column.Batch) error {
	if c.n.Accepted.Add(uint64(b.Rows)) > 4 {
		return errThird
	}
	return nil
}
func (c *counting) Flush(context.Context) error { return nil }
func (c *counting) Close(context.Context) error { c.closed = true; return nil }
func (c *counting) Abort() error                { return nil }
func (c *counting) Counters() *Counters         { return &c.n }

func repeat(n int) iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		for range n {
			if !yield(numbers(), nil) {
				return
			}
		}
	}
}

func TestWriteAll(t *testing.T) {
	c := &counting{}
	if st, err := WriteAll(context.Background(), c, repeat(2)); err != nil || st.Accepted != 4 || !c.closed {
		t.Errorf("%+v, %v", st, err)
	}
	c = &counting{}
	if _, err := WriteAll(context.Background(), c, repeat(3)); !errors.Is(err, errThird) || c.closed {
		t.Errorf("error %v, closed %t", err, c.closed)
	}
}

// Package sinktest is the suite that every sink of a file format passes, and the rows its
// benchmarks write. It judges by what a reader of the format gets back.
package sinktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	"pinyon/column"
	"pinyon/sink"
)

var ctx = context.Background()

// With is a Format's Open for a sink's constructor and options.
func With[O any, P interface {
	*O
	SetCommon(sink.Common)
}](open func(io.Writer, *column.Schema, *O) (sink.Sink, error), o O, c sink.Common) func(io.Writer, *column.Schema, int) (sink.Sink, error) {
	return func(w io.Writer, s *column.Schema, workers int) (sink.Sink, error) {
		o, c := o, c
		c.Workers = workers
		P(&o).SetCommon(c)
		return open(w, s, &o)
	}
}

// A Format is what the suite needs to know of one.
type Format struct {
	// Open makes a sink on w with so many workers.
	Open func(w io.Writer, s *column.Schema, workers int) (sink.Sink, error)
	// Decode reads back what a sink of s has written. A cell is nil if absent, else int64,
	// float64, bool, string, []int64, []float64 or []Triple.
	Decode func(data []byte, s *column.Schema) ([][]any, error)
	// Want is what a reader gets for v, which may be nil, if the format cannot carry v
	// itself; a column for which it returns Gone is left out. Nil changes nothing. Text that
	// is not UTF-8 has been made so before.
	Want func(f *column.Field, v any) any
}

// Gone is a Want result: the format has no such column.
var Gone any = gone{}

type gone struct{}

// Run puts the format through the suite.
func Run(t *testing.T, f Format) {
	for _, nulls := range []bool{false, true} {
		s := Schema(nulls)
		for _, n := range []int{0, 1, 7, 100, 3000} {
			t.Run(fmt.Sprintf("nulls=%t/rows=%d", nulls, n), func(t *testing.T) { f.roundTrip(t, s, Rows(s, n)) })
		}
		for k := range s.Fields {
			one := &column.Schema{Fields: s.Fields[k : k+1], Nulls: nulls}
			t.Run(fmt.Sprintf("nulls=%t/only=%s", nulls, s.Fields[k].Out), func(t *testing.T) { f.roundTrip(t, one, Rows(one, 50)) })
		}
	}
	t.Run("constant", f.constant)
	t.Run("write error", f.writeError)
	t.Run("short write", f.shortWrite)
	t.Run("abort", f.abort)
}

// batches are the sizes in which rows are given; they do not divide anything evenly.
var batches = []int{1, 3, 64, 129, 1000}

func (f *Format) roundTrip(t *testing.T, s *column.Schema, rows [][]any) {
	t.Helper()
	first := f.write(t, s, rows, 1)
	for _, workers := range []int{1, 2, 8} {
		if again := f.write(t, s, rows, workers); !bytes.Equal(first, again) {
			t.Fatalf("equal rows gave different bytes with %d workers", workers)
		}
	}
	got, err := f.Decode(first, s)
	if err != nil {
		t.Fatalf("cannot read back: %v", err)
	}
	if len(got) != len(rows) {
		t.Fatalf("got %d rows; want %d", len(got), len(rows))
	}
	for i := range rows {
		if want := f.want(s, rows[i]); !equal(got[i], want) {
			t.Fatalf("row %d:\n got %#v\nwant %#v", i, got[i], want)
		}
	}
}

// write gives rows to a new sink, poisons every batch after Write, and checks the counts.
func (f *Format) write(t *testing.T, s *column.Schema, rows [][]any, workers int) []byte {
	t.Helper()
	file := &File{}
	k, err := f.Open(file, s, workers)
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 0)
	for i := 0; len(rows) > 0 || i == 0; i++ {
		n := min(batches[i%len(batches)], len(rows))
		Fill(b, rows[:n])
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
		if err := k.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
		poison(b)
		if i%3 == 2 {
			if err := k.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		rows = rows[n:]
	}
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
	st := k.Counters().Stats()
	if st.Accepted != st.Committed || st.Lost != 0 || st.Errors != 0 || st.Bytes != uint64(len(file.Data)) {
		t.Fatalf("stats %+v for %d bytes", st, len(file.Data))
	}
	if err := k.Close(ctx); err != nil {
		t.Fatalf("second Close: %v", err)
	}
	Fill(b, Rows(s, 1))
	if err := k.Write(ctx, b); err == nil {
		t.Fatal("Write after Close returned no error")
	}
	if k.Counters().Stats() != st {
		t.Fatal("something was written after Close")
	}
	return file.Data
}

func (f *Format) want(s *column.Schema, row []any) []any {
	var want []any
	for k, v := range row {
		field := &s.Fields[k]
		if text, ok := v.(string); ok {
			v = string([]rune(text))
		}
		if f.Want != nil {
			v = f.Want(field, v)
		}
		if v != Gone {
			want = append(want, v)
		}
	}
	return want
}

// constant writes the same row over and over, and one that differs, at every place.
func (f *Format) constant(t *testing.T) {
	for _, nulls := range []bool{false, true} {
		s := Schema(nulls)
		two := Rows(s, 3)
		for _, odd := range []int{0, 1, 150, 299, 300} {
			rows := make([][]any, 300)
			for i := range rows {
				rows[i] = two[0]
				if i == odd {
					rows[i] = two[1]
				}
			}
			f.roundTrip(t, s, rows)
		}
	}
}

var errDisk = errors.New("disk full")

// writeError demands that an error of the writer below comes out and stays.
func (f *Format) writeError(t *testing.T) {
	for i, room := range []int{0, 10, 100_000, 100_000} {
		st, got := f.fail(t, &File{Room: room, Err: errDisk}, 1+i%2*3)
		if room < 100_000 && got == nil {
			t.Errorf("room for %d bytes: no error", room)
		}
		if got != nil && (!errors.Is(got, errDisk) || st.Accepted != st.Committed+st.Lost || st.Errors != 1) {
			t.Errorf("room for %d bytes: error %v, stats %+v", room, got, st)
		}
	}
}

func (f *Format) shortWrite(t *testing.T) {
	if st, got := f.fail(t, &File{Room: 10, Err: nil, Short: true}, 2); !errors.Is(got, io.ErrShortWrite) {
		t.Errorf("error %v, stats %+v", got, st)
	}
}

// fail writes to w until an error comes, at the latest from Close, and then expects it from
// Write, Flush and Close.
func (f *Format) fail(t *testing.T, w *File, workers int) (sink.Stats, error) {
	t.Helper()
	w.Limited = true
	s := Schema(true)
	k, err := f.Open(w, s, workers)
	if err != nil {
		return sink.Stats{}, err
	}
	b := column.New(s, 0)
	Fill(b, Rows(s, 500))
	for i := 0; i < 10 && err == nil; i++ {
		err = k.Write(ctx, b)
	}
	if err == nil {
		err = k.Flush(ctx)
	}
	if err == nil {
		err = k.Close(ctx)
	}
	if err == nil {
		return k.Counters().Stats(), nil
	}
	before := k.Counters().Stats()
	for name, got := range map[string]error{"Write": k.Write(ctx, b), "Flush": k.Flush(ctx), "Close": k.Close(ctx)} {
		if got == nil {
			t.Errorf("%s after an error returned none", name)
		}
	}
	if k.Counters().Stats() != before {
		t.Errorf("stats moved after an error: %+v, then %+v", before, k.Counters().Stats())
	}
	return k.Counters().Stats(), err
}

// abort demands that nothing is taken or written after Abort.
func (f *Format) abort(t *testing.T) {
	file := &File{}
	s := Schema(true)
	k, err := f.Open(file, s, 2)
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 0)
	Fill(b, Rows(s, 500))
	if err := k.Write(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := k.Abort(); err != nil {
		t.Fatal(err)
	}
	before := len(file.Data)
	if err := k.Write(ctx, b); !errors.Is(err, sink.ErrAborted) {
		t.Errorf("Write after Abort: %v", err)
	}
	k.Flush(ctx)
	k.Close(ctx)
	if len(file.Data) != before {
		t.Errorf("%d bytes written after Abort", len(file.Data)-before)
	}
}

func equal(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, xf := a[i].(float64)
		y, yf := b[i].(float64)
		if xf && yf {
			if x != y || 1/x != 1/y {
				return false
			}
		} else if !reflect.DeepEqual(a[i], b[i]) {
			return false
		}
	}
	return true
}

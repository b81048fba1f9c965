package files_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/all"
	"pinyon/sink/files"
	"pinyon/sink/sinktest"
)

var ctx = context.Background()

func targets(t *testing.T, names ...string) []*sink.Target {
	t.Helper()
	var list []*sink.Target
	for _, name := range names {
		target, err := all.Sinks().Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, target)
	}
	return list
}

func inDir(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func batch(s *column.Schema) *column.Batch {
	b := column.New(s, 0)
	sinktest.Fill(b, sinktest.Rows(s, 500))
	return b
}

// from is a provenance that counts how it is asked.
func from(header bool) *sink.Provenance {
	return &sink.Provenance{
		Head: []byte(`{"at":"head"}`), Header: header,
		Tail: func() []byte { return []byte(`{"at":"tail"}`) },
		File: func() []byte { return []byte("{\"at\":\"side\"}\n") },
	}
}

// TestTogether: no file has its name before all are complete, each has its own beside it, and
// the provenance is where its format has room for it.
func TestTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	var out files.Outputs
	if err := out.Open(ctx, targets(t, "a.csv", "b.parquet", "c.npy", "d.jsonl"), s, &sink.Run{Provenance: from(true)}); err != nil {
		t.Fatal(err)
	}
	b := batch(s)
	for range 3 {
		if err := out.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range inDir(t) {
		if name[0] != '.' {
			t.Errorf("%s is there before it is complete", name)
		}
	}
	if err := errors.Join(out.Flush(ctx), out.Close(ctx), out.Close(ctx), out.Abort()); err != nil {
		t.Fatal(err)
	}
	want := []string{"a.csv", "a.csv.provenance.json", "b.parquet", "b.parquet.provenance.json", "c.npy", "c.npy.columns.json", "c.npy.provenance.json", "d.jsonl"}
	if got := inDir(t); !slices.Equal(got, want) {
		t.Errorf("files %q; want %q", got, want)
	}
	for name, part := range map[string]string{"a.csv.provenance.json": "side", "b.parquet": `{"at":"tail"}`, "d.jsonl": `"provenance":{"at":"head"}`} {
		if data, err := os.ReadFile(name); err != nil || !strings.Contains(string(data), part) {
			t.Errorf("%s does not hold %s, %v", name, part, err)
		}
	}
	if st := out.Counters().Stats(); st.Accepted != 1500 || st.Committed != 1500 || len(out.List()) != 4 {
		t.Errorf("%+v of %d outputs", st, len(out.List()))
	}
	if n := out.Most(func(s sink.Stats) uint64 { return s.Committed }); n != 1500 {
		t.Errorf("at most %d", n)
	}
}

// TestAbort: nothing is left of outputs that are given up, whoever does so and when.
func TestAbort(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.csv", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sinktest.Schema(true)
	b := batch(s)
	for range 20 {
		var out files.Outputs
		if err := out.Open(ctx, targets(t, "a.csv", "b.parquet"), s, &sink.Run{Provenance: from(false)}); err != nil {
			t.Fatal(err)
		}
		var aborting sync.WaitGroup
		aborting.Add(1)
		go func() {
			defer aborting.Done()
			out.Abort()
		}()
		var err error
		for err == nil {
			err = out.Write(ctx, b)
		}
		aborting.Wait()
		if !errors.Is(err, sink.ErrAborted) || !errors.Is(out.Close(ctx), sink.ErrAborted) {
			t.Fatalf("got %v", err)
		}
	}
	if got := inDir(t); !slices.Equal(got, []string{"a.csv"}) {
		t.Errorf("files %q", got)
	}
	if data, err := os.ReadFile("a.csv"); string(data) != "old" {
		t.Errorf("a file that was there holds %q, %v", data, err)
	}
	var early files.Outputs
	early.Abort()
	if err := early.Open(ctx, targets(t, "x.csv"), s, &sink.Run{}); !errors.Is(err, sink.ErrAborted) {
		t.Errorf("open after abort: %v", err)
	}
}

// TestOpenFails: if one output cannot be opened none is left, and the error says which.
func TestOpenFails(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	var out files.Outputs
	var pe *fs.PathError
	if err := out.Open(ctx, targets(t, "a.csv", "none/b.csv"), s, &sink.Run{}); !errors.As(err, &pe) || pe.Path != "none/b.csv" {
		t.Errorf("got %v", err)
	}
	var se *sink.SettingError
	out = files.Outputs{}
	if err := out.Open(ctx, targets(t, "a.csv", "npy=-"), s, &sink.Run{Stdout: io.Discard}); !errors.As(err, &se) {
		t.Errorf("got %v; want a SettingError", err)
	}
	if got := inDir(t); len(got) != 0 {
		t.Errorf("files %q", got)
	}
}

// lossy is a sink that loses a row and is complete all the same.
type lossy struct {
	count  sink.Counters
	closed bool
}

func (l *lossy) Write(_ context.Context, b *column.Batch) error {
	l.count.Accepted.Add(uint64(b.Rows))
	return nil
}
func (l *lossy) Flush(context.Context) error { return nil }
func (l *lossy) Close(context.Context) error {
	l.closed = true
	return &sink.LossError{Rows: 1, Err: io.ErrShortWrite}
}
func (l *lossy) Abort() error             { return nil }
func (l *lossy) Counters() *sink.Counters { return &l.count }

// TestLoss: rows that one output lost do not keep the others from being complete.
func TestLoss(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	l := &lossy{}
	d := &sink.Descriptor{Name: "lossy", NewOptions: func() any { return nil },
		Open: func(context.Context, *sink.Target, *column.Schema, any, *sink.Run) (sink.Sink, error) { return l, nil }}
	var out files.Outputs
	if err := out.Open(ctx, append([]*sink.Target{{Sink: d, Path: "lossy://x"}}, targets(t, "a.csv")...), s, &sink.Run{}); err != nil {
		t.Fatal(err)
	}
	if err := out.Write(ctx, batch(s)); err != nil {
		t.Fatal(err)
	}
	var loss *sink.LossError
	if err := out.Close(ctx); !errors.As(err, &loss) || loss.Rows != 1 || !errors.Is(err, io.ErrShortWrite) || !l.closed {
		t.Errorf("got %v", err)
	}
	if got := inDir(t); !slices.Equal(got, []string{"a.csv"}) {
		t.Errorf("files %q", got)
	}
}

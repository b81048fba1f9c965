package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
	"pinyon/sink/sql/sqlite"
	"pinyon/spool"
)

// TestConvertFolder: rows that wait are sent behind those of their run that are there, whatever
// was sent before, and their folder is removed.
func TestConvertFolder(t *testing.T) {
	dir := t.TempDir()
	target, err := sqlite.Format.Target(filepath.Join(dir, "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := &column.Schema{Fields: []column.Field{{Out: "n", Desc: feature.Desc{Name: "n", Kind: feature.Int}}}}
	run := &sink.Run{ID: "r", Provenance: &sink.Provenance{Head: []byte(`{"a":1}`)}}
	opened := 0
	k, err := spool.New(t.Context(), spool.Label{Target: "db"}, s, run, spool.Options{Dir: filepath.Join(dir, "wait"), Wait: 1}, func(ctx context.Context, run *sink.Run) (sink.Sink, error) {
		if opened++; opened > 1 {
			return nil, errGone
		}
		k, err := target.Open(ctx, s, run)
		return &ending{Sink: k}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		b := column.New(s, 0)
		var rows [][]any
		for n := range 100 {
			rows = append(rows, []any{int64(i*100 + n)})
		}
		sinktest.Fill(b, rows)
		if err := errors.Join(k.Write(t.Context(), b), k.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Close(t.Context()); !errors.Is(err, errGone) {
		t.Fatalf("got %v", err)
	}
	rows, folder := k.Left()
	if rows != 700 {
		t.Errorf("%d rows wait; want 700", rows)
	}
	want(t, 0, "700 rows ->", "convert", folder, "-o", target.Path)
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
	db, err := sql.Open("sqlite", target.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all, different, run2 int
	var status string
	if err := db.QueryRow(`SELECT count(*), count(DISTINCT n), (SELECT rows FROM pinyon_features_runs), (SELECT status FROM pinyon_features_runs) FROM pinyon_features`).Scan(&all, &different, &run2, &status); err != nil {
		t.Fatal(err)
	}
	if all != 1000 || different != 1000 || run2 != 1000 || status != "complete" {
		t.Errorf("%d rows, %d different, %d in the table of runs, which is %s", all, different, run2, status)
	}
	want(t, 2, "none of rows that wait", "convert", dir, "-o", target.Path)
	want(t, 2, "need --on-sink-error spool", "convert", "x.csv", "-o", target.Path, "--spool-size", "1GB")
}

var errGone = errors.New("gone")

// ending is a sink whose server is gone after three batches.
type ending struct {
	sink.Sink
	n int
}

func (f *ending) Write(ctx context.Context, b *column.Batch) error {
	if f.n++; f.n > 3 {
		return errGone
	}
	return f.Sink.Write(ctx, b)
}

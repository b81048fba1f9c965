package files_test

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/sinktest"
)

// TestKeep: what is given up with three batches in it stays as the output of three batches,
// under a name that says so and replaces nothing, with the files beside it.
func TestKeep(t *testing.T) {
	s := sinktest.Schema(true)
	for _, name := range []string{"a.csv", "a.tsv", "a.jsonl", "json-array=a.x", "arrow=a.y", "arrow-file=a.z", "a.npy"} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write := func() *files.Outputs {
				out := &files.Outputs{}
				if err := out.Open(ctx, targets(t, name), s, &sink.Run{Provenance: from(false)}); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := out.Write(ctx, batch(s)); err != nil {
						t.Fatal(err)
					}
				}
				return out
			}
			out := write()
			if err := out.Close(ctx); err != nil {
				t.Fatal(err)
			}
			path := out.List()[0].Target.Path
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= 2; n++ {
				out := write()
				kept, err := out.Keep()
				want := files.PartialName(path, n)
				if err != nil || len(kept) != 1 || kept[0] != (files.Kept{Path: want, Rows: 1500}) {
					t.Fatalf("%+v, %v", kept, err)
				}
				if err := out.Write(ctx, batch(s)); err == nil {
					t.Error("rows are taken after Keep")
				}
				if got, err := os.ReadFile(want); err != nil || !bytes.Equal(got, whole) {
					t.Errorf("%d bytes; want %d; %v", len(got), len(whole), err)
				}
				if _, err := os.Stat(want + files.Suffix); err != nil {
					t.Error(err)
				}
			}
			if slices.ContainsFunc(inDir(t), func(name string) bool { return name[0] == '.' }) {
				t.Errorf("left over: %q", inDir(t))
			}
		})
	}
}

// TestKeepGroups: a Parquet file keeps its closed row groups, and is not there without one.
func TestKeepGroups(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	for _, c := range []struct {
		target string
		rows   int64
	}{{"parquet=a.parquet?row-group=400", 1200}, {"parquet=b.parquet?row-group=4000", 0}} {
		var out files.Outputs
		if err := out.Open(ctx, targets(t, c.target), s, &sink.Run{}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := out.Write(ctx, batch(s)); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := out.Keep()
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Counters().Stats(); got.Committed != uint64(c.rows) || got.Lost != 1500-uint64(c.rows) {
			t.Errorf("%+v", got)
		}
		if c.rows == 0 {
			if len(kept) != 0 {
				t.Errorf("%+v", kept)
			}
			continue
		}
		r, err := file.OpenParquetFile(kept[0].Path, false)
		if err != nil {
			t.Fatal(err)
		}
		if r.NumRows() != c.rows {
			t.Errorf("%d rows", r.NumRows())
		}
		r.Close()
	}
	if got := inDir(t); !slices.Equal(got, []string{"a.partial.parquet"}) {
		t.Errorf("%q", got)
	}
}

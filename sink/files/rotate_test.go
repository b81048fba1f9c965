package files_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/sinktest"
)

// TestRotate: rows go to files that follow each other, each of which is complete with what
// belongs beside it, and nothing that is there is replaced.
func TestRotate(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	if err := os.WriteFile("f-00002.csv", []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out files.Outputs
	run := &sink.Run{Provenance: from(false), Rotation: &sink.Rotation{Rows: 900}}
	if err := out.Open(ctx, targets(t, "f-{seq}.csv", "whole.jsonl"), s, run); err != nil {
		t.Fatal(err)
	}
	for range 5 { // of 500 rows: 1000, 1000, 500
		if err := out.Write(ctx, batch(s)); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(ctx); err != nil {
		t.Fatal(err)
	}
	got := inDir(t)
	want := []string{"f-00001.csv", "f-00001.csv.provenance.json", "f-00002.csv", "f-00003.csv", "f-00003.csv.provenance.json", "f-00004.csv", "f-00004.csv.provenance.json", "whole.jsonl", "whole.jsonl.provenance.json"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
	if b, err := os.ReadFile("f-00002.csv"); err != nil || string(b) != "another's" {
		t.Errorf("replaced: %q, %v", b, err)
	}
	if n := out.Counters().Stats(); n.Accepted != 2500 || n.Committed != 2500 {
		t.Errorf("%+v", n)
	}
	names := out.List()[0].Sink.(interface{ Names() []string }).Names()
	if !slices.Equal(names, []string{"f-00001.csv", "f-00003.csv", "f-00004.csv"}) {
		t.Errorf("names %q", names)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(b), "integer_false,") {
			t.Errorf("%s: no header, %v", name, err)
		}
	}
}

// TestRotateKeep: the oldest files of the run go, with what lies beside them, and without rows
// there is one file.
func TestRotateKeep(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	for _, batches := range []int{0, 6} {
		var out files.Outputs
		run := &sink.Run{Provenance: from(false), Rotation: &sink.Rotation{Rows: 1, Keep: 2}}
		if err := out.Open(ctx, targets(t, "{time}.npy"), s, run); err != nil {
			t.Fatal(err)
		}
		for range batches {
			if err := out.Write(ctx, batch(s)); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.Close(ctx); err != nil {
			t.Fatal(err)
		}
		want := 3 * min(max(batches, 1), 2)
		if batches > 0 {
			want += 3 // of the run before
		}
		if got := inDir(t); len(got) != want {
			t.Errorf("%d batches: %q", batches, got)
		}
	}
}

// TestRotateTogether: runs that rotate on one name at once replace none of each other's files.
func TestRotateTogether(t *testing.T) {
	for _, name := range []string{"f-{time}.csv", "f-{seq}.csv"} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s := sinktest.Schema(true)
			const runs, files1 = 4, 15
			var all sync.WaitGroup
			for range runs {
				all.Add(1)
				go func() {
					defer all.Done()
					var out files.Outputs
					if err := out.Open(ctx, targets(t, name), s, &sink.Run{Provenance: from(false), Rotation: &sink.Rotation{Rows: 500}}); err != nil {
						t.Error(err)
						return
					}
					for range files1 {
						if err := out.Write(ctx, batch(s)); err != nil {
							t.Error(err)
						}
					}
					if err := out.Close(ctx); err != nil {
						t.Error(err)
					}
				}()
			}
			all.Wait()
			if got := inDir(t); len(got) != 2*runs*files1 {
				t.Errorf("%d files; want %d", len(got), 2*runs*files1)
			}
		})
	}
}

// TestFollow: a file of lines grows under its own name, and stays if the run is given up.
func TestFollow(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	if err := os.WriteFile("a.csv"+files.Suffix, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"close", "abort", "keep"} {
		var out files.Outputs
		if err := out.Open(ctx, targets(t, "a.csv", "b.parquet"), s, &sink.Run{Provenance: from(false), Follow: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat("a.csv" + files.Suffix); err == nil {
			t.Error("the sidecar of an earlier run lies beside new rows")
		}
		size := func() int64 {
			info, err := os.Stat("a.csv")
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		if err := out.Write(ctx, batch(s)); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		n := size()
		switch end {
		case "close":
			if err := out.Close(ctx); err != nil {
				t.Error(err)
			}
		case "abort":
			if err := out.Abort(); err != nil {
				t.Error(err)
			}
		case "keep":
			if _, err := out.Keep(); err != nil {
				t.Error(err)
			}
		}
		if n == 0 || size() != n {
			t.Errorf("%s: %d bytes of %d", end, size(), n)
		}
		if _, err := os.Stat("a.csv" + files.Suffix); (err == nil) != (end == "close") {
			t.Errorf("%s: sidecar: %v", end, err)
		}
	}
}

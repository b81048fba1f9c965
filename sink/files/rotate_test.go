package files_test

import (
	"errors"
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
	if err := errors.Join(os.WriteFile("f-00002.csv", []byte("another's"), 0o600), os.Symlink("nosuch/dir", "f-00001.csv")); err != nil {
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
	want := []string{"f-00001.csv", "f-00002.csv", "f-00003.csv", "f-00003.csv.provenance.json", "f-00004.csv", "f-00004.csv.provenance.json", "f-00005.csv", "f-00005.csv.provenance.json", "whole.jsonl", "whole.jsonl.provenance.json"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
	if b, err := os.ReadFile("f-00002.csv"); err != nil || string(b) != "another's" {
		t.Errorf("replaced: %q, %v", b, err)
	}
	if n := out.Counters().Stats(); n.Accepted != 2500 || n.Committed != 2500 || n.Files != 6 {
		t.Errorf("%+v", n)
	}
	names := out.List()[0].Sink.(interface{ Names() []string }).Names()
	if !slices.Equal(names, []string{"f-00003.csv", "f-00004.csv", "f-00005.csv"}) {
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

// TestRotateKeepsOthers: a file that took the name of one of the run's own is not removed with the
// oldest files.
func TestRotateKeepsOthers(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	var out files.Outputs
	run := &sink.Run{Provenance: from(false), Rotation: &sink.Rotation{Rows: 1, Keep: 1}}
	if err := out.Open(ctx, targets(t, "{seq}.csv"), s, run); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := out.Write(ctx, batch(s)); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if err := errors.Join(os.Rename("00001.csv", "moved.csv"), os.WriteFile("00001.csv", []byte("another's"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := inDir(t), []string{"00001.csv", "00003.csv", "00003.csv" + files.Suffix, "moved.csv"}; !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}

// TestRotateKept: of a run that is given up the complete files stay, and what is whole of the one
// at hand stays under a name that says so.
func TestRotateKept(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	var out files.Outputs
	if err := out.Open(ctx, targets(t, "f-{seq}.jsonl"), s, &sink.Run{Provenance: from(false), Rotation: &sink.Rotation{Rows: 900}}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // of 500 rows: 1000, 500
		if err := out.Write(ctx, batch(s)); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := out.Keep()
	if err != nil || len(kept) != 1 || kept[0] != (files.Kept{Path: "f-00002.partial.jsonl", Rows: 500}) {
		t.Errorf("%+v, %v", kept, err)
	}
	if n := out.Counters().Stats(); n.Accepted != 1500 || n.Committed != 1500 || n.Lost != 0 {
		t.Errorf("%+v", n)
	}
	want := []string{"f-00001.jsonl", "f-00001.jsonl" + files.Suffix, "f-00002.partial.jsonl", "f-00002.partial.jsonl" + files.Suffix}
	if got := inDir(t); !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}

// TestRotateFailed: a run goes on without a rotating output whose directory is gone, and says
// which rows that one has lost.
func TestRotateFailed(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("d", 0o700); err != nil {
		t.Fatal(err)
	}
	s := sinktest.Schema(true)
	var out files.Outputs
	told := 0
	out.GoOn(func(*files.Opened, *files.Kept, error) error { told++; return nil })
	if err := out.Open(ctx, targets(t, "d/f-{seq}.jsonl", "whole.csv"), s, &sink.Run{Rotation: &sink.Rotation{Rows: 500}}); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := out.Write(ctx, batch(s)); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if err := os.Rename("d", "gone"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if n := out.Counters().Stats(); told != 1 || n.Accepted != 1500 || n.Committed != 500 || n.Lost != 1000 {
		t.Errorf("told %d times, %+v", told, n)
	}
	if got := inDir(t); !slices.Equal(got, []string{"gone", "whole.csv"}) {
		t.Errorf("%q", got)
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

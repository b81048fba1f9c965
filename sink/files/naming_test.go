package files_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/sinktest"
)

// numbered is a format whose file holds the number of its run.
type numbered struct {
	lossy
	w   io.Writer
	run int
}

func (n *numbered) Close(context.Context) error {
	_, err := fmt.Fprintln(n.w, n.run)
	return err
}

func (n *numbered) Abort() error { return nil }

// options of numbered.
type options struct{ sink.Common }

func format(run *int) *sink.Descriptor {
	return files.Format(sink.Descriptor{Name: "numbered"}, sink.Stream{},
		func(w io.Writer, _ *column.Schema, _ *options) (sink.Sink, error) {
			return &numbered{w: w, run: *run}, nil
		})
}

// TestOrder reads file and sidecar again and again while runs replace them: rows never lie
// beside the sidecar of another run, whether the runs have sidecars or not.
func TestOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	number := func(path string) (n int, ok bool) {
		b, err := os.ReadFile(path)
		n, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return n, err == nil
	}
	done, ended := make(chan struct{}), make(chan int)
	go func() {
		for looked := 0; ; {
			select {
			case <-done:
				ended <- looked
				return
			default:
			}
			before, has := number("x")
			beside, told := number("x" + files.Suffix)
			after, _ := number("x")
			if has && told && before == after {
				looked++
				if beside != before {
					t.Errorf("rows of run %d beside the sidecar of run %d", before, beside)
				}
			}
		}
	}()
	run := 0
	d := format(&run)
	for run = 1; run <= 300; run++ {
		var from *sink.Provenance
		if run%7 != 0 {
			from = &sink.Provenance{File: func() []byte { return fmt.Appendln(nil, run) }}
		}
		if run%50 == 0 {
			os.Remove("x") // a sidecar without its file, which the next run replaces
		}
		var out files.Outputs
		if err := out.Open(ctx, []*sink.Target{{Sink: d, Path: "x"}}, s, &sink.Run{Provenance: from}); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if beside, told := number("x" + files.Suffix); told != (from != nil) || told && beside != run {
			t.Fatalf("run %d: sidecar of run %d, %v", run, beside, told)
		}
	}
	close(done)
	if n := <-ended; n == 0 {
		t.Error("file and sidecar were never there together")
	}
}

// TestKeepReplacesNothing: the partial name is the first at which neither a file nor a sidecar
// of somebody else lies.
func TestKeepReplacesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	s := sinktest.Schema(true)
	taken := []string{"a.partial.csv", "a.partial-2.csv" + files.Suffix}
	for _, name := range taken {
		if err := os.WriteFile(name, []byte("other"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.csv", "a.partial-3.csv"); err != nil {
		t.Skip(err)
	}
	var out files.Outputs
	if err := out.Open(ctx, targets(t, "a.csv"), s, &sink.Run{Provenance: from(false)}); err != nil {
		t.Fatal(err)
	}
	if err := out.Write(ctx, batch(s)); err != nil {
		t.Fatal(err)
	}
	kept, err := out.Keep()
	if err != nil || len(kept) != 1 || kept[0].Path != "a.partial-4.csv" {
		t.Errorf("%+v, %v", kept, err)
	}
	for _, name := range taken {
		if b, err := os.ReadFile(name); string(b) != "other" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if got := inDir(t); len(got) != 5 {
		t.Errorf("%q", got)
	}
}

// TestTemporaryOf: the name under which a file is written tells the one that it will have.
func TestTemporaryOf(t *testing.T) {
	dir := t.TempDir()
	f, err := files.Create(filepath.Join(dir, "a.b.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if got := files.TemporaryOf(list[0].Name()); got != "a.b.parquet" {
		t.Errorf("%s: %q", list[0].Name(), got)
	}
	for _, name := range []string{"a.b.parquet", ".tmp-1-00000000", ".x.tmp-1-0", "x.tmp-1-00000000"} {
		if got := files.TemporaryOf(name); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

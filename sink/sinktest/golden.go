package sinktest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pinyon/column"
)

// Golden compares what f makes of the suite's first rows, with nulls, with the file called
// path; with update it writes that file. The format's tests own the -update flag.
func Golden(t *testing.T, f Format, path string, update bool) {
	t.Helper()
	s := Schema(true)
	file := &File{}
	k, err := f.Open(file, s, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 20)
	Fill(b, Rows(s, 20))
	if err := k.Write(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if bytes.Equal(file.Data, want) {
		return
	}
	got, lines := bytes.Split(file.Data, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(got), len(lines)) {
		if !bytes.Equal(got[i], lines[i]) {
			t.Fatalf("%s differs in line %d:\n got %.300q\nwant %.300q", path, i+1, got[i], lines[i])
		}
	}
	t.Fatalf("%s: got %d bytes; want %d", path, len(file.Data), len(want))
}

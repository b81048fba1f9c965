//go:build unix

package pcap

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes: ", err)
	}
	in, fs := sample(false)
	go func() {
		if w, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			w.Write(in)
			w.Close()
		}
	}()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := drain(t, r); err != nil || !slices.Equal(got, fs) {
		t.Errorf("%d frames, error %v", len(got), err)
	}
	if r.Size() != -1 || r.Offset() != int64(len(in)) {
		t.Errorf("size %d, offset %d", r.Size(), r.Offset())
	}
}

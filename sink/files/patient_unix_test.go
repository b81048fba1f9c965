//go:build unix

package files

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestUntil: a FIFO that nobody reads is opened no longer than until the run is to end.
func TestUntil(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	ending := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := CreateUntil(ending, path)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatal("without a reader: ", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(ending)
	if err := <-done; !errors.Is(err, ErrStalled) {
		t.Errorf("%v; want ErrStalled", err)
	}
	// The goroutine that waits for a reader ends with one.
	if r, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		syscall.Close(r)
	}
}

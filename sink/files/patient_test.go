package files

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// TestPatient: a reader that takes little at a time gets everything, also once the run is to end;
// one that takes nothing is waited for until then, and given up a while after.
func TestPatient(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	want := bytes.Repeat([]byte("0123456789"), 40<<10)
	ending := make(chan struct{})
	p := newPatient(w, ending, 10*time.Second)
	got := make(chan []byte, 1)
	go func() {
		var all []byte
		b := make([]byte, 10_000)
		for len(all) < len(want) {
			n, err := r.Read(b)
			if err != nil {
				break
			}
			if all = append(all, b[:n]...); len(all) > len(want)/2 && ending != nil {
				close(ending)
				ending = nil
			}
		}
		got <- all
	}()
	if n, err := p.Write(want); n != len(want) || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if all := <-got; !bytes.Equal(all, want) {
		t.Fatalf("%d bytes came, others than were sent", len(all))
	}
	p.wait = 10 * time.Millisecond // and now nobody reads
	if n, err := p.Write(want); n >= len(want) || !errors.Is(err, ErrStalled) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := p.Write(want); n != 0 || !errors.Is(err, ErrStalled) {
		t.Errorf("afterwards: %d bytes, %v", n, err)
	}
	r.Close() // which ends the goroutine's write
}

// TestPatientWaits: before the run is to end a write waits for its reader, however long.
func TestPatientWaits(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	p := newPatient(w, make(chan struct{}), time.Nanosecond)
	done := make(chan error, 1)
	want := make([]byte, 4*pipeSize)
	go func() {
		_, err := p.Write(want)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatal("the write ended without a reader: ", err)
	case <-time.After(20 * time.Millisecond):
	}
	if _, err := io.ReadFull(r, make([]byte, len(want))); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestPatientOnly: what is no pipe is written as it is.
func TestPatientOnly(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ending := make(chan struct{})
	var b bytes.Buffer
	for _, to := range []io.Writer{f, &b} {
		if got := Patient(to, ending); got != to {
			t.Errorf("%T became %T", to, got)
		}
	}
	if Patient(w, nil) != io.Writer(w) {
		t.Error("without an end a pipe is wrapped")
	}
	if _, ok := Patient(w, ending).(*patient); !ok {
		t.Error("a pipe is not wrapped")
	}
}

package out

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pinyon/sink"
)

// limited takes n bytes, then fails.
type limited struct {
	bytes.Buffer
	n   int
	err error
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(l.n, len(p))
	l.n -= n
	l.Buffer.Write(p[:n])
	if n < len(p) {
		return n, l.err
	}
	return n, nil
}

func TestRows(t *testing.T) {
	var w bytes.Buffer
	b := New(&w)
	b.Hold(3)
	for range 3 {
		b.B = append(b.B, "row\n"...)
		if err := b.Row(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := b.Counters().Stats(), (sink.Stats{Accepted: 3}); got != want {
		t.Errorf("before Flush: %+v", got)
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := b.Counters().Stats(), (sink.Stats{Accepted: 3, Committed: 3, Bytes: 12}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
}

func TestHold(t *testing.T) {
	var w bytes.Buffer
	b := New(&w)
	b.Hold(5)
	if err := b.Flush(); err != nil || b.Counters().Stats().Committed != 0 {
		t.Fatalf("held rows written: %+v, %v", b.Counters().Stats(), err)
	}
	b.Release()
	if err := b.Flush(); err != nil || b.Counters().Stats().Committed != 5 {
		t.Errorf("%+v, %v", b.Counters().Stats(), err)
	}
}

// TestWrite mixes small and large pieces: they leave in order.
func TestWrite(t *testing.T) {
	var w bytes.Buffer
	b := New(&w)
	var want []byte
	for i, n := range []int{1, Size - 1, 1, 2 * Size, 3, Size, Size / 2, Size / 2, 7} {
		p := bytes.Repeat([]byte{byte('a' + i)}, n)
		want = append(want, p...)
		if m, err := b.Write(p); m != n || err != nil {
			t.Fatal(m, err)
		}
		if b.Tell() != int64(len(want)) {
			t.Fatalf("at %d; want %d", b.Tell(), len(want))
		}
	}
	if err := b.Flush(); err != nil || !bytes.Equal(w.Bytes(), want) {
		t.Errorf("got %d bytes; want %d; %v", w.Len(), len(want), err)
	}
}

func TestFail(t *testing.T) {
	disk := errors.New("disk full")
	for _, c := range []struct{ err, want error }{{disk, disk}, {nil, io.ErrShortWrite}} {
		b := New(&limited{n: 2, err: c.err})
		b.B = append(b.B, "row\n"...)
		b.Hold(1)
		b.Release()
		b.Hold(1)
		if err := b.Flush(); !errors.Is(err, c.want) {
			t.Errorf("got %v; want %v", err, c.want)
		}
		if got, want := b.Counters().Stats(), (sink.Stats{Accepted: 2, Errors: 1, Lost: 2, Bytes: 2}); got != want {
			t.Errorf("got %+v; want %+v", got, want)
		}
		if err := b.Fail(errors.New("later")); !errors.Is(err, c.want) {
			t.Errorf("the first error is not final: %v", err)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, c.want) {
			t.Errorf("Write: %v", err)
		}
	}
}

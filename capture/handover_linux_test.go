package capture_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/internal/nstest"
	"pinyon/packet"
)

// number reads the next packet of d and gives its number, 0 at the end.
func number(t *testing.T, d *capture.Device) int {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		var f packet.Frame
		switch err := d.Next(&f); {
		case err == nil:
			return nstest.NumberOf(f.Data)
		case err == io.EOF:
			return 0
		case !errors.Is(err, capture.ErrTimeout):
			t.Fatal(err)
		}
	}
	t.Fatal("nothing comes")
	return 0
}

// TestHandOver: read by the steps that Handover tells, packets that come all the while are
// delivered once each, in order, by one Device or the other, and the sums hold, also where
// whoever reads takes seconds to begin with the successor.
func TestHandOver(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon, BufferSize: 32 << 20})
	stop := w.Counted("v0", 5, time.Millisecond)
	sums := capture.Stats{}
	last := 0
	follow := func(d *capture.Device, until func(n int) bool) {
		t.Helper()
		for {
			n := number(t, d)
			if n == 0 || t.Failed() {
				return
			}
			if n != last+1 {
				t.Errorf("packet %d after %d", n, last)
			}
			if last = n; until(n) {
				return
			}
		}
	}
	for round := range 3 {
		var h *capture.Handover
		w.Do(func() {
			var err error
			if h, err = d.HandOver(capture.Options{Interface: "v1", ReadTimeout: soon, BufferSize: 32 << 20}, true); err != nil {
				t.Fatal(err)
			}
		})
		t.Cleanup(func() { h.Successor().Close() })
		if h.Started() {
			t.Error("started by itself")
		}
		at := last
		follow(d, func(n int) bool { return n == at+50 })
		h.Settle()
		if err := h.Start(); err != nil || !h.Started() {
			t.Fatal(err)
		}
		h.Settle()
		h.StopFormer()
		follow(d, func(int) bool { return false })
		if !d.Drained() {
			t.Error("something is left")
		}
		of, err := h.TakeOver(0)
		if err != nil {
			t.Error(err)
		}
		sums.Add(&of)
		if d = h.Successor(); round == 1 {
			time.Sleep(2100 * time.Millisecond)
		}
	}
	sent := stop()
	follow(d, func(n int) bool { return n == sent })
	d.Stop()
	follow(d, func(int) bool { return false })
	of := d.Stats()
	sums.Add(&of)
	if identity(t, sums); sums.Captured != uint64(sent) || last != sent {
		t.Errorf("sent %d, last %d, %+v", sent, last, sums)
	}
}

// TestAbandon: the former goes on as if nothing had been; once the moment is chosen both end, and
// what they hold counts as left, once.
func TestAbandon(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	prepare := func() (h *capture.Handover) {
		t.Helper()
		w.Do(func() {
			var err error
			if h, err = d.HandOver(capture.Options{Interface: "v1", ReadTimeout: soon}, true); err != nil {
				t.Fatal(err)
			}
		})
		return h
	}
	w.Numbered("v0", 53, 1, 2)
	h := prepare()
	w.Numbered("v0", 53, 3, 1)
	if sums, err := h.Abandon(); err != nil || sums != (capture.Stats{}) {
		t.Errorf("%v, %+v", err, sums)
	}
	w.Numbered("v0", 53, 4, 1)
	for want := range 4 {
		if n := number(t, d); n != want+1 {
			t.Errorf("packet %d, want %d", n, want+1)
		}
	}
	h = prepare()
	h.Settle()
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	w.Numbered("v0", 53, 5, 3)
	h.Settle()
	sums, err := h.Abandon()
	if err != nil {
		t.Error(err)
	}
	of := d.Stats()
	sums.Add(&of)
	if identity(t, sums); sums.Received != 7 || sums.Captured != 4 || sums.QueueDropped != 3 {
		t.Errorf("%+v", sums)
	}
}

// TestInterrupt: a Next that waits returns at once, and the one after it waits again.
func TestInterrupt(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: time.Hour})
	back := make(chan error)
	next := func() { var f packet.Frame; back <- d.Next(&f) }
	go next()
	d.Interrupt()
	if err := <-back; err != capture.ErrTimeout {
		t.Error(err)
	}
	go next()
	select {
	case err := <-back:
		t.Error("it does not wait:", err)
	case <-time.After(20 * time.Millisecond):
	}
	d.Stop()
	if err := <-back; err != io.EOF {
		t.Error(err)
	}
}

// TestCheck: what Open would refuse of options is told without opening anything.
func TestCheck(t *testing.T) {
	w := newWire(t)
	w.Do(func() {
		if err := (capture.Options{Interface: "v1", Filter: "udp"}).Check(); err != nil {
			t.Error(err)
		}
		if err := (capture.Options{Interface: "v9"}).Check(); !errors.Is(err, capture.ErrNotFound) {
			t.Error(err)
		}
		var e *capture.Error
		if err := (capture.Options{Interface: "v1", Filter: "udp and"}).Check(); !errors.As(err, &e) || e.Op != "filter" {
			t.Error(err)
		}
		if err := (capture.Options{Snaplen: -1}).Check(); !errors.As(err, &e) || e.Op != "open" {
			t.Error(err)
		}
	})
}

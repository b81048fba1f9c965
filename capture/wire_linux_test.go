package capture_test

import (
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/internal/nstest"
)

// A wire opens devices of its namespace.
type wire struct {
	*nstest.Wire
	t testing.TB
}

func newWire(t testing.TB) *wire {
	t.Helper()
	return &wire{nstest.NewWire(t), t}
}

// open opens a device.
func (w *wire) open(o capture.Options) *capture.Device {
	w.t.Helper()
	d, err := w.try(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { d.Close() })
	return d
}

func (w *wire) try(o capture.Options) (d *capture.Device, err error) {
	w.t.Helper()
	w.Do(func() { d, err = capture.Open(o) })
	return d, err
}

// identity holds the sums of a capture that has ended against each other.
func identity(t testing.TB, s capture.Stats) {
	t.Helper()
	if s.Received != s.Captured+s.Dropped+s.FilterDropped+s.QueueDropped {
		t.Errorf("received %d is not captured %d + dropped %d + filter %d + queue %d", s.Received, s.Captured, s.Dropped, s.FilterDropped, s.QueueDropped)
	}
}

const soon = 20 * time.Millisecond // read timeout of tests

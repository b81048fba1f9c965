package session_test

import (
	"context"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/internal/nstest"
)

// A wire starts captures in its namespace.
type wire struct {
	*nstest.Wire
	t testing.TB
}

func newWire(t testing.TB) *wire {
	t.Helper()
	return &wire{nstest.NewWire(t), t}
}

// start starts a capture.
func (w *wire) start(o capture.Options, c session.Callbacks) *session.Capture {
	w.t.Helper()
	x, err := session.New(o, c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.again(x)
	w.t.Cleanup(func() { x.Stop() })
	return x
}

func (w *wire) again(x *session.Capture) {
	w.t.Helper()
	var err error
	w.Do(func() { err = x.Start(context.Background()) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// identity holds the sums of a capture that has ended against each other.
func identity(t testing.TB, s capture.Stats) {
	t.Helper()
	if s.Received != s.Captured+s.Dropped+s.FilterDropped+s.QueueDropped {
		t.Errorf("received %d is not captured %d + dropped %d + filter %d + queue %d", s.Received, s.Captured, s.Dropped, s.FilterDropped, s.QueueDropped)
	}
}

const soon = 20 * time.Millisecond // read timeout of tests

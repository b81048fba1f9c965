package session_test

import (
	"context"
	"fmt"
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

// through waits until each of the packets that were sent has been delivered or has a count. A
// capture that is stopped delivers for a twentieth of a second only, in which a busy machine may
// get nowhere.
func (w *wire) through(c *session.Capture, sent int) {
	w.t.Helper()
	nstest.Within(w.t, fmt.Sprint("each of ", sent, " packets"), func() bool {
		s := c.Stats()
		return s.Captured+s.Dropped+s.FilterDropped+s.InterfaceDropped >= uint64(sent)
	})
}

// identity holds the sums of a capture that has ended against each other.
func identity(t testing.TB, s capture.Stats) {
	t.Helper()
	if s.Received != s.Captured+s.Dropped+s.FilterDropped+s.QueueDropped {
		t.Errorf("received %d is not captured %d + dropped %d + filter %d + queue %d", s.Received, s.Captured, s.Dropped, s.FilterDropped, s.QueueDropped)
	}
}

const soon = 20 * time.Millisecond // read timeout of tests

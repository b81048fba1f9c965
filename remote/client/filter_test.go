package client

import (
	"errors"
	"io"
	"strings"
	"testing"

	"pinyon/capture/capturetest"
	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/server"
)

// TestSetFilter: another filter holds from the call on, a wrong one leaves the old, and the session
// goes on with it behind a cut.
func TestSetFilter(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	w, addr := newCable(t, r.addr)
	c := r.open(Options{Address: addr, Tries: Forever, Filter: "less 400"})
	all := capturetest.Whole(400)
	var small, large []packet.Frame
	for _, f := range all {
		if f.Wire <= 400 {
			small = append(small, f)
		} else {
			large = append(large, f)
		}
	}
	if len(small) < 30 || len(large) < 30 {
		t.Fatalf("%d and %d packets", len(small), len(large))
	}
	var f packet.Frame
	want := func(is bool, n int) {
		t.Helper()
		for range n {
			if err := next(t, c, &f); err != nil || (f.Wire > 400) != is {
				t.Fatalf("%v, %d bytes", err, f.Wire)
			}
		}
	}
	r.feed.put(large[:10]...)
	r.feed.put(small[:10]...)
	want(false, 10)
	if err := c.SetFilter("greater 401"); err != nil || c.FilterExpr() != "greater 401" {
		t.Fatalf("%v, %s", err, c.FilterExpr())
	}
	r.feed.put(small[10:20]...)
	r.feed.put(large[10:20]...)
	want(true, 10)
	var pe *remote.ProtocolError
	if err := c.SetFilter("tcpp"); !errors.As(err, &pe) || !strings.Contains(err.Error(), "tcpp") || c.FilterExpr() != "greater 401" {
		t.Errorf("%v, %s", err, c.FilterExpr())
	}
	if err := c.SetFilter(strings.Repeat("x", 9000)); !errors.As(err, &pe) {
		t.Errorf("%v", err)
	}
	w.cut(false)
	until(t, "the client comes back", func() bool { return c.Detail().Reconnects == 1 })
	r.feed.put(small[20:]...)
	r.feed.put(large[20:]...)
	close(r.feed.frames)
	want(true, len(large)-20)
	if err := next(t, c, &f); err != io.EOF {
		t.Error(err)
	}
	if d := c.Detail(); d.Unknown != 0 || d.Received != uint64(len(large)) || d.Server.Next != d.Received {
		t.Errorf("%+v", d)
	}
	if err := c.SetFilter(""); err == nil {
		t.Error("a client that has ended takes a filter")
	}
}

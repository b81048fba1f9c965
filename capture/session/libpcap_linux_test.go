//go:build libpcap

package session_test

import (
	"fmt"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/internal/nstest"
)

// by is options for libpcap.
func by(o capture.Options) capture.Options {
	o.Backend, o.ReadTimeout = capture.BackendLibpcap, soon
	return o
}

// TestLibpcapStop: what the ring holds is delivered, although the filter is taken away.
func TestLibpcapStop(t *testing.T) {
	w := newWire(t)
	delivers(t, func() *session.Capture {
		return w.start(by(capture.Options{Interface: "v1"}), session.Callbacks{OnPacket: func(*capture.Packet) error { return nil }})
	}, w)
}

// TestLibpcapSetFilter: as with the system's rings.
func TestLibpcapSetFilter(t *testing.T) {
	w := newWire(t)
	var got []uint16
	c := w.start(by(capture.Options{Interface: "v1", Filter: "port 53"}), session.Callbacks{OnPacket: func(p *capture.Packet) error { got = append(got, nstest.PortOf(p.Data)); return nil }})
	for _, port := range []uint16{80, 53, 80} {
		if err := c.SetFilter(fmt.Sprintf("port %d", port)); err != nil {
			t.Fatal(err)
		}
		n := c.Captured()
		w.Numbered("v0", 53, 1, 3)
		w.Numbered("v0", 80, 1, 3)
		nstest.Within(t, "three packets", func() bool { return c.Captured() == n+3 })
	}
	if err := c.Stop(); err != nil || fmt.Sprint(got) != "[80 80 80 53 53 53 80 80 80]" {
		t.Errorf("%v, %v", got, err)
	}
	s := c.Stats()
	if identity(t, s); s.Captured != 9 {
		t.Errorf("%+v", s)
	}
}

// TestLibpcapFlood: every packet is accounted for.
func TestLibpcapFlood(t *testing.T) {
	w := newWire(t)
	n := uint64(0)
	c := w.start(by(capture.Options{Interface: "v1", BufferSize: 1 << 20}), session.Callbacks{OnPacket: func(*capture.Packet) error {
		if n++; n%100 == 0 {
			time.Sleep(time.Millisecond)
		}
		return nil
	}})
	stop := w.Flood("v0", nstest.Datagram(53, 1, 0), nstest.Datagram(80, 1, 1200))
	time.Sleep(300 * time.Millisecond)
	sent := uint64(stop())
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	s := c.Stats()
	if identity(t, s); s.Received+s.InterfaceDropped != sent || s.Captured != n || s.Dropped == 0 {
		t.Errorf("sent %d, delivered %d, %+v", sent, n, s)
	}
}

// TestLibpcapBufferSize: rings change as those of the system do.
func TestLibpcapBufferSize(t *testing.T) { changes(t, by(capture.Options{}), 16<<20, 0, 32<<20) }

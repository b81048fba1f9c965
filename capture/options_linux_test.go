package capture_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pinyon/capture"
	"pinyon/internal/nstest"
	"pinyon/packet"
)

// TestPromisc: the device listens to everything while it is captured from, unless told not to.
func TestPromisc(t *testing.T) {
	w := newWire(t)
	promiscuous := func() bool { return !strings.Contains(w.Run("ip", "-d", "link", "show", "v1"), "promiscuity 0") }
	for _, no := range []bool{false, true} {
		d := w.open(capture.Options{Interface: "v1", NoPromisc: no})
		if promiscuous() == no {
			t.Errorf("NoPromisc %t: promiscuous %t", no, !no)
		}
		d.Close()
		if promiscuous() {
			t.Error("promiscuous after Close")
		}
	}
}

// TestSnaplen: packets are cut, and say how long they were.
func TestSnaplen(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", Snaplen: 64, Count: 2, ReadTimeout: soon})
	big, small := nstest.Datagram(53, 1, 800), nstest.Datagram(53, 2, 0)
	w.Send("v0", big, small)
	var f packet.Frame
	for _, want := range [][]byte{big, small} {
		for d.Next(&f) != nil {
		}
		if !bytes.Equal(f.Data, want[:min(64, len(want))]) || int(f.Wire) != len(want) {
			t.Errorf("%d bytes of %d; want of %d", len(f.Data), f.Wire, len(want))
		}
	}
	d.Close()
	if s := d.Stats(); s.Truncated != 1 || s.Bytes != uint64(len(big)+len(small)) {
		t.Errorf("%+v", s)
	}
}

// TestOptions: what is refused before anything is opened, and sizes that are taken.
func TestOptions(t *testing.T) {
	for _, o := range []capture.Options{
		{BufferSize: 65535}, {BufferSize: -1}, {Snaplen: -1}, {Duration: -1}, {ReadTimeout: -1}, {Rings: -1}, {Rings: 65},
	} {
		var e *capture.Error
		if _, err := capture.Open(o); !errors.As(err, &e) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	w := newWire(t)
	for _, o := range []capture.Options{
		{BufferSize: 65536}, {BufferSize: 524288}, {BufferSize: 100001}, {BufferSize: 64 << 20}, {Snaplen: 65535}, {Snaplen: 128}, {Snaplen: 1 << 20},
	} {
		o.Interface, o.ReadTimeout = "v1", soon
		d := w.open(o)
		w.Numbered("v0", 53, 7, 1)
		var f packet.Frame
		for d.Next(&f) != nil {
		}
		if nstest.NumberOf(f.Data) != 7 {
			t.Errorf("%+v: % x", o, f.Data)
		}
		d.Close()
	}
}

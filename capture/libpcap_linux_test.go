//go:build libpcap

package capture_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/internal/nstest"
	"pinyon/packet"
)

// by is options for libpcap.
func by(o capture.Options) capture.Options {
	o.Backend, o.ReadTimeout = capture.BackendLibpcap, soon
	return o
}

// TestLibpcap: what comes is what was sent, tags in place, filtered by our programs.
func TestLibpcap(t *testing.T) {
	w := newWire(t)
	d := w.open(by(capture.Options{Interface: "v1", Filter: "port 53 or (vlan and port 53)", Snaplen: 700}))
	plain := nstest.Datagram(53, 1, 1000)
	tagged := append(append(bytes.Clone(plain[:12]), 0x81, 0, 0, 5), plain[12:]...)
	w.Send("v0", plain, nstest.Datagram(80, 1, 0), tagged, nstest.Datagram(53, 2, 0))
	for i, want := range [][]byte{plain, tagged, nstest.Datagram(53, 2, 0)} {
		f := take(t, d, 1)[0]
		if !bytes.Equal(f.Data, want[:min(700, len(want))]) || int(f.Wire) != len(want) || f.Number != uint64(i+1) || f.Link != packet.LinkEthernet {
			t.Errorf("frame %d: %d bytes of %d", i, len(f.Data), f.Wire)
		}
		if age := time.Since(time.Unix(0, f.TS)); age < 0 || age > time.Minute {
			t.Errorf("time %d", f.TS)
		}
	}
	d.Close()
	s := d.Stats()
	if identity(t, s); s.Received != 3 || s.Captured != 3 || s.Truncated != 2 {
		t.Errorf("%+v", s)
	}
	if d.FD() < 0 {
		t.Error("no descriptor")
	}
}

// TestLibpcapAny: cooked frames and what is before them in the filter; loopback once.
func TestLibpcapAny(t *testing.T) {
	w := newWire(t)
	d := w.open(by(capture.Options{Interface: capture.Any, Filter: "udp port 53 or host 127.0.0.1 and udp"}))
	w.Numbered("v0", 53, 1, 1)
	w.Numbered("v0", 80, 1, 1)
	types := map[packet.Type]int{}
	for _, f := range take(t, d, 2) {
		types[f.Type]++
		if f.Link != packet.LinkLinuxSLL2 || nstest.NumberOf(f.Data) != 1 {
			t.Errorf("% x", f.Data)
		}
	}
	if types[packet.TypeOutgoing] != 1 || types[packet.TypeOtherHost] != 1 {
		t.Errorf("%v", types)
	}
	w.Do(func() { talk(t, "127.0.0.1", 5, 50) })
	take(t, d, 5)
	none(t, d)
	lo := w.open(by(capture.Options{Interface: "lo", Filter: "udp"}))
	w.Do(func() { talk(t, "127.0.0.1", 5, 65507) })
	for _, f := range take(t, lo, 5) {
		if len(f.Data) != 14+28+65507 {
			t.Errorf("%d bytes", len(f.Data))
		}
	}
	none(t, lo)
}

// TestLibpcapErrors: the same as those of the system's rings.
func TestLibpcapErrors(t *testing.T) {
	w := newWire(t)
	if _, err := w.try(by(capture.Options{Interface: "nothing"})); !errors.Is(err, capture.ErrNotFound) {
		t.Error(err)
	}
	d := w.open(by(capture.Options{Interface: "v1"}))
	w.IP("link del v1")
	var f packet.Frame
	var err error
	for range 100 {
		if err = d.Next(&f); err != capture.ErrTimeout {
			break
		}
	}
	if !errors.Is(err, capture.ErrGone) {
		t.Errorf("deleted: %v", err)
	}
	w.Pair("v2", "v1")
	d = w.open(by(capture.Options{Interface: "v1"}))
	w.IP("link set v1 down")
	for range 10 {
		if err = d.Next(&f); err != capture.ErrTimeout {
			break
		}
	}
	t.Logf("down: %v, %+v", err, d.Stats())
	if err != capture.ErrTimeout && !errors.Is(err, capture.ErrDown) {
		t.Errorf("down: %v", err)
	}
}

package capture_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/internal/gen"
	"pinyon/internal/nstest"
)

// A wire is two devices of a namespace, v0 and v1, of which each receives what the other
// sends, and which send nothing by themselves.
type wire struct {
	*nstest.Namespace
	t  testing.TB
	fd int // sends in the namespace
}

func newWire(t testing.TB) *wire {
	t.Helper()
	ns := nstest.New(t)
	ns.Quiet()
	w := &wire{Namespace: ns, t: t}
	w.Pair("v0", "v1")
	w.Do(func() {
		var err error
		if w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() { unix.Close(w.fd) })
	return w
}

// index of a device, and of none 0.
func (w *wire) index(name string) int {
	w.t.Helper()
	r, err := unix.NewIfreq(name)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := unix.IoctlIfreq(w.fd, unix.SIOCGIFINDEX, r); err != nil {
		w.t.Fatal(err)
	}
	return int(r.Uint32())
}

// send sends frames on a device.
func (w *wire) send(name string, frames ...[]byte) {
	w.t.Helper()
	to := &unix.SockaddrLinklayer{Ifindex: w.index(name)}
	for _, f := range frames {
		for {
			err := unix.Sendto(w.fd, f, 0, to)
			if errors.Is(err, unix.ENOBUFS) {
				continue
			}
			if err != nil {
				w.t.Fatalf("send on %s: %v", name, err)
			}
			break
		}
	}
}

// numbered sends datagrams to a port, with numbers from first on.
func (w *wire) numbered(name string, port uint16, first, n int) {
	w.t.Helper()
	for i := first; i < first+n; i++ {
		w.send(name, datagram(port, i, 0))
	}
}

// flood sends frames in turns until stop is called, which gives their number.
func (w *wire) flood(name string, frames ...[]byte) (stop func() int) {
	w.t.Helper()
	to := &unix.SockaddrLinklayer{Ifindex: w.index(name)}
	var end atomic.Bool
	var wg sync.WaitGroup
	sent := 0
	wg.Go(func() {
		for i := 0; !end.Load(); i++ {
			if unix.Sendto(w.fd, frames[i%len(frames)], 0, to) == nil {
				sent++
			}
		}
	})
	var once sync.Once
	stop = func() int {
		once.Do(func() { end.Store(true); wg.Wait() })
		return sent
	}
	w.t.Cleanup(func() { stop() })
	return stop
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

// start starts a capture.
func (w *wire) start(o capture.Options, c capture.Callbacks) *capture.Capture {
	w.t.Helper()
	x, err := capture.New(o, c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.again(x)
	w.t.Cleanup(func() { x.Stop() })
	return x
}

func (w *wire) again(x *capture.Capture) {
	w.t.Helper()
	var err error
	w.Do(func() { err = x.Start(context.Background()) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// datagram is a UDP datagram over Ethernet to a port: a number, and padding.
func datagram(port uint16, n, padding int) []byte {
	a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.2"), Port: port, TTL: 64}
	payload := binary.BigEndian.AppendUint64(make([]byte, padding), uint64(n))
	return (&gen.UDP{IP: gen.IP{Src: a, Dst: b}, Payload: payload}).Append(nil)
}

const dstPort = 14 + 20 + 2 // offset in a datagram

func portOf(data []byte) uint16 { return binary.BigEndian.Uint16(data[dstPort:]) }
func numberOf(data []byte) int  { return int(binary.BigEndian.Uint64(data[len(data)-8:])) }

// within waits until ok, for a few seconds.
func within(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
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

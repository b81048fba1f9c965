package nstest

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/internal/gen"
)

// A Wire is two devices of a namespace, v0 and v1, of which each receives what the other
// sends, and which send nothing by themselves. Its methods send on a device of the namespace.
type Wire struct {
	*Namespace
	fd int // sends in the namespace
}

// NewWire makes a namespace with the two devices.
func NewWire(t testing.TB) *Wire {
	t.Helper()
	ns := New(t)
	ns.Quiet()
	w := &Wire{Namespace: ns}
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

// Index is the number of a device, and of none 0.
func (w *Wire) Index(name string) int {
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

// Send sends frames, each as soon as there is room for it.
func (w *Wire) Send(name string, frames ...[]byte) {
	w.t.Helper()
	to := &unix.SockaddrLinklayer{Ifindex: w.Index(name)}
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

// Numbered sends n datagrams to a port, with numbers from first on.
func (w *Wire) Numbered(name string, port uint16, first, n int) {
	w.t.Helper()
	for i := first; i < first+n; i++ {
		w.Send(name, Datagram(port, i, 0))
	}
}

// Flood sends frames in turns until stop is called, which gives their number.
func (w *Wire) Flood(name string, frames ...[]byte) (stop func() int) {
	w.t.Helper()
	to := &unix.SockaddrLinklayer{Ifindex: w.Index(name)}
	return w.until(func(end *atomic.Bool) (sent int) {
		for i := 0; !end.Load(); i++ {
			if unix.Sendto(w.fd, frames[i%len(frames)], 0, to) == nil {
				sent++
			}
		}
		return sent
	})
}

// Counted sends datagrams to port 53 with numbers from 1 on, as fast as it goes with a pause
// after each burst, until stop is called, which gives their number. They leave from one
// processor, so that none overtakes another.
func (w *Wire) Counted(name string, burst int, pause time.Duration) (stop func() int) {
	w.t.Helper()
	to := &unix.SockaddrLinklayer{Ifindex: w.Index(name)}
	frame := Datagram(53, 0, 0)
	return w.until(func(end *atomic.Bool) (sent int) {
		runtime.LockOSThread()
		stayOnOneProcessor()
		for !end.Load() {
			for range burst {
				binary.BigEndian.PutUint64(frame[len(frame)-8:], uint64(sent)+1)
				if unix.Sendto(w.fd, frame, 0, to) == nil {
					sent++
				}
			}
			time.Sleep(pause)
		}
		return sent
	})
}

// stayOnOneProcessor keeps the calling thread on the first processor that it may use.
func stayOnOneProcessor() {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return
	}
	for cpu := range 1024 {
		if set.IsSet(cpu) {
			set.Zero()
			set.Set(cpu)
			unix.SchedSetaffinity(0, &set)
			return
		}
	}
}

// until runs send in a goroutine until stop is called, which gives what it returned. The end of
// the test calls stop too.
func (w *Wire) until(send func(end *atomic.Bool) int) (stop func() int) {
	var end atomic.Bool
	var wg sync.WaitGroup
	sent := 0
	wg.Go(func() { sent = send(&end) })
	stop = func() int {
		end.Store(true)
		wg.Wait()
		return sent
	}
	w.t.Cleanup(func() { stop() })
	return stop
}

// Datagram is a UDP datagram over Ethernet to a port: padding, and a number of eight bytes.
func Datagram(port uint16, n, padding int) []byte {
	a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.2"), Port: port, TTL: 64}
	payload := binary.BigEndian.AppendUint64(make([]byte, padding), uint64(n))
	return (&gen.UDP{IP: gen.IP{Src: a, Dst: b}, Payload: payload}).Append(nil)
}

const dstPort = 14 + 20 + 2 // offset in a datagram

// PortOf is the port that a Datagram goes to.
func PortOf(data []byte) uint16 { return binary.BigEndian.Uint16(data[dstPort:]) }

// NumberOf is the number in a Datagram.
func NumberOf(data []byte) int { return int(binary.BigEndian.Uint64(data[len(data)-8:])) }

// patience is how long a test waits for a state before it fails: a loaded machine takes seconds
// for what takes a millisecond on an idle one.
const patience = 30 * time.Second

// Within waits until ok, for half a minute; then the test ends. what says in words what did not
// come about.
func Within(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// Prompt holds how long something took against a limit for an idle machine if PINYON_TIMED is
// set. Otherwise a machine that is busy with other work has half a minute: then the test only
// tells what comes by itself from what waits for something that does not come.
func Prompt(t testing.TB, what string, took, limit time.Duration) {
	t.Helper()
	t.Logf("%s: %v", what, took)
	if os.Getenv("PINYON_TIMED") == "" {
		limit = patience
	}
	if took > limit {
		t.Errorf("%s: took %v, longer than %v", what, took, limit)
	}
}

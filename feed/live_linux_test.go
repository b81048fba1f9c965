package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/filter"
	"pinyon/internal/allocs"
	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/pcap"
)

// A wire is two devices of a namespace, of which one receives what the other sends, and
// which send nothing by themselves.
type wire struct {
	*nstest.Namespace
	t testing.TB
}

func newWire(t testing.TB) *wire {
	t.Helper()
	ns := nstest.New(t)
	ns.Quiet()
	ns.Pair("v0", "v1")
	return &wire{ns, t}
}

// open opens a feed in the namespace.
func (w *wire) open(name string, o capture.Options, opts ...Option) *Live {
	w.t.Helper()
	var f *Live
	var err error
	w.Do(func() { f, err = OpenLive(name, &o, opts...) })
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	return f
}

// send injects datagrams numbered from first on, to port 53 if even and 80 if odd.
func (w *wire) send(f *Live, first, n int) {
	w.t.Helper()
	for i := first; i < first+n; i++ {
		if err := f.Inject(datagram([]uint16{53, 80}[i%2], i)); err != nil {
			w.t.Fatal(err)
		}
	}
}

const short = 100 * time.Millisecond // read timeout

// A try is a test that may be made anew: what depends on when the kernel hands a block over,
// which it does every 30 ms whatever is being sent, or on how busy the machine is. What it
// finds wrong counts if it is wrong each time.
type try struct {
	*testing.T
	last  bool
	wrong []string
}

type gaveUp struct{}

func (t *try) Errorf(format string, a ...any) {
	t.T.Helper()
	if t.last {
		t.T.Errorf(format, a...)
	}
	t.wrong = append(t.wrong, fmt.Sprintf(format, a...))
}

func (t *try) Error(a ...any) { t.T.Helper(); t.Errorf("%s", fmt.Sprintln(a...)) }

func (t *try) Fatalf(format string, a ...any) {
	t.T.Helper()
	t.Errorf(format, a...)
	panic(gaveUp{})
}

func (t *try) Fatal(a ...any) { t.T.Helper(); t.Fatalf("%s", fmt.Sprintln(a...)) }

// tries makes a test up to four times.
func tries(t *testing.T, f func(t *try)) {
	t.Helper()
	for i := range 4 {
		x := &try{T: t, last: i == 3}
		func() {
			defer func() {
				if v := recover(); v != nil && v != (gaveUp{}) {
					panic(v)
				}
			}()
			f(x)
		}()
		if len(x.wrong) == 0 {
			return
		}
		t.Logf("try %d: %q", i+1, x.wrong)
	}
}

// TestLiveDispatch: counts, the buffer, the timeout.
func TestLiveDispatch(t *testing.T) { tries(t, dispatches) }

func dispatches(t *try) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: short})
	var got []int
	began := time.Now()
	for _, cnt := range []int{All, Buffer, 5} {
		if n, err := in.Dispatch(cnt, collect(&got)); n != 0 || err != ErrTimeout {
			t.Errorf("dispatch(%d) of nothing: %d, %v", cnt, n, err)
		}
	}
	if d := time.Since(began); d < 3*short || d > 6*short {
		t.Errorf("three timeouts took %v", d)
	}
	w.send(out, 1, 20)
	time.Sleep(2 * short) // the block is handed over
	if n, err := in.Dispatch(3, collect(&got)); n != 3 || err != nil {
		t.Errorf("dispatch(3): %d, %v", n, err)
	}
	if n, err := in.Dispatch(Buffer, collect(&got)); n != 17 || err != nil {
		t.Errorf("dispatch(Buffer): %d, %v", n, err)
	}
	w.send(out, 21, 4)
	if n, err := in.Dispatch(All, collect(&got)); n != 4 || err != ErrTimeout {
		t.Errorf("dispatch(All): %d, %v", n, err)
	}
	w.send(out, 25, 2)
	if n, err := in.Dispatch(10, collect(&got)); n != 2 || err != ErrTimeout {
		t.Errorf("dispatch(10): %d, %v; want what came within the timeout", n, err)
	}
	for i, n := range got {
		if n != i+1 {
			t.Fatalf("packets %v", got)
		}
	}
	if s := in.Stats(); s.Received != 26 || s.Captured != 26 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBufferIsOneBlock: Buffer gives what the system handed over at a time and no more.
func TestBufferIsOneBlock(t *testing.T) { tries(t, bufferIsOneBlock) }

func bufferIsOneBlock(t *try) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: short})
	w.send(out, 1, 10)
	time.Sleep(2 * short)
	w.send(out, 11, 5)
	time.Sleep(2 * short)
	var got []int
	for _, want := range []int{10, 5} {
		if n, err := in.Dispatch(Buffer, collect(&got)); n != want || err != nil {
			t.Errorf("%d, %v; want %d", n, err, want)
		}
	}
	w.send(out, 16, 7)
	time.Sleep(2 * short)
	batch, err := in.ReadBatch()
	if len(batch) != 7 || err != nil {
		t.Fatalf("%d packets, %v", len(batch), err)
	}
	if _, err := in.ReadBatch(); err != ErrTimeout {
		t.Errorf("%v", err)
	}
	in.Close()
	for i := range batch { // copies, so they outlive the ring
		if numberOf(batch[i].Data) != 16+i {
			t.Errorf("packet %d of the batch: %x", i, batch[i].Data)
		}
	}
}

// TestBufferOfJoined: the same of several devices, in order of time.
func TestBufferOfJoined(t *testing.T) { tries(t, bufferOfJoined) }

func bufferOfJoined(t *try) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("", capture.Options{Interfaces: []string{"v1", "lo"}, ReadTimeout: short})
	w.send(out, 1, 10)
	time.Sleep(2 * short)
	var got []int
	if n, err := in.Dispatch(Buffer, collect(&got)); n != 10 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if in.Name() != "v1,lo" || in.FD() != -1 {
		t.Errorf("%s, %d", in.Name(), in.FD())
	}
	if err := in.Inject(datagram(1, 1)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("inject: %v", err)
	}
}

// TestLiveLoop: no timeout; the count, ErrStop, the context and Close of the device end it.
func TestLiveLoop(t *testing.T) { tries(t, loops) }

func loops(t *try) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: 20 * time.Millisecond})
	ctx := context.Background()
	var got []int
	time.AfterFunc(3*short, func() { w.send(out, 1, 6) }) // many timeouts later
	if n, err := in.Loop(ctx, 4, collect(&got)); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := in.Loop(ctx, 0, func(p *Packet) error { return ErrStop }); n != 1 || err != ErrStop {
		t.Errorf("%d, %v", n, err)
	}
	// A long read timeout does not keep a context waiting.
	slow := w.open("v1", capture.Options{ReadTimeout: time.Hour})
	ctx, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	began := time.Now()
	if n, err := slow.Loop(ctx, 0, collect(&got)); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
	if d := time.Since(began); d > short+100*time.Millisecond {
		t.Errorf("the context ended it after %v", d)
	}
	// And the next one is not ended by the last one's context.
	ctx2, cancel2 := context.WithCancel(context.Background())
	time.AfterFunc(short, func() { w.send(out, 7, 1) })
	p, err := slow.Next(ctx2)
	if err != nil || numberOf(p.Data) != 7 {
		t.Errorf("%v", err)
	}
	time.AfterFunc(short, cancel2)
	if _, err := slow.Next(ctx2); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestLiveNext: a packet, the timeout, and the end of a capture with a count.
func TestLiveNext(t *testing.T) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: short, Count: 2}, Interpret())
	if _, err := in.Next(context.Background()); err != ErrTimeout {
		t.Errorf("%v", err)
	}
	before := time.Now()
	w.send(out, 1, 3)
	p, err := in.Next(context.Background())
	if err != nil || !bytes.Equal(p.Data, datagram(80, 1)) || p.Length() != len(p.Data) || p.Number != 1 {
		t.Fatalf("%v, % x", err, p.Data)
	}
	if d := p.Time().Sub(before); d < 0 || d > 30*time.Second {
		t.Errorf("time %v, sent at %v", p.Time(), before)
	}
	if d, ok := p.Decoded(); !ok || d.DstPort != 80 || !p.IsDecoded() {
		t.Error("not decoded")
	}
	n := 0
	for p, err := range in.Packets() {
		if n++; err != nil || numberOf(p.Data) != 2 {
			t.Fatalf("%v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d packets", n)
	}
	for range 2 {
		if _, err := in.Next(context.Background()); err != io.EOF {
			t.Errorf("after the count: %v", err)
		}
	}
	in.Close()
	if _, err := in.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if s := in.Stats(); s.Received != 3 || s.Captured != 2 || s.QueueDropped != 1 {
		t.Errorf("%+v", s)
	}
}

// TestLiveNonblock: reading returns at once and says so, by every call.
func TestLiveNonblock(t *testing.T) { tries(t, nonblock) }

func nonblock(t *try) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: time.Hour, Immediate: true})
	if in.Nonblock() {
		t.Error("does not block at first")
	}
	if err := in.SetNonblock(true); err != nil || !in.Nonblock() {
		t.Errorf("%v, %t", err, in.Nonblock())
	}
	var got []int
	began := time.Now()
	for name, err := range map[string]error{
		"dispatch": second(in.Dispatch(All, collect(&got))), "dispatch of a buffer": second(in.Dispatch(Buffer, collect(&got))),
		"loop": second(in.Loop(context.Background(), 1, collect(&got))), "next": second(in.Next(context.Background())), "batch": second(in.ReadBatch()),
	} {
		if err != ErrWouldBlock {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range in.Packets() {
		if err != ErrWouldBlock {
			t.Errorf("iterator: %v", err)
		}
	}
	nstest.Prompt(t, "five calls that do not block", time.Since(began), 50*time.Millisecond)
	w.send(out, 1, 3)
	fds := []unix.PollFd{{Fd: int32(in.FD()), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 2000); n != 1 || err != nil {
		t.Fatalf("the descriptor never became readable: %d, %v", n, err)
	}
	time.Sleep(20 * time.Millisecond)
	if n, err := in.Dispatch(All, collect(&got)); n != 3 || err != ErrWouldBlock {
		t.Errorf("%d, %v", n, err)
	}
	if err := in.SetNonblock(false); err != nil || in.Nonblock() {
		t.Error(err)
	}
	time.AfterFunc(short, func() { w.send(out, 4, 1) })
	if n, err := in.Dispatch(1, collect(&got)); n != 1 || err != nil {
		t.Errorf("blocking again: %d, %v", n, err)
	}
	// A device that is gone is no device without packets.
	in.SetNonblock(true)
	w.IP("link del v1")
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err = in.Next(context.Background()); err != ErrWouldBlock {
			break
		}
	}
	if !errors.Is(err, capture.ErrGone) {
		t.Errorf("the device is gone: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestLiveFilter: set before, changed while open, refused with the old one kept, without
// optimising.
func TestLiveFilter(t *testing.T) { tries(t, filters) }

func filters(t *try) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: short, Filter: "port 53"})
	var got []int
	w.send(out, 1, 4)
	if n, err := in.Dispatch(All, collect(&got)); n != 2 || err != ErrTimeout {
		t.Errorf("%d, %v", n, err)
	}
	var bad *filter.Error
	if err := in.Filter("port ("); !errors.As(err, &bad) || in.FilterExpr() != "port 53" {
		t.Errorf("%v, %q", err, in.FilterExpr())
	}
	w.send(out, 5, 4) // left in the ring when the filter changes
	time.Sleep(2 * short)
	if err := in.Filter("port 80", NoOptimize); err != nil || in.FilterExpr() != "port 80" {
		t.Errorf("%v, %q", err, in.FilterExpr())
	}
	w.send(out, 9, 4)
	if n, err := in.Dispatch(All, collect(&got)); n != 2 || err != ErrTimeout {
		t.Errorf("%d, %v", n, err)
	}
	if want := []int{2, 4, 9, 11}; !equal(got, want) {
		t.Errorf("packets %v; want %v", got, want)
	}
	if s := in.Stats(); s.Received != 6 || s.Captured != 4 || s.FilterDropped != 2 {
		t.Errorf("%+v", s)
	}
	if f, err := OpenLive("v1", &capture.Options{Filter: "("}); f != nil || err == nil {
		t.Error("a bad filter opens")
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestLiveDirection: in, out, both.
func TestLiveDirection(t *testing.T) { tries(t, directions) }

func directions(t *try) {
	w := newWire(t)
	a := w.open("v0", capture.Options{ReadTimeout: short})
	b := w.open("v1", capture.Options{})
	for _, c := range []struct {
		dir  capture.Direction
		want int
	}{{InOut, 5}, {In, 2}, {Out, 3}, {InOut, 5}} {
		if err := a.SetDirection(c.dir); err != nil {
			t.Fatal(err)
		}
		w.send(a, 1, 3)
		w.send(b, 1, 2)
		types := map[packet.Type]int{}
		if n, err := a.Dispatch(All, func(p *Packet) error { types[p.Type]++; return nil }); n != c.want || err != ErrTimeout {
			t.Errorf("direction %d: %d, %v; want %d", c.dir, n, err, c.want)
		}
		if out := types[packet.TypeOutgoing]; c.dir == In && out != 0 || c.dir == Out && out != c.want || c.dir == InOut && out != 3 {
			t.Errorf("direction %d: %v", c.dir, types)
		}
	}
}

// TestInject: sizes, errors, and that what was sent arrives.
func TestInject(t *testing.T) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: short})
	frame := func(n int, etherType uint16) []byte {
		f := make([]byte, n)
		copy(f, datagram(80, 1)[:min(n, 12)])
		if n > 13 {
			f[12], f[13] = byte(etherType>>8), byte(etherType)
		}
		return f
	}
	const local = 0x88b5 // IEEE 802 local experimental
	for _, c := range []struct {
		frame []byte
		ok    bool
	}{
		{nil, false}, {frame(13, local), false}, {frame(14, local), true}, {frame(60, local), true}, {frame(1514, local), true},
		{frame(1515, local), false}, {frame(1518, 0x8100), true}, {frame(1519, 0x8100), false}, {frame(9000, local), false},
	} {
		err := out.Inject(c.frame)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, ErrFrameSize) {
			t.Errorf("%d bytes: %v", len(c.frame), err)
		}
		if !c.ok {
			continue
		}
		p, err := in.Next(context.Background())
		if err != nil || !bytes.Equal(p.Data, c.frame) {
			t.Errorf("%d bytes: %v, % x", len(c.frame), err, p.Data[:min(40, len(p.Data))])
		}
	}
	w.IP("link set v0 mtu 9000")
	w.IP("link set v1 mtu 9000")
	if err := out.Inject(frame(9000, local)); err != nil {
		t.Errorf("after the MTU grew: %v", err)
	}
	w.IP("link set v0 down")
	var device *capture.InterfaceError
	if err := out.Inject(frame(60, local)); !errors.As(err, &device) || !errors.Is(err, unix.ENETDOWN) || device.Name != "v0" {
		t.Errorf("device down: %v", err)
	}
	out.Close()
	if err := out.Inject(frame(60, local)); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	all := w.open(capture.Any, capture.Options{})
	if err := all.Inject(frame(60, local)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("any: %v", err)
	}
	if all.LinkType() != packet.LinkLinuxSLL2 || all.HeaderLen() != 20 {
		t.Errorf("any: %v", all.LinkType())
	}
}

// TestLive: what a live feed says of itself; closing twice; nothing is left open.
func TestLive(t *testing.T) {
	w := newWire(t)
	before := descriptors(t)
	f := w.open("v1", capture.Options{Snaplen: 100, Filter: "ip"})
	f.Inject(make([]byte, 60))
	if f.Name() != "v1" || f.LinkType() != packet.LinkEthernet || f.HeaderLen() != 14 || f.Snaplen() != 100 || f.Resolution() != pcap.Nanoseconds || f.FilterExpr() != "ip" || f.FD() < 3 {
		t.Errorf("%s %v %d %d %v %q %d", f.Name(), f.LinkType(), f.HeaderLen(), f.Snaplen(), f.Resolution(), f.FilterExpr(), f.FD())
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if err := f.Filter("ip"); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	w.Do(func() {
		o, err := Open("dev:v1", With(capture.Options{Snaplen: 77}))
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if _, ok := o.(*Live); !ok || o.Snaplen() != 77 {
			t.Errorf("%T, %d", o, o.Snaplen())
		}
	})
}

func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc:", err)
	}
	return len(all)
}

// TestForgottenLive: a forgotten feed gives its device back, but not while a packet of it is
// still in use.
func TestForgottenLive(t *testing.T) {
	w := newWire(t)
	var log safeBuffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	out := w.open("v0", capture.Options{})
	before := descriptors(t)
	var kept Packet
	w.Do(func() {
		f, err := OpenLive("v1", &capture.Options{ReadTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		w.send(out, 1, 1)
		if kept, err = f.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	for range 5 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	if numberOf(kept.Data) != 1 || strings.Contains(log.String(), "not closed") {
		t.Fatalf("collected while a packet refers to it: %s", log.String())
	}
	runtime.KeepAlive(&kept)
	kept = Packet{}
	for end := time.Now().Add(30 * time.Second); descriptors(t) > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not closed within 5 s")
		}
		runtime.GC()
	}
	if !strings.Contains(log.String(), "not closed") || !strings.Contains(log.String(), "v1") {
		t.Errorf("log: %s", log.String())
	}
}

// TestLiveNoAllocations: nothing is allocated for a packet of a device.
func TestLiveNoAllocations(t *testing.T) {
	w := newWire(t)
	out := w.open("v0", capture.Options{})
	in := w.open("v1", capture.Options{ReadTimeout: time.Second})
	w.send(out, 1, 4100) // enough for five counts of each
	time.Sleep(2 * short)
	ctx := t.Context()
	n, want := 0, 0
	h := func(*Packet) error { n++; return nil }
	for name, call := range map[string]func(){
		"dispatch": func() { want += 5; in.Dispatch(5, h) }, "loop": func() { want += 2; in.Loop(ctx, 2, h) }, "next": func() {
			want++
			if _, err := in.Next(ctx); err == nil {
				n++
			}
		},
	} {
		if got := allocs.PerRun(t, 100, call); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
	if n != want || want < 101*(5+2+1) {
		t.Errorf("%d packets, want %d", n, want)
	}
}

package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/pcap"
)

// follower checks that numbers, places and times of packets go up, and counts the gaps.
type follower struct {
	t             testing.TB
	last          int
	time          int64
	n, gaps, jump uint64
}

func (f *follower) packet(p *capture.Packet) error {
	f.n++
	n := nstest.NumberOf(p.Data)
	switch {
	case p.Number != f.n:
		return fmt.Errorf("packet %d calls itself %d", f.n, p.Number)
	case n <= f.last:
		return fmt.Errorf("packet %d after %d", n, f.last)
	case p.TS < f.time:
		f.jump++
	}
	f.gaps += uint64(n - f.last - 1)
	f.last, f.time = n, p.TS
	return nil
}

// changes of a run's rings, in a loop. They hold what comes in far more time than a reader
// needs, but for a very busy machine: a run that lost packets for that is made once more.
func changes(t *testing.T, o capture.Options, sizes ...int) {
	for range 4 {
		if tryChanges(t, o, sizes...) == 0 || t.Failed() {
			return
		}
	}
	t.Error("rings were full in each run")
}

// tryChanges gives the number of packets that rings had no room for.
func tryChanges(t *testing.T, o capture.Options, sizes ...int) uint64 {
	rounds := 12
	if testing.Short() {
		rounds = 5
	}
	w := newWire(t)
	f := &follower{t: t}
	o.ReadTimeout = soon
	if len(o.Interfaces) == 0 {
		o.Interface = "v1"
	}
	c := w.start(o, session.Callbacks{OnPacket: f.packet})
	stop := w.Counted("v0", 20, 200*time.Microsecond)
	w.Do(func() {
		for i := range rounds {
			if err := c.SetBufferSize(sizes[i%len(sizes)]); err != nil {
				t.Error(err)
			}
			if err := c.SetBufferSize(100); err == nil {
				t.Error("a buffer of 100 bytes")
			}
			if i%4 == 0 {
				if err := c.SetFilter([]string{"udp", "port 53"}[i/4%2]); err != nil {
					t.Error(err)
				}
			}
		}
	})
	sent := uint64(stop())
	w.through(c, int(sent))
	if err := errors.Join(c.Stop(), c.Wait()); err != nil {
		t.Error(err)
	}
	s := c.Stats()
	identity(t, s)
	if s.Dropped > 0 {
		return s.Dropped // some of which the other ring had
	}
	if s.Received+s.InterfaceDropped != sent || s.Captured != f.n || f.jump > 0 {
		t.Errorf("sent %d, delivered %d, %d times backward, %+v", sent, f.n, f.jump, s)
	}
	if missing := sent - f.n; missing != s.FilterDropped+s.InterfaceDropped {
		t.Errorf("%d missing, %d in gaps, %+v", missing, f.gaps, s)
	}
	t.Logf("%d changes of rings; %d sent, %d delivered, %d dropped by filters", rounds, sent, f.n, s.FilterDropped)
	return 0
}

// TestSetBufferSize: rings of another size lose nothing and give nothing twice.
func TestSetBufferSize(t *testing.T) { changes(t, capture.Options{}, 16<<20, 0, 32<<20) }

// TestSetBufferSizeRings: also several rings a device.
func TestSetBufferSizeRings(t *testing.T) {
	changes(t, capture.Options{Rings: 2}, 16<<20, 0, 32<<20)
}

// TestSetBufferSizeImmediate: also with packets that come by themselves, a block each.
func TestSetBufferSizeImmediate(t *testing.T) {
	changes(t, capture.Options{Immediate: true, BufferSize: 32 << 20}, 64<<20, 32<<20)
}

// TestSetBufferSizeSeveral: also with several devices.
func TestSetBufferSizeSeveral(t *testing.T) {
	changes(t, capture.Options{Interfaces: []string{"v1", "lo"}}, 16<<20, 0, 32<<20)
}

// TestSetBufferSizeCallback: a callback may ask, and gets an error for a second change
// before the first has come about.
func TestSetBufferSizeCallback(t *testing.T) {
	w := newWire(t)
	f := &follower{t: t}
	var c *session.Capture
	ready := make(chan struct{})
	var first, second error
	c = w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{OnPacket: func(p *capture.Packet) error {
		<-ready
		if p.Number == 50 {
			if err := w.Enter(); err != nil {
				return err
			}
			first, second = c.SetBufferSize(16<<20), c.SetBufferSize(8<<20)
		}
		return f.packet(p)
	}})
	close(ready)
	stop := w.Counted("v0", 10, time.Millisecond)
	nstest.Within(t, "packets", func() bool { return c.Captured() > 2000 })
	sent := stop()
	w.through(c, sent)
	if err := c.Stop(); err != nil || first != nil || !errors.Is(second, session.ErrChanging) {
		t.Error(err, first, second)
	}
	s := c.Stats()
	if identity(t, s); s.Captured != uint64(sent) || s.Received != uint64(sent) || f.n != uint64(sent) {
		t.Errorf("sent %d, %+v", sent, s)
	}
}

// TestSetBufferSizeLimits: Count and Duration are those of the run, whatever its rings.
func TestSetBufferSizeLimits(t *testing.T) {
	w := newWire(t)
	f := &follower{t: t}
	c := w.start(capture.Options{Interface: "v1", Count: 1500, ReadTimeout: soon}, session.Callbacks{OnPacket: f.packet})
	w.Counted("v0", 10, 2*time.Millisecond)
	w.Do(func() {
		for c.Running() {
			if err := c.SetBufferSize(1 << 20); err != nil {
				t.Error(err)
			}
		}
	})
	if err := c.Wait(); err != nil || c.Captured() != 1500 || f.n != 1500 {
		t.Errorf("%v, captured %d, delivered %d", err, c.Captured(), f.n)
	}
	identity(t, c.Stats())

	c = w.start(capture.Options{Interface: "v1", Duration: 3 * time.Second, ReadTimeout: time.Hour}, session.Callbacks{})
	began := time.Now()
	time.Sleep(2 * time.Second)
	w.Do(func() {
		if err := c.SetBufferSize(1 << 20); err != nil {
			t.Error(err)
		}
	})
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	d := time.Since(began)
	if nstest.Prompt(t, "a run of 3 s", d, 4500*time.Millisecond); d < 2900*time.Millisecond {
		t.Errorf("took %v", d)
	}
}

// TestChangesAtTheEnd: a run that ends meanwhile ends, and everything is closed.
func TestChangesAtTheEnd(t *testing.T) {
	w := newWire(t)
	w.Counted("v0", 10, time.Millisecond)
	open := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc:", err)
		}
		return len(all)
	}
	before, routines := 0, 0
	for i := range 20 {
		if i == 2 {
			before, routines = open(), runtime.NumGoroutine()
		}
		c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{})
		var wg sync.WaitGroup
		wg.Go(func() {
			w.Do(func() {
				if err := errors.Join(c.SetBufferSize(1<<20), c.SetOutput(nil), c.SetInterface("v0", nil)); err != nil {
					t.Error(err)
				}
			})
		})
		time.Sleep(time.Duration(i) * 8 * time.Millisecond)
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		identity(t, c.Stats())
		if c.Running() {
			t.Error("runs on")
		}
	}
	nstest.Within(t, "nothing left open", func() bool { return open() <= before && runtime.NumGoroutine() <= routines })
}

// TestSetInterface: packets of the old device up to the change, then those of the new one.
func TestSetInterface(t *testing.T) {
	w := newWire(t)
	w.Pair("w0", "w1")
	dir := t.TempDir()
	var got []int
	var ifaces, links []string
	output := func(path string) session.OpenOutput {
		return func(names []string, l []uint16) (session.FrameWriter, error) {
			ifaces, links = append(ifaces, names...), append(links, fmt.Sprint(l))
			f, err := os.Create(filepath.Join(dir, path))
			return file{pcap.NewWriter(f, pcap.WriterOptions{Link: l[0], Nano: true}), f}, err
		}
	}
	c, err := session.New(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{
		Output: output("a"), OnPacket: func(p *capture.Packet) error { got = append(got, nstest.NumberOf(p.Data)); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.again(c)
	t.Cleanup(func() { c.Stop() })
	set := func(name string, o session.OpenOutput) (err error) {
		w.Do(func() { err = c.SetInterface(name, o) })
		return err
	}
	w.Numbered("v0", 53, 1, 10)
	if err := set("w9", output("x")); !errors.Is(err, capture.ErrNotFound) {
		t.Error(err)
	}
	if err := set("w1", nil); err == nil {
		t.Error("one file for two devices")
	}
	own := errors.New("own")
	if err := set("w1", func([]string, []uint16) (session.FrameWriter, error) { return nil, own }); !errors.Is(err, own) || c.Interface() != "v1" {
		t.Error(err, c.Interface())
	}
	w.Numbered("v0", 53, 11, 10)
	if err := set("w1", output("b")); err != nil || c.Interface() != "w1" {
		t.Fatal(err, c.Interface())
	}
	w.Numbered("v0", 53, 100, 10)
	w.Numbered("w0", 53, 21, 10)
	if err := set("lo", output("c")); err != nil {
		t.Fatal(err)
	}
	if err := c.SetFilter("port 54"); err != nil {
		t.Error(err)
	}
	w.Numbered("lo", 53, 200, 10)
	w.Numbered("lo", 54, 31, 10)
	w.through(c, 40)
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	want := make([]int, 40)
	for i := range want {
		want[i] = i + 1
	}
	if !slices.Equal(got, want) {
		t.Error(got)
	}
	if s := c.Stats(); s.Received != 40 || s.Captured != 40 || s.Lost() != 0 {
		t.Errorf("%+v", s)
	}
	if fmt.Sprint(ifaces, links) != "[v1 w1 lo] [[1] [1] [1]]" {
		t.Error(ifaces, links)
	}
	for path, n := range map[string]int{"a": 20, "b": 10, "c": 10} {
		if got := numbersIn(t, filepath.Join(dir, path)); len(got) != n {
			t.Errorf("%s: %v", path, got)
		}
	}
	// The next run begins with what was set last, and afterwards nothing has to be open.
	if err := set("v1", output("d")); err != nil || c.Interface() != "lo" {
		t.Error(err, c.Interface())
	}
	if err := set("nosuch", nil); !errors.Is(err, capture.ErrNotFound) {
		t.Error(err)
	}
	w.again(c)
	if c.Interface() != "v1" || ifaces[len(ifaces)-1] != "v1" {
		t.Error(c.Interface(), ifaces)
	}
}

type file struct {
	*pcap.Writer
	f *os.File
}

func (w file) Close() error { return errors.Join(w.Writer.Close(), w.f.Close()) }

// numbersIn are the numbers of a file's datagrams.
func numbersIn(t *testing.T, path string) (numbers []int) {
	t.Helper()
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for f, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, nstest.NumberOf(f.Data))
	}
	return numbers
}

// broken is an output that cannot be closed.
type broken struct{ err error }

func (broken) Write(*packet.Frame) error { return nil }
func (broken) Flush() error              { return nil }
func (b broken) Close() error            { return b.err }

// TestSetOutput: every packet is in one file, in order, while outputs change under load.
func TestSetOutput(t *testing.T) {
	w := newWire(t)
	dir := t.TempDir()
	made := 0
	output := func(names []string, links []uint16) (session.FrameWriter, error) {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(made)))
		made++
		return file{pcap.NewWriter(f, pcap.WriterOptions{Link: links[0], Nano: true}), f}, err
	}
	var c *session.Capture
	ready := make(chan struct{})
	asked := false
	c = w.start(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{Output: output, OnPacket: func(p *capture.Packet) error {
		<-ready
		if p.Number >= 500 && !asked { // a callback may ask for it
			err := c.SetOutput(output)
			if asked = err == nil; !errors.Is(err, session.ErrChanging) {
				return err
			}
		}
		return nil
	}})
	close(ready)
	stop := w.Counted("v0", 50, time.Millisecond)
	for range 20 {
		time.Sleep(3 * time.Millisecond)
		if err := c.SetOutput(output); err != nil {
			t.Fatal(err)
		}
	}
	nstest.Within(t, "the change of the callback", func() bool { return c.Captured() > 500 })
	own := errors.New("own")
	if err := c.SetOutput(func([]string, []uint16) (session.FrameWriter, error) { return nil, own }); !errors.Is(err, own) {
		t.Error(err)
	}
	sent := stop()
	nstest.Within(t, "all packets", func() bool { return c.Captured() == uint64(sent) })
	if err := c.SetOutput(func([]string, []uint16) (session.FrameWriter, error) { return broken{own}, nil }); err != nil {
		t.Error(err)
	}
	w.Numbered("v0", 53, sent+1, 1)
	nstest.Within(t, "the last packet", func() bool { return c.Captured() == uint64(sent+1) })
	if err := c.SetOutput(nil); !errors.Is(err, own) {
		t.Error("the former output was not closed:", err)
	}
	w.Numbered("v0", 53, sent+2, 1)
	w.through(c, sent+2)
	if err := c.Stop(); err != nil || c.Captured() != uint64(sent+2) {
		t.Error(err, c.Captured())
	}
	next := 1
	for i := range made {
		for _, n := range numbersIn(t, filepath.Join(dir, fmt.Sprint(i))) {
			if n != next {
				t.Fatalf("file %d: packet %d, want %d", i, n, next)
			}
			next++
		}
	}
	if next != sent+1 || made != 22 {
		t.Errorf("%d packets in %d files, %d sent", next-1, made, sent)
	}
	// That of a later run.
	if err := c.SetOutput(output); err != nil || made != 22 {
		t.Error(err, made)
	}
	w.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := c.Run(ctx); err != nil || made != 23 {
			t.Error(err, made)
		}
	})
}

// TestChangesInSilence: whoever changes something does not wait for a packet.
func TestChangesInSilence(t *testing.T) {
	w := newWire(t)
	c := w.start(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{})
	for i := range 200 {
		if err := errors.Join(c.SetFilter([]string{"port 53", "port 80"}[i%2]), c.SetOutput(nil)); err != nil {
			t.Fatal(err)
		}
	}
	w.Do(func() {
		if err := errors.Join(c.SetBufferSize(1<<20), c.SetInterface("v0", nil)); err != nil {
			t.Error(err)
		}
	})
}

// TestSetBufferSizeRoom: the new rings are of that size.
func TestSetBufferSizeRoom(t *testing.T) {
	w := newWire(t)
	hold := make(chan struct{})
	c := w.start(capture.Options{Interface: "v1", BufferSize: 64 << 10, ReadTimeout: soon}, session.Callbacks{OnPacket: func(p *capture.Packet) error {
		if p.Number == 1 {
			<-hold
		}
		return nil
	}})
	w.Do(func() {
		if err := c.SetBufferSize(8 << 20); err != nil {
			t.Fatal(err)
		}
	})
	w.Numbered("v0", 53, 1, 3000)
	close(hold)
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if s := c.Stats(); s.Received != 3000 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// TestStatsInChanges: sums grow only, and are never more than was received.
func TestStatsInChanges(t *testing.T) {
	w := newWire(t)
	c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{})
	stop := w.Counted("v0", 20, 300*time.Microsecond)
	var end atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		var last capture.Stats
		for !end.Load() {
			s := c.Stats()
			if s.Received < last.Received || s.Captured < last.Captured || s.Dropped < last.Dropped || s.Captured+s.Dropped+s.FilterDropped > s.Received {
				t.Errorf("%+v, then %+v", last, s)
			}
			last = s
			time.Sleep(500 * time.Microsecond)
		}
	})
	w.Do(func() {
		for range 5 {
			if err := c.SetBufferSize(16 << 20); err != nil {
				t.Error(err)
			}
		}
	})
	end.Store(true)
	wg.Wait()
	sent := uint64(stop())
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if s := c.Stats(); s.Received+s.InterfaceDropped != sent {
		t.Errorf("sent %d, %+v", sent, s)
	}
}

// TestEndsInChanges: a run may end in any way and at any time while its rings change, and
// every packet is delivered, dropped or left.
func TestEndsInChanges(t *testing.T) {
	w := newWire(t)
	own := errors.New("own")
	rounds := 30
	if testing.Short() {
		rounds = 10
	}
	w.Counted("v0", 20, 500*time.Microsecond)
	for i := range rounds {
		f := &follower{t: t}
		o := capture.Options{Interface: "v1", ReadTimeout: soon}
		after := time.Duration(30+i*130/rounds) * time.Millisecond
		kind := i % 5
		if kind == 1 {
			o.Count = uint64(1000 + i*100)
		}
		var at time.Time
		started := make(chan struct{})
		c := w.start(o, session.Callbacks{OnPacket: func(p *capture.Packet) error {
			if f.n == 0 {
				<-started
				f.last = nstest.NumberOf(p.Data) - 1
			}
			if err := f.packet(p); err != nil {
				return err
			}
			if kind > 1 && time.Now().After(at) {
				switch kind {
				case 2:
					return own
				case 3:
					return capture.ErrStop
				}
				panic("oh")
			}
			return nil
		}})
		at = time.Now().Add(after)
		close(started)
		var wg sync.WaitGroup
		wg.Go(func() {
			w.Do(func() {
				if err := c.SetBufferSize(16 << 20); err != nil {
					t.Error(err)
				}
			})
		})
		if kind == 0 {
			time.Sleep(after)
			c.Stop()
		}
		err := c.Wait()
		wg.Wait()
		var panicked *session.PanicError
		if ok := err == nil; ok != (kind < 2 || kind == 3) || !ok && !errors.Is(err, own) && !errors.As(err, &panicked) {
			t.Errorf("end %d: %v", kind, err)
		}
		s := c.Stats()
		if identity(t, s); f.gaps > s.Dropped || s.Captured != f.n || kind == 1 && f.n != o.Count {
			t.Errorf("end %d after %v: %d gaps in %d packets, %+v", kind, after, f.gaps, f.n, s)
		}
	}
}

// TestSlowStopInChange: what a slow callback left in the old ring when the run was stopped is
// left, and nothing behind it is delivered or counted twice.
func TestSlowStopInChange(t *testing.T) {
	w := newWire(t)
	f := &follower{t: t}
	c := w.start(capture.Options{Interface: "v1", BufferSize: 16 << 20, ReadTimeout: soon}, session.Callbacks{OnPacket: func(p *capture.Packet) error {
		time.Sleep(2 * time.Millisecond) // some hundred a second, far fewer than come
		return f.packet(p)
	}})
	stop := w.Counted("v0", 20, 500*time.Microsecond)
	time.Sleep(100 * time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() {
		w.Do(func() {
			if err := c.SetBufferSize(32 << 20); err != nil {
				t.Error(err)
			}
		})
	})
	time.Sleep(300 * time.Millisecond)
	sent := uint64(stop())
	time.Sleep(50 * time.Millisecond)
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	s := c.Stats()
	if identity(t, s); s.Received+s.InterfaceDropped != sent || s.QueueDropped == 0 || f.gaps > 0 && s.Dropped == 0 {
		t.Errorf("sent %d, %d gaps, %+v", sent, f.gaps, s)
	}
}

// TestSetFilterInChanges: the filter that was set last is in force, whichever rings are.
func TestSetFilterInChanges(t *testing.T) {
	w := newWire(t)
	var want, wrong atomic.Int64
	c := w.start(capture.Options{Interface: "v1", Count: 1 << 40, ReadTimeout: soon}, session.Callbacks{OnPacket: func(p *capture.Packet) error {
		if port := want.Load(); port != 0 && int64(nstest.PortOf(p.Data)) != port {
			wrong.Add(1)
		}
		return nil
	}})
	w.Flood("v0", nstest.Datagram(53, 1, 0), nstest.Datagram(80, 1, 0))
	var end atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		w.Do(func() {
			for !end.Load() {
				if err := c.SetBufferSize(16 << 20); err != nil {
					t.Error(err)
				}
			}
		})
	})
	length := 4 * time.Second
	if testing.Short() {
		length = time.Second
	}
	n := 0
	for began := time.Now(); time.Since(began) < length; n++ {
		port := []int64{53, 80}[n%2]
		want.Store(0)
		if err := c.SetFilter(fmt.Sprint("port ", port)); err != nil {
			t.Error(err)
		}
		want.Store(port)
		time.Sleep(2 * time.Millisecond)
	}
	want.Store(0)
	end.Store(true)
	wg.Wait()
	if wrong.Load() > 0 || n < 10 {
		t.Errorf("%d packets that the filter refuses, of %d filters", wrong.Load(), n)
	}
}

// TestSetBufferSizeRenamed: the rings are those of the device, and not of another that has
// its name by now.
func TestSetBufferSizeRenamed(t *testing.T) {
	w := newWire(t)
	w.Pair("w0", "w1")
	c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{})
	for _, words := range []string{"link set v1 down", "link set w1 down", "link set v1 name old1", "link set w1 name v1", "link set v1 up", "link set old1 up"} {
		w.IP(words)
	}
	w.Ready("v0", "old1", "w0", "v1")
	w.Numbered("v0", 53, 1, 5)
	nstest.Within(t, "five packets", func() bool { return c.Captured() == 5 })
	w.Do(func() {
		if err := c.SetBufferSize(1 << 20); err != nil {
			t.Error(err)
		}
	})
	w.Numbered("w0", 53, 100, 7)
	w.Numbered("v0", 53, 6, 5)
	w.through(c, 10)
	if err := c.Stop(); err != nil || c.Captured() != 10 {
		t.Errorf("%v, %d packets", err, c.Captured())
	}
}

// TestChangeMeetsAnotherRun: what was prepared for one run is made anew for the next.
func TestChangeMeetsAnotherRun(t *testing.T) {
	w := newWire(t)
	c := w.start(capture.Options{Interface: "v1", Duration: time.Second, ReadTimeout: soon}, session.Callbacks{})
	time.Sleep(500 * time.Millisecond)
	made := make(chan string, 2)
	hold := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		w.Do(func() {
			err := c.SetInterface("v0", func(names []string, _ []uint16) (session.FrameWriter, error) {
				made <- fmt.Sprint(names)
				<-hold
				return broken{}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
	<-made
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	w.again(c)
	began := time.Now()
	close(hold)
	wg.Wait()
	if c.Interface() != "v0" || len(made) != 1 {
		t.Errorf("captures from %s, %d outputs more", c.Interface(), len(made))
	}
	if err := c.Wait(); err != nil || time.Since(began) < 900*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// TestSetInterfaceOfGone: a device that is deleted while another takes over ends nothing.
// Only where it went before the other could take over, the run ends with it.
func TestSetInterfaceOfGone(t *testing.T) {
	went := 0
	for _, after := range []time.Duration{0, 25, 50, 75, 100} {
		w := newWire(t)
		w.Pair("w0", "w1")
		c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{})
		var wg sync.WaitGroup
		wg.Go(func() {
			w.Do(func() {
				if err := c.SetInterface("w1", nil); err != nil {
					t.Error(err)
				}
			})
		})
		time.Sleep(after * time.Millisecond)
		w.IP("link del v1")
		wg.Wait()
		w.Numbered("w0", 53, 1, 5)
		nstest.Within(t, "five packets, or the end of the run", func() bool { return c.Captured() == 5 || !c.Running() })
		c.Stop()
		switch err := c.Wait(); {
		case c.Captured() == 5 && err == nil && c.Interface() == "w1":
			went++
		case c.Captured() != 0 || !errors.Is(err, capture.ErrGone):
			t.Errorf("deleted after %v ms: %v, %d packets from %s", int(after), err, c.Captured(), c.Interface())
		}
	}
	if went == 0 {
		t.Error("no other device took over in five tries")
	}
}

// TestOutputPanics: a panic of what makes the output leaves no device open.
func TestOutputPanics(t *testing.T) {
	w := newWire(t)
	var c *session.Capture
	ready := make(chan struct{})
	c = w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{OnPacket: func(*capture.Packet) error {
		<-ready
		if err := w.Enter(); err != nil {
			return err
		}
		return c.SetInterface("v0", func([]string, []uint16) (session.FrameWriter, error) { panic("oh") })
	}})
	close(ready)
	w.Numbered("v0", 53, 1, 1)
	var panicked *session.PanicError
	if err := c.Wait(); !errors.As(err, &panicked) {
		t.Error(err)
	}
	if out := w.Run("ip", "-d", "link", "show", "v0"); !strings.Contains(out, "promiscuity 0 ") {
		t.Errorf("still promiscuous: %s", out)
	}
}

package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/filter"
	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/pcap"
)

// TestCount: a number of packets ends a run; those beyond it are counted as left.
func TestCount(t *testing.T) {
	w := newWire(t)
	var got []int
	c := w.start(capture.Options{Interface: "v1", Count: 5, ReadTimeout: soon}, session.Callbacks{
		OnPacket: func(p *capture.Packet) error { got = append(got, nstest.NumberOf(p.Data)); return nil },
	})
	w.Numbered("v0", 53, 1, 12)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	if fmt.Sprint(got) != "[1 2 3 4 5]" || c.Captured() != 5 {
		t.Errorf("%v, captured %d", got, c.Captured())
	}
	s := c.Stats()
	if identity(t, s); s.Captured != 5 || s.Received < 5 || s.Received > 12 || s.Beyond != s.QueueDropped || s.Lost() != 0 {
		t.Errorf("%+v", s)
	}
}

// TestDuration: a timer ends a run although nothing comes.
func TestDuration(t *testing.T) {
	w := newWire(t)
	began := time.Now()
	c := w.start(capture.Options{Interface: "v1", Duration: 200 * time.Millisecond, ReadTimeout: time.Hour}, session.Callbacks{})
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	d := time.Since(began)
	if nstest.Prompt(t, "a run of 200 ms", d, 500*time.Millisecond); d < 200*time.Millisecond {
		t.Errorf("took %v", d)
	}
}

// TestContext: its end ends a run, without error.
func TestContext(t *testing.T) {
	w := newWire(t)
	c, err := session.New(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	w.Do(func() { err = c.Run(ctx) })
	if err != nil || c.Running() {
		t.Error(err)
	}
}

// TestFilter: it chooses; a bad one keeps the old one, before, during and after a run.
func TestFilter(t *testing.T) {
	w := newWire(t)
	var got []uint16
	c, err := session.New(capture.Options{Interface: "v1", Filter: "port 53", ReadTimeout: soon}, session.Callbacks{
		OnPacket: func(p *capture.Packet) error { got = append(got, nstest.PortOf(p.Data)); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	set := func(expr string) (err error) {
		w.Do(func() { err = c.SetFilter(expr) })
		return err
	}
	round := func(want string) {
		t.Helper()
		got = nil
		w.again(c)
		var bad *filter.Error
		if err := set("port and"); !errors.As(err, &bad) {
			t.Errorf("during: %v", err)
		}
		w.Numbered("v0", 53, 1, 2)
		w.Numbered("v0", 80, 1, 2)
		nstest.Within(t, "two packets", func() bool { return c.Captured() == 2 })
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		s := c.Stats()
		if identity(t, s); fmt.Sprint(got) != want || s.Received != 2 {
			t.Errorf("ports %v, want %s, %+v", got, want, s)
		}
	}
	var bad *filter.Error
	if err := set("("); !errors.As(err, &bad) {
		t.Errorf("before: %v", err)
	}
	round("[53 53]")
	if err := set("port 80"); err != nil {
		t.Errorf("after: %v", err)
	}
	if err := set("x"); !errors.As(err, &bad) {
		t.Errorf("after: %v", err)
	}
	round("[80 80]")
}

// TestCallbackEnds: an error, ErrStop and a panic of the callback end the run.
func TestCallbackEnds(t *testing.T) {
	w := newWire(t)
	own := errors.New("own")
	for _, c := range []struct {
		name string
		call func() error
		ok   func(err error) bool
	}{
		{"error", func() error { return own }, func(err error) bool { return errors.Is(err, own) }},
		{"stop", func() error { return capture.ErrStop }, func(err error) bool { return err == nil }},
		{"wrapped stop", func() error { return fmt.Errorf("enough: %w", capture.ErrStop) }, func(err error) bool { return err == nil }},
		{"panic", func() error { panic("oh") }, func(err error) bool {
			var p *session.PanicError
			return errors.As(err, &p) && p.Value == "oh" && strings.Contains(string(p.Stack), "TestCallbackEnds")
		}},
	} {
		calls := 0
		x := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{OnPacket: func(*capture.Packet) error { calls++; return c.call() }})
		w.Numbered("v0", 53, 1, 5)
		err := x.Wait()
		var e *capture.Error
		if !c.ok(err) || calls != 1 || err != nil && (!errors.As(err, &e) || e.Op != "callback") {
			t.Errorf("%s: %v after %d calls", c.name, err, calls)
		}
		s := x.Stats()
		if identity(t, s); s.Captured != 1 || (s.CallbackPanics == 1) != (c.name == "panic") {
			t.Errorf("%s: %+v", c.name, s)
		}
		if x.Running() {
			t.Errorf("%s: still running", c.name)
		}
	}
}

// TestSlowCallback: a slow callback fills the ring, not the heap, and what is lost is
// counted to the packet.
func TestSlowCallback(t *testing.T) {
	w := newWire(t)
	delivered := uint64(0)
	c := w.start(capture.Options{Interface: "v1", BufferSize: 64 << 10, ReadTimeout: soon}, session.Callbacks{OnPacket: func(*capture.Packet) error {
		if delivered++; delivered%50 == 0 {
			time.Sleep(time.Millisecond)
		}
		return nil
	}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const sent = 50000
	frame := nstest.Datagram(53, 1, 400)
	for range sent {
		w.Send("v0", frame)
	}
	runtime.ReadMemStats(&after)
	c.Stop()
	s := c.Stats()
	if identity(t, s); s.Received+s.InterfaceDropped != sent || s.Captured != delivered || c.Captured() != delivered {
		t.Errorf("sent %d, delivered %d, %+v", sent, delivered, s)
	}
	if s.Dropped == 0 || s.Freezes == 0 || s.Lost() == 0 {
		t.Errorf("nothing lost: %+v", s)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// TestStop: from inside a callback it returns at once, from outside when the run is over,
// and again and again.
func TestStop(t *testing.T) {
	w := newWire(t)
	var c *session.Capture
	ready := make(chan struct{})
	calls := 0
	c = w.start(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{OnPacket: func(*capture.Packet) error {
		<-ready
		calls++
		return errors.Join(c.Stop(), c.Stop())
	}})
	close(ready)
	w.Numbered("v0", 53, 1, 1)
	if err := c.Wait(); err != nil || calls != 1 {
		t.Errorf("%v, %d calls", err, calls)
	}
	if err := errors.Join(c.Stop(), c.Stop()); err != nil || c.Running() {
		t.Error(err)
	}

	// What the ring holds is delivered.
	delivers(t, func() *session.Capture {
		return w.start(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{OnPacket: func(*capture.Packet) error { return nil }})
	}, w)
}

// delivers holds that a capture that is stopped delivers what its ring holds. A busy machine may
// leave it no time for that, which counts, so it has some tries.
func delivers(t *testing.T, start func() *session.Capture, w *wire) {
	t.Helper()
	var s capture.Stats
	for range 10 {
		c := start()
		w.Numbered("v0", 53, 1, 200)
		began := time.Now()
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		nstest.Prompt(t, "the stop", time.Since(began), 100*time.Millisecond)
		if s = c.Stats(); s.Received != 200 || s.Captured+s.QueueDropped != 200 || s.Captured != c.Captured() {
			t.Errorf("%+v", s)
		}
		if s.Captured == 200 {
			return
		}
	}
	t.Errorf("no stop delivered everything, %+v", s)
}

// TestStatsAtAnyStop: the sums agree however a run ends under load, and grow only.
func TestStatsAtAnyStop(t *testing.T) {
	w := newWire(t)
	stop := w.Flood("v0", nstest.Datagram(53, 1, 0), nstest.Datagram(80, 1, 1000))
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for i := range rounds {
		n := uint64(0)
		own := errors.New("own")
		c := w.start(capture.Options{Interface: "v1", BufferSize: 256 << 10, Filter: "udp", ReadTimeout: soon}, session.Callbacks{OnPacket: func(*capture.Packet) error {
			if n++; i%4 == 2 && n == 3000 {
				return own
			}
			return nil
		}})
		var last capture.Stats
		for range 5 {
			time.Sleep(time.Duration(i%7) * time.Millisecond)
			s := c.Stats()
			if s.Received < last.Received || s.Captured < last.Captured || s.Dropped < last.Dropped || s.FilterDropped < last.FilterDropped {
				t.Errorf("%+v, then %+v", last, s)
			}
			if s.Captured+s.Dropped+s.FilterDropped > s.Received {
				t.Errorf("more than received: %+v", s)
			}
			last = s
			if i%4 == 1 {
				if err := c.SetFilter([]string{"port 53", "port 80"}[i/4%2]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i%4 == 2 {
			if err := c.Wait(); !errors.Is(err, own) {
				t.Error(err)
			}
		} else if err := c.Stop(); err != nil {
			t.Error(err)
		}
		s := c.Stats()
		if identity(t, s); s.Captured != n || s.Captured != c.Captured() {
			t.Errorf("delivered %d, %+v", n, s)
		}
		if again := c.Stats(); again != s {
			t.Errorf("%+v, later %+v", s, again)
		}
	}
	stop()
}

// TestRunning: one run at a time, another one afterwards, with sums of its own.
func TestRunning(t *testing.T) {
	w := newWire(t)
	c, err := session.New(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Running() || c.Interface() != "v1" || c.Stats() != (capture.Stats{}) || c.Wait() != nil || c.Stop() != nil {
		t.Error("a capture that has not run")
	}
	for want := 3; want < 6; want += 2 {
		w.again(c)
		if err := c.Start(context.Background()); !errors.Is(err, session.ErrRunning) || !c.Running() {
			t.Errorf("%v, running %t", err, c.Running())
		}
		select {
		case <-c.Done():
			t.Error("done while running")
		default:
		}
		w.Numbered("v0", 53, 1, want)
		w.through(c, want)
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		<-c.Done()
		if s := c.Stats(); s.Captured != uint64(want) || time.Since(s.Since) > time.Minute {
			t.Errorf("%+v", s)
		}
	}
	if c.Interface() != "v1" {
		t.Error(c.Interface())
	}
	both := w.start(capture.Options{Interfaces: []string{"v0", "v1"}}, session.Callbacks{})
	if both.Interface() != "v0,v1" {
		t.Error(both.Interface())
	}
}

// TestDefaultInterface: the empty name is a device of use, and Interface says which.
func TestDefaultInterface(t *testing.T) {
	w := newWire(t)
	w.IP("addr add 10.0.0.1/24 dev v1")
	c := w.start(capture.Options{}, session.Callbacks{})
	if c.Interface() != "v1" {
		t.Error(c.Interface())
	}
}

// TestOnStats: every interval, beside the packets, and once more at the end.
func TestOnStats(t *testing.T) {
	w := newWire(t)
	var all []capture.Stats
	var calls atomic.Int64
	c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{
		StatsInterval: 30 * time.Millisecond, OnStats: func(s capture.Stats) { all = append(all, s); calls.Add(1) },
	})
	w.Numbered("v0", 53, 1, 10)
	w.through(c, 10)
	nstest.Within(t, "three calls", func() bool { return calls.Load() >= 3 })
	c.Stop()
	last := all[len(all)-1]
	if identity(t, last); last != c.Stats() || last.Captured != 10 {
		t.Errorf("%+v", last)
	}
}

// watched notes what is written and closed.
type watched struct {
	*pcap.Writer
	file   *os.File
	n      *atomic.Int64
	closed *atomic.Bool
}

func (w watched) Write(f *packet.Frame) error { w.n.Add(1); return w.Writer.Write(f) }
func (w watched) Close() error {
	w.closed.Store(true)
	return errors.Join(w.Writer.Close(), w.file.Close())
}

// TestOutput: every packet is written before its callback, and the file is whole at the end.
func TestOutput(t *testing.T) {
	w := newWire(t)
	path := filepath.Join(t.TempDir(), "out.pcap")
	var n atomic.Int64
	var closed atomic.Bool
	seen := int64(0)
	c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{
		Output: func(names []string, links []uint16) (session.FrameWriter, error) {
			if fmt.Sprint(names, links) != "[v1] [1]" {
				t.Errorf("%v %v", names, links)
			}
			f, err := os.Create(path)
			return watched{pcap.NewWriter(f, pcap.WriterOptions{Link: links[0], Nano: true}), f, &n, &closed}, err
		},
		OnPacket: func(p *capture.Packet) error {
			if seen++; n.Load() != seen {
				t.Errorf("packet %d: %d written", seen, n.Load())
			}
			return nil
		},
	})
	w.Numbered("v0", 53, 1, 50)
	w.through(c, 50)
	if err := c.Stop(); err != nil || !closed.Load() {
		t.Error(err)
	}
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	i := 0
	for f, err := range r.All() {
		if i++; err != nil || !bytes.Equal(f.Data, nstest.Datagram(53, i, 0)) {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
	if i != 50 {
		t.Errorf("%d packets in the file", i)
	}
	own := errors.New("own")
	x, err := session.New(capture.Options{Interface: "v1"}, session.Callbacks{Output: func([]string, []uint16) (session.FrameWriter, error) { return nil, own }})
	if err != nil {
		t.Fatal(err)
	}
	w.Do(func() { err = x.Run(context.Background()) })
	if !errors.Is(err, own) || x.Running() {
		t.Errorf("no output: %v", err)
	}
}

// TestDeleted: the device's end is that of the run, and its error.
func TestDeleted(t *testing.T) {
	w := newWire(t)
	c := w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{})
	w.IP("link del v1")
	if err := c.Wait(); !errors.Is(err, capture.ErrGone) {
		t.Error(err)
	}
}

// TestNew: what no run could begin with is refused at once.
func TestNew(t *testing.T) {
	var e *capture.Error
	if _, err := session.New(capture.Options{Snaplen: -1}, session.Callbacks{}); !errors.As(err, &e) {
		t.Error(err)
	}
	if _, err := session.New(capture.Options{}, session.Callbacks{StatsInterval: -1}); err == nil {
		t.Error("statistics every -1 ns")
	}
}

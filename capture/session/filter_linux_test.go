package session_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/internal/nstest"
)

// TestSetFilterUnderLoad: from the moment SetFilter returns nothing comes that the new
// filter refuses, a thousand times, and what it cost is counted.
func TestSetFilterUnderLoad(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	w := newWire(t)
	var want atomic.Uint32 // port; 0 while a change is under way
	var wrong, n atomic.Uint64
	c := w.start(capture.Options{Interface: "v1", Filter: "udp", ReadTimeout: soon}, session.Callbacks{OnPacket: func(p *capture.Packet) error {
		n.Add(1)
		if port := want.Load(); port != 0 && uint32(nstest.PortOf(p.Data)) != port {
			wrong.Add(1)
		}
		return nil
	}})
	stop := w.Flood("v0", nstest.Datagram(53, 1, 0), nstest.Datagram(80, 1, 0))
	nstest.Within(t, "packets", func() bool { return n.Load() > 100 })
	began := time.Now()
	for i := range rounds {
		port := []uint32{53, 80}[i%2]
		want.Store(0)
		if i%100 == 50 {
			if err := c.SetFilter("port ("); err == nil {
				t.Error("a bad filter is taken")
			}
		}
		if err := c.SetFilter(fmt.Sprintf("udp port %d", port)); err != nil {
			t.Fatal(err)
		}
		want.Store(port)
		if i%20 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	took := time.Since(began)
	stop()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	s := c.Stats()
	if identity(t, s); s.FilterDropped == 0 || s.Captured != n.Load() {
		t.Errorf("%+v, delivered %d", s, n.Load())
	}
	if wrong.Load() != 0 {
		t.Errorf("%d packets that the filter refuses", wrong.Load())
	}
	t.Logf("%d changes in %v; %d delivered, %d dropped by the filter, %d by the ring", rounds, took, s.Captured, s.FilterDropped, s.Dropped)
}

// TestSetFilterInCallback: it may be called there, and holds for the next packet.
func TestSetFilterInCallback(t *testing.T) {
	w := newWire(t)
	var got []uint16
	var c *session.Capture
	ready := make(chan struct{})
	c = w.start(capture.Options{Interface: "v1", ReadTimeout: soon}, session.Callbacks{OnPacket: func(p *capture.Packet) error {
		<-ready
		if got = append(got, nstest.PortOf(p.Data)); len(got) == 1 {
			return c.SetFilter("port 80")
		}
		return nil
	}})
	w.Numbered("v0", 53, 1, 5)
	close(ready)
	nstest.Within(t, "the first packet", func() bool { return c.Captured() > 0 && c.Stats().FilterDropped >= 4 })
	w.Numbered("v0", 53, 1, 5)
	w.Numbered("v0", 80, 1, 2)
	nstest.Within(t, "three packets", func() bool { return c.Captured() == 3 })
	c.Stop()
	if s := c.Stats(); fmt.Sprint(got) != "[53 80 80]" || s.FilterDropped != 4 || s.Received != 7 {
		t.Errorf("%v, %+v", got, s)
	}
}

// TestStopIsPrompt: within 100 ms, on a silent device and on a flooded one, with a fast
// callback and with a slow one.
func TestStopIsPrompt(t *testing.T) {
	w := newWire(t)
	stop := func() int { return 0 }
	for _, flooded := range []bool{false, true} {
		if flooded {
			stop = w.Flood("v0", nstest.Datagram(53, 1, 0))
		}
		for _, pause := range []time.Duration{0, time.Millisecond} {
			var took []time.Duration
			for range 7 {
				n := 0
				c := w.start(capture.Options{Interface: "v1", ReadTimeout: time.Hour}, session.Callbacks{OnPacket: func(*capture.Packet) error {
					if n++; n%64 == 0 {
						time.Sleep(pause)
					}
					return nil
				}})
				time.Sleep(50 * time.Millisecond)
				began := time.Now()
				if err := c.Stop(); err != nil {
					t.Error(err)
				}
				took = append(took, time.Since(began))
				identity(t, c.Stats())
			}
			slices.Sort(took)
			// The median, because a machine busy with something else may take its time once. A
			// slow callback has all of the time for draining, and the kernel's for closing
			// comes on top.
			limit := 100 * time.Millisecond
			if pause > 0 {
				limit += 50 * time.Millisecond
			}
			median, worst := took[len(took)/2], took[len(took)-1]
			of := fmt.Sprintf("of stops, flooded %t, pause %v, ", flooded, pause)
			nstest.Prompt(t, of+"the median", median, limit)
			nstest.Prompt(t, of+"the longest", worst, time.Second)
		}
	}
	stop()
}

// TestStartStop: many captures, a thousand with PINYON_LONG, leave neither descriptor nor goroutine nor memory behind.
func TestStartStop(t *testing.T) {
	rounds := 200
	switch {
	case os.Getenv("PINYON_LONG") != "":
		rounds = 1000 // 26 s
	case testing.Short():
		rounds = 40
	}
	w := newWire(t)
	measure := func() (fds, goroutines, pages int) {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc:", err)
		}
		runtime.GC()
		b, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip("no /proc:", err)
		}
		var size int
		fmt.Sscan(string(b), &size, &pages)
		return len(all), runtime.NumGoroutine(), pages
	}
	// Several at a time: what takes long is the kernel's waiting for its other processors.
	const workers = 8
	cycles := func(n int) {
		var wg sync.WaitGroup
		var failed atomic.Pointer[error]
		for range workers {
			wg.Go(func() {
				w.Do(func() {
					for range n / workers {
						c, err := session.New(capture.Options{Interface: "v1", BufferSize: 1 << 20}, session.Callbacks{OnPacket: func(*capture.Packet) error { return nil }, OnStats: func(capture.Stats) {}})
						if err == nil {
							err = c.Start(context.Background())
						}
						if err == nil {
							err = c.Stop()
						}
						if err != nil {
							failed.Store(&err)
							return
						}
					}
				})
			})
		}
		wg.Wait()
		if err := failed.Load(); err != nil {
			t.Fatal(*err)
		}
	}
	began := time.Now()
	cycles(rounds / 5)
	fds, goroutines, pages := measure()
	cycles(rounds - rounds/5)
	fds2, goroutines2, pages2 := measure()
	if fds2 > fds || goroutines2 > goroutines || (pages2-pages)*os.Getpagesize() > 16<<20 {
		t.Errorf("descriptors %d to %d, goroutines %d to %d, resident pages %d to %d", fds, fds2, goroutines, goroutines2, pages, pages2)
	}
	t.Logf("%d in %v; descriptors %d, then %d; resident %d KiB, then %d", rounds, time.Since(began), fds, fds2, pages*os.Getpagesize()>>10, pages2*os.Getpagesize()>>10)
}

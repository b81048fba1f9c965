package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// ready lets whoever reads a ring run at once beside a sink and a collector at work: the
// runtime would have it wait for one of them, for as long as a ring lasts, where the system
// shares a core out in small pieces. It returns what puts things back.
func ready() (restore func()) { return tune(runtime.GOMAXPROCS(0) + 2) }

// busy keeps n cores busy at most, 0 being all, and lets the collector run early. It returns
// what puts things back.
func busy(n int) (restore func()) {
	procs := runtime.GOMAXPROCS(0)
	if n > 0 {
		procs = min(n, procs)
	}
	return tune(procs)
}

func tune(procs int) (restore func()) {
	procs = runtime.GOMAXPROCS(procs)
	stop := collectEarly()
	return func() {
		runtime.GOMAXPROCS(procs)
		stop()
	}
}

const (
	// gcPercent is by how much a heap may grow until it is collected: flows lie in slabs without
	// pointers, so that a collection costs little and room is what counts.
	gcPercent = 30
	// gcRoom is how many bytes it may grow by in any case. A heap of a few megabytes would be
	// collected again and again while it fills, for the sake of a megabyte.
	gcRoom = 32 << 20
	// gcLeast is the heap that the runtime takes percentages of at the least.
	gcLeast = 4 << 20
)

// percentOf is the percentage that leaves room beside a live heap of so many bytes.
func percentOf(live uint64) int { return max(gcPercent, int(gcRoom*100/max(live, gcLeast))) }

// collectEarly has the heap collected whenever it has grown by gcPercent and by gcRoom. stop
// ends that.
func collectEarly() (stop func()) {
	c := &collections{before: debug.SetGCPercent(percentOf(0))}
	c.watch()
	return c.stop
}

// collections sets the percentage anew after every collection.
type collections struct {
	mu      sync.Mutex
	before  int
	stopped bool
}

// A probe is garbage at once: that it is finalized says that there was a collection.
type probe struct{ of *collections }

func (c *collections) watch() { runtime.SetFinalizer(&probe{c}, (*probe).collected) }

func (p *probe) collected() {
	c := p.of
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() == metrics.KindUint64 {
		debug.SetGCPercent(percentOf(live[0].Value.Uint64()))
	}
	c.watch()
}

func (c *collections) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	debug.SetGCPercent(c.before)
}

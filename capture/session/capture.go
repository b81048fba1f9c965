// Package session runs callbacks over the packets of devices in the background: it starts,
// stops and runs again, writes packets to an output, tells its statistics, and changes filter,
// rings, device and output between two packets of a run. Package capture opens the devices;
// whoever wants frames alone reads a capture.Device.
package session

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"pinyon/capture"
)

// A Capture runs callbacks over the packets of devices. It may be run again once it has
// ended; its Stats are those of the latest run. Methods may be called from any goroutine,
// callbacks included.
type Capture struct {
	calls Callbacks // but Output

	mu      sync.Mutex
	opt     capture.Options
	output  OpenOutput      // of the next run
	dev     *capture.Device // of the latest run
	next    *takeover       // what takes over from it
	running bool
	ending  bool // what is running takes nothing new
	done    chan struct{}
	err     error
	past    capture.Stats // of the run's former devices
	told    uint64        // the most that was said to be received
	last    capture.Stats

	changing sync.Mutex // held while devices or output are changed
	filters  sync.Mutex // held while the filter is

	// deliver is held from before a packet is taken until its callback has returned, so that
	// whoever changes the filter knows when the last packet of the old one is through.
	// The reader leaves it to those who wait for it (betweenPackets).
	deliver  sync.Mutex
	waiters  atomic.Int32
	out      FrameWriter   // under deliver
	reader   atomic.Uint64 // number of the goroutine that runs OnPacket
	reporter atomic.Uint64 // and of that which runs OnStats
	captured atomic.Uint64
	panics   atomic.Uint64
}

// New makes a capture. Nothing is opened yet.
func New(o capture.Options, c Callbacks) (*Capture, error) {
	full, err := o.WithDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	if c.StatsInterval < 0 {
		return nil, wrap("open", fmt.Errorf("statistics every %v", c.StatsInterval))
	}
	if c.StatsInterval == 0 {
		c.StatsInterval = DefaultStatsInterval
	}
	return &Capture{opt: full, calls: c, output: c.Output}, nil
}

// Run opens the devices and captures until Count, Duration, the end of ctx or Stop, all of
// which are no errors. A second Run at the same time is ErrRunning.
func (c *Capture) Run(ctx context.Context) error {
	if err := c.Start(ctx); err != nil {
		return err
	}
	return c.Wait()
}

// Start is Run in the background: it returns once the devices are open, with what kept them
// from being opened.
func (c *Capture) Start(ctx context.Context) error {
	if c.Running() { // of which the reader may be asking, who holds deliver
		return wrap("open", ErrRunning)
	}
	c.deliver.Lock()
	defer c.deliver.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return wrap("open", ErrRunning)
	}
	d, err := capture.Open(c.opt)
	if err != nil {
		return err
	}
	opened := false
	defer func() {
		if !opened { // also if making the output panics
			d.Close()
		}
	}()
	if c.out, err = c.output.open(d); err != nil {
		c.out = nil
		return err
	}
	opened = true
	c.dev, c.running, c.ending, c.err, c.done = d, true, false, nil, make(chan struct{})
	c.past, c.told = capture.Stats{Since: d.Stats().Since}, 0
	c.captured.Store(0)
	c.panics.Store(0)
	go c.run(ctx, d, c.done)
	return nil
}

// Wait waits for the end of the run and returns its error.
func (c *Capture) Wait() error {
	<-c.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Done is closed when the run has ended; of a Capture that never ran it is closed too.
func (c *Capture) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		close(c.done)
	}
	return c.done
}

// Stop ends the run: what the ring holds is delivered, the output flushed and closed. It
// waits for that, unless a callback calls it. Without a run it does nothing.
func (c *Capture) Stop() error {
	c.mu.Lock()
	running, done := c.running, c.done
	c.mu.Unlock()
	if !running {
		return nil
	}
	c.stopRun(done)
	if c.inCallback() {
		return nil
	}
	<-done
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// stopRun stops the devices of the run that closes done.
func (c *Capture) stopRun(done chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done != c.done {
		return
	}
	c.ending = true
	c.dev.Stop()
	if c.next != nil {
		c.next.Successor().Stop()
	}
}

// Interface is the name of the device, or of several with commas: those of the latest run,
// before one what was asked for.
func (c *Capture) Interface() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dev != nil {
		return c.dev.Name()
	}
	return strings.Join(c.opt.Interfaces, ",")
}

// Running reports whether a run is under way.
func (c *Capture) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// Captured is the number of packets delivered in the latest run.
func (c *Capture) Captured() uint64 { return c.captured.Load() }

// Stats are the sums of the latest run, at any time. They grow only.
func (c *Capture) Stats() capture.Stats {
	c.mu.Lock()
	running, last := c.running, c.last
	c.mu.Unlock()
	if !running {
		return last
	}
	s := c.sums()
	// Packets that come to two Devices, of which one gives way to the other, are received
	// twice until they were read.
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = max(c.told, s.Received)
	s.Received = c.told
	return s
}

// sums are those of the run.
func (c *Capture) sums() capture.Stats {
	c.mu.Lock()
	d, s := c.dev, c.past
	c.mu.Unlock()
	latest := d.Stats()
	s.Add(&latest)
	s.CallbackPanics = c.panics.Load()
	return s
}

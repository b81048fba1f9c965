package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/packet"
)

// A FrameWriter takes the frames of a capture, to a file for one. Package pcap has some, and
// packetstore.Output makes what a name asks for.
type FrameWriter interface {
	Write(f *packet.Frame) error
	Flush() error
	Close() error
}

// Callbacks of a Capture. They run one at a time, but OnStats beside OnPacket.
type Callbacks struct {
	// OnPacket gets every packet, which is valid until it returns. An error ends the
	// capture and is Run's, ErrStop without being an error; a panic ends it too, with a
	// PanicError. A slow callback fills the ring and then loses packets, which is counted.
	OnPacket func(p *Packet) error
	// OnStats gets the sums every StatsInterval, and once more at the end.
	OnStats       func(Stats)
	StatsInterval time.Duration // 0 is DefaultStatsInterval
	// Output, if not nil, is called with the devices' link types once they are open, and
	// what it gives is written every packet, before OnPacket. It is closed at the end.
	Output func(names []string, links []uint16) (FrameWriter, error)
	// Decap of Packet.Decoded.
	Decap packet.Decap
}

// DefaultStatsInterval is how often OnStats is called.
const DefaultStatsInterval = 10 * time.Second

// A Capture runs callbacks over the packets of devices. It may be run again once it has
// ended; its Stats are those of the latest run. Methods may be called from any goroutine,
// callbacks included.
type Capture struct {
	opt   Options
	calls Callbacks

	mu      sync.Mutex
	dev     *Device // of the latest run
	running bool
	done    chan struct{}
	err     error
	last    Stats

	// deliver is held from before a packet is taken until its callback has returned, so that
	// whoever changes the filter knows when the last packet of the old one is through.
	deliver  sync.Mutex
	reader   atomic.Uint64 // number of the goroutine that runs OnPacket
	teller   atomic.Uint64 // and of that which runs OnStats
	captured atomic.Uint64
	panics   atomic.Uint64
}

// New makes a capture. Nothing is opened yet.
func New(o Options, c Callbacks) (*Capture, error) {
	full, err := o.withDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	if c.StatsInterval < 0 {
		return nil, wrap("open", fmt.Errorf("statistics every %v", c.StatsInterval))
	}
	if c.StatsInterval == 0 {
		c.StatsInterval = DefaultStatsInterval
	}
	return &Capture{opt: full, calls: c}, nil
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return wrap("open", ErrRunning)
	}
	d, err := Open(c.opt)
	if err != nil {
		return err
	}
	var w FrameWriter
	if c.calls.Output != nil {
		if w, err = c.calls.Output(d.Interfaces(), d.LinkTypes()); err != nil {
			d.Close()
			return wrap("output", err)
		}
	}
	c.dev, c.running, c.err, c.done = d, true, nil, make(chan struct{})
	c.captured.Store(0)
	c.panics.Store(0)
	go c.run(ctx, d, w, c.done)
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
	d, running, done := c.dev, c.running, c.done
	c.mu.Unlock()
	if !running {
		return nil
	}
	d.Stop()
	if c.inCallback() {
		return nil
	}
	<-done
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// inCallback reports whether this goroutine is one that runs callbacks.
func (c *Capture) inCallback() bool {
	id := goroutine()
	return id != 0 && (id == c.reader.Load() || id == c.teller.Load())
}

// SetFilter compiles expr and makes it the filter, before, during and after a run. After an
// error the old filter stays. Once it returns no packet is delivered that expr refuses;
// packets that the old filter let in are dropped and counted. It waits for a callback that
// is running, unless that calls it.
func (c *Capture) SetFilter(expr string) error {
	c.mu.Lock()
	d, running := c.dev, c.running
	c.mu.Unlock()
	err := ErrClosed
	if running {
		err = d.SetFilter(expr)
	}
	if errors.Is(err, ErrClosed) {
		err = c.check(expr)
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.opt.Filter = expr
	c.mu.Unlock()
	if !c.inCallback() {
		// The reader looks at the new filter before the next packet. Nothing else is held
		// here: the callback that is waited for may call this Capture.
		c.deliver.Lock()
		//lint:ignore SA2001 it is the waiting that counts
		c.deliver.Unlock()
	}
	return nil
}

// check compiles a filter for the devices of a run to come.
func (c *Capture) check(expr string) error {
	c.mu.Lock()
	o := c.opt
	c.mu.Unlock()
	for _, name := range o.Interfaces {
		l, err := lookup(name)
		if err != nil {
			return wrap("filter", err)
		}
		if _, err := compile(expr, l, &o); err != nil {
			return wrap("filter", err)
		}
	}
	return nil
}

// Interface is the name of the device, or of several with commas: those of the latest run,
// before one what was asked for.
func (c *Capture) Interface() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dev != nil {
		return c.dev.Name()
	}
	return (&Device{links: named(c.opt.Interfaces)}).Name()
}

func named(names []string) (ls []*link) {
	for _, n := range names {
		ls = append(ls, &link{name: n})
	}
	return ls
}

// Running reports whether a run is under way.
func (c *Capture) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// Captured is the number of packets delivered in the latest run.
func (c *Capture) Captured() uint64 { return c.captured.Load() }

// Stats are the sums of the latest run, at any time.
func (c *Capture) Stats() Stats {
	c.mu.Lock()
	d, running, last := c.dev, c.running, c.last
	c.mu.Unlock()
	if !running {
		return last
	}
	return c.stats(d)
}

func (c *Capture) stats(d *Device) Stats {
	s := d.Stats()
	s.CallbackPanics = c.panics.Load()
	return s
}

// run is a run.
func (c *Capture) run(ctx context.Context, d *Device, w FrameWriter, done chan struct{}) {
	stop := context.AfterFunc(ctx, d.Stop)
	over := make(chan struct{})
	told := c.tell(d, over)
	err := c.loop(d, w)
	stop()
	c.reader.Store(0)
	if w != nil {
		err = errors.Join(err, wrap("output", w.Close()))
	}
	err = errors.Join(err, d.Close())
	last := c.stats(d)
	c.mu.Lock()
	c.last = last
	c.mu.Unlock()
	close(over)
	<-told
	c.mu.Lock()
	c.running, c.err = false, unjoined(err)
	c.mu.Unlock()
	close(done)
}

// unjoined is err without the wrapping of a single error.
func unjoined(err error) error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		if list := j.Unwrap(); len(list) == 1 {
			return unjoined(list[0])
		}
	}
	return err
}

// tell calls OnStats until over is closed, and once more.
func (c *Capture) tell(d *Device, over chan struct{}) (told chan struct{}) {
	told = make(chan struct{})
	if c.calls.OnStats == nil {
		close(told)
		return told
	}
	go func() {
		defer close(told)
		c.teller.Store(goroutine())
		defer c.teller.Store(0)
		t := time.NewTicker(c.calls.StatsInterval)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				c.calls.OnStats(c.stats(d))
			case <-over:
				c.calls.OnStats(c.stats(d))
				return
			}
		}
	}()
	return told
}

// flushEvery is how often the output is flushed.
const flushEvery = time.Second

func (c *Capture) loop(d *Device, w FrameWriter) error {
	c.reader.Store(goroutine())
	p := NewPacket(&packet.Decoder{Decap: c.calls.Decap})
	flushed := time.Now()
	for {
		err := c.one(d, w, p)
		switch {
		case err == nil:
			continue
		case err == ErrTimeout:
			if w != nil && time.Since(flushed) > flushEvery {
				flushed = time.Now()
				if err := w.Flush(); err != nil {
					return wrap("output", err)
				}
			}
			continue
		case err == io.EOF:
			return nil
		case errors.Is(err, ErrStop):
			return nil // what is in the ring counts as left
		}
		return err
	}
}

// one delivers one packet.
func (c *Capture) one(d *Device, w FrameWriter, p *Packet) error {
	c.deliver.Lock()
	defer c.deliver.Unlock()
	if err := d.Next(&p.Frame); err != nil {
		return err
	}
	p.Reset()
	c.captured.Add(1)
	if w != nil {
		if err := w.Write(&p.Frame); err != nil {
			return wrap("output", err)
		}
	}
	if c.calls.OnPacket == nil {
		return nil
	}
	return c.call(p)
}

// call runs the callback.
func (c *Capture) call(p *Packet) (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.panics.Add(1)
			err = wrap("callback", &PanicError{v, debug.Stack()})
		}
	}()
	return wrap("callback", c.calls.OnPacket(p))
}

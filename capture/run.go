package capture

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/packet"
)

// A FrameWriter takes the frames of a capture, to a file for one. Package pcap has some, and
// savefile.Output makes what a name asks for.
type FrameWriter interface {
	Write(f *packet.Frame) error
	Flush() error
	Close() error
}

// OpenOutput makes the output of a capture once its devices are open, of which it gets the
// names and the LINKTYPE_ values. It must not call the Capture, which waits for it.
type OpenOutput func(names []string, links []uint16) (FrameWriter, error)

// Callbacks of a Capture. They run one at a time, but OnStats beside OnPacket.
type Callbacks struct {
	// OnPacket gets every packet, which is valid until it returns. An error ends the
	// capture and is Run's, ErrStop without being an error; a panic ends it too, with a
	// PanicError. A slow callback fills the ring and then loses packets, which is counted.
	OnPacket func(p *Packet) error
	// OnStats gets the sums every StatsInterval, and once more at the end.
	OnStats       func(Stats)
	StatsInterval time.Duration // 0 is DefaultStatsInterval
	// Output, if not nil, makes what every packet is written to, before OnPacket. It is
	// closed at the end.
	Output OpenOutput
	// Decap of Packet.Decoded.
	Decap packet.Decap
}

// DefaultStatsInterval is how often OnStats is called.
const DefaultStatsInterval = 10 * time.Second

// A Capture runs callbacks over the packets of devices. It may be run again once it has
// ended; its Stats are those of the latest run. Methods may be called from any goroutine,
// callbacks included.
type Capture struct {
	calls Callbacks // but Output

	mu      sync.Mutex
	opt     Options
	output  OpenOutput // of the next run
	dev     *Device    // of the latest run
	next    *handover  // what takes over from it
	running bool
	ending  bool // what is running takes nothing new
	done    chan struct{}
	err     error
	past    Stats  // of the run's former devices
	told    uint64 // the most that was said to be received
	last    Stats

	changing sync.Mutex // held while devices or output are changed
	filters  sync.Mutex // held while the filter is

	// deliver is held from before a packet is taken until its callback has returned, so that
	// whoever changes the filter knows when the last packet of the old one is through.
	// The reader leaves it to those who wait for it (between).
	deliver  sync.Mutex
	waiters  atomic.Int32
	out      FrameWriter   // under deliver
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
	d, err := Open(c.opt)
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
	c.past, c.told = Stats{Since: d.since}, 0
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
	c.halt(done)
	if c.inCallback() {
		return nil
	}
	<-done
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// halt stops the devices of the run that closes done.
func (c *Capture) halt(done chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done != c.done {
		return
	}
	c.ending = true
	c.dev.Stop()
	if c.next != nil {
		c.next.dev.Stop()
	}
}

// between calls f while no packet is being delivered. From the callback of one it calls it
// at once.
func (c *Capture) between(f func()) {
	if c.isReader() {
		f()
		return
	}
	c.waiters.Add(1)
	c.mu.Lock()
	if c.running {
		c.dev.comeBy()
	}
	c.mu.Unlock()
	c.deliver.Lock()
	defer c.deliver.Unlock()
	c.waiters.Add(-1)
	f()
}

// isReader reports whether this goroutine is the one that runs OnPacket.
func (c *Capture) isReader() bool {
	id := goroutine()
	return id != 0 && id == c.reader.Load()
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
	if err := c.setFilter(expr); err != nil {
		return err
	}
	if !c.inCallback() {
		// The reader looks at the new filter before the next packet. Nothing else is held
		// here: the callback that is waited for may call this Capture.
		c.between(func() {})
	}
	return nil
}

func (c *Capture) setFilter(expr string) error {
	c.filters.Lock()
	defer c.filters.Unlock()
	c.mu.Lock()
	d, next, running, o := c.dev, c.next, c.running, c.opt
	c.mu.Unlock()
	err := ErrClosed
	if running {
		if next != nil {
			err = next.dev.SetFilter(expr)
		}
		took := next != nil && err == nil
		if next == nil || took || errors.Is(err, ErrClosed) {
			err = d.SetFilter(expr)
		}
		switch {
		case took && errors.Is(err, ErrClosed):
			err = nil // it has taken over meanwhile
		case took && err != nil:
			next.dev.SetFilter(o.Filter)
		}
	}
	if errors.Is(err, ErrClosed) {
		var links []*link
		if links, err = find(&o); err == nil {
			err = check(expr, links, &o)
		}
	}
	if err != nil {
		return wrap("filter", err)
	}
	c.mu.Lock()
	c.opt.Filter = expr
	c.mu.Unlock()
	return nil
}

// check compiles a filter for the devices of a run to come.
func check(expr string, links []*link, o *Options) error {
	for _, l := range links {
		if _, err := compile(expr, l, o); err != nil {
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

// Stats are the sums of the latest run, at any time. They grow only.
func (c *Capture) Stats() Stats {
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
func (c *Capture) sums() Stats {
	c.mu.Lock()
	d, s := c.dev, c.past
	c.mu.Unlock()
	latest := d.Stats()
	s.Add(&latest)
	s.CallbackPanics = c.panics.Load()
	return s
}

// run is a run, which begins with d.
func (c *Capture) run(ctx context.Context, d *Device, done chan struct{}) {
	stop := context.AfterFunc(ctx, func() { c.halt(done) })
	over := make(chan struct{})
	told := c.tell(over)
	d, err := c.loop(d)
	stop()
	c.reader.Store(0)
	next := c.end()
	if next != nil && next.cut != 0 {
		d.discard()
	}
	err = errors.Join(err, c.closeOutput(), d.Close())
	if next != nil {
		err = errors.Join(err, c.drop(next))
	}
	last := c.sums()
	c.mu.Lock()
	c.last, c.told = last, last.Received
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

// end lets nothing more take over, and gives what was to.
func (c *Capture) end() (next *handover) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, c.next, c.ending = c.next, nil, true
	return next
}

// closeOutput closes the output, if there is one.
func (c *Capture) closeOutput() error {
	c.deliver.Lock()
	old := c.out
	c.out = nil
	c.deliver.Unlock()
	return closed(old)
}

// closed closes an output that may be none.
func closed(w FrameWriter) error {
	if w == nil {
		return nil
	}
	return wrap("output", w.Close())
}

// tell calls OnStats until over is closed, and once more.
func (c *Capture) tell(over chan struct{}) (told chan struct{}) {
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
				c.calls.OnStats(c.Stats())
			case <-over:
				c.calls.OnStats(c.Stats())
				return
			}
		}
	}()
	return told
}

// flushEvery is how often the output is flushed.
const flushEvery = time.Second

// loop reads d, and what takes over from it, and gives the Device that was read last.
func (c *Capture) loop(d *Device) (*Device, error) {
	c.reader.Store(goroutine())
	p := NewPacket(&packet.Decoder{Decap: c.calls.Decap})
	flushed := time.Now()
	for {
		err := c.one(d, p)
		switch {
		case err == nil:
			continue
		case err == ErrTimeout:
			if time.Since(flushed) > flushEvery {
				flushed = time.Now()
				if err := c.flush(); err != nil {
					return d, err
				}
			}
			continue
		case errors.Is(err, ErrStop):
			return d, nil // what is in the ring counts as left
		}
		next, err := c.takeOver(d, err)
		if next == nil {
			return d, err
		}
		if d = next; err != nil {
			return d, err
		}
	}
}

func (c *Capture) flush() error {
	c.deliver.Lock()
	defer c.deliver.Unlock()
	if c.out == nil {
		return nil
	}
	return wrap("output", c.out.Flush())
}

// one delivers one packet.
func (c *Capture) one(d *Device, p *Packet) error {
	for c.waiters.Load() > 0 {
		runtime.Gosched()
	}
	c.deliver.Lock()
	defer c.deliver.Unlock()
	if err := d.Next(&p.Frame); err != nil {
		return err
	}
	p.Reset()
	p.Number = c.captured.Add(1)
	if c.out != nil {
		if err := c.out.Write(&p.Frame); err != nil {
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

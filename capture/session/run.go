package session

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"time"

	"pinyon/capture"
	"pinyon/packet"
)

// run is a run, which begins with d.
func (c *Capture) run(ctx context.Context, d *capture.Device, done chan struct{}) {
	stop := context.AfterFunc(ctx, func() { c.stopRun(done) })
	over := make(chan struct{})
	reported := c.reportStats(over)
	d, err := c.readAll(d)
	stop()
	c.reader.Store(0)
	next := c.endChanges()
	var given error
	if next != nil {
		given = c.abandon(next)
	}
	err = errors.Join(err, c.closeOutput(), d.Close(), given)
	last := c.sums()
	c.mu.Lock()
	c.last, c.told = last, last.Received
	c.mu.Unlock()
	close(over)
	<-reported
	c.mu.Lock()
	c.running, c.err = false, unjoined(err)
	c.mu.Unlock()
	close(done)
}

// endChanges lets nothing more take over, and gives what was to.
func (c *Capture) endChanges() (next *takeover) {
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
	return closeWriter(old)
}

// reportStats calls OnStats until over is closed, and once more; then it closes reported.
func (c *Capture) reportStats(over chan struct{}) (reported chan struct{}) {
	reported = make(chan struct{})
	if c.calls.OnStats == nil {
		close(reported)
		return reported
	}
	go func() {
		defer close(reported)
		c.reporter.Store(goroutine())
		defer c.reporter.Store(0)
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
	return reported
}

// flushEvery is how often the output is flushed.
const flushEvery = time.Second

// readAll reads d, and what takes over from it, and gives the Device that was read last.
func (c *Capture) readAll(d *capture.Device) (*capture.Device, error) {
	c.reader.Store(goroutine())
	p := capture.NewPacket(&packet.Decoder{Decap: c.calls.Decap})
	flushed := time.Now()
	for {
		err := c.deliverOne(d, p)
		switch {
		case err == nil:
			continue
		case err == capture.ErrTimeout:
			if time.Since(flushed) > flushEvery {
				flushed = time.Now()
				if err := c.flush(); err != nil {
					return d, err
				}
			}
			continue
		case errors.Is(err, capture.ErrStop):
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

// deliverOne delivers one packet of d, for which p is used.
func (c *Capture) deliverOne(d *capture.Device, p *capture.Packet) error {
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
	return c.onPacket(p)
}

// onPacket runs the callback of that name, and makes its panic an error.
func (c *Capture) onPacket(p *capture.Packet) (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.panics.Add(1)
			err = wrap("callback", &PanicError{v, debug.Stack()})
		}
	}()
	return wrap("callback", c.calls.OnPacket(p))
}

// betweenPackets calls f while no packet is being delivered. From the callback of one it calls
// it at once.
func (c *Capture) betweenPackets(f func()) {
	if c.isReader() {
		f()
		return
	}
	c.waiters.Add(1)
	c.mu.Lock()
	if c.running {
		c.dev.Interrupt()
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
	return id != 0 && (id == c.reader.Load() || id == c.reporter.Load())
}

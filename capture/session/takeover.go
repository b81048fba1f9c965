package session

import (
	"errors"
	"fmt"
	"io"
	"time"

	"pinyon/capture"
)

// A takeover is the hand-over from the Device of a run to another one, with what belongs to it
// beside the devices.
type takeover struct {
	*capture.Handover
	same    bool            // it has the same devices
	unasked bool            // a callback asked for it, so nobody waits for its end
	run     chan struct{}   // done of the run it is for
	options capture.Options // of later runs, should it succeed
	output  OpenOutput      // unless same and nil, likewise
	out     FrameWriter     // unless same, the output from then on, or nil
	done    chan struct{}   // closed once it has taken over, or never will
	err     error           // of closing the former output
}

// prepare opens what is to take over from the Device of the run. Without a run nothing is to,
// and the options are kept.
func (c *Capture) prepare(set func(*capture.Options), same bool, output OpenOutput) (*takeover, error) {
	c.mu.Lock()
	o, d, began, writes := c.opt, c.dev, c.past.Since, c.output != nil
	run, runs := c.done, c.running && !c.ending
	c.mu.Unlock()
	set(&o)
	full, err := o.WithDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	t := &takeover{same: same, unasked: c.isReader(), run: run, options: full, output: output, done: make(chan struct{})}
	if !runs {
		if !same {
			if err := full.Check(); err != nil {
				return nil, err
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.keep(t)
		return nil, nil
	}
	if !same && writes && output == nil {
		return nil, wrap("output", fmt.Errorf("the output holds packets of %s; another interface needs another", d.Name()))
	}
	if full.Duration > 0 {
		full.Duration = max(full.Duration-time.Since(began), 1)
	}
	full.Count = 0 // until it is known how many there were
	if t.Handover, err = d.HandOver(full, same); err != nil {
		return nil, err
	}
	opened := false
	defer func() {
		if !opened { // also if making the output panics
			t.Abandon()
		}
	}()
	if !same {
		if t.out, err = output.open(t.Successor()); err != nil {
			return nil, err
		}
	}
	opened = true
	return t, nil
}

// keep has later runs begin with what a takeover made; with mu held. (The filter may have
// changed meanwhile.)
func (c *Capture) keep(t *takeover) {
	o := &t.options
	c.opt.BufferSize, c.opt.Interface, c.opt.Interfaces = o.BufferSize, o.Interface, o.Interfaces
	if !t.same && t.output != nil {
		c.output = t.output
	}
}

// perform has t take over; again says that its run has ended and another one has begun.
func (c *Capture) perform(t *takeover) (again bool, err error) {
	ok, err := c.announce(t)
	if !ok {
		if err = errors.Join(err, c.abandon(t)); err != nil {
			return false, err
		}
		return c.keepForLater(t), nil
	}
	t.Settle()
	c.betweenPackets(func() { ok, err = c.startHandover(t) })
	switch {
	case err != nil:
		return false, errors.Join(err, c.abandon(t))
	case !ok: // the run abandons it
		<-t.done
		return c.keepForLater(t), nil
	}
	t.Settle()
	c.stopFormer(t)
	if t.unasked {
		return false, nil
	}
	<-t.done
	return false, t.err
}

// keepForLater keeps what came too late for its run, unless another run has begun.
func (c *Capture) keepForLater(t *takeover) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if again = c.running && !c.ending && c.done != t.run; !again {
		c.keep(t)
	}
	return again
}

// announce makes t's Device the next one, unless the run is ending, or the filter, should it
// have been changed meanwhile, is none for it.
func (c *Capture) announce(t *takeover) (ok bool, err error) {
	c.filters.Lock()
	defer c.filters.Unlock()
	c.mu.Lock()
	expr := c.opt.Filter
	c.mu.Unlock()
	if d := t.Successor(); expr != d.FilterExpr() {
		if err := d.SetFilter(expr); err != nil {
			return false, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running || c.ending || c.done != t.run {
		return false, nil
	}
	c.next = t
	return true, nil
}

// startHandover starts t between two packets, unless the run has ended. After an error t is not
// to take over.
func (c *Capture) startHandover(t *takeover) (ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != t {
		return false, nil
	}
	if err := t.Start(); err != nil {
		c.next = nil
		return false, err
	}
	c.keep(t)
	return true, nil
}

// stopFormer ends the present Device: it delivers what came up to the moment of the hand-over,
// then io.EOF.
func (c *Capture) stopFormer(t *takeover) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == t {
		t.StopFormer()
	}
}

// takeOver closes d, which has ended with cause, and gives the Device to read from now on.
// There is none if none was to take over, or not yet, and if the run is to end: at its count,
// by an error, or because it was stopped before all of d could be delivered.
func (c *Capture) takeOver(d *capture.Device, cause error) (next *capture.Device, err error) {
	if cause == io.EOF {
		cause = nil
	}
	left := !d.Drained()
	captured := c.captured.Load()
	c.mu.Lock()
	t, count := c.next, c.opt.Count
	goes := t != nil && t.Started() && (count == 0 || captured < count) && !(left && c.ending)
	c.mu.Unlock()
	if !goes || cause != nil && (t.same || !errors.Is(cause, capture.ErrGone)) {
		return nil, cause
	}
	if count > 0 {
		count -= captured
	}
	past, err := t.TakeOver(count)
	var old FrameWriter
	c.deliver.Lock()
	c.mu.Lock()
	c.past.Add(&past)
	c.dev, c.next = t.Successor(), nil
	if !t.same {
		old, c.out = c.out, t.out
	}
	c.mu.Unlock()
	c.deliver.Unlock()
	t.err = closeWriter(old)
	if t.unasked {
		err = errors.Join(err, t.err)
	}
	close(t.done)
	return t.Successor(), err
}

// abandon closes what never takes over, and counts what its rings hold as left.
func (c *Capture) abandon(t *takeover) error {
	defer close(t.done)
	sums, err := t.Abandon()
	c.mu.Lock()
	c.past.Add(&sums)
	c.mu.Unlock()
	return errors.Join(err, closeWriter(t.out))
}

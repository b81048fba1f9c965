package capture

import (
	"errors"
	"fmt"
	"io"
	"time"

	"pinyon/packet"
)

// How rings are changed. The new ones are opened beside the old ones, but take nothing yet.
// When they do, each packet comes to both with one time stamp (stampOnce), and a moment that
// is just to come is chosen: the old ones' Device delivers packets up to it, the other's those
// after it.
const (
	// settleTime is how long common stamps have to be in force before that, and how long
	// after the moment the old rings stay open: longer than a packet is on its way from its
	// stamp into the rings. (One that took longer is known by those that came before it.)
	// The new ones have to hold what comes from then until the old ones have handed over
	// their last block.
	settleTime = 30 * time.Millisecond
	// leadTime is how long before the moment the new rings take packets.
	leadTime = time.Millisecond
	// handoverTime is how long an old Device is read at most, should its reader be that slow.
	handoverTime = time.Minute
)

// A handover is a Device that takes over from that of a run.
type handover struct {
	dev    *Device
	same   bool          // it has the same devices
	mute   bool          // nobody waits for it
	run    chan struct{} // done of the run it is for
	stamps io.Closer     // of stampOnce

	options Options    // of later runs, should it succeed
	output  OpenOutput // unless same and nil, likewise

	cut  int64         // its packets are those after this time; 0 is not known yet
	out  FrameWriter   // unless same, the output from then on, or nil
	done chan struct{} // closed once it has taken over, or never will
	err  error         // of closing the former output
}

// SetBufferSize gives the devices rings of n bytes, 0 for DefaultBufferSize, before, during
// and after a run. In a run the new rings are opened beside the old ones, which then give
// way between two packets: none is lost or delivered twice, and Stats go on. (A packet for
// which an old ring has no room meanwhile counts as Dropped although the new one may have
// it.) That takes a tenth of a second and what it takes to read the old ring, callbacks
// included. A callback that calls it keeps packets waiting for the former and has the new
// rings after the latter; where another change is under way it gets ErrChanging.
//
// After an error, for one because privileges were dropped, the old rings stay. Rings are
// opened in the network namespace of the thread that calls. Off Linux rings of a run cannot
// be changed: ErrNotSupported.
func (c *Capture) SetBufferSize(n int) error {
	return c.change(func(o *Options) { o.BufferSize = n }, true, nil)
}

// SetInterface captures from another device, the most useful one if name is empty, before,
// during and after a run, as SetBufferSize does from other rings. The new one is opened first:
// after an error the old one stays. Packets of the old one that came before the change are
// delivered first.
//
// A file holds the devices it began with, so in a run that has an output there has to be
// another, which becomes that of later runs too. Otherwise nil leaves the output as it is.
func (c *Capture) SetInterface(name string, output OpenOutput) error {
	return c.change(func(o *Options) { o.Interface, o.Interfaces = name, []string{name} }, false, output)
}

// SetOutput has packets written to another output, or with nil to none, before, during and
// after a run. The change falls between two packets; then the former output is closed, and
// what that fails with is returned. If the new one cannot be made the former stays.
func (c *Capture) SetOutput(output OpenOutput) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.changing.Unlock()
	for {
		c.mu.Lock()
		d, run, runs := c.dev, c.done, c.running && !c.ending
		if !runs {
			c.output = output
		}
		c.mu.Unlock()
		if !runs {
			return nil
		}
		w, err := output.open(d)
		if err != nil {
			return err
		}
		old, again := w, false // should the run end meanwhile: then this is for the next one
		c.between(func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			runs := c.running && !c.ending
			switch {
			case runs && c.done == run:
				old, c.out = c.out, w
			case runs:
				again = true
				return
			}
			c.output = output
		})
		if err := closed(old); err != nil || !again {
			return err
		}
	}
}

// open makes an output for a Device, or none.
func (open OpenOutput) open(d *Device) (FrameWriter, error) {
	if open == nil {
		return nil, nil
	}
	w, err := open(d.Interfaces(), d.LinkTypes())
	return w, wrap("output", err)
}

// begin takes the right to change something. A callback that runs between packets cannot
// wait for a change that waits for the reader.
func (c *Capture) begin() error {
	for {
		if !c.isReader() {
			c.changing.Lock()
		} else if !c.changing.TryLock() {
			return wrap("open", ErrChanging)
		}
		c.mu.Lock()
		next := c.next
		c.mu.Unlock()
		if next == nil {
			return nil
		}
		c.changing.Unlock() // of a callback that has returned, or has asked before
		if c.isReader() {
			return wrap("open", ErrChanging)
		}
		<-next.done
	}
}

// change opens devices with other options for the next run, or to take over from those of
// this one.
func (c *Capture) change(set func(*Options), same bool, output OpenOutput) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.changing.Unlock()
	for {
		h, err := c.prepare(set, same, output)
		if h == nil {
			return err
		}
		again, err := c.hand(h)
		h.stamps.Close()
		if err != nil || !again {
			return err
		}
	}
}

// prepare opens what is to take over from the Device of the run. Without a run nothing is to,
// and the options are kept.
func (c *Capture) prepare(set func(*Options), same bool, output OpenOutput) (*handover, error) {
	c.mu.Lock()
	o, d, began, writes := c.opt, c.dev, c.past.Since, c.output != nil
	run, runs := c.done, c.running && !c.ending
	c.mu.Unlock()
	set(&o)
	full, err := o.withDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	h := &handover{same: same, mute: c.isReader(), run: run, options: full, output: output, done: make(chan struct{})}
	var links []*link
	if same && runs {
		links, err = sameLinks(d, &full)
	} else if !same {
		links, err = find(&full)
	}
	if err != nil {
		return nil, wrap("open", err)
	}
	if !runs {
		if !same {
			if err := check(full.Filter, links, &full); err != nil {
				return nil, err
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.keep(h)
		return nil, nil
	}
	if !same && writes && output == nil {
		return nil, wrap("output", fmt.Errorf("the output holds packets of %s; another interface needs another", d.Name()))
	}

	opened := false
	if h.stamps, err = stampOnce(); err != nil {
		return nil, wrap("open", err)
	}
	defer func() {
		if !opened {
			h.stamps.Close()
		}
	}()
	if full.Duration > 0 {
		full.Duration = max(full.Duration-time.Since(began), 1)
	}
	full.Count = 0 // until it is known how many there were
	if h.dev, err = open(full, links); err != nil {
		return nil, err
	}
	defer func() {
		if !opened { // also if making the output panics
			h.dev.Close()
		}
	}()
	if !same {
		if h.out, err = output.open(h.dev); err != nil {
			return nil, err
		}
	}
	opened = true
	return h, nil
}

// sameLinks are the devices that d has, by whatever name they go now.
func sameLinks(d *Device, o *Options) (links []*link, err error) {
	for _, l := range d.links {
		if o.usesLibpcap() { // which opens them by name
			if now, err := lookup(l.name); err != nil || now.index != l.index {
				return nil, &InterfaceError{l.name, "open", fmt.Errorf("%w: the device has another name now", ErrNotFound)}
			}
		}
		again := *l
		again.drops = nil
		links = append(links, &again)
	}
	return links, nil
}

// keep has later runs begin with what a handover made; with mu held. (The filter may have
// changed meanwhile.)
func (c *Capture) keep(h *handover) {
	o := &h.options
	c.opt.BufferSize, c.opt.Interface, c.opt.Interfaces = o.BufferSize, o.Interface, o.Interfaces
	if !h.same && h.output != nil {
		c.output = h.output
	}
}

// hand has h take over; again says that its run has ended and another one has begun.
func (c *Capture) hand(h *handover) (again bool, err error) {
	ok, err := c.announce(h)
	if !ok {
		if err = errors.Join(err, h.abandon()); err != nil {
			return false, err
		}
		return c.late(h), nil
	}
	time.Sleep(settleTime)
	c.between(func() { ok, err = c.cut(h) })
	switch {
	case err != nil:
		return false, errors.Join(err, h.abandon())
	case !ok: // the run abandons it
		<-h.done
		return c.late(h), nil
	}
	time.Sleep(time.Until(time.Unix(0, h.cut)) + settleTime)
	c.giveWay(h)
	if h.mute {
		return false, nil
	}
	<-h.done
	return false, h.err
}

// late keeps what came too late for its run, unless another run has begun.
func (c *Capture) late(h *handover) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if again = c.running && !c.ending && c.done != h.run; !again {
		c.keep(h)
	}
	return again
}

// announce makes h the next Device, unless the run is ending, or the filter, should it have
// been changed meanwhile, is none for it.
func (c *Capture) announce(h *handover) (ok bool, err error) {
	c.filters.Lock()
	defer c.filters.Unlock()
	c.mu.Lock()
	expr := c.opt.Filter
	c.mu.Unlock()
	if expr != h.dev.FilterExpr() {
		if err := h.dev.SetFilter(expr); err != nil {
			return false, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running || c.ending || c.done != h.run {
		return false, nil
	}
	c.next = h
	return true, nil
}

// cut wakes the new rings up, chooses the moment and tells both Devices, unless the run has
// ended. No packet is being delivered, so none after the moment was. After an error h is not
// to take over.
func (c *Capture) cut(h *handover) (ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != h {
		return false, nil
	}
	if err := h.dev.wakeUp(); err != nil {
		c.next = nil
		return false, err
	}
	c.keep(h)
	h.cut = time.Now().Add(leadTime).UnixNano()
	h.dev.from, h.dev.checks = h.cut, true
	d := c.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = h.cut
	d.event.Store(true)
	return true, nil
}

// giveWay ends the present Device: it delivers what came up to the moment, then io.EOF.
func (c *Capture) giveWay(h *handover) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != h {
		return
	}
	d := c.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	d.halt(true)
	h.dev.gone = time.Now().UnixNano()
}

// takeOver closes d, which has ended with cause, and gives the Device to read from now on.
// There is none if none was to take over, or not yet, and if the run is to end: at its count,
// by an error, or because it was stopped before all of d could be delivered.
func (c *Capture) takeOver(d *Device, cause error) (next *Device, err error) {
	if cause == io.EOF {
		cause = nil
	}
	left := !d.empty()
	captured := c.captured.Load()
	c.mu.Lock()
	h, count := c.next, c.opt.Count
	goes := h != nil && h.cut != 0 && (count == 0 || captured < count) && !(left && c.ending)
	c.mu.Unlock()
	if !goes || cause != nil && (h.same || !errors.Is(cause, ErrGone)) {
		return nil, cause
	}
	if left {
		d.discard()
	}
	h.dev.succeed(d, h.same, count, captured)
	err = d.Close()
	past := d.Stats()
	if h.same {
		past.InterfaceDropped = 0 // the successor goes on with it
	}
	var old FrameWriter
	c.deliver.Lock()
	c.mu.Lock()
	c.past.Add(&past)
	c.dev, c.next = h.dev, nil
	if !h.same {
		old, c.out = c.out, h.out
	}
	c.mu.Unlock()
	c.deliver.Unlock()
	h.err = closed(old)
	if h.mute {
		err = errors.Join(err, h.err)
	}
	close(h.done)
	return h.dev, err
}

// abandon closes what never takes over.
func (h *handover) abandon() error {
	defer close(h.done)
	return errors.Join(h.dev.Close(), closed(h.out))
}

// drop is abandon at the end of a run: what its rings hold is left.
func (c *Capture) drop(h *handover) error {
	if h.cut != 0 {
		h.dev.discard()
	}
	err := h.abandon()
	if h.cut != 0 {
		left := h.dev.Stats()
		left.InterfaceDropped = 0 // nothing of its devices was wanted, or the other Device has it
		c.mu.Lock()
		c.past.Add(&left)
		c.mu.Unlock()
	}
	return err
}

// comeBy has Next return ErrTimeout where it would wait, once.
func (d *Device) comeBy() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.call = true
	d.event.Store(true)
	d.poll.wake()
}

// wakeUp ends what open with links began with.
func (d *Device) wakeUp() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asleep = false
	if d.closed || d.stopping.Load() {
		return nil
	}
	for i, p := range d.ports {
		if err := p.Attach(d.latest(i).kernel); err != nil {
			return wrap("open", &InterfaceError{p.link.name, "attach", err})
		}
	}
	return nil
}

// succeed begins to read where o ends, which has the same devices or others; captured packets
// of count, if there is one, have come.
func (d *Device) succeed(o *Device, same bool, count, captured uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.took = time.Now()
	if count > 0 {
		d.opt.Count = count - captured
	}
	if same {
		for i, l := range d.links {
			l.drops.base = o.links[i].drops.base
		}
	}
}

// others reports whether a packet is another Device's, to which this one gives way or which
// it succeeds.
func (d *Device) others(p *port, stamp int64) bool {
	switch {
	case d.until != 0 && stamp > d.until:
		return true
	case d.from == 0 || p.own:
		return false
	case d.gone != 0 && stamp > d.gone:
		// Whatever comes to this ring from now on came too late for the other's.
		p.own = true
	case stamp > d.from:
		return false
	case d.took.IsZero() || time.Since(d.took) < 2*swapTime:
		return true
	default: // the clock was set back
		p.own = true
	}
	for _, p := range d.ports {
		if !p.own {
			return false
		}
	}
	if d.from = 0; d.swapped == nil {
		d.settle()
	}
	return false
}

// discard stops the Device and takes out what its rings hold, which counts as left, but for
// what is another Device's. It belongs to the goroutine that reads, and is its last call.
func (d *Device) discard() {
	d.Stop()
	d.events()
	for end := time.Now().Add(drainTime); ; time.Sleep(2 * time.Millisecond) {
		for _, p := range d.ports {
			var f packet.Frame
			if p.full {
				p.full = false
				d.leave(p, &p.head)
				d.keep(p.head.Block)
			}
			for p.Next(&f) {
				d.leave(p, &f)
			}
		}
		if d.empty() || time.Now().After(end) {
			d.publish()
			return
		}
	}
}

// leave counts a packet that is not delivered.
func (d *Device) leave(p *port, f *packet.Frame) {
	p.seen.Store(p.seen.Load() + 1)
	if !d.checks || d.takes(p, f) {
		d.sums.discarded++
	}
}

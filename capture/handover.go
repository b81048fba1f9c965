package capture

import (
	"errors"
	"fmt"
	"time"
)

// How rings are changed. The new ones are opened beside the old ones, but take nothing yet.
// When they do, each packet comes to both with one time stamp (stampOnce), and a moment that
// is just to come is chosen: the old ones' Device delivers packets up to it, the other's those
// after it.
const (
	// settleTime is how long common stamps have to be in force before that, and how long
	// after the moment the old rings stay open: longer than a packet is on its way from its
	// stamp into the rings. The new ones have to hold what comes from then until the old
	// ones have handed over their last block.
	settleTime = 30 * time.Millisecond
	// leadTime is how long before the moment the new rings take packets.
	leadTime = time.Millisecond
	// handoverTime is how long an old Device is read at most, should its reader be that slow.
	handoverTime = time.Minute
)

// A handover is a Device that takes over from that of a run.
type handover struct {
	dev  *Device
	same bool          // it has the same devices
	mute bool          // nobody waits for it
	cut  int64         // its packets are those after this time; 0 is not known yet
	out  FrameWriter   // unless same, the output from then on, or nil
	done chan struct{} // closed once it has taken over, or never will
	err  error         // of closing the former output
}

// abandon closes what never took over.
func (h *handover) abandon() error {
	defer close(h.done)
	return errors.Join(h.dev.Close(), closed(h.out))
}

// SetBufferSize gives the devices rings of n bytes, 0 for DefaultBufferSize, before, during
// and after a run. In a run the new rings are opened beside the old ones, which then give
// way between two packets: none is lost or delivered twice, and Stats go on. (A packet for
// which an old ring has no room meanwhile counts as Dropped although the new one may have
// it.) That takes a tenth of a second and what it takes to read the old ring; a callback that
// calls it keeps packets waiting for the former and has the new rings after the latter.
//
// After an error, for one because privileges were dropped, the old rings stay. Off Linux
// rings of a run cannot be changed: ErrNotSupported.
func (c *Capture) SetBufferSize(n int) error {
	return c.change(func(o *Options) { o.BufferSize = n }, true, nil)
}

// SetInterface captures from another device, the most useful one if name is empty, before,
// during and after a run. The new one is opened first: after an error the old one stays.
// Packets of the old one that came before the change are delivered first.
//
// A file holds the devices it began with, so a run that has an output needs another, which
// becomes that of later runs too; nil is none.
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
	c.mu.Lock()
	d, runs := c.dev, c.running && !c.ending
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
	old := w // should the run end meanwhile: then this is for the next one
	c.between(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.output = output
		if c.running && !c.ending {
			old, c.out = c.out, w
		}
	})
	return closed(old)
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
	if !c.isReader() {
		c.changing.Lock()
	} else if !c.changing.TryLock() {
		return wrap("open", ErrChanging)
	}
	c.mu.Lock()
	pending := c.next != nil
	c.mu.Unlock()
	if pending {
		c.changing.Unlock()
		return wrap("open", ErrChanging)
	}
	return nil
}

// change opens devices with other options for the next run, or to take over from those of
// this one.
func (c *Capture) change(set func(*Options), same bool, output OpenOutput) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.changing.Unlock()
	c.mu.Lock()
	o, d, began, runs, writes := c.opt, c.dev, c.past.Since, c.running && !c.ending, c.output != nil
	c.mu.Unlock()
	set(&o)
	full, err := o.withDefaults()
	if err != nil {
		return wrap("open", err)
	}
	if !runs {
		if !same {
			if err := check(full.Filter, &full); err != nil {
				return err
			}
		}
		c.mu.Lock()
		c.keep(&full)
		if !same && output != nil {
			c.output = output
		}
		c.mu.Unlock()
		return nil
	}
	if !same && writes && output == nil {
		return wrap("output", fmt.Errorf("the output holds packets of %s; another interface needs another", d.Name()))
	}
	common, err := stampOnce()
	if err != nil {
		return wrap("open", err)
	}
	defer common.Close()
	h, err := prepare(full, d, began, same, output)
	if err != nil {
		return err
	}
	h.mute = c.isReader()
	if ok, err := c.announce(h, &full, output); !ok {
		return errors.Join(err, h.abandon())
	}
	time.Sleep(settleTime)
	ok := false
	c.between(func() { ok, err = c.cut(h) })
	switch {
	case err != nil:
		return errors.Join(err, h.abandon())
	case ok:
		time.Sleep(time.Until(time.Unix(0, h.cut)) + settleTime)
		c.giveWay(h)
	}
	if h.mute {
		return nil
	}
	<-h.done
	return h.err
}

// keep takes over what change may have changed; the filter may have another by now.
func (c *Capture) keep(o *Options) {
	c.opt.BufferSize, c.opt.Interface, c.opt.Interfaces = o.BufferSize, o.Interface, o.Interfaces
}

// prepare opens what is to take over from d.
func prepare(o Options, d *Device, began time.Time, same bool, output OpenOutput) (*handover, error) {
	if same {
		o.Interfaces = d.Interfaces() // of the device that was found useful
	}
	if o.Duration > 0 {
		o.Duration = max(o.Duration-time.Since(began), 1)
	}
	o.Count = 0 // until it is known how many there were
	h := &handover{same: same, done: make(chan struct{})}
	var err error
	if h.dev, err = open(o, true); err != nil {
		return nil, err
	}
	if !same {
		if h.out, err = output.open(h.dev); err != nil {
			h.dev.Close()
			return nil, err
		}
	}
	return h, nil
}

// announce makes h the next Device, unless the run is ending or its filter, should that have
// been changed meanwhile, is none for it. The options are those of later runs.
func (c *Capture) announce(h *handover, o *Options, output OpenOutput) (ok bool, err error) {
	c.filters.Lock()
	defer c.filters.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opt.Filter != h.dev.FilterExpr() {
		if err := h.dev.SetFilter(c.opt.Filter); err != nil {
			return false, err
		}
	}
	c.keep(o)
	if !h.same && output != nil {
		c.output = output
	}
	if !c.running || c.ending {
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
}

// takeOver closes d, which is at its end, and gives the Device to read from now on; nil if
// there is none, or none yet, so that the run is over.
func (c *Capture) takeOver(d *Device) (next *Device, err error) {
	c.mu.Lock()
	h := c.next
	if captured := c.captured.Load(); h == nil || h.cut == 0 || c.opt.Count > 0 && captured >= c.opt.Count {
		c.mu.Unlock()
		return nil, nil
	} else if c.opt.Count > 0 {
		h.dev.opt.Count = c.opt.Count - captured
	}
	c.mu.Unlock()

	h.dev.took = time.Now()
	if h.same {
		h.dev.inherit(d)
	}
	err = d.Close()
	c.mu.Lock()
	past := d.Stats()
	if h.same {
		past.InterfaceDropped = 0 // inherited
	}
	c.past.add(past)
	c.dev, c.next = h.dev, nil
	c.mu.Unlock()
	if !h.same {
		h.err = c.closeOutput(h.out)
	}
	if h.mute {
		err = errors.Join(err, h.err)
	}
	close(h.done)
	return h.dev, err
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

// wakeUp ends what open began with.
func (d *Device) wakeUp() error {
	d.mu.Lock()
	defer d.mu.Unlock()
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

// inherit goes on with the drops that a Device of the same devices counts.
func (d *Device) inherit(o *Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, l := range d.links {
		l.drops.base = o.links[i].drops.base
	}
}

// others reports whether a packet is another Device's, to which this one gives way or which
// it succeeds.
func (d *Device) others(stamp int64) bool {
	switch {
	case d.until != 0 && stamp > d.until:
		return true
	case d.from == 0:
		return false
	case stamp > d.from && stamp-d.from <= int64(swapTime):
		return false
	case stamp <= d.from && time.Since(d.took) < 2*swapTime:
		return true
	}
	// No former packet can come any more, or the clock was set.
	if d.from = 0; d.swapped == nil {
		d.settle()
	}
	return false
}

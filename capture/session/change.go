package session

import (
	"errors"

	"pinyon/capture"
)

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
		c.betweenPackets(func() {})
	}
	return nil
}

func (c *Capture) setFilter(expr string) error {
	c.filters.Lock()
	defer c.filters.Unlock()
	c.mu.Lock()
	d, next, running, o := c.dev, c.next, c.running, c.opt
	c.mu.Unlock()
	err := capture.ErrClosed
	if running {
		if next != nil {
			err = next.Successor().SetFilter(expr)
		}
		took := next != nil && err == nil
		if next == nil || took || errors.Is(err, capture.ErrClosed) {
			err = d.SetFilter(expr)
		}
		switch {
		case took && errors.Is(err, capture.ErrClosed):
			err = nil // it has taken over meanwhile
		case took && err != nil:
			next.Successor().SetFilter(o.Filter)
		}
	}
	if errors.Is(err, capture.ErrClosed) {
		o.Filter = expr
		err = o.Check()
	}
	if err != nil {
		return wrap("filter", err)
	}
	c.mu.Lock()
	c.opt.Filter = expr
	c.mu.Unlock()
	return nil
}

// SetBufferSize gives the devices rings of n bytes, 0 for capture.DefaultBufferSize, before,
// during and after a run. In a run the new rings are opened beside the old ones, which then give
// way between two packets: none is lost or delivered twice, and Stats go on. (A packet for
// which an old ring has no room meanwhile counts as Dropped although the new one may have
// it.) That takes a tenth of a second and what it takes to read the old ring, callbacks
// included. A callback that calls it keeps packets waiting for the former and has the new
// rings after the latter; where another change is under way it gets ErrChanging.
//
// After an error, for one because privileges were dropped, the old rings stay. Rings are
// opened in the network namespace of the thread that calls. Off Linux rings of a run cannot
// be changed: capture.ErrNotSupported.
func (c *Capture) SetBufferSize(n int) error {
	return c.change(func(o *capture.Options) { o.BufferSize = n }, true, nil)
}

// SetInterface captures from another device, the most useful one if name is empty, before,
// during and after a run, as SetBufferSize does from other rings. The new one is opened first:
// after an error the old one stays. Packets of the old one that came before the change are
// delivered first.
//
// A file holds the devices it began with, so in a run that has an output there has to be
// another, which becomes that of later runs too. Otherwise nil leaves the output as it is.
func (c *Capture) SetInterface(name string, output OpenOutput) error {
	return c.change(func(o *capture.Options) { o.Interface, o.Interfaces = name, []string{name} }, false, output)
}

// SetOutput has packets written to another output, or with nil to none, before, during and
// after a run. The change falls between two packets; then the former output is closed, and
// what that fails with is returned. If the new one cannot be made the former stays.
func (c *Capture) SetOutput(output OpenOutput) error {
	if err := c.lockChanges(); err != nil {
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
		c.betweenPackets(func() {
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
		if err := closeWriter(old); err != nil || !again {
			return err
		}
	}
}

// lockChanges takes the right to change something. A callback that runs between packets cannot
// wait for a change that waits for the reader.
func (c *Capture) lockChanges() error {
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
func (c *Capture) change(set func(*capture.Options), same bool, output OpenOutput) error {
	if err := c.lockChanges(); err != nil {
		return err
	}
	defer c.changing.Unlock()
	for {
		t, err := c.prepare(set, same, output)
		if t == nil {
			return err
		}
		if again, err := c.perform(t); err != nil || !again {
			return err
		}
	}
}

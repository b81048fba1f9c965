package capture

import (
	"errors"
	"io"
	"time"

	"pinyon/packet"
)

// downTime is how often a device that went down is looked at: it may be gone for good.
const downTime = 100 * time.Millisecond

// How long old packets may come after a change of filter, and how long a stopped capture
// delivers what is in the ring: longer than the kernel keeps a block that is not full
// (retire), and so that with the 30 ms that the kernel takes to close a ring Stop stays
// below 100 ms.
const (
	swapTime  = time.Second
	swapQuiet = 100 * time.Millisecond // if nothing comes for a moment
	drainTime = 50 * time.Millisecond
)

// Next fills f with the next packet, in order of time if there are several devices. Its
// Data stays valid until the following call, or as long as f.Block is held: a ring whose
// blocks are held runs out of room. When no packet came for the read timeout, or the
// filter was changed meanwhile, it returns ErrTimeout, without blocking ErrWouldBlock, and at
// the end io.EOF.
func (d *Device) Next(f *packet.Frame) error {
	if d.event.Load() {
		d.events()
	}
	if d.over {
		return d.end(d.err)
	}
	var began time.Time
	for round := 0; ; round++ {
		p := d.one
		if p != nil {
			if !p.Next(f) {
				p = nil
			}
		} else {
			p = d.join(f)
		}
		if p == nil {
			if began.IsZero() {
				began = time.Now()
			}
			if err := d.idle(began, round); err != nil {
				return err
			}
			continue
		}
		p.down = false
		p.seen.Store(p.seen.Load() + 1)
		if d.checks && !d.takes(p, f) {
			continue
		}
		s := &d.sums
		s.captured++
		s.bytes += uint64(f.Wire)
		if uint32(len(f.Data)) < f.Wire {
			s.truncated++
		}
		f.Number = s.captured
		if s.captured&63 == 0 {
			d.publish()
		}
		if !d.drain.IsZero() && time.Now().After(d.drain) {
			d.over = true // looked at for each packet: callbacks may be slow
		}
		if s.captured == d.opt.Count {
			d.Stop()
			d.over = true
		}
		return nil
	}
}

// end notes that the capture is over.
func (d *Device) end(err error) error {
	d.over, d.sums.over = true, true
	d.err = err
	d.publish()
	if err == nil {
		err = io.EOF
	}
	return err
}

// events looks at what other goroutines want of the reader.
func (d *Device) events() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.event.Store(false)
	if d.closed {
		if d.over = true; d.err == nil {
			d.err = wrap("read", ErrClosed)
		}
		return
	}
	if d.interrupt {
		d.interrupt, d.interrupted = false, true
	}
	if s := d.swap; s != nil {
		d.swap, d.swapped = nil, s
		s.at = time.Now() // a callback may have run for long since
		d.checks = true
		for i, p := range d.ports {
			p.prog = s.progs[i]
		}
	}
	if d.givesWay != nil {
		d.yields, d.checks = d.givesWay, true
	}
	if d.stopping.Load() {
		limit := time.Now().Add(drainTime)
		if d.givesWay != nil && d.givesWay.patient {
			limit = limit.Add(handoverTime)
		}
		if d.drain.IsZero() || limit.Before(d.drain) {
			d.drain = limit
		}
	}
}

// idle waits, after nothing was found; began is when this call of Next first found nothing,
// round how often it has since.
func (d *Device) idle(began time.Time, round int) error {
	d.publish()
	if d.event.Load() {
		before := d.swapped
		d.events()
		switch {
		case d.over:
			return d.end(d.err)
		case d.swapped != before:
			return ErrTimeout
		}
	}
	if d.interrupted || d.ended() {
		d.interrupted = false
		return ErrTimeout
	}
	now := time.Now()
	if d.swapped != nil && now.Sub(d.swapped.at) > swapQuiet && d.passed(d.swapped.marks) {
		d.settle()
	}
	wait := d.opt.ReadTimeout - now.Sub(began)
	instant := d.drain.IsZero() && (d.nowait || d.nonblock.Load())
	waiting := false // a head waits for others
	for _, p := range d.ports {
		waiting = waiting || p.full
	}
	switch {
	case !d.drain.IsZero():
		// The kernel hands over its last block within the time it keeps one, of a Device that
		// gives way as well.
		if d.Drained() || now.After(d.drain) || d.yields != nil && now.Sub(began) > swapTime {
			return d.end(d.err)
		}
		wait = 2 * time.Millisecond
	case instant:
	case waiting:
		wait = min(wait, 5*time.Millisecond)
	case wait <= 0:
		return ErrTimeout
	}
	for _, p := range d.ports {
		if p.down {
			wait = min(wait, downTime)
		}
	}
	if wait = max(wait, time.Millisecond); instant {
		wait = 0 // a device in trouble is to be noticed all the same
	}
	if round%2 == 1 && wait > 0 {
		// The system says that there is something while an older block is still in use.
		d.poll.pause(min(wait, time.Millisecond))
		return nil
	}
	trouble := d.poll.wait(wait)
	for _, p := range d.ports {
		f, ok := p.ring.(failer)
		if !trouble && !p.down && !(ok && f.Failed()) || d.err != nil {
			continue
		}
		switch err := p.Err(); {
		case err == nil:
		case errors.Is(err, ErrDown):
			d.sums.downs++
			p.down = true
		default:
			// What came before is delivered first: it may lie in a block not handed over yet.
			d.err = wrap("read", &InterfaceError{p.link.name, "read", err})
			d.drain = time.Now().Add(drainTime)
			return nil
		}
	}
	if instant {
		return ErrWouldBlock
	}
	return nil
}

// join takes the earliest packet of several rings, as soon as no other can hold an earlier
// one: a ring found empty now has given everything up to a little while ago.
func (d *Device) join(f *packet.Frame) *port {
	var first *port
	waits := false
	for _, p := range d.ports {
		if !p.full {
			if p.full = p.Next(&p.head); p.full && p.head.Block != nil {
				p.head.Block.Retain()
			}
		}
		switch {
		case !p.full:
			waits = true
		case first == nil || p.head.TS < first.head.TS:
			first = p
		}
	}
	if first == nil {
		return nil
	}
	if waits && d.drain.IsZero() {
		now := time.Now().UnixNano()
		if ago := now - first.head.TS; ago >= 0 && ago < int64(d.opt.retire()+joinLag) {
			return nil
		}
	}
	*f = first.head
	first.full = false
	d.keep(f.Block)
	return first
}

// joinLag is how much later than its block's retirement a packet may be seen.
const joinLag = 20 * time.Millisecond

// keep holds the block of the frame handed out last until the next one.
func (d *Device) keep(b *packet.Block) {
	if d.block != nil {
		d.block.Release()
	}
	d.block = b
}

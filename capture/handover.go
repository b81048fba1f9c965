package capture

import (
	"fmt"
	"io"
	"slices"
	"time"

	"pinyon/packet"
)

// A Handover has a second Device, the successor, take over from a first one, the former, so
// that no packet is lost and none is delivered twice: other rings for the same devices, or
// other devices. The successor's rings are opened beside those of the former but let nothing
// in yet. When they do, each packet comes to both with one time stamp, and a moment that is
// just to come is chosen: the former delivers packets up to it, the successor those after it.
// The steps, in their order:
//
//	h, err := former.HandOver(o, true)
//	h.Settle()
//	err = h.Start()   // while nobody is in Next of the former
//	h.Settle()
//	h.StopFormer()
//	                  // Next of the former goes on until it gives io.EOF
//	sums, err := h.TakeOver(0)
//	                  // from here on h.Successor() is read
//
// Abandon takes the place of TakeOver where the hand-over is given up. Whoever uses a Handover
// has its steps happen one after the other; they may come from several goroutines.
type Handover struct {
	former, successor *Device
	same              bool      // both have the same devices
	stamps            io.Closer // of stampOnce

	admits bool // the successor's rings let packets in; under mu of the successor

	// moment is in nanoseconds since 1970-01-01 UTC, 0 as long as it is not chosen. It is
	// written under mu of both.
	moment int64

	// Under mu of the former.
	patient bool  // it was stopped for its successor, and the reader may take its time
	stopped int64 // when its rings were stopped, in nanoseconds; 0 before
	// marks are what the successor's rings had let in when those of the former had been stopped:
	// what came later came to them alone. They are nil before.
	marks []uint64

	// Of the goroutine that reads the successor.
	mixed []*port // rings of the successor in which packets of the former may still lie
}

const (
	// settleTime is how long common stamps have to be in force before the moment, and how
	// long after it the former's rings stay open: longer than a packet is on its way from its
	// stamp into the rings. (One that took longer is known by those that came before it.)
	// The successor's have to hold what comes from then until the former's have handed over
	// their last block.
	settleTime = 30 * time.Millisecond
	// leadTime is how long before the moment the successor's rings take packets.
	leadTime = time.Millisecond
	// handoverTime is how long the former is read at most, should its reader be that slow.
	handoverTime = time.Minute
)

// HandOver opens what is to take over from d: other rings for the devices that d has,
// whatever they are called by now, or the devices of o. After an error d is as it was. Off
// Linux it is ErrNotSupported, because two rings there stamp a packet differently.
func (d *Device) HandOver(o Options, sameDevices bool) (*Handover, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	var links []*link
	if sameDevices {
		links, err = d.sameLinks(&o)
	} else {
		links, err = find(&o)
	}
	if err != nil {
		return nil, wrap("open", err)
	}
	h := &Handover{former: d, same: sameDevices}
	if h.stamps, err = stampOnce(); err != nil {
		return nil, wrap("open", err)
	}
	if h.successor, err = open(o, links, h); err != nil {
		h.stamps.Close()
		return nil, err
	}
	return h, nil
}

// sameLinks are the devices that d has, by whatever name they go now.
func (d *Device) sameLinks(o *Options) (links []*link, err error) {
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

// Successor is the Device that takes over.
func (h *Handover) Successor() *Device { return h.successor }

// Settle waits until the step before it has come into effect, 30 ms.
func (h *Handover) Settle() {
	wait := settleTime
	if h.moment != 0 {
		wait += time.Until(time.Unix(0, h.moment))
	}
	time.Sleep(wait)
}

// Start has the successor's rings let packets in, and chooses the moment. The caller sees to
// it that nobody is in Next of the former, so that no packet of after the moment was
// delivered. After an error the hand-over can only be abandoned.
func (h *Handover) Start() error {
	s, f := h.successor, h.former
	s.mu.Lock()
	defer s.mu.Unlock()
	h.admits = true
	if !s.closed && !s.stopping.Load() {
		for i, p := range s.ports {
			if err := p.Attach(s.latest(i).kernel); err != nil {
				return wrap("open", &InterfaceError{p.link.name, "attach", err})
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	h.moment = time.Now().Add(leadTime).UnixNano()
	h.mixed, s.checks = slices.Clone(s.ports), true
	f.givesWay = h
	f.event.Store(true)
	return nil
}

// Started reports whether the moment is chosen.
func (h *Handover) Started() bool { return h.moment != 0 }

// StopFormer has the former's rings let nothing more in. Its reader may take up to a minute
// for what they hold, unless Stop is called as well.
func (h *Handover) StopFormer() {
	f := h.former
	f.mu.Lock()
	defer f.mu.Unlock()
	h.stopped = time.Now().UnixNano()
	if !f.closed && !f.stopping.Load() {
		h.patient = true
		f.stop()
		h.marks = h.successor.marks()
	}
}

// TakeOver closes the former, and makes the successor the Device to read, until so many packets
// if count is not 0. It gives the sums of the former, without those that the successor goes on
// with, and the error of closing. The goroutine that reads calls it.
func (h *Handover) TakeOver(count uint64) (Stats, error) {
	if !h.former.Drained() {
		h.former.discard()
	}
	h.begin(count)
	err := h.former.Close()
	h.stamps.Close()
	sums := h.former.Stats()
	if h.same {
		sums.InterfaceDropped, sums.BacklogDropped = 0, 0 // the successor goes on with it
	}
	return sums, err
}

// begin makes the successor ready to be read.
func (h *Handover) begin(count uint64) {
	s := h.successor
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.marks == nil { // the former has ended by itself
		h.marks = s.marks()
	}
	if count > 0 {
		s.opt.Count = count
	}
	if h.same {
		for i, l := range s.links {
			l.drops.base = h.former.links[i].drops.base
		}
	}
}

// Abandon closes the successor, which never takes over, and gives the sums of the packets that
// were to be its: those that it holds are left. Once the moment is chosen it ends the former
// too, for which nothing is to come. The goroutine that reads calls it then, or one for which
// that has ended.
func (h *Handover) Abandon() (Stats, error) {
	if h.Started() {
		h.former.discard()
		h.successor.discard()
	}
	err := h.successor.Close()
	h.stamps.Close()
	if !h.Started() {
		return Stats{}, err
	}
	sums := h.successor.Stats()
	sums.InterfaceDropped, sums.BacklogDropped = 0, 0 // nothing of its devices was wanted, or the former counts it
	return sums, err
}

// shares reports whether d's rings may hold packets that another Device delivers. It is for the
// reader.
func (d *Device) shares() bool {
	return d.yields != nil || d.takesOver != nil && len(d.takesOver.mixed) > 0
}

// isOthers reports whether a packet of one of d's rings is the other Device's of a hand-over.
// It is for the reader.
func (d *Device) isOthers(p *port, stamp int64) bool {
	if d.yields != nil && stamp > d.yields.moment {
		return true
	}
	h := d.takesOver
	switch {
	case h == nil || !slices.Contains(h.mixed, p):
		return false
	case h.stopped != 0 && stamp > h.stopped:
		// Whatever comes to this ring from now on came too late for the former's.
	case stamp > h.moment:
		return false
	case h.marks == nil || p.seen.Load() <= h.marks[slices.Index(d.ports, p)]:
		return true
	default: // it was on its way for long, or the clock was set back
	}
	h.mixed = slices.DeleteFunc(h.mixed, func(q *port) bool { return q == p })
	if len(h.mixed) == 0 && d.swapped == nil {
		d.settle()
	}
	return false
}

// marks are the numbers of packets that the rings have let in so far.
func (d *Device) marks() []uint64 {
	marks := make([]uint64, len(d.ports))
	for i, p := range d.ports {
		if received, dropped, _, err := p.Sums(); err == nil {
			marks[i] = received - dropped
		}
	}
	return marks
}

// passed reports whether the reader has taken as many packets out of each ring as marks says,
// if it is not nil. It is for the reader.
func (d *Device) passed(marks []uint64) bool {
	for i, n := range marks {
		if d.ports[i].seen.Load() < n {
			return false
		}
	}
	return true
}

// Drained reports whether everything that passed the filter was read.
func (d *Device) Drained() bool {
	for _, p := range d.ports {
		received, dropped, _, err := p.Sums()
		if err != nil || received-dropped > p.seen.Load() {
			return false
		}
	}
	return true
}

// discard stops the Device and takes out what its rings hold, which counts as left, but for
// what is another Device's. It is for the reader, and its last call.
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
		if d.Drained() || time.Now().After(end) {
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

// Interrupt has Next return ErrTimeout where it would wait, once.
func (d *Device) Interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.interrupt = true
	d.event.Store(true)
	d.poll.wake()
}

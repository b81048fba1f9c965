package capture

import (
	"time"

	"pinyon/packet"
)

// swap is a change of filter.
type swap struct {
	progs []*program
	stamp int64     // packets up to this time were let in by the filter before
	marks []uint64  // what the rings had let in by then, as marks gives it, or nil
	at    time.Time // when
}

// SetFilter replaces the filter of the running capture. It is compiled first: after an
// error the old one stays. Packets that the old one let into the ring are dropped and
// counted. It holds for every call of Next that begins after it returns.
func (d *Device) SetFilter(expr string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.change(expr, d.opt.Direction)
}

// SetDirection says which packets are wanted from now on, as SetFilter does.
func (d *Device) SetDirection(dir Direction) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.change(d.expr, dir)
}

// change swaps the programs, with mu held.
func (d *Device) change(expr string, dir Direction) error {
	if d.closed {
		return wrap("filter", ErrClosed)
	}
	o := d.opt
	o.Direction = dir
	s := &swap{progs: make([]*program, len(d.ports))}
	made := map[*link]*program{}
	for i, p := range d.ports {
		if made[p.link] == nil {
			prog, err := compile(expr, p.link, &o)
			if err != nil {
				return wrap("filter", err)
			}
			made[p.link] = prog
		}
		s.progs[i] = made[p.link]
	}
	if !d.stopping.Load() && d.admits() {
		for i, p := range d.ports {
			if err := p.Attach(s.progs[i].kernel); err != nil {
				for j := range i {
					d.ports[j].Attach(d.latest(j).kernel)
				}
				return wrap("filter", &InterfaceError{p.link.name, "attach", err})
			}
		}
	}
	s.at = time.Now()
	s.stamp = s.at.UnixNano()
	if !d.opt.usesLibpcap() { // which leaves packets out by itself that its rings have counted
		s.marks = d.marks()
	}
	d.expr, d.opt.Direction, d.swap = expr, dir, s
	d.event.Store(true)
	d.poll.wake()
	return nil
}

// latest is the program attached to port i, with mu held.
func (d *Device) latest(i int) *program {
	if d.swap != nil {
		return d.swap.progs[i]
	}
	return d.ports[i].prog
}

// takes decides on a frame where the kernel has not, or by an earlier filter.
func (d *Device) takes(p *port, f *packet.Frame) bool {
	if d.shares() && d.isOthers(p, f.TS) {
		d.sums.refused++
		return false
	}
	s := d.swapped
	if s != nil && f.TS-s.stamp > int64(swapTime) && d.passed(s.marks) {
		d.settle()
		s = nil
	}
	switch {
	case s != nil && f.TS <= s.stamp:
		// Should the clock have been set back, time tells as well, once the reader, which may
		// be slow, is through with what there was.
		if d.sums.filterDropped++; d.sums.filterDropped&1023 == 0 && time.Since(s.at) > 2*swapTime && d.passed(s.marks) {
			d.settle()
		}
		return false
	case s == nil && !p.prog.here, !p.prog.here && p.prog.typed && f.Type == packet.TypeUnknown, p.prog.takes(f):
		return true
	case p.prog.here:
		d.sums.refused++
	default:
		d.sums.filterDropped++
	}
	return false
}

// settle leaves a change of filter behind.
func (d *Device) settle() {
	d.swapped, d.checks = nil, d.shares()
	for _, p := range d.ports {
		d.checks = d.checks || p.prog.here
	}
}

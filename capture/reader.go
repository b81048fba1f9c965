package capture

import (
	"context"

	"pinyon/packet"
)

// Until has Next return ErrTimeout as soon as ctx is done, until Until is called again. It
// belongs to the goroutine that reads, as Next does. A context that is never done costs
// nothing, and the same one again neither.
func (d *Device) Until(ctx context.Context) {
	done := ctx.Done()
	if done == d.done {
		return
	}
	if d.unwatch != nil {
		d.unwatch()
		d.unwatch = nil
	}
	if d.done = done; done != nil {
		d.unwatch = context.AfterFunc(ctx, d.wake)
	}
}

// wake has a waiting reader look around.
func (d *Device) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.poll.wake()
	}
}

// ended reports whether the context of Until is done.
func (d *Device) ended() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// NextNow is Next without waiting: ErrWouldBlock where that would wait, whatever
// SetNonblock said.
func (d *Device) NextNow(f *packet.Frame) error {
	d.nowait = true
	err := d.Next(f)
	d.nowait = false
	return err
}

// Buffered is how many packets are left of what the system handed over at a time: in the
// block at hand of each ring. It belongs to the goroutine that reads.
func (d *Device) Buffered() (n int) {
	if d.over || d.event.Load() && d.isClosed() {
		return 0
	}
	for _, p := range d.ports {
		n += p.Buffered()
		if p.full {
			n++
		}
	}
	return n
}

// Ready reports whether Next has a packet at hand, as far as can be told without looking
// at it, and not too many blocks are held. Who holds some should give them back where it is
// false: the system writes on only while there are free ones. It belongs to the goroutine
// that reads.
func (d *Device) Ready() bool {
	if d.over || d.event.Load() && d.isClosed() {
		return false
	}
	if d.one != nil {
		return d.one.Ready()
	}
	ready := false
	for _, p := range d.ports {
		if p.Lent() {
			return false
		}
		ready = ready || p.full || p.Ready()
	}
	return ready
}

func (d *Device) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// SetNoOptimize says whether programs of filters set from now on stay as they come, as
// Options.NoOptimize does.
func (d *Device) SetNoOptimize(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opt.NoOptimize = on
}

// Indexes are the system's numbers of the devices, in their order; Any has 0.
func (d *Device) Indexes() []int {
	all := make([]int, len(d.links))
	for i, l := range d.links {
		all[i] = l.index
	}
	return all
}

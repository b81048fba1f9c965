package capture

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/packet"
)

// A Device is an open capture of one or more devices as a Source. Next is used from one
// goroutine, the other methods from any.
type Device struct {
	opt   Options
	links []*link
	ports []*port
	one   *port // the only one, if it is
	poll  *poller
	since time.Time
	timer *time.Timer   // of Duration
	block *packet.Block // of the frame that join handed out last

	event    atomic.Bool // the reader has something to do beside reading
	nonblock atomic.Bool
	stopping atomic.Bool

	takesOver *Handover // by which it does so from another Device; nil if from none

	mu        sync.Mutex // what follows
	expr      string
	swap      *swap     // a new filter that the reader has not seen
	interrupt bool      // Next is to return ErrTimeout where it would wait
	givesWay  *Handover // by which it does so to another Device
	closed    bool
	last      Stats // once closed

	// The reader's own.
	checks      bool      // frames are looked at before they are delivered
	swapped     *swap     // the latest new filter while old packets may come
	interrupted bool      // interrupt was seen
	yields      *Handover // givesWay, once it was seen
	drain       time.Time // until when rings that were stopped are read; zero is no end
	over        bool
	err         error
	nowait      bool            // this call of Next does not wait
	done        <-chan struct{} // of the context of Until
	unwatch     func() bool
	sums        sums
	public      sums // what Stats reads; under pub
	pub         sync.Mutex
}

// Open opens a capture. Errors are *Error, and tell apart by errors.Is and errors.As: a
// filter.Error, an InterfaceError with ErrNotFound, ErrDown, fs.ErrPermission or
// ErrNotSupported.
func Open(o Options) (*Device, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	links, err := find(&o)
	if err != nil {
		return nil, wrap("open", err)
	}
	return open(o, links, nil)
}

// open opens the devices of links. Of the successor of a hand-over the rings let nothing in
// until that starts.
func open(o Options, links []*link, h *Handover) (*Device, error) {
	d := &Device{opt: o, expr: o.Filter, since: time.Now(), links: links, takesOver: h}
	if err := d.open(); err != nil {
		d.Close()
		return nil, err
	}
	if o.Duration > 0 {
		d.timer = time.AfterFunc(o.Duration, d.Stop)
	}
	return d, nil
}

// find looks up the devices of options.
func find(o *Options) (links []*link, err error) {
	for _, name := range o.Interfaces {
		l, err := lookup(name)
		if err != nil {
			return nil, err
		}
		if err := adapt(l, o); err != nil {
			return nil, err
		}
		if o.Monitor {
			if err := l.monitors(); err != nil {
				return nil, err
			}
		}
		links = append(links, l)
	}
	return links, nil
}

func (d *Device) open() (err error) {
	if d.poll, err = newPoller(); err != nil {
		return wrap("open", err)
	}
	for i, l := range d.links {
		prog, err := compile(d.expr, l, &d.opt)
		if err != nil {
			return wrap("filter", err)
		}
		group := uint16(0)
		if d.opt.Rings > 1 {
			group = nextGroup()
		}
		first := prog.kernel
		if !d.admits() {
			first = refuseAll
		}
		for range d.opt.Rings {
			r, err := openRing(l, uint32(i), group, &d.opt, first)
			if err != nil {
				return wrap("open", err)
			}
			p := &port{ring: r, link: l, prog: prog}
			d.ports = append(d.ports, p)
			d.poll.add(r.FD())
		}
		d.checks = d.checks || prog.here
	}
	for _, l := range d.links {
		if l.drops, err = newDropMeter(l); err != nil {
			return wrap("open", &InterfaceError{l.name, "statistics", err})
		}
	}
	if len(d.ports) == 1 {
		d.one = d.ports[0]
	}
	if d.opt.usesLibpcap() {
		d.refuseEarlier()
	}
	return nil
}

// admits reports whether the rings let packets in, as far as a hand-over is concerned. mu is held,
// or nobody else has the Device yet.
func (d *Device) admits() bool { return d.takesOver == nil || d.takesOver.admits }

// groups numbers the fanout groups of this process.
var groups atomic.Uint32

// Interfaces are the names of the devices; Frame.Iface is the position here.
func (d *Device) Interfaces() []string {
	names := make([]string, len(d.links))
	for i, l := range d.links {
		names[i] = l.name
	}
	return names
}

// Name is the names of the devices in one word.
func (d *Device) Name() string { return strings.Join(d.Interfaces(), ",") }

// LinkTypes are the LINKTYPE_ values of the devices, in their order.
func (d *Device) LinkTypes() []uint16 {
	types := make([]uint16, len(d.links))
	for i, l := range d.links {
		types[i] = l.link
	}
	return types
}

// Snaplen is how many bytes of a packet are kept.
func (d *Device) Snaplen() int { return d.opt.Snaplen }

// FD is a descriptor that can be waited for, of a capture with one ring; -1 otherwise.
func (d *Device) FD() int {
	if d.one == nil {
		return -1
	}
	return d.one.FD()
}

// FilterExpr is the filter in force.
func (d *Device) FilterExpr() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expr
}

// SetNonblock says whether Next returns ErrWouldBlock at once when no packet is there,
// instead of waiting. It is about reading only; the device does not change.
func (d *Device) SetNonblock(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nonblock.Store(on)
	if !d.closed {
		d.poll.wake()
	}
}

// Nonblock is what SetNonblock said last; false at first.
func (d *Device) Nonblock() bool { return d.nonblock.Load() }

// Stop ends the capture: nothing more is received, Next gives what the rings hold and then
// io.EOF. It does not wait.
func (d *Device) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.givesWay
	patient := h != nil && h.patient
	if d.closed || d.stopping.Load() && !patient {
		return
	}
	if patient {
		h.patient = false
	}
	d.stop()
}

// stop has the rings let nothing more in, and the reader see to it; with mu held.
func (d *Device) stop() {
	if !d.stopping.Swap(true) {
		for _, p := range d.ports {
			p.Attach(nil)
		}
	}
	d.event.Store(true)
	d.poll.wake()
}

// Close ends the capture and closes the devices. Stats stay as they were, and frames whose
// Block is held stay valid. It must not be called while Next runs; Stop may.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	if d.timer != nil {
		d.timer.Stop()
	}
	for _, p := range d.ports {
		if !d.stopping.Load() {
			p.Attach(nil)
		}
	}
	d.sums.over = true
	d.publish()
	d.last = d.stats()
	d.closed = true
	d.event.Store(true)
	if d.unwatch != nil {
		d.unwatch()
	}
	d.keep(nil)
	var errs []error
	for _, p := range d.ports {
		if p.full && p.head.Block != nil {
			p.head.Block.Release()
		}
		errs = append(errs, p.Close())
	}
	for _, l := range d.links {
		if l.drops != nil {
			l.drops.close()
		}
	}
	if d.poll != nil {
		d.poll.close()
	}
	return wrap("close", errors.Join(errs...))
}

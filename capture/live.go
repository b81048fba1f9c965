package capture

import (
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/filter"
	"pinyon/packet"
)

// A ring is where one system keeps packets of a device until they are read. Next is for
// the reader's goroutine and does not wait; attach and counts are for any.
type ring interface {
	Next(f *packet.Frame) bool
	// Buffered is how many packets are left of the block at hand, Ready whether Next has
	// one and Lent is false; for the reader as well.
	Buffered() int
	Ready() bool
	// Lent reports whether what is held should come back before Next goes on.
	Lent() bool
	Attach(prog []filter.Instruction) error
	// Counts are packets that passed the filter, of them those dropped for want of room,
	// and how often there was none, all since the ring was opened.
	Sums() (received, dropped, freezes uint64, err error)
	// Err is nil, ErrDown, which packets may follow, or an error that ends the ring.
	Err() error
	FD() int
	Close() error
}

// A failer is a ring whose errors are not to be seen at its descriptor.
type failer interface{ Failed() bool }

// A link is a device as a capture sees it.
type link struct {
	name      string
	index     int    // 0 is all devices
	link      uint16 // LINKTYPE_ value
	cooked    bool
	loopback  bool
	radio     bool
	loopbacks []int  // of all devices: those whose outgoing packets come in again
	members   []int  // of all devices
	netmask   uint32 // of IPv4; 0 if not known
	bare      bool   // programs see the frame and nothing beside it
	drops     *dropMeter
}

// port is a ring with what a Device knows of it.
type port struct {
	ring
	link *link
	prog *program
	seen atomic.Uint64 // packets taken out; written by the reader

	own  bool         // of a Device that succeeded another: what comes now is none of that
	head packet.Frame // next packet, where rings are joined
	full bool         // head is one
	down bool         // the device went down, and nothing has come since
}

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

	mu     sync.Mutex // what follows
	expr   string
	swap   *swap // a new filter that the reader has not seen
	call   bool  // the reader shall come by
	cut    int64 // packets after this time are not for this Device; 0 is none
	waits  bool  // it is stopping, and the reader may take its time
	asleep bool  // nothing is let in yet
	closed bool
	last   Stats // once closed

	// The reader's own.
	checks  bool  // frames are looked at before they are delivered
	swapped *swap // the latest new filter while old packets may come
	called  bool
	from    int64     // packets up to this time were its predecessor's; 0 is none
	gone    int64     // when its predecessor's rings let nothing more in
	took    time.Time // when it took over; zero before
	until   int64     // packets after this time are its successor's; 0 is none
	drain   time.Time
	over    bool
	err     error
	now     bool            // this call of Next does not wait
	done    <-chan struct{} // of the context of Until
	unwatch func() bool
	sums    sums
	public  sums // what Stats reads; under pub
	pub     sync.Mutex
}

// sums are what the reader counts.
type sums struct {
	captured, bytes, truncated, filterDropped, refused, discarded, downs uint64
	over                                                                 bool
}

// swap is a change of filter.
type swap struct {
	progs []*program
	stamp int64     // packets up to this time were let in by the filter before
	at    time.Time // when
}

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

// Open opens a capture. Errors are *Error, and tell apart by errors.Is and errors.As: a
// filter.Error, an InterfaceError with ErrNotFound, ErrDown, fs.ErrPermission or
// ErrNotSupported.
func Open(o Options) (*Device, error) { return open(o, nil) }

// open is Open. With links it opens those, whatever they are called by now, and lets nothing
// in until wakeUp.
func open(o Options, links []*link) (*Device, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, wrap("open", err)
	}
	d := &Device{opt: o, expr: o.Filter, since: time.Now(), links: links, asleep: links != nil}
	if links == nil {
		if d.links, err = find(&o); err != nil {
			return nil, wrap("open", err)
		}
	}
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
		if d.asleep {
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
		d.begin()
	}
	return nil
}

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
	if !d.stopping.Load() && !d.asleep {
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

// Stop ends the capture: nothing more is received, Next gives what the rings hold and then
// io.EOF. It does not wait.
func (d *Device) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.halt(false)
}

// halt is Stop, with mu held. If it waits, what the rings hold is delivered however long
// that takes, until halt is called without.
func (d *Device) halt(waits bool) {
	if d.closed || d.stopping.Load() && !d.waits {
		return
	}
	if d.waits = waits; !d.stopping.Swap(true) {
		for _, p := range d.ports {
			p.Attach(nil)
		}
	}
	d.event.Store(true)
	d.poll.wake()
}

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

func (d *Device) publish() {
	d.pub.Lock()
	d.public = d.sums
	d.pub.Unlock()
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
	if d.call {
		d.call, d.called = false, true
	}
	if s := d.swap; s != nil {
		d.swap, d.swapped = nil, s
		s.at = time.Now() // a callback may have run for long since
		d.checks = true
		for i, p := range d.ports {
			p.prog = s.progs[i]
		}
	}
	if d.cut != 0 {
		d.until, d.checks = d.cut, true
	}
	if d.stopping.Load() {
		limit := time.Now().Add(drainTime)
		if d.waits {
			limit = limit.Add(handoverTime)
		}
		if d.drain.IsZero() || limit.Before(d.drain) {
			d.drain = limit
		}
	}
}

// takes decides on a frame where the kernel has not, or by an earlier filter.
func (d *Device) takes(p *port, f *packet.Frame) bool {
	if (d.from|d.until) != 0 && d.others(p, f.TS) {
		d.sums.refused++
		return false
	}
	s := d.swapped
	if s != nil && f.TS-s.stamp > int64(swapTime) {
		d.settle()
		s = nil
	}
	switch {
	case s != nil && f.TS <= s.stamp:
		// Should the clock have been set back, time tells as well.
		if d.sums.filterDropped++; d.sums.filterDropped&1023 == 0 && time.Since(s.at) > 2*swapTime {
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
	d.swapped, d.checks = nil, (d.from|d.until) != 0
	for _, p := range d.ports {
		d.checks = d.checks || p.prog.here
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
	if d.called || d.ended() {
		d.called = false
		return ErrTimeout
	}
	now := time.Now()
	if d.swapped != nil && now.Sub(d.swapped.at) > swapQuiet {
		d.settle()
	}
	wait := d.opt.ReadTimeout - now.Sub(began)
	instant := d.drain.IsZero() && (d.now || d.nonblock.Load())
	waiting := false // a head waits for others
	for _, p := range d.ports {
		waiting = waiting || p.full
	}
	switch {
	case !d.drain.IsZero():
		// The kernel hands over its last block within the time it keeps one, of a Device that
		// gives way as well.
		if d.empty() || now.After(d.drain) || d.until != 0 && now.Sub(began) > drainTime {
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

// empty reports whether everything that passed the filter was read.
func (d *Device) empty() bool {
	for _, p := range d.ports {
		received, dropped, _, err := p.Sums()
		if err != nil || received-dropped > p.seen.Load() {
			return false
		}
	}
	return true
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

// Stats are the sums so far.
func (d *Device) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return d.last
	}
	return d.stats()
}

func (d *Device) stats() Stats {
	d.pub.Lock()
	s := d.public
	d.pub.Unlock()
	st := Stats{Captured: s.captured, Bytes: s.bytes, Truncated: s.truncated, FilterDropped: s.filterDropped, Downs: s.downs, Since: d.since}
	st.Counts.Records = s.captured
	var seen uint64
	for _, l := range d.links {
		if l.drops != nil {
			st.InterfaceDropped += l.drops.drops()
		}
	}
	for _, p := range d.ports {
		seen += p.seen.Load() // before the kernel's, which only grow
		received, dropped, freezes, err := p.Sums()
		if err != nil {
			continue
		}
		st.Received += received
		st.Dropped += dropped
		st.Freezes += freezes
	}
	st.QueueDropped = s.discarded
	if left := st.Received - st.Dropped; s.over && left > seen {
		st.QueueDropped += left - seen
	}
	if n := d.opt.Count; n > 0 && s.captured >= n {
		st.Beyond = st.QueueDropped
	}
	st.Received -= s.refused
	return st
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

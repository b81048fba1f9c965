package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/capture"
	"pinyon/filter"
	"pinyon/netif"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
	"pinyon/source/gate"
)

// A Policy says what happens when as many rows wait as may.
type Policy uint8

// The policies. Block has the reader wait until somebody drains: a file waits with it, of a device
// the ring fills, and the packets that it has no room for are in the statistics as Dropped.
// DropOldest makes room by dropping the oldest row, which Stats.Dropped counts.
const (
	Block Policy = iota
	DropOldest
)

// DefaultMaxRows is how many rows may wait.
const DefaultMaxRows = 1_000_000

// Options say what is listened to. The zero value and nil work.
type Options struct {
	// Capture is the device's. Open sets its interface and filter.
	Capture capture.Options
	// Filter, in the language of package filter, of what OpenSource reads.
	Filter string
	// MaxRows is how many rows may wait for a Drain; 0 is DefaultMaxRows. A row takes about a
	// hundred bytes.
	MaxRows int
	Full    Policy
	// Gate, if not nil, says which packets become rows; Stats.Source counts the others.
	Gate *gate.Gate
	// Own reports whether an address is one of this machine, for packets of which the kernel says
	// no direction; nil asks the system for its addresses if a device is listened to, at the
	// beginning and by Drain, twice a minute at most.
	Own func(netip.Addr) bool
}

// Stats count what a Listener has done: Rows = Drained + Dropped + Waiting.
type Stats struct {
	Rows    uint64       `json:"rows"`    // made of packets
	Drained uint64       `json:"drained"` // handed out
	Dropped uint64       `json:"dropped"` // by DropOldest
	Waiting uint64       `json:"waiting"`
	Waits   uint64       `json:"waits"`  // times that Block has stopped the reader
	Source  source.Stats `json:"source"` // of the device or file, and what was lost there
}

// A Listener collects packets from the moment it is opened until it is closed, its context is
// done, or there are no more. Its methods may be called from any goroutine.
type Listener struct {
	src     source.Source
	name    string
	o       Options
	set     *filter.Set
	read    reader
	machine *machine // nil unless a device is listened to and Own is not given
	end     context.CancelFunc
	done    chan struct{}
	room    chan struct{} // a Drain has made room
	counts  atomic.Pointer[source.Stats]

	mu      sync.Mutex
	waiting Table
	stats   Stats
	err     error
}

// Open listens to a device; the words of the filter are joined by blanks. As the Network Data
// Listener does, it takes packets as they come, up to 262,144 bytes of each, and no packets for other
// hosts that the device would not take by itself. Errors are those of capture.Open.
func Open(ctx context.Context, device string, filter ...string) (*Listener, error) {
	return OpenDevice(ctx, device, &Options{Capture: capture.Options{Immediate: true, NoPromisc: true}}, filter...)
}

// OpenDevice is Open with options.
func OpenDevice(ctx context.Context, device string, o *Options, filter ...string) (*Listener, error) {
	var with Options
	if o != nil {
		with = *o
	}
	if device != "" {
		with.Capture.Interface, with.Capture.Interfaces = device, nil
	}
	with.Capture.Filter = strings.Join(filter, " ")
	if with.Capture.ReadTimeout == 0 {
		with.Capture.ReadTimeout = 100 * time.Millisecond // how late the end of the context may be seen
	}
	with.Filter = ""
	dev, err := capture.Open(with.Capture)
	if err != nil {
		return nil, err
	}
	l, err := OpenSource(ctx, dev, &with)
	if err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	return l, nil
}

// OpenFile reads a capture instead, with the same table.
func OpenFile(ctx context.Context, path string, o *Options, filter ...string) (*Listener, error) {
	src, err := pcap.Open(path)
	if err != nil {
		return nil, err
	}
	var with Options
	if o != nil {
		with = *o
	}
	with.Filter = strings.Join(filter, " ")
	l, err := OpenSource(ctx, src, &with)
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return l, nil
}

// OpenSource listens to any source, which the Listener closes.
func OpenSource(ctx context.Context, src source.Source, o *Options) (*Listener, error) {
	l := &Listener{src: src, done: make(chan struct{}), room: make(chan struct{}, 1)}
	if o != nil {
		l.o = *o
	}
	if l.o.MaxRows == 0 {
		l.o.MaxRows = DefaultMaxRows
	}
	if l.o.MaxRows < 0 {
		return nil, fmt.Errorf("listen: %d rows at most", l.o.MaxRows)
	}
	if l.o.Filter != "" {
		var err error
		if l.set, err = filter.NewSet(l.o.Filter, nil); err != nil {
			return nil, err
		}
	}
	l.read.own = l.o.Own
	dev, live := src.(*capture.Device)
	if live {
		l.name = dev.Name()
	}
	if l.read.own == nil && live {
		l.machine = &machine{}
		l.machine.ask()
		l.read.own = l.machine.owns
	}
	ctx, l.end = context.WithCancel(ctx)
	l.counts.Store(&source.Stats{})
	go l.run(ctx)
	return l, nil
}

// run reads until there is no more.
func (l *Listener) run(ctx context.Context) {
	if d, ok := l.src.(*capture.Device); ok {
		defer context.AfterFunc(ctx, d.Stop)() // what the ring holds is read still
	}
	err := l.loop(ctx)
	if err == io.EOF || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	if e := l.src.Close(); err == nil {
		err = e
	}
	l.count()
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	l.end()
	close(l.done)
}

// count keeps the sums of the source for whoever asks.
func (l *Listener) count() {
	st := l.src.Stats()
	if l.o.Gate != nil {
		l.o.Gate.Account(&st)
	}
	l.counts.Store(&st)
}

func (l *Listener) loop(ctx context.Context) error {
	_, live := l.src.(*capture.Device)
	var f packet.Frame
	var r Row
	told := time.Now()
	for n := 0; ; n++ {
		if n&0x3f == 0 {
			if now := time.Now(); now.Sub(told) > 100*time.Millisecond {
				told = now
				l.count()
			}
		}
		if !live && ctx.Err() != nil {
			return ctx.Err()
		}
		switch err := l.src.Next(&f); {
		case err == nil:
		case errors.Is(err, source.ErrTimeout):
			n = -1
			continue
		default:
			return err
		}
		if l.set != nil {
			ok, err := l.set.Match(&f)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		if l.o.Gate != nil && l.o.Gate.Ask(&f) != gate.Passes {
			continue
		}
		l.read.read(&f, &r)
		if err := l.add(ctx, &r); err != nil {
			return err
		}
	}
}

// add appends a row, or makes room for it first.
func (l *Listener) add(ctx context.Context, r *Row) error {
	l.mu.Lock()
	for waited := false; l.waiting.rows >= l.o.MaxRows; waited = true {
		if l.o.Full == DropOldest {
			l.waiting.drop()
			l.stats.Dropped++
			break
		}
		if !waited {
			l.stats.Waits++
		}
		l.mu.Unlock()
		select {
		case <-l.room:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
	}
	l.waiting.add(r)
	l.stats.Rows++
	l.mu.Unlock()
	return nil
}

// add appends a row.
func (t *Table) add(r *Row) {
	n := len(t.blocks)
	switch {
	case n == 0:
		t.blocks = append(t.blocks, &block{make([]Row, 0, leastRows)})
	case len(t.blocks[n-1].rows) == cap(t.blocks[n-1].rows):
		t.blocks = append(t.blocks, &block{make([]Row, 0, min(blockRows, 4*cap(t.blocks[n-1].rows)))})
	}
	b := t.blocks[len(t.blocks)-1]
	b.rows = append(b.rows, *r)
	t.rows++
}

// drop forgets the oldest row.
func (t *Table) drop() {
	t.rows--
	if t.skip++; t.skip == len(t.blocks[0].rows) {
		t.blocks[0] = nil
		t.blocks, t.skip = t.blocks[1:], 0
	}
}

// Drain gives the rows since the last call, and forgets them; a table without rows when nothing
// came. It does not wait. Of several callers each gets rows of its own. Once the Listener has ended
// and its last rows are handed out, the error is io.EOF, or why it has ended.
func (l *Listener) Drain(ctx context.Context) (*Table, error) {
	if err := ctx.Err(); err != nil {
		return &Table{}, err
	}
	if l.machine != nil {
		l.machine.ask()
	}
	l.mu.Lock()
	t := l.waiting
	l.waiting = Table{}
	l.stats.Drained += uint64(t.rows)
	l.mu.Unlock()
	select {
	case l.room <- struct{}{}:
	default:
	}
	if t.rows > 0 {
		return &t, nil
	}
	select {
	case <-l.done:
	default:
		return &t, nil
	}
	// The end may have come behind rows that were added since.
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting.rows > 0 {
		return &t, nil
	}
	if l.err != nil {
		return &t, l.err
	}
	return &t, io.EOF
}

// Err is why the Listener ended before it was told to; nil while it runs, and after a regular end.
func (l *Listener) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Name is that of the devices that are listened to, joined; "" of other sources.
func (l *Listener) Name() string { return l.name }

// Done is closed when no more rows will come; those that wait can be drained still.
func (l *Listener) Done() <-chan struct{} { return l.done }

// Close ends listening, waits until what the device has captured is in the table, or fills it, and
// gives Err.
func (l *Listener) Close() error {
	l.end()
	<-l.done
	return l.Err()
}

// Stats are the sums so far; those of the source are asked for ten times a second at most.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	s := l.stats
	s.Waiting = uint64(l.waiting.rows)
	l.mu.Unlock()
	s.Source = *l.counts.Load()
	return s
}

// machine is the addresses of this machine. They are asked for by whoever opens a Listener or
// drains it, as the goroutine that reads may be in another network namespace.
type machine struct {
	own   atomic.Pointer[map[netip.Addr]bool]
	asked atomic.Int64 // when, in Unix seconds
}

// askEvery is how many seconds old the addresses may become.
const askEvery = 30

// ask has the addresses asked for if it is time to.
func (m *machine) ask() {
	now := time.Now().Unix()
	if was := m.asked.Load(); now-was < askEvery || !m.asked.CompareAndSwap(was, now) {
		return
	}
	list, err := netif.List()
	if err != nil {
		return
	}
	own := map[netip.Addr]bool{}
	for _, d := range list {
		for _, a := range d.Addrs {
			own[a.Prefix.Addr().Unmap()] = true
		}
	}
	m.own.Store(&own)
}

func (m *machine) owns(a netip.Addr) bool {
	own := m.own.Load()
	return own != nil && (*own)[a.Unmap()]
}

package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"pinyon/capture"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
)

// Counts of Dispatch that are no numbers of packets.
const (
	// Buffer is the packets that the system handed over at a time: at least one, unless none
	// comes. Of a file that is all of them.
	Buffer = -1
	// All is every packet until an error, the end of the file or the read timeout.
	All = 0
)

// Why a call came back early; use errors.Is. At the end of a file it is io.EOF.
var (
	// ErrTimeout: no packet came for the read timeout. The feed can be read on.
	ErrTimeout = source.ErrTimeout
	// ErrWouldBlock: no packet is at hand, and the feed does not block.
	ErrWouldBlock = capture.ErrWouldBlock
	// ErrStop, returned by a handler, ends the call that runs it, which returns it.
	ErrStop = capture.ErrStop
	// ErrUnsupported: a feed of this kind, or this system, cannot do it.
	ErrUnsupported = capture.ErrNotSupported
	// ErrClosed: the feed is closed.
	ErrClosed = capture.ErrClosed
	// ErrFrameSize: a frame is shorter than the link header, or longer than the device takes.
	ErrFrameSize = errors.New("frame size")
)

// A Packet is a frame with its time, decoded when Decoded is first called. Its Data is
// borrowed: see Handler and Feed.Next.
type Packet = capture.Packet

// A Handler gets a packet, which is valid until it returns. An error ends the call that runs
// it, and is what that returns.
type Handler func(p *Packet) error

// Directions of SetDirection.
const (
	InOut = capture.InOut
	In    = capture.In
	Out   = capture.Out
)

// A Feed gives packets of a device or a file that pass its filter.
type Feed interface {
	// Dispatch hands packets to fn until there were cnt of them, or as Buffer and All say,
	// and gives their number. The error says why there were fewer: io.EOF, ErrTimeout,
	// ErrWouldBlock, what fn returned, or what reading failed with.
	Dispatch(cnt int, fn Handler) (n int, err error)
	// Loop is Dispatch without a timeout: it ends after cnt packets, with an error, or with
	// ctx, whose error it returns. A cnt of 0 or below is no number. A feed that does not
	// block ends it with ErrWouldBlock.
	Loop(ctx context.Context, cnt int, fn Handler) (n int, err error)
	// Next is one packet. Its Data stays valid until the next call that reads, or Close. The
	// error is io.EOF, ErrTimeout, ErrWouldBlock, that of ctx or of reading.
	Next(ctx context.Context) (Packet, error)
	// Packets yields every packet, each valid until the next, and at last the error that
	// ended them: ErrWouldBlock for one, but not io.EOF. It waits through timeouts.
	Packets() iter.Seq2[*Packet, error]
	// ReadBatch is the packets of one Dispatch of Buffer, copied. With some there is no error.
	ReadBatch() ([]Packet, error)
	// Source is what is left of the feed as a source of frames. Closing it closes the feed.
	Source() source.Source

	// Inject sends a frame, from its link header on.
	Inject(frame []byte) error

	// Name is that of the device, or the file's path.
	Name() string
	// LinkType of the device; of a file's first interface.
	LinkType() LinkType
	// HeaderLen is that of LinkType.
	HeaderLen() int
	// Snaplen is how many bytes of a packet are kept at most; of a file it is what that says.
	Snaplen() int
	// Resolution of the packets' times.
	Resolution() pcap.Resolution
	// FD can be waited for before reading; -1 where there is none.
	FD() int

	// Filter sets the filter, in the language of pcap-filter(7). After an error the old one
	// stays. No packet that expr refuses is handed out once it has returned.
	Filter(expr string, opts ...FilterOption) error
	// FilterExpr is the filter in force.
	FilterExpr() string
	// SetDirection says whether packets received, sent or both are wanted.
	SetDirection(d capture.Direction) error
	// SetNonblock says whether reading returns ErrWouldBlock at once when no packet is at
	// hand. It is about reading, not about the device.
	SetNonblock(on bool) error
	// Nonblock is what SetNonblock said last.
	Nonblock() bool
	// Close ends the feed. Further calls do nothing. A feed that nothing refers to any more
	// is closed too, but nobody knows when, and a warning is logged.
	Close() error
}

// A FilterOption of Filter.
type FilterOption uint8

// NoOptimize leaves the program of a filter as it comes.
const NoOptimize FilterOption = 1

func noOptimize(opts []FilterOption) bool {
	for _, o := range opts {
		if o == NoOptimize {
			return true
		}
	}
	return false
}

// An Option of opening a feed.
type Option func(*options)

type options struct {
	device    capture.Options
	interpret bool
	decap     packet.Decap
}

// Interpret decodes every packet before it is handed out. Without it Packet.Decoded does so
// when it is first called.
func Interpret() Option { return func(o *options) { o.interpret = true } }

// Decap is how far decoding looks into tunnels.
func Decap(d packet.Decap) Option { return func(o *options) { o.decap = d } }

// With are options of a device. A file takes its Filter, NoOptimize and Resolver.
func With(c capture.Options) Option { return func(o *options) { o.device = c } }

func gather(opts []Option) (o options) {
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Open opens a file if there is one of that name, and a device otherwise. "file:" or "dev:"
// in front decides. The empty name is the most useful device.
func Open(name string, opts ...Option) (Feed, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		return offline(path, opts)
	}
	if dev, ok := strings.CutPrefix(name, "dev:"); ok {
		return live(dev, opts)
	}
	if name == "" || !exists(name) {
		return live(name, opts)
	}
	return offline(name, opts)
}

// live and offline keep a nil pointer from becoming a Feed.
func live(name string, opts []Option) (Feed, error) {
	f, err := OpenLive(name, nil, opts...)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func offline(path string, opts []Option) (Feed, error) {
	f, err := OpenOffline(path, opts...)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// A reader is what Live and Offline differ in. They embed common, which does the rest.
type reader interface {
	// read fills f with the next packet that passes the filter. With now it does not wait.
	read(f *packet.Frame, now bool) error
	// buffered is how many packets are left of a buffer.
	buffered() int
	// until has read return when ctx is done.
	until(ctx context.Context)
}

// common is reading, whatever from. Packets point to its decoder, and so keep the feed, and
// with it the memory that they borrow, from being collected.
type common struct {
	r         reader
	decoder   packet.Decoder
	interpret bool
	p         *Packet // of Dispatch and Loop; not at hand while a handler runs
}

func (c *common) init(r reader, o *options) {
	c.r, c.interpret = r, o.interpret
	c.decoder.Decap = o.decap
}

// packet takes the Packet to fill. A handler that reads on its own gets another.
func (c *common) packet() *Packet {
	p := c.p
	c.p = nil
	if p == nil {
		p = capture.NewPacket(&c.decoder)
	}
	return p
}

func (c *common) fill(p *Packet, now bool) error {
	if err := c.r.read(&p.Frame, now); err != nil {
		return err
	}
	p.Reset()
	if c.interpret {
		p.Decoded()
	}
	return nil
}

// Dispatch: see Feed.
func (c *common) Dispatch(cnt int, fn Handler) (n int, err error) {
	if cnt < Buffer {
		return 0, fmt.Errorf("feed: dispatch of %d packets; want a number, %d or %d", cnt, Buffer, All)
	}
	c.r.until(context.Background())
	p := c.packet()
	defer func() { c.p = p }()
	if cnt == Buffer {
		return c.buffer(p, fn)
	}
	for cnt == All || n < cnt {
		if err := c.fill(p, false); err != nil {
			return n, err
		}
		n++
		if err := fn(p); err != nil {
			return n, err
		}
	}
	return n, nil
}

// buffer hands out a packet and what is left of its buffer then.
func (c *common) buffer(p *Packet, fn Handler) (n int, err error) {
	left := 0
	for n == 0 || left > 0 {
		switch err := c.fill(p, n > 0); {
		case err == ErrWouldBlock && n > 0, err == ErrTimeout && n > 0:
			return n, nil // the rest of the buffer did not pass a new filter
		case err != nil:
			return n, err
		}
		if left--; n == 0 {
			left = c.r.buffered()
		}
		n++
		if err := fn(p); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Loop: see Feed.
func (c *common) Loop(ctx context.Context, cnt int, fn Handler) (n int, err error) {
	p := c.packet()
	defer func() { c.p = p }()
	done := ctx.Done()
	for cnt <= 0 || n < cnt {
		select {
		case <-done:
			return n, ctx.Err()
		default:
		}
		c.r.until(ctx) // a handler may have read with another one
		switch err := c.fill(p, false); {
		case err == ErrTimeout:
			continue
		case err != nil:
			return n, err
		}
		n++
		if err := fn(p); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Next: see Feed.
func (c *common) Next(ctx context.Context) (Packet, error) {
	if ctx.Err() != nil {
		return Packet{}, ctx.Err()
	}
	c.r.until(ctx)
	p := c.packet()
	defer func() { c.p = p }()
	if err := c.fill(p, false); err != nil {
		if err == ErrTimeout && ctx.Err() != nil {
			err = ctx.Err()
		}
		return Packet{}, err
	}
	return *p, nil
}

// Packets: see Feed.
func (c *common) Packets() iter.Seq2[*Packet, error] {
	return func(yield func(*Packet, error) bool) {
		_, err := c.Loop(context.Background(), 0, func(p *Packet) error {
			if !yield(p, nil) {
				return errEnough
			}
			return nil
		})
		if err != io.EOF && err != errEnough {
			yield(nil, err)
		}
	}
}

// errEnough ends a Loop whose packets nobody wants any more.
var errEnough = errors.New("enough")

// ReadBatch: see Feed. The copies share no memory with the feed, and one decoder.
func (c *common) ReadBatch() ([]Packet, error) {
	var batch []Packet
	own := &packet.Decoder{Decap: c.decoder.Decap}
	var room []byte
	_, err := c.Dispatch(Buffer, func(p *Packet) error {
		q := capture.NewPacket(own)
		q.Frame = p.Frame
		if cap(room)-len(room) < len(p.Data) {
			room = make([]byte, 0, max(64<<10, len(p.Data)))
		}
		at := len(room)
		room = append(room, p.Data...)
		q.Data, q.Block = room[at:len(room):len(room)], nil
		if c.interpret {
			q.Decoded()
		}
		batch = append(batch, *q)
		return nil
	})
	if len(batch) > 0 {
		return batch, nil
	}
	return nil, err
}

// rest is what is left of a feed as a source.Source.
type rest struct {
	c     *common
	ready func() bool
	stats func(rest source.Stats) source.Stats // of the feed, given those of the rest
	close func() error
	tally source.Tally // of the frames since it was made
}

func (s *rest) Next(f *packet.Frame) error {
	s.c.r.until(context.Background())
	err := s.c.r.read(f, false)
	if err == nil {
		s.tally.Count(f)
	}
	return err
}

func (s *rest) Ready() bool { return s.ready() }

func (s *rest) Stats() source.Stats { return s.stats(s.tally.Stats()) }

func (s *rest) Close() error { return s.close() }

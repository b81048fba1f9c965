// Package client is a remote server as a source of packets. It goes on by itself when its link was
// cut, marks what is missing, and lets the server's clock alone say how much capture time passes.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/wire"
	"pinyon/source"
)

// DefaultTries is how often in a row a client tries to connect before it gives up.
const DefaultTries = 5

// Options say where the packets come from, and which are wanted.
type Options struct {
	Address *remote.Address
	// Token is the secret; "" is that of the address.
	Token string
	Trust remote.Trust
	// Plaintext consents to a connection without TLS to another machine.
	Plaintext bool
	// Filter, in the language of pcap-filter(7), narrows what the server sends.
	Filter string
	// Interfaces are those of the server's devices that are wanted; none is all.
	Interfaces []string
	// Snaplen is how many bytes of a packet are wanted; 0 is all that the server has.
	Snaplen int
	NoZstd  bool // batches are to come as they are
	// Tries is how often in a row to try to connect; 0 is DefaultTries, Forever without end. Once
	// connects once and never again. First is another number for the first connection; 0 is Tries.
	Tries, First int
	// Count ends the source after so many packets, Duration after that time; 0 is never.
	Count    uint64
	Duration time.Duration
	// ReadTimeout is how long Next waits before it returns source.ErrTimeout; 0 is a second.
	ReadTimeout time.Duration
	Version     string       // what the server is told of the program
	Log         *slog.Logger // nil is silent

	dial func(ctx context.Context, network, addr string) (net.Conn, error) // for tests
	wait func(try int) time.Duration                                       // for tests
}

// Values of Options.Tries beside numbers.
const (
	Forever = -1
	Once    = -2
)

// A Client is packets of a server as a source.Source. Next is used from one goroutine, the other
// methods from any.
type Client struct {
	opt     Options
	log     *slog.Logger
	tls     *tls.Config
	ctx     context.Context
	cancel  context.CancelFunc
	since   time.Time
	items   chan item
	blocks  chan *packet.Block
	stopped atomic.Bool
	stop    chan struct{}
	link    atomic.Pointer[link]
	done    chan struct{} // closed when the reader of the link has ended
	once    sync.Once

	// Of the goroutine that reads the link.
	session  [16]byte
	instance [16]byte
	next     uint64 // sequence number that is expected
	welcome  wire.Welcome
	base     int64
	began    bool // STATS have come

	// Of the goroutine that calls Next.
	batch wire.Batch
	block *packet.Block
	over  *packet.Block // of the last frame that Count asked for
	gap   bool          // packets are missing before the next one
	err   error
	timer *time.Timer

	clock atomic.Int64 // of the server's STATS, in step with what Next gave

	filtering sync.Mutex // one SetFilter at a time
	mu        sync.Mutex
	st        Stats
	expr      string // the filter that is asked for
	inForce   string // with the token's
	asked     *asked // for which no answer has come; nil if none
	lastID    uint64
}

// Stats are the sums of a client, to the packet.
type Stats struct {
	Received   uint64 // packets that came
	Delivered  uint64 // of these, packets that Next gave
	Bytes      uint64 // of those, on the wire
	Truncated  uint64 // of those, not captured whole
	LostQueue  uint64 // packets that the server's queue for this client had no room for
	LostLink   uint64 // packets that went with a link that was cut
	Unknown    uint64 // gaps of unknown size: the server or the session began anew
	Gaps       uint64 // gaps of all kinds
	Reconnects uint64
	LinkBytes  uint64 // bytes of messages
	// Server are its latest sums, and Before those at the beginning.
	Server, Before wire.Stats
	// Offset is how far the server's clock is ahead of this machine's, and Within the error of that.
	Offset, Within time.Duration
	Ended          bool // by the server's END
	// Err is why the client ended, if that was no end.
	Err error
}

// An item is what the reader of the link hands to Next, in order.
type item struct {
	block *packet.Block // of a batch
	body  []byte        // of it; within block
	base  int64
	gap   *wire.Gap
	stats *wire.Stats
	end   error // io.EOF, or what went wrong
}

// Open connects. Errors are *remote.DialError, *remote.AuthError, *remote.ProtocolError and
// remote.ErrServerFull.
func Open(ctx context.Context, o *Options) (*Client, error) {
	c := &Client{
		opt: *o, expr: o.Filter, log: o.Log, since: time.Now(), items: make(chan item, 8), blocks: make(chan *packet.Block, 64),
		stop: make(chan struct{}), done: make(chan struct{}), timer: time.NewTimer(time.Hour),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.opt.Token == "" {
		c.opt.Token = o.Address.Token
	}
	if c.opt.Tries == 0 {
		c.opt.Tries = DefaultTries
	}
	if c.opt.ReadTimeout == 0 {
		c.opt.ReadTimeout = time.Second
	}
	if c.opt.wait == nil {
		c.opt.wait = backOff
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	unwatch := context.AfterFunc(ctx, c.cancel)
	l, err := c.connect()
	if !unwatch() && err == nil {
		l.close()
		err = ctx.Err()
	}
	if err != nil {
		c.cancel()
		return nil, err
	}
	if c.opt.Duration > 0 {
		time.AfterFunc(c.opt.Duration, c.Stop)
	}
	go c.run(l)
	return c, nil
}

// check says what is wrong with the options before anything is sent.
func (c *Client) check() (err error) {
	a := c.opt.Address
	switch {
	case c.opt.Token == "":
		return &remote.AuthError{Err: errors.New("no token is given")}
	case len(c.opt.Token) < remote.MinToken:
		return &remote.AuthError{Err: errors.New("the token is too short to be one")}
	case !a.TLS && !a.Loopback() && !c.opt.Plaintext:
		return &remote.AuthError{Err: errors.New("without TLS everybody on the way can read the packets: want pinyons://, or consent")}
	case a.TLS:
		c.tls, err = c.opt.Trust.Client(a)
	}
	return err
}

// run reads links, one after the other, until the end.
func (c *Client) run(l *link) {
	defer close(c.done)
	defer c.cancel()
	for {
		c.link.Store(l)
		err := l.read()
		if c.stopped.Load() {
			<-c.ctx.Done() // the server was told
			err = io.EOF
		}
		l.close()
		if err == io.EOF || final(err) || c.opt.Tries == Once {
			c.put(item{end: err})
			return
		}
		c.log.Warn("the link was cut", "server", c.opt.Address.String(), "error", err)
		if l, err = c.connect(); err != nil {
			if c.stopped.Load() {
				err = io.EOF
			}
			c.put(item{end: err})
			return
		}
		c.mu.Lock()
		c.st.Reconnects++
		c.mu.Unlock()
	}
}

// errStopped says that the client was stopped.
var errStopped = errors.New("the client was stopped")

// put hands an item to Next; it waits while there is no room. It returns false once the client is
// stopped or closed.
func (c *Client) put(i item) bool {
	select {
	case c.items <- i:
		return true
	case <-c.stop:
		return false
	}
}

// Next fills f with the next packet. See source.Source.
func (c *Client) Next(f *packet.Frame) error {
	for {
		if c.err != nil {
			return c.err
		}
		if c.block != nil {
			ok, err := c.batch.Next(f)
			if ok {
				c.give(f)
				return nil
			}
			c.block.Release()
			c.block = nil
			if err != nil {
				c.finish(&remote.ProtocolError{Err: err})
				continue
			}
		}
		var i item
		select {
		case i = <-c.items:
		default:
			if c.stopped.Load() {
				c.finish(io.EOF)
				continue
			}
			c.timer.Reset(c.opt.ReadTimeout)
			select {
			case i = <-c.items:
			case <-c.stop:
				continue // what is there still comes
			case <-c.timer.C:
				return source.ErrTimeout
			}
		}
		if c.take(&i) {
			return source.ErrTimeout
		}
	}
}

// take begins with an item. It reports whether time has passed.
func (c *Client) take(i *item) bool {
	switch {
	case i.block != nil:
		c.block = i.block
		if err := c.batch.Open(i.body, i.base, len(c.welcome.Interfaces)); err != nil {
			c.finish(&remote.ProtocolError{Err: err})
		}
	case i.gap != nil:
		c.gap = true
		c.mu.Lock()
		c.st.Gaps++
		switch i.gap.Reason {
		case wire.ReasonQueue:
			c.st.LostQueue += i.gap.Lost
		case wire.ReasonLink:
			c.st.LostLink += i.gap.Lost
		case wire.ReasonRestart:
			c.st.Unknown++
		}
		c.mu.Unlock()
	case i.stats != nil:
		c.mu.Lock()
		c.st.Server = *i.stats
		c.mu.Unlock()
		c.clock.Store(max(c.clock.Load(), i.stats.Clock))
		return true
	default:
		c.finish(i.end)
	}
	return false
}

// give completes a frame that goes out.
func (c *Client) give(f *packet.Frame) {
	c.mu.Lock()
	s := &c.st
	s.Delivered++
	s.Bytes += uint64(f.Wire)
	if uint32(len(f.Data)) < f.Wire {
		s.Truncated++
	}
	f.Number = s.Delivered
	c.mu.Unlock()
	f.Link, f.NoTime, f.Block, f.Gap = c.welcome.Interfaces[f.Iface].Link, false, c.block, c.gap
	c.gap = false
	if f.Number == c.opt.Count {
		c.Stop()
		c.err = io.EOF
		c.over = c.block
		c.block = nil
	}
}

// finish has Next end.
func (c *Client) finish(err error) {
	if err != io.EOF {
		err = source.Wrap("read", err)
		if !errors.Is(err, source.ErrClosed) {
			c.mu.Lock()
			c.st.Err = err
			c.mu.Unlock()
		}
	}
	c.err = err
	if c.block != nil {
		c.block.Release()
		c.block = nil
	}
}

// Ready reports whether Next has a packet at hand.
func (c *Client) Ready() bool { return c.block != nil && c.batch.Left() > 0 || len(c.items) > 0 }

// ended reports whether Next does not wait because the source is over.
func (c *Client) ended() bool { return c.err != nil || c.stopped.Load() }

// Clock is the capture time until which Next gave everything, by the server's clock.
func (c *Client) Clock() int64 { return c.clock.Load() }

// Name is the server's address.
func (c *Client) Name() string { return c.opt.Address.HostPort() }

// Interfaces are the names of the server's devices; packet.Frame.Iface is the position here.
func (c *Client) Interfaces() []string {
	names := make([]string, len(c.welcome.Interfaces))
	for i, f := range c.welcome.Interfaces {
		names[i] = f.Name
	}
	return names
}

// LinkTypes are the LINKTYPE_ values of the devices, in their order.
func (c *Client) LinkTypes() []uint16 {
	types := make([]uint16, len(c.welcome.Interfaces))
	for i, f := range c.welcome.Interfaces {
		types[i] = f.Link
	}
	return types
}

// Snaplen is how many bytes of a packet the server sends.
func (c *Client) Snaplen() int { return int(c.welcome.Snaplen) }

// Stop ends the source: what has come still leaves, then Next returns io.EOF. It does not wait.
func (c *Client) Stop() {
	c.once.Do(func() {
		c.stopped.Store(true)
		close(c.stop)
		go c.leave()
	})
}

// leaveTime is how long the server is given to hear that the client leaves.
const leaveTime = time.Second

// leave tells the server that the client does not come back, and ends the connection.
func (c *Client) leave() {
	defer c.cancel()
	l := c.link.Load()
	if l == nil {
		return
	}
	told := make(chan struct{})
	go func() {
		l.ws.Close(websocket.StatusNormalClosure, "")
		close(told)
	}()
	select {
	case <-told:
	case <-time.After(leaveTime):
	}
}

// Close ends the source. It must not be called while Next runs; Stop may.
func (c *Client) Close() error {
	c.Stop()
	<-c.done
	if c.err == nil {
		c.err = source.Wrap("read", source.ErrClosed)
	}
	c.finish(c.err)
	if c.over != nil {
		c.over.Release()
		c.over = nil
	}
	for {
		select {
		case i := <-c.items:
			if i.block != nil {
				i.block.Release()
			}
		default:
			return nil
		}
	}
}

// Detail are the sums to the packet.
func (c *Client) Detail() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.st
}

// Stats are the sums as of any source: what is lost between the server's filter and Next is
// Dropped, what came and was not asked for any more is QueueDropped.
func (c *Client) Stats() source.Stats {
	s := c.Detail()
	st := source.Stats{Captured: s.Delivered, Bytes: s.Bytes, Truncated: s.Truncated, Since: c.since}
	st.Counts.Records = s.Delivered
	st.Dropped = s.LostQueue + s.LostLink + since(s.Server.Dropped, s.Before.Dropped)
	st.InterfaceDropped = since(s.Server.InterfaceDropped, s.Before.InterfaceDropped)
	if c.stopped.Load() {
		st.QueueDropped = s.Received - s.Delivered
	}
	if n := c.opt.Count; n > 0 && s.Delivered >= n {
		st.Beyond = st.QueueDropped
	}
	st.Received = st.Captured + st.Dropped + s.Received - s.Delivered
	return st
}

// since is a difference of sums, which begin anew when the server does.
func since(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// same reports whether a server captures from the devices that it had.
func same(a, b []wire.Interface) bool { return slices.Equal(a, b) }

// Package server sends the packets of a source to clients, by the protocol of docs/protocol.md. One
// goroutine captures; each client has a queue of its own, so that a slow one never delays the
// capture or another client. What is lost on the way is counted and told.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/wire"
	"pinyon/source"
)

// Defaults of Options.
const (
	DefaultClients = 5
	DefaultQueue   = 32 << 20
	MinQueue       = 1 << 20
)

// Options say what a server sends, and to whom.
type Options struct {
	// Source is read by Run, which closes it.
	Source source.Source
	// Interfaces are its devices, in the order of packet.Frame.Iface.
	Interfaces []wire.Interface
	// Tap, if not nil, sees every frame before any client, and nil once a second in which none
	// came. Its error ends the server.
	Tap func(*packet.Frame) error
	// Tokens are those that clients may know.
	Tokens *remote.Tokens
	// Clients is how many there may be; 0 is any number. Those whose link was cut a moment ago
	// count, but give way to others.
	Clients int
	// Rate is how many bytes a second each client is sent at most; 0 is no limit.
	Rate uint64
	// Queue is how many bytes wait for each client at most; 0 is DefaultQueue.
	Queue  int
	Policy Policy
	// Wait has the source read only once so many clients have come.
	Wait int
	// NoZstd leaves batches as they are.
	NoZstd bool
	// Version is what clients are told of the program.
	Version string
	// Local, if not nil, is told the address of this side of each connection, so that the server's
	// own stream can be left out of the capture.
	Local func(netip.AddrPort)
	Log   *slog.Logger // nil is silent
}

// A Server sends packets to clients.
type Server struct {
	opt      Options
	log      *slog.Logger
	faces    []wire.Interface
	instance [16]byte
	base     int64
	unknown  [32]byte // in place of a token that is not there
	failures failures

	clock    atomic.Int64 // capture time until which everything was offered
	stopping atomic.Bool
	hurry    atomic.Bool   // the source does not wait for clients any more
	enough   chan struct{} // closed when Wait clients have come
	buffers  chan []byte
	wg       sync.WaitGroup

	mu       sync.Mutex
	sessions []*session
	links    map[*link]bool             // all that are WebSockets
	list     atomic.Pointer[[]*session] // a copy, for the capture
	stats    source.Stats               // of the source
	over     bool
	ended    Totals            // of sessions that are gone
	left     map[string]Served // the same by the names of their tokens
}

// Totals are sums over clients.
type Totals struct {
	Clients uint64 // sessions that began
	Packets uint64 // that were for them
	Sent    uint64
	Dropped uint64 // in queues
	Bytes   uint64
}

// New makes a server.
func New(o *Options) (*Server, error) {
	s := &Server{opt: *o, log: o.Log, faces: o.Interfaces, base: time.Now().UnixNano(), links: map[*link]bool{}, left: map[string]Served{}, enough: make(chan struct{}), buffers: make(chan []byte, 256)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.opt.Queue == 0 {
		s.opt.Queue = DefaultQueue
	}
	if s.opt.Queue < MinQueue {
		return nil, errors.New("remote: a queue holds 1 MiB or more")
	}
	rand.Read(s.instance[:])
	rand.Read(s.unknown[:])
	s.list.Store(&[]*session{})
	return s, nil
}

// Run takes clients from a listener, with TLS unless config is nil, and captures, until the source
// ends, ctx ends, or something fails. Before it returns, clients are told the end, and get for a
// few seconds what waits for them.
func (s *Server) Run(ctx context.Context, l net.Listener, config *tls.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := newGate(l)
	var clear net.Listener = g
	if config != nil {
		clear = tls.NewListener(g, config)
	}
	h := &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: handshakeTime, MaxHeaderBytes: 16 << 10,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	h.SetKeepAlivesEnabled(false)
	served := make(chan error, 1)
	go func() { served <- h.Serve(clear) }()
	go s.watch(ctx)
	unwatch := context.AfterFunc(ctx, s.release)
	err := s.capture(ctx)
	unwatch()
	s.finish(err)
	// Clients get what waits for them, those too whose link was just cut.
	for end := time.Now().Add(finishTime); len(*s.list.Load()) > 0 && time.Now().Before(end); {
		time.Sleep(2 * time.Millisecond)
	}
	s.stopping.Store(true)
	l.Close()
	h.Close() // closes what is no WebSocket yet
	<-served
	s.cutAll()
	s.wg.Wait()
	return err
}

// finishTime is how long clients get what waits for them once the capture is over.
const finishTime = 5 * time.Second

type connKey struct{}

// capture reads the source and offers each frame to every session.
func (s *Server) capture(ctx context.Context) (err error) {
	src := s.opt.Source
	defer func() {
		if e := src.Close(); err == nil {
			err = e
		}
		s.account(src.Stats())
	}()
	if s.opt.Wait > 0 {
		select {
		case <-s.enough:
		case <-ctx.Done():
			return nil
		}
	}
	var f packet.Frame
	var asked time.Time
	for n := uint64(0); ; n++ {
		if n&63 == 0 {
			if now := time.Now(); now.Sub(asked) >= statsEvery {
				asked = now
				s.account(src.Stats())
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		switch err := src.Next(&f); {
		case err == nil:
		case errors.Is(err, source.ErrTimeout):
			n = ^uint64(0) // look at the statistics next
			s.clock.Store(max(s.clock.Load(), time.Now().Add(-silentLag).UnixNano()))
			if s.opt.Tap != nil {
				if err := s.opt.Tap(nil); err != nil {
					return err
				}
			}
			continue
		case errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
		if s.opt.Tap != nil {
			if err := s.opt.Tap(&f); err != nil {
				return err
			}
		}
		for _, c := range *s.list.Load() {
			c.offer(&f)
		}
		if f.TS > s.clock.Load() {
			s.clock.Store(f.TS)
		}
	}
}

const (
	// statsEvery is how often the source is asked for its sums.
	statsEvery = 250 * time.Millisecond
	// silentLag is how far the clock of a silent source stays behind the system's: longer than a
	// packet is on its way from its stamp to Next.
	silentLag = 500 * time.Millisecond
)

// account takes the sums of the source, and tells sessions of what the kernel has lost since.
func (s *Server) account(now source.Stats) {
	s.mu.Lock()
	before := s.stats
	s.stats = now
	s.mu.Unlock()
	for _, c := range *s.list.Load() {
		if n := now.Dropped - before.Dropped; n > 0 && now.Dropped > before.Dropped {
			c.miss(n, wire.ReasonRing)
		}
		if n := now.InterfaceDropped - before.InterfaceDropped; n > 0 && now.InterfaceDropped > before.InterfaceDropped {
			c.miss(n, wire.ReasonInterface)
		}
	}
}

// watch ends sessions whose link stays cut, and those whose token is gone, once a second.
func (s *Server) watch(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			if s.opt.Tokens.Changed() {
				s.Reload()
			}
			for _, c := range *s.list.Load() {
				if !s.opt.Tokens.Holds(c.token, now) {
					c.mu.Lock()
					c.end(&wire.Error{Code: wire.CodeRevoked, Text: "the token is not valid any more"})
					c.mu.Unlock()
				}
				c.mu.Lock()
				gone := c.link == nil && (now.Sub(c.cutAt) > resumeTime || c.ended != nil)
				if gone {
					c.end(&wire.Error{Code: wire.CodeCapture, Text: "the session is over"})
				}
				c.mu.Unlock()
				if gone {
					s.remove(c)
				}
			}
		}
	}
}

// Reload reads the tokens again. If that fails they stay as they were.
func (s *Server) Reload() {
	if err := s.opt.Tokens.Reload(); err != nil {
		s.log.Error("the tokens stay as they were", "error", err)
	} else {
		s.log.Info("tokens were read again")
	}
}

// finish tells every session that the capture is over, or failed.
func (s *Server) finish(err error) {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	var why *wire.Error
	if err != nil {
		why = &wire.Error{Code: wire.CodeCapture, Text: "the capture failed: " + err.Error()}
	}
	for _, c := range *s.list.Load() {
		c.finish(why)
	}
}

// release has a source go on that waits for clients to take packets.
func (s *Server) release() {
	s.hurry.Store(true)
	for _, c := range *s.list.Load() {
		c.mu.Lock()
		c.space.Broadcast()
		c.mu.Unlock()
	}
}

// cutAll closes every connection.
func (s *Server) cutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links {
		l.cancel()
	}
}

// enter notes a connection, and leaves it out again at its end. It returns false if the server ends.
func (s *Server) enter(l *link, in bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in && !s.stopping.Load() {
		s.links[l] = true
		return true
	}
	delete(s.links, l)
	return false
}

// add puts a new session among the others, unless there are too many. Those without connection give
// way, the one that was cut longest ago first.
func (s *Server) add(c *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return &wire.Error{Code: wire.CodeCapture, Text: "the capture is over"}
	}
	if n := s.opt.Clients; n > 0 && len(s.sessions) >= n {
		at := -1
		var since time.Time
		for i, o := range s.sessions {
			o.mu.Lock()
			if o.link == nil && (at < 0 || o.cutAt.Before(since)) {
				at, since = i, o.cutAt
			}
			o.mu.Unlock()
		}
		if at < 0 {
			return &wire.Error{Code: wire.CodeFull, Text: "as many clients as the server takes are there"}
		}
		s.drop(at)
	}
	s.sessions = append(s.sessions, c)
	s.ended.Clients++
	if s.ended.Clients == uint64(s.opt.Wait) {
		close(s.enough)
	}
	s.publish()
	return nil
}

// find gives the session of an ID, for a token and a subscription.
func (s *Server) find(id [16]byte, t *remote.Token, key []byte) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sessions {
		c.mu.Lock()
		same := c.id == id && c.token.Name == t.Name && string(c.want) == string(key)
		c.mu.Unlock()
		if same {
			return c
		}
	}
	return nil
}

func (s *Server) remove(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.sessions, c); i >= 0 {
		s.drop(i)
	}
}

// drop takes session i out; mu is held.
func (s *Server) drop(i int) {
	s.ended.add(s.sessions[i])
	served(s.left, s.sessions[i])
	s.sessions = slices.Delete(s.sessions, i, i+1)
	s.publish()
}

func (s *Server) publish() {
	list := slices.Clone(s.sessions)
	s.list.Store(&list)
}

func (t *Totals) add(c *session) {
	var st wire.Stats
	c.stats(&st)
	t.Packets += st.Next
	t.Sent += st.Sent
	t.Dropped += st.ClientDropped
	t.Bytes += st.Bytes
}

// Stats are the sums of the source, and of all clients so far.
func (s *Server) Stats() (source.Stats, Totals) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ended
	for _, c := range s.sessions {
		t.add(c)
	}
	return s.stats, t
}

// buffer gives memory for a batch.
func (s *Server) buffer() []byte {
	select {
	case b := <-s.buffers:
		return b
	default:
		return make([]byte, 0, wire.BatchBytes+wire.HeaderSize+64)
	}
}

// giveBack takes memory of a batch back.
func (s *Server) giveBack(b []byte) {
	if cap(b) > 2*wire.BatchBytes {
		return
	}
	select {
	case s.buffers <- b[:0]:
	default:
	}
}

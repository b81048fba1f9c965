package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/coder/websocket"

	"pinyon/remote"
	"pinyon/remote/wire"
)

const (
	// writeTime is how long one message may take to go to a client; then the link is cut.
	writeTime = 60 * time.Second
	// statsTime is how often a client is told sums.
	statsTime = time.Second
)

// A link is one connection of a client.
type link struct {
	s       *Server
	ws      *websocket.Conn
	conn    *guarded
	from    netip.Prefix
	binding wire.Binding
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed when its writer has ended
	buf     []byte
	packer  *wire.Packer // nil if batches stay as they are
}

// serve is one HTTP request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	l := &link{s: s, from: network(addr(r.RemoteAddr)), done: make(chan struct{})}
	if t, ok := c.(*tls.Conn); ok {
		st := t.ConnectionState()
		b, err := st.ExportKeyingMaterial(wire.BindingLabel, nil, len(l.binding))
		if err != nil {
			http.Error(w, "TLS without extended master secret", http.StatusUpgradeRequired)
			return
		}
		copy(l.binding[:], b)
		c = t.NetConn()
	}
	l.conn, _ = c.(*guarded)
	if l.conn == nil {
		http.Error(w, "no connection of this server", http.StatusInternalServerError)
		return
	}
	if s.stopping.Load() {
		http.Error(w, "the server ends", http.StatusServiceUnavailable)
		return
	}
	s.wg.Add(1)
	defer s.wg.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // the client was told
	}
	l.ws = ws
	l.ctx, l.cancel = context.WithCancel(context.Background())
	defer l.cancel()
	defer ws.CloseNow()
	if !s.enter(l, true) {
		return
	}
	defer s.enter(l, false)
	ws.SetReadLimit(wire.MaxHello)
	if s.opt.Local != nil {
		if a, err := netip.ParseAddrPort(l.conn.LocalAddr().String()); err == nil {
			s.opt.Local(netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
		}
	}
	if ws.Subprotocol() != wire.Subprotocol {
		ws.Close(websocket.StatusPolicyViolation, "this server speaks "+wire.Subprotocol+" alone")
		return
	}
	if err := l.protocol2(); err != nil {
		s.log.Info("client", "address", r.RemoteAddr, "error", err)
		l.refuse(err)
	}
}

type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

// refuse tells the client why the connection ends.
func (l *link) refuse(err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		if !errors.Is(err, wire.ErrFormat) {
			return // the connection itself is over
		}
		e = &wire.Error{Code: wire.CodeProtocol, Text: err.Error()}
	}
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	l.ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, e))
	l.ws.Close(websocket.StatusNormalClosure, "")
}

// read reads the next frame of a type.
func (l *link) read(f wire.Frame) error {
	kind, m, err := l.ws.Read(l.ctx)
	if err != nil {
		return err
	}
	if kind != websocket.MessageBinary {
		return &wire.Error{Code: wire.CodeProtocol, Text: "a text message"}
	}
	t, _, body, err := wire.Split(m)
	if err != nil {
		return err
	}
	if t != f.Type() {
		return &wire.Error{Code: wire.CodeProtocol, Text: t.String() + " out of place"}
	}
	return wire.Parse(f, body)
}

func (l *link) send(f wire.Frame) error {
	l.buf = wire.Append(l.buf[:0], f)
	return l.write(l.buf)
}

func (l *link) write(m []byte) error {
	ctx, cancel := context.WithTimeout(l.ctx, writeTime)
	defer cancel()
	return l.ws.Write(ctx, websocket.MessageBinary, m)
}

// protocol2 is a connection from HELLO to its end.
func (l *link) protocol2() error {
	s := l.s
	var hello wire.Hello
	if err := l.read(&hello); err != nil {
		return err
	}
	if s.failures.delayed(l.from, time.Now()) {
		return &wire.Error{Code: wire.CodeBusy, Text: "too many failed tries from this address: later"}
	}
	token := s.opt.Tokens.Find(hello.Name, time.Now())
	secret := s.unknown[:]
	if token != nil {
		secret = []byte(token.Secret)
	}
	var challenge wire.Challenge
	rand.Read(challenge.Nonce[:])
	challenge.Proof = wire.ServerProof(secret, &l.binding, &hello, &challenge.Nonce)
	if err := l.send(&challenge); err != nil {
		return err
	}
	var proof wire.Proof
	if err := l.read(&proof); err != nil {
		var e *wire.Error
		if errors.As(err, &e) || errors.Is(err, wire.ErrFormat) {
			s.failures.add(l.from, time.Now())
		}
		return err
	}
	want := wire.ClientProof(secret, &l.binding, &hello, &challenge.Nonce, proof.Want)
	if !hmac.Equal(want[:], proof.Proof[:]) || token == nil {
		s.failures.add(l.from, time.Now())
		return &wire.Error{Code: wire.CodeAuth, Text: "the token is wrong"}
	}
	s.failures.succeed(l.from)
	sub, err := wire.ParseSubscription(proof.Want)
	if err != nil {
		return err
	}
	c, resumed, err := s.session(token, &sub, l)
	if err != nil {
		return err
	}
	l.conn.admitted()
	s.log.Info("client", "address", l.from, "token", token.Name, "resumed", resumed, "filter", sub.Filter)
	defer s.leave(c, l)
	welcome := &wire.Welcome{
		Instance: s.instance, Session: c.id, Resumed: resumed, Payload: !token.NoPayload, Zstd: sub.Zstd && !s.opt.NoZstd,
		Base: s.base, Now: time.Now().UnixNano(), Snaplen: uint64(c.snaplen), Rate: c.rate, Filter: c.inForce(),
		Version: s.opt.Version, Interfaces: s.faces,
	}
	if resumed {
		welcome.Next = sub.Next
	}
	if err := l.send(welcome); err != nil {
		return err
	}
	if welcome.Zstd {
		l.packer = wire.NewPacker()
	}
	return l.stream(c)
}

// session gives a connection its session: the one of before that the subscription names, or a
// new one.
func (s *Server) session(token *remote.Token, sub *wire.Subscription, l *link) (c *session, resumed bool, err error) {
	if sub.Session != [16]byte{} {
		if c := s.find(sub.Session, token, subscriptionKey(sub)); c != nil {
			for err = errTaken; err == errTaken; {
				c.mu.Lock()
				old := c.link
				c.mu.Unlock()
				if old != nil { // its end has not been noticed
					old.cancel()
					<-old.done
				}
				err = c.attach(l, sub.Next)
			}
			if err != nil {
				return nil, false, err
			}
			return c, true, nil
		}
	}
	if c, err = s.newSession(token, sub); err != nil {
		return nil, false, err
	}
	c.link = l
	return c, false, s.add(c)
}

// leave ends a connection's part in its session.
func (s *Server) leave(c *session, l *link) {
	c.detach(l, time.Now())
	close(l.done)
	c.mu.Lock()
	gone := c.ended != nil || c.over && c.queue.len() == 0
	c.mu.Unlock()
	if gone {
		s.remove(c)
	}
}

// stream writes what the session has until one of both ends.
func (l *link) stream(c *session) error {
	asked := make(chan any, 4) // what the client sends: a frame or an error
	go l.listen(c, asked)
	rate := newBucket(c.rate, time.Now())
	tick := time.NewTicker(statsTime)
	defer tick.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	clock := int64(0)
	if err := l.tell(c, &clock); err != nil { // from which the client counts
		return err
	}
	for {
		c.mu.Lock()
		why, over, failed := c.ended, c.over && c.queue.len() == 0 && c.open.N == 0, c.failed
		c.mu.Unlock()
		if why != nil {
			return why
		}
		if over {
			return l.end(c, failed)
		}
		// Sums and questions come before packets, of which there may be no end.
		select {
		case <-tick.C:
			if err := l.tell(c, &clock); err != nil {
				return err
			}
		case q := <-asked:
			if err := l.answer(c, q); err != nil {
				return err
			}
		case <-l.ctx.Done():
			return l.ctx.Err()
		default:
		}
		e, ok, wait := c.take(time.Now())
		if ok {
			if err := l.put(c, &e, &rate); err != nil {
				return err
			}
			continue
		}
		if wait == 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-c.wake:
		case <-timer.C:
		case <-tick.C:
			if err := l.tell(c, &clock); err != nil {
				return err
			}
		case q := <-asked:
			if err := l.answer(c, q); err != nil {
				return err
			}
		case <-l.ctx.Done():
			return l.ctx.Err()
		}
	}
}

// put writes a batch or a gap.
func (l *link) put(c *session, e *entry, rate *bucket) error {
	m := e.message
	if m == nil {
		l.buf = wire.Append(l.buf[:0], &wire.Gap{First: e.first, Lost: e.n, Reason: e.reason})
		m = l.buf
	} else if l.packer != nil {
		m = l.packer.Pack(m)
	}
	if wait := rate.take(len(m), time.Now()); wait > 0 {
		select {
		case <-time.After(wait):
		case <-l.ctx.Done():
		}
	}
	err := l.write(m)
	c.wrote(e, len(m)) // after an error it is lost with the link
	if e.message != nil {
		l.s.giveBack(e.message)
	}
	return err
}

// tell sends the sums.
func (l *link) tell(c *session, clock *int64) error {
	return l.send(l.sums(c, clock))
}

func (l *link) sums(c *session, clock *int64) *wire.Stats {
	now := l.s.clock.Load() // before the queue is looked at
	if c.quiet() {
		*clock = max(*clock, now)
	}
	s := l.s
	s.mu.Lock()
	src := s.stats
	s.mu.Unlock()
	st := &wire.Stats{
		Captured: src.Captured, Dropped: src.Dropped, InterfaceDropped: src.InterfaceDropped, QueueDropped: src.QueueDropped,
		Now: time.Now().UnixNano(), Clock: *clock,
	}
	c.stats(st)
	return st
}

// end says that the capture is over, or that it failed.
func (l *link) end(c *session, failed *wire.Error) error {
	clock := int64(0)
	if failed != nil {
		if err := l.tell(c, &clock); err != nil {
			return err
		}
		c.mu.Lock()
		c.ended = failed
		c.mu.Unlock()
		return failed
	}
	if err := l.send(&wire.End{Stats: *l.sums(c, &clock)}); err != nil {
		return err
	}
	c.mu.Lock()
	c.ended = &wire.Error{Code: wire.CodeCapture, Text: "the capture is over"}
	c.mu.Unlock()
	l.ws.Close(websocket.StatusNormalClosure, "")
	return nil
}

// listen reads what the client sends and passes it on. A client that says farewell does not come
// back.
func (l *link) listen(s *session, c chan<- any) {
	for {
		var f wire.Filter
		err := l.read(&f)
		var put any = &f
		if err != nil {
			put = err
		}
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			s.mu.Lock()
			s.end(&wire.Error{Code: wire.CodeCapture, Text: "the client left"})
			s.mu.Unlock()
			l.cancel()
		}
		select {
		case c <- put:
		case <-l.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// answer does what the client asks for.
func (l *link) answer(c *session, q any) error {
	f, ok := q.(*wire.Filter)
	if !ok {
		return q.(error)
	}
	next, err := c.refilter(f.Expr)
	if err != nil {
		return l.send(&wire.Error{Code: wire.CodeFilter, Text: err.Error()})
	}
	return l.send(&wire.FilterOK{ID: f.ID, Next: next, Expr: c.inForce()})
}

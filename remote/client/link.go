package client

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/bits"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/wire"
)

const (
	handshakeTime = 10 * time.Second
	// silentTime is how long a link may be silent, on which sums come every second.
	silentTime = 25 * time.Second
	mostWait   = 60 * time.Second
)

// backOff is how long to wait before a try, the first of which is 1: a random part of 1, 2, 4 and
// so on seconds, 60 at most.
func backOff(try int) time.Duration {
	most := mostWait
	if try < 7 {
		most = min(mostWait, time.Second<<(try-1))
	}
	return time.Duration(mrand.Int64N(int64(most)))
}

// final reports whether trying again is of no use.
func final(err error) bool {
	var auth *remote.AuthError
	var proto *remote.ProtocolError
	return errors.As(err, &auth) || errors.As(err, &proto) || errors.Is(err, remote.ErrServerFull)
}

// connect makes a connection, in several tries.
func (c *Client) connect() (*link, error) {
	tries := c.opt.Tries
	if c.session == [16]byte{} && c.opt.First != 0 {
		tries = c.opt.First
	}
	for try := 1; ; try++ {
		l, err := c.dial()
		if err == nil {
			return l, nil
		}
		if c.stopped.Load() || c.ctx.Err() != nil {
			return nil, errStopped
		}
		if final(err) {
			return nil, err
		}
		if tries == Once || tries > 0 && try >= tries {
			return nil, &remote.DialError{Address: c.opt.Address.HostPort(), Tries: try, Err: err}
		}
		c.log.Info("no connection", "server", c.opt.Address.String(), "try", try, "error", err)
		select {
		case <-time.After(c.opt.wait(try)):
		case <-c.ctx.Done():
			return nil, c.ctx.Err()
		}
	}
}

// A link is one connection.
type link struct {
	c       *Client
	ws      *websocket.Conn
	unpack  *wire.Unpacker // nil until something is packed
	head    [wire.HeaderSize]byte
	scratch []byte
	control []byte
}

// dial makes a connection, in one try, up to WELCOME.
func (c *Client) dial() (*link, error) {
	ctx, cancel := context.WithTimeout(c.ctx, handshakeTime)
	defer cancel()
	a := c.opt.Address
	t := &http.Transport{TLSClientConfig: c.tls, DialContext: c.opt.dial, MaxResponseHeaderBytes: 16 << 10, DisableKeepAlives: true, Proxy: nil}
	if t.DialContext == nil {
		t.DialContext = (&net.Dialer{}).DialContext
	}
	scheme := "ws://"
	if a.TLS {
		scheme = "wss://"
	}
	ws, resp, err := websocket.Dial(ctx, scheme+a.HostPort()+"/", &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Subprotocols: []string{wire.Subprotocol}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, dialError(err, resp)
	}
	ws.SetReadLimit(wire.MaxHello)
	l := &link{c: c, ws: ws}
	if ws.Subprotocol() != wire.Subprotocol {
		l.close()
		return nil, &remote.ProtocolError{Err: errors.New("the server does not speak " + wire.Subprotocol)}
	}
	var b wire.Binding
	if a.TLS {
		if resp.TLS == nil {
			l.close()
			return nil, &remote.ProtocolError{Err: errors.New("the connection is without TLS")}
		}
		m, err := resp.TLS.ExportKeyingMaterial(wire.BindingLabel, nil, len(b))
		if err != nil {
			l.close()
			return nil, &remote.ProtocolError{Err: err}
		}
		copy(b[:], m)
	}
	if err := l.handshake(ctx, &b); err != nil {
		l.close()
		return nil, err
	}
	ws.SetReadLimit(wire.MaxMessage)
	return l, nil
}

// dialError says what is final about an error of the WebSocket's handshake.
func dialError(err error, resp *http.Response) error {
	var auth *remote.AuthError
	if errors.As(err, &auth) {
		return auth
	}
	if isCertificate(err) {
		return &remote.AuthError{Err: unwrapped(err)}
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols && resp.StatusCode < 500 {
		return &remote.ProtocolError{Err: fmt.Errorf("no capture server: it answers %s", resp.Status)}
	}
	return unwrapped(err)
}

func (l *link) close() {
	l.ws.CloseNow()
	if l.unpack != nil {
		l.unpack.Close()
		l.unpack = nil
	}
}

// handshake is HELLO to WELCOME.
func (l *link) handshake(ctx context.Context, b *wire.Binding) error {
	c := l.c
	hello := &wire.Hello{Name: c.opt.Address.Name, Version: c.opt.Version}
	rand.Read(hello.Nonce[:])
	if err := l.send(ctx, hello); err != nil {
		return err
	}
	var challenge wire.Challenge
	if err := l.expect(ctx, &challenge); err != nil {
		return err
	}
	token := []byte(c.opt.Token)
	if want := wire.ServerProof(token, b, hello, &challenge.Nonce); !hmac.Equal(want[:], challenge.Proof[:]) {
		return &remote.AuthError{Err: errors.New("the token is not the server's, or somebody stands between")}
	}
	sub := &wire.Subscription{
		Zstd: !c.opt.NoZstd, Snaplen: uint64(min(c.opt.Snaplen, wire.MaxCapLen)), Filter: c.wanted(), Interfaces: c.opt.Interfaces,
		Session: c.session, Next: c.next,
	}
	want := sub.Append(nil)
	began := time.Now()
	if err := l.send(ctx, &wire.Proof{Proof: wire.ClientProof(token, b, hello, &challenge.Nonce, want), Want: want}); err != nil {
		return err
	}
	var w wire.Welcome
	if err := l.expect(ctx, &w); err != nil {
		return err
	}
	took := time.Since(began)
	return c.welcomed(&w, began.Add(took/2), took/2)
}

// welcomed takes what a server gives, at a time of this machine's clock.
func (c *Client) welcomed(w *wire.Welcome, at time.Time, within time.Duration) error {
	switch again := c.session != [16]byte{}; {
	case len(w.Interfaces) == 0:
		return &remote.ProtocolError{Err: errors.New("the server captures from nothing")}
	case again && !same(w.Interfaces, c.welcome.Interfaces):
		return &remote.ProtocolError{Err: errors.New("the server captures from other interfaces than before")}
	case w.Resumed && (!again || w.Session != c.session || w.Next != c.next):
		return &remote.ProtocolError{Err: errors.New("the server goes on with another session")}
	case again && !w.Resumed:
		c.next = w.Next
		if !c.put(item{gap: &wire.Gap{First: w.Next, Reason: wire.ReasonRestart}}) {
			return errStopped
		}
	case !again:
		c.next, c.welcome = w.Next, *w
	}
	c.session, c.instance = w.Session, w.Instance
	c.base = w.Base
	c.mu.Lock()
	c.inForce = w.Filter
	c.st.Offset, c.st.Within = time.Duration(w.Now-at.UnixNano()), within
	c.mu.Unlock()
	return nil
}

func (l *link) send(ctx context.Context, f wire.Frame) error {
	return l.ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, f))
}

// expect reads the next frame, which has to be of f's type.
func (l *link) expect(ctx context.Context, f wire.Frame) error {
	kind, m, err := l.ws.Read(ctx)
	if err != nil {
		return err
	}
	t, _, body, err := wire.Split(m)
	if err == nil && kind != websocket.MessageBinary {
		err = errors.New("a text message")
	}
	if err == nil && t == wire.TypeError {
		return serverError(body)
	}
	if err == nil && t != f.Type() {
		err = fmt.Errorf("%v in place of %v", t, f.Type())
	}
	if err == nil {
		err = wire.Parse(f, body)
	}
	if err != nil {
		return &remote.ProtocolError{Err: err}
	}
	return nil
}

// errBusy says that the server wants the client to wait.
type errBusy struct{ error }

// serverError is what an ERROR of the server means.
func serverError(body []byte) error {
	var e wire.Error
	if err := wire.Parse(&e, body); err != nil {
		return &remote.ProtocolError{Err: err}
	}
	err := fmt.Errorf("the server says: %q", e.Text)
	switch e.Code {
	case wire.CodeAuth, wire.CodeRevoked:
		return &remote.AuthError{Err: err}
	case wire.CodeFull:
		return remote.ErrServerFull
	case wire.CodeBusy, wire.CodeSlow:
		return errBusy{err}
	}
	return &remote.ProtocolError{Err: err}
}

// read hands everything that comes to Next. It ends with io.EOF behind END.
func (l *link) read() error {
	for {
		ctx, cancel := context.WithTimeout(l.c.ctx, silentTime)
		over, err := l.message(ctx)
		cancel()
		if err != nil {
			return err
		}
		if over {
			return io.EOF
		}
	}
}

// message reads one message.
func (l *link) message(ctx context.Context) (over bool, err error) {
	kind, r, err := l.ws.Reader(ctx)
	if err != nil {
		return false, err
	}
	if kind != websocket.MessageBinary {
		return false, &remote.ProtocolError{Err: errors.New("a text message")}
	}
	if _, err := io.ReadFull(r, l.head[:]); err != nil {
		return false, l.short(err)
	}
	size := int(uint32(l.head[0])<<24 | uint32(l.head[1])<<16 | uint32(l.head[2])<<8 | uint32(l.head[3]))
	if size > wire.MaxBody {
		return false, &remote.ProtocolError{Err: fmt.Errorf("%w: a body of %d bytes", wire.ErrFormat, size)}
	}
	l.c.count(size + wire.HeaderSize)
	if wire.Type(l.head[4]) == wire.TypeBatch {
		return false, l.batch(r, size)
	}
	l.control = append(l.control[:0], l.head[:]...)
	if l.control, err = l.fill(r, l.control, size); err != nil {
		return false, err
	}
	t, _, body, err := wire.Split(l.control)
	if err != nil {
		return false, &remote.ProtocolError{Err: err}
	}
	return l.take(t, body)
}

// fill reads so many bytes, the rest of a message, behind dst.
func (l *link) fill(r io.Reader, dst []byte, size int) ([]byte, error) {
	n := len(dst)
	if cap(dst) < n+size {
		grown := make([]byte, n, 1<<bits.Len(uint(n+size)))
		copy(grown, dst)
		dst = grown
	}
	dst = dst[:n+size]
	if _, err := io.ReadFull(r, dst[n:]); err != nil {
		return dst, l.short(err)
	}
	var one [1]byte
	if k, err := r.Read(one[:]); k > 0 || !errors.Is(err, io.EOF) {
		if err == nil || k > 0 {
			err = &remote.ProtocolError{Err: fmt.Errorf("%w: longer than it says", wire.ErrFormat)}
		}
		return dst, err
	}
	return dst, nil
}

// short is the error of a message that ends early.
func (l *link) short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return &remote.ProtocolError{Err: fmt.Errorf("%w: shorter than it says", wire.ErrFormat)}
	}
	return err
}

// batch reads a BATCH into a block, and hands it on.
func (l *link) batch(r io.Reader, size int) error {
	c := l.c
	b := c.newBlock()
	body, err := l.body(b, r, size)
	if err == nil {
		var batch wire.Batch
		err = batch.Open(body, c.base, len(c.welcome.Interfaces))
		if err == nil && batch.First != c.next {
			err = fmt.Errorf("%w: packet %d in place of %d", wire.ErrFormat, batch.First, c.next)
		}
		if err == nil {
			c.next += uint64(batch.N)
			c.mu.Lock()
			c.st.Received += uint64(batch.N)
			c.mu.Unlock()
			if !c.put(item{block: b, body: body, base: c.base}) {
				b.Release()
				return errStopped
			}
			return nil
		}
		err = &remote.ProtocolError{Err: err}
	}
	b.Release()
	return err
}

// body is the unpacked body of a BATCH, in the memory of a block.
func (l *link) body(b *packet.Block, r io.Reader, size int) (body []byte, err error) {
	if l.head[5]&wire.FlagZstd == 0 {
		b.Buf = append(b.Buf[:0], l.head[:]...)
		if b.Buf, err = l.fill(r, b.Buf, size); err != nil {
			return nil, err
		}
		if _, _, body, err = wire.Split(b.Buf); err != nil {
			return nil, &remote.ProtocolError{Err: err}
		}
		return body, nil
	}
	l.scratch = append(l.scratch[:0], l.head[:]...)
	if l.scratch, err = l.fill(r, l.scratch, size); err != nil {
		return nil, err
	}
	if _, _, body, err = wire.Split(l.scratch); err == nil {
		if l.unpack == nil {
			l.unpack = wire.NewUnpacker()
		}
		b.Buf, err = l.unpack.Unpack(b.Buf, body)
	}
	if err != nil {
		return nil, &remote.ProtocolError{Err: err}
	}
	return b.Buf, nil
}

// take handles a frame other than a BATCH.
func (l *link) take(t wire.Type, body []byte) (over bool, err error) {
	c := l.c
	i := item{}
	switch t {
	case wire.TypeStats:
		i.stats = &wire.Stats{}
		err = wire.Parse(i.stats, body)
	case wire.TypeEnd:
		var e wire.End
		err = wire.Parse(&e, body)
		i.stats, over = &e.Stats, true
		if err == nil && e.Next != c.next {
			err = fmt.Errorf("%w: %d packets in all, of which %d came or are missing", wire.ErrFormat, e.Next, c.next)
		}
	case wire.TypeGap:
		i.gap = &wire.Gap{}
		if err = wire.Parse(i.gap, body); err == nil && i.gap.First != c.next {
			err = fmt.Errorf("%w: a gap at packet %d, before which %d is due", wire.ErrFormat, i.gap.First, c.next)
		}
		if i.gap.Reason.Numbered() {
			c.next += i.gap.Lost
		}
	case wire.TypeError:
		err = serverError(body)
		var e wire.Error
		if wire.Parse(&e, body) == nil && e.Code == wire.CodeFilter && c.answered(nil, err) {
			return false, nil
		}
		return false, err
	case wire.TypeFilterOK:
		var ok wire.FilterOK
		if err = wire.Parse(&ok, body); err == nil && !c.answered(&ok, nil) {
			err = fmt.Errorf("%w: an answer for a filter that nobody waits for", wire.ErrFormat)
		}
		if err == nil {
			return false, nil
		}
	default:
		err = fmt.Errorf("%w: %v out of place", wire.ErrFormat, t)
	}
	if err != nil {
		return false, &remote.ProtocolError{Err: err}
	}
	if i.stats != nil {
		c.mu.Lock()
		if !c.began || i.stats.Captured < c.st.Before.Captured {
			c.st.Before, c.began = *i.stats, true
		}
		c.st.Ended = c.st.Ended || over
		c.mu.Unlock()
	}
	if !c.put(i) {
		return false, errStopped
	}
	return over, nil
}

func (c *Client) count(n int) {
	c.mu.Lock()
	c.st.LinkBytes += uint64(n)
	c.mu.Unlock()
}

// newBlock gives a block with one reference.
func (c *Client) newBlock() *packet.Block {
	var b *packet.Block
	select {
	case b = <-c.blocks:
	default:
		b = &packet.Block{Free: c.giveBack}
	}
	b.Retain()
	return b
}

// giveBack takes a block back. Of an unusually large one the memory goes.
func (c *Client) giveBack(b *packet.Block) {
	if cap(b.Buf) > 4*wire.BatchBytes {
		b.Buf = nil
	}
	select {
	case c.blocks <- b:
	default:
	}
}

package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"pinyon/capture/capturetest"
	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/server"
	"pinyon/remote/wire"
)

// certificate is a new one, with its TLS configuration.
func certificate(t *testing.T) (*remote.Certificate, *tls.Config, string) {
	t.Helper()
	dir := t.TempDir()
	c, err := remote.AutoCertificate(dir, []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	config, err := c.Server("")
	if err != nil {
		t.Fatal(err)
	}
	return c, config, filepath.Join(dir, "cert.pem")
}

func isAuth(err error) bool { var e *remote.AuthError; return errors.As(err, &e) }

// TestPin: a server is believed by its pin or by an authority, and not otherwise; packets come
// through TLS.
func TestPin(t *testing.T) {
	c, config, file := certificate(t)
	other, _, _ := certificate(t)
	r := serve(t, server.Options{}, config)
	pinned, wrong := *r.addr, *r.addr
	pinned.Pin, wrong.Pin = c.Pin(), other.Pin()
	for what, o := range map[string]Options{
		"nobody vouches": {}, "another pin": {Address: &wrong}, "another pin, insecure": {Address: &wrong, Trust: remote.Trust{Insecure: true}},
	} {
		if _, err := r.try(o); !isAuth(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	all := []*Client{r.open(Options{Address: &pinned}), r.open(Options{Trust: remote.Trust{CA: file}}), r.open(Options{Trust: remote.Trust{Insecure: true}})}
	frames := capturetest.Whole(100)
	r.feed.put(frames...)
	close(r.feed.frames)
	var f packet.Frame
	for i, c := range all {
		for n := range frames {
			if err := next(t, c, &f); err != nil || string(f.Data) != string(frames[n].Data) {
				t.Fatalf("client %d, frame %d: %v", i, n, err)
			}
		}
	}
}

// TestBetween: somebody between both, who ends TLS on either side and passes on every byte, gets
// neither side to believe him, even if the client believes any certificate.
func TestBetween(t *testing.T) {
	_, config, _ := certificate(t)
	r := serve(t, server.Options{}, config)
	_, his, _ := certificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", his)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	passed := make(chan int64, 100)
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := tls.Dial("tcp", r.addr.HostPort(), &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				a.Close()
				return
			}
			go func() { io.Copy(a, b); a.Close() }()
			go func() { n, _ := io.Copy(b, a); passed <- n; b.Close() }()
		}
	}()
	between := *r.addr
	between.Port = uint16(l.Addr().(*net.TCPAddr).Port)
	if _, err := r.try(Options{Address: &between, Trust: remote.Trust{Insecure: true}}); !isAuth(err) || !strings.Contains(err.Error(), "between") {
		t.Errorf("%v", err)
	}
	select {
	case n := <-passed:
		if n == 0 {
			t.Error("nothing was passed on")
		}
	case <-time.After(patience):
		t.Error("the connection does not end")
	}
	if _, sums := r.server.Stats(); sums.Clients != 0 {
		t.Error("the server admitted a client")
	}
}

// knock is HELLO, and a proof that is wrong; it gives the error that the server answers with.
func (r *rig) knock(name string) wire.Error {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+r.addr.HostPort()+"/", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, &wire.Hello{Name: name}))
	for range 2 {
		_, m, err := ws.Read(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		typ, _, body, err := wire.Split(m)
		if err != nil {
			r.t.Fatal(err)
		}
		if typ == wire.TypeError {
			var e wire.Error
			if err := wire.Parse(&e, body); err != nil {
				r.t.Fatal(err)
			}
			return e
		}
		if typ != wire.TypeChallenge {
			r.t.Fatalf("%v", typ)
		}
		ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, &wire.Proof{Want: (&wire.Subscription{}).Append(nil)}))
	}
	r.t.Fatal("no error")
	return wire.Error{}
}

// TestGuessing: names that are there and names that are not look the same, and after a few failures
// an address waits, also if it knows the token by then.
func TestGuessing(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	for _, name := range []string{remote.DefaultToken, "nobody", "x"} {
		if e := r.knock(name); e.Code != wire.CodeAuth || e.Text != "the token is wrong" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	_, err := r.try(Options{Tries: Once})
	if err == nil || isAuth(err) || !strings.Contains(err.Error(), "later") {
		t.Errorf("%v", err)
	}
	r.open(Options{Tries: Forever, wait: func(int) time.Duration { return 50 * time.Millisecond }}) // a second later
}

// TestHalfOpen: connections that do nothing are bounded, the one too many is closed at once, and a
// client that is there gets its packets.
func TestHalfOpen(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	good := r.open(Options{})
	var idle []net.Conn
	for range 200 {
		c, err := net.Dial("tcp", r.addr.HostPort())
		if err != nil {
			continue // reset already
		}
		defer c.Close()
		idle = append(idle, c)
	}
	closed := 0
	for _, c := range idle {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		var ne net.Error
		if _, err := c.Read(make([]byte, 1)); err != nil && !(errors.As(err, &ne) && ne.Timeout()) {
			closed++
		}
	}
	if open := len(idle) - closed; open > 8 {
		t.Errorf("%d connections in their handshake from one address", open)
	}
	frames := capturetest.Whole(1000)
	r.feed.put(frames...)
	var f packet.Frame
	for range frames {
		if err := next(t, good, &f); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range idle {
		c.Close()
	}
	r.open(Options{Tries: Forever})
}

// TestHostileClients: whatever bytes a client sends in place of a frame, it is sent away, and nobody
// else notices.
func TestHostileClients(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	good := r.open(Options{})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i, m := range [][]byte{nil, {1}, make([]byte, 100), make([]byte, wire.MaxHello+1), wire.Append(nil, &wire.Gap{Reason: 1}), wire.Append(nil, &wire.Proof{}), append(wire.Append(nil, &wire.Hello{}), 0)} {
		ws, _, err := websocket.Dial(ctx, "ws://"+r.addr.HostPort()+"/", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
		if err != nil {
			t.Fatal(err)
		}
		ws.Write(ctx, websocket.MessageBinary, m)
		for err == nil {
			_, _, err = ws.Read(ctx)
		}
		if ctx.Err() != nil {
			t.Errorf("message %d: the connection stays", i)
		}
		ws.CloseNow()
	}
	r.feed.put(capturetest.Whole(1)...)
	var f packet.Frame
	if err := next(t, good, &f); err != nil {
		t.Error(err)
	}
}

// liar is a server that knows the token, and then sends messages.
func liar(t *testing.T, messages ...[]byte) *remote.Address {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		ctx := r.Context()
		var hello wire.Hello
		_, m, err := ws.Read(ctx)
		if err != nil || wire.Parse(&hello, m[wire.HeaderSize:]) != nil {
			return
		}
		var b wire.Binding
		ch := &wire.Challenge{}
		ch.Proof = wire.ServerProof([]byte(secret), &b, &hello, &ch.Nonce)
		ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, ch))
		if _, _, err := ws.Read(ctx); err != nil {
			return
		}
		ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, &wire.Welcome{Session: [16]byte{1}, Interfaces: []wire.Interface{{Name: "a", Link: 1}}}))
		for _, m := range messages {
			ws.Write(ctx, websocket.MessageBinary, m)
		}
		ws.Read(ctx)
	}))
	t.Cleanup(h.Close)
	a, err := remote.ParseAddress(strings.Replace(h.URL, "http://", "pinyon://", 1))
	if err != nil {
		t.Fatal(err)
	}
	a.Token = secret
	return a
}

// TestLyingServer: a server that does not keep to the protocol ends the run with an error, at once.
func TestLyingServer(t *testing.T) {
	batch := func(first uint64, iface uint32) []byte {
		var w wire.Writer
		w.Reset(nil, first, 0)
		w.Add(&packet.Frame{Wire: 3, Iface: iface}, []byte{1, 2, 3})
		return w.Finish()
	}
	long := append(batch(0, 0), 0)
	short := batch(0, 0)
	short = short[:len(short)-1]
	packed := wire.Begin(nil, wire.TypeBatch, wire.FlagZstd)
	packed = wire.Finish(append(packed, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3))
	for what, m := range map[string][]byte{
		"number": batch(1, 0), "interface": batch(0, 1), "gap": wire.Append(nil, &wire.Gap{First: 5, Lost: 1, Reason: 1}),
		"end": wire.Append(nil, &wire.End{Stats: wire.Stats{Next: 9}}), "hello": wire.Append(nil, &wire.Hello{}), "garbage": []byte("nonsense that is no frame"),
		"longer": long, "shorter": short, "unpacked length": packed, "nothing": {}, "error": wire.Append(nil, &wire.Error{Code: wire.CodeCapture, Text: "x"}),
	} {
		a := liar(t, m)
		c, err := Open(context.Background(), &Options{Address: a})
		if err != nil {
			t.Fatal(what, err)
		}
		var f packet.Frame
		var pe *remote.ProtocolError
		for err = nil; err == nil; {
			err = next(t, c, &f)
		}
		if !errors.As(err, &pe) {
			t.Errorf("%s: %v", what, err)
		}
		c.Close()
	}
	c, err := Open(context.Background(), &Options{Address: liar(t, make([]byte, wire.MaxMessage+1)), Tries: Once})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var f packet.Frame
	if err := next(t, c, &f); err == nil || err == io.EOF {
		t.Errorf("too long a message: %v", err)
	}
}

// TestScopes: a token's filter holds whatever the client asks for, payload stays behind, and a token
// that goes ends its clients while others stay.
func TestScopes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.yaml")
	write := func(names ...string) {
		text := "tokens:\n"
		for _, name := range names {
			text += fmt.Sprintf("- {name: %s, token: %s, filter: less 300, no_payload: true}\n", name, secret)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "b")
	tokens, err := remote.OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	r := serve(t, server.Options{Tokens: tokens}, nil)
	a, b := *r.addr, *r.addr
	a.Name, b.Name = "a", "b"
	first, second := r.open(Options{Address: &a, Filter: "greater 1 or tcp"}), r.open(Options{Address: &b})
	if first.FilterExpr() != "(less 300) and (greater 1 or tcp)" {
		t.Error(first.FilterExpr())
	}
	frames := capturetest.Whole(200)
	want := 0
	for i := range frames {
		if frames[i].Wire <= 300 {
			want++
		}
	}
	r.feed.put(frames...)
	var f packet.Frame
	for _, c := range []*Client{first, second} {
		for range want {
			if err := next(t, c, &f); err != nil || f.Wire > 300 || len(f.Data) != 42 {
				t.Fatalf("%v: %d of %d bytes", err, len(f.Data), f.Wire)
			}
		}
	}
	write("b") // shorter, so that it is another file whatever the clock's grain
	if err := next(t, first, &f); !isAuth(err) {
		t.Errorf("a token is gone, and its client gets %v", err)
	}
	r.feed.put(frames...)
	close(r.feed.frames)
	for range want {
		if err := next(t, second, &f); err != nil {
			t.Fatal(err)
		}
	}
	if err := next(t, second, &f); err != io.EOF {
		t.Error(err)
	}
}

// TestMerged: the packets of two servers come in order of time, each with its device; what is silent
// is not waited for longer than is set.
func TestMerged(t *testing.T) {
	a, b := serve(t, server.Options{}, nil), serve(t, server.Options{}, nil)
	m := &Merged{Wait: patience}
	m.Add(a.open(Options{}))
	m.Add(b.open(Options{}))
	// Packets of times to come: a server that has sent none yet says by the clock of this machine
	// that there is none before now, which for earlier ones would be wrong.
	frames := capturetest.Whole(3000)
	later := time.Now().Add(time.Hour).UnixNano() - frames[0].TS
	for i := range frames {
		frames[i].TS += later
		if i%3 == 0 {
			a.feed.put(frames[i])
		} else {
			b.feed.put(frames[i])
		}
	}
	close(a.feed.frames)
	close(b.feed.frames)
	var f packet.Frame
	for i := range frames {
		if err := next(t, m, &f); err != nil || f.TS != frames[i].TS || string(f.Data) != string(frames[i].Data) || f.Iface != uint32(min(1, i%3)) || f.Number != uint64(i+1) {
			t.Fatalf("frame %d: %v, %+v", i, err, f)
		}
	}
	if err := next(t, m, &f); err != io.EOF {
		t.Error(err)
	}
	if s := m.Stats(); s.Captured != uint64(len(frames)) || s.Lost() != 0 {
		t.Errorf("%+v", s)
	}
	if n := len(m.Interfaces()); n != 2 || len(m.LinkTypes()) != 2 {
		t.Errorf("%d interfaces", n)
	}
	m.Close()
}

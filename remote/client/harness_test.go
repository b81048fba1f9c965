package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/server"
	"pinyon/remote/wire"
	"pinyon/source"
)

const secret = "KJq3dHkFuwUeF1VgVN1Lh9yJZQYJcYQ1p0s3m2b7xSE"

// patience is how long tests wait for a state that is bound to come.
const patience = 30 * time.Second

// A feed is a source that a test gives frames.
type feed struct {
	frames chan packet.Frame
	mu     sync.Mutex
	st     source.Stats
}

func newFeed() *feed { return &feed{frames: make(chan packet.Frame, 1<<16)} }

func (f *feed) Next(p *packet.Frame) error {
	select {
	case one, ok := <-f.frames:
		if !ok {
			return io.EOF
		}
		*p = one
		f.mu.Lock()
		defer f.mu.Unlock()
		f.st.Captured++
		p.Number = f.st.Captured
		return nil
	case <-time.After(10 * time.Millisecond):
		return source.ErrTimeout
	}
}

func (f *feed) Ready() bool { return true }

func (f *feed) Stats() source.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.st
}

func (f *feed) lose(n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.st.Dropped += n
}

func (f *feed) Close() error { return nil }

func (f *feed) put(frames ...packet.Frame) {
	for _, p := range frames {
		f.frames <- p
	}
}

// A rig is a server at work on a loopback address.
type rig struct {
	t      *testing.T
	feed   *feed
	server *server.Server
	addr   *remote.Address
	ended  chan error
}

// serve starts a server with a feed, which the test's end closes if the test has not.
func serve(t *testing.T, o server.Options, config *tls.Config) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, o, config)
}

func serveOn(t *testing.T, l net.Listener, o server.Options, config *tls.Config) *rig {
	t.Helper()
	r := &rig{t: t, feed: newFeed(), ended: make(chan error, 1)}
	if o.Source == nil {
		o.Source = r.feed
	}
	if o.Interfaces == nil {
		o.Interfaces = []wire.Interface{{Name: "lab0", Link: packet.LinkEthernet, Snaplen: 262144}}
	}
	if o.Tokens == nil {
		ts, err := remote.OneToken(secret)
		if err != nil {
			t.Fatal(err)
		}
		o.Tokens = ts
	}
	o.Log = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	var err error
	if r.server, err = server.New(&o); err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort(l.Addr().String())
	r.addr = &remote.Address{Host: port.Addr().String(), Port: port.Port(), Name: remote.DefaultToken, Token: secret, TLS: config != nil}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { r.ended <- r.server.Run(ctx, l, config) }()
	t.Cleanup(func() {
		cancel()
		r.wait()
	})
	return r
}

// wait waits for the server's end.
func (r *rig) wait() {
	select {
	case err := <-r.ended:
		r.ended <- err
	case <-time.After(patience):
		r.t.Error("the server does not end")
	}
}

// testWriter keeps what is logged, for tests that fail.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	defer func() { recover() }() // the test is over
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// open connects to the rig.
func (r *rig) open(o Options) *Client {
	r.t.Helper()
	c, err := r.try(o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

func (r *rig) try(o Options) (*Client, error) {
	if o.Address == nil {
		o.Address = r.addr
	}
	if o.wait == nil {
		o.wait = func(int) time.Duration { return time.Millisecond }
	}
	return Open(context.Background(), &o)
}

// next is Next past timeouts.
func next(t *testing.T, c source.Source, f *packet.Frame) error {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err := c.Next(f); !errors.Is(err, source.ErrTimeout) {
			return err
		}
	}
	t.Fatal("nothing comes")
	return nil
}

// until waits for a state.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatal("it never happens that " + what)
}

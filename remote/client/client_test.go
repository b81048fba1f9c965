package client

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/capture/capturetest"
	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/server"
	"pinyon/remote/wire"
	"pinyon/source"
)

// TestSource: the client is a source as any other.
func TestSource(t *testing.T) {
	capturetest.Run(t, "client", func(t *testing.T, frames []packet.Frame) source.Source {
		r := serve(t, server.Options{}, nil)
		c := r.open(Options{})
		r.feed.put(frames...)
		close(r.feed.frames)
		return c
	}, capturetest.Live)
}

// TestFrames: times to the nanosecond, lengths, devices and directions arrive, with and without
// packing, and the sums agree to the packet.
func TestFrames(t *testing.T) {
	for _, packed := range []bool{false, true} {
		r := serve(t, server.Options{NoZstd: !packed, Interfaces: []wire.Interface{{Name: "a", Link: packet.LinkEthernet, Snaplen: 262144}, {Name: "b", Link: packet.LinkRaw, Snaplen: 262144}}}, nil)
		c := r.open(Options{})
		frames := capturetest.Frames(3000)
		for i := range frames {
			f := &frames[i]
			f.TS += int64(i % 7)
			f.Type = packet.Type(i % 6)
			if i%5 == 0 {
				f.Iface, f.Link = 1, packet.LinkRaw
			}
		}
		big := make([]byte, 200_000)
		frames = append(frames, packet.Frame{Data: big, Wire: uint32(len(big)), TS: 1800000000e9, Link: packet.LinkEthernet, Number: 3001})
		r.feed.put(frames...)
		close(r.feed.frames)
		var f packet.Frame
		for i := range frames {
			if err := next(t, c, &f); err != nil {
				t.Fatal(i, err)
			}
			w := &frames[i]
			if !bytes.Equal(f.Data, w.Data) || f.TS != w.TS || f.Wire != w.Wire || f.Iface != w.Iface || f.Type != w.Type || f.Link != w.Link || f.Number != w.Number || f.Gap {
				t.Fatalf("frame %d: %+v; want %+v", i, f, *w)
			}
		}
		if err := next(t, c, &f); err != io.EOF {
			t.Fatal(err)
		}
		d := c.Detail()
		_, sums := r.server.Stats()
		if n := uint64(len(frames)); d.Received != n || d.Delivered != n || d.Server.Next != n || d.Server.Sent != n || sums.Sent != n || !d.Ended || d.Gaps != 0 {
			t.Errorf("%+v, %+v", d, sums)
		}
		if packed && d.LinkBytes > d.Bytes/2 {
			t.Errorf("%d bytes on the link for %d", d.LinkBytes, d.Bytes)
		}
	}
}

// TestNarrowing: the client's filter and devices narrow what comes, and numbers stay whole.
func TestNarrowing(t *testing.T) {
	r := serve(t, server.Options{Interfaces: []wire.Interface{{Name: "a", Link: packet.LinkEthernet, Snaplen: 262144}, {Name: "b", Link: packet.LinkEthernet, Snaplen: 262144}}}, nil)
	c := r.open(Options{Filter: "less 400", Interfaces: []string{"b"}, Snaplen: 50})
	frames := capturetest.Whole(400)
	want := 0
	for i := range frames {
		frames[i].Iface = uint32(i % 2)
		if i%2 == 1 && frames[i].Wire <= 400 {
			want++
		}
	}
	r.feed.put(frames...)
	close(r.feed.frames)
	var f packet.Frame
	n := 0
	for ; next(t, c, &f) == nil; n++ {
		if f.Wire > 400 || f.Iface != 1 || len(f.Data) > 50 {
			t.Fatalf("%+v", f)
		}
	}
	if d := c.Detail(); n != want || d.Server.Next != uint64(want) || d.Server.Captured != 400 {
		t.Errorf("%d packets; want %d; %+v", n, want, d)
	}
}

// TestRefusals: what a server cannot give is told, with an error of its type, at the first try.
func TestRefusals(t *testing.T) {
	r := serve(t, server.Options{Clients: 1}, nil)
	old := *r.addr
	old.Name = "nobody"
	auth := func(err error) bool { var e *remote.AuthError; return errors.As(err, &e) }
	proto := func(err error) bool { var e *remote.ProtocolError; return errors.As(err, &e) }
	for _, c := range []struct {
		what string
		o    Options
		is   func(error) bool
		text string
	}{
		{"filter", Options{Filter: "tcpp"}, proto, "tcpp"},
		{"interface", Options{Interfaces: []string{"c"}}, proto, `\"c\"`},
		{"token", Options{Token: secret[1:] + "x"}, auth, "token"},
		{"name", Options{Address: &old}, auth, "token"},
		{"short token", Options{Token: "short"}, auth, "short"},
		{"plaintext", Options{Address: &remote.Address{Host: "192.0.2.1", Port: 1, Token: secret}}, auth, "TLS"},
	} {
		if _, err := r.try(c.o); err == nil || !c.is(err) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	r.open(Options{})
	if _, err := r.try(Options{}); !errors.Is(err, remote.ErrServerFull) {
		t.Errorf("full: %v", err)
	}
	nobody := *r.addr
	nobody.Port = 1
	var de *remote.DialError
	if _, err := r.try(Options{Address: &nobody, Tries: 3}); !errors.As(err, &de) || de.Tries != 3 {
		t.Errorf("nobody there: %v", err)
	}
}

// A wire cuts connections, for tests: it passes on what comes until it is told to cut.
type cable struct {
	net.Listener
	to    string
	mu    sync.Mutex
	conns []net.Conn
	down  bool
}

func newCable(t *testing.T, to *remote.Address) (*cable, *remote.Address) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &cable{Listener: l, to: to.HostPort()}
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", w.dest())
			w.mu.Lock()
			if w.down || err != nil {
				a.Close()
				if b != nil {
					b.Close()
				}
			} else {
				w.conns = append(w.conns, a, b)
				go func() { io.Copy(a, b); a.Close() }()
				go func() { io.Copy(b, a); b.Close() }()
			}
			w.mu.Unlock()
		}
	}()
	t.Cleanup(func() { l.Close(); w.cut(true) })
	here := *to
	here.Port = uint16(l.Addr().(*net.TCPAddr).Port)
	return w, &here
}

func (w *cable) dest() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to
}

// cut ends all connections, and refuses others if down.
func (w *cable) cut(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0) // what is under way is lost
		}
		c.Close()
	}
	w.conns, w.down = nil, down
}

// TestCut: the link is cut again and again while packets come. Each arrives, or is in a gap that is
// marked at the right place; sums agree to the packet; and the session goes on.
func TestCut(t *testing.T) {
	r := serve(t, server.Options{NoZstd: true}, nil)
	w, addr := newCable(t, r.addr)
	c := r.open(Options{Address: addr, Tries: Forever})
	frames := capturetest.Whole(500)
	const rounds, cuts = 40, 4
	go func() {
		for i := range rounds {
			all := make([]packet.Frame, len(frames))
			copy(all, frames)
			for j := range all {
				all[j].TS += int64(i) * 1e9
			}
			r.feed.put(all...)
			if i%(rounds/cuts) == rounds/cuts/2 {
				// As many were taken as will be: the cut comes in the middle of a stream.
				for len(r.feed.frames) > 100 {
					time.Sleep(100 * time.Microsecond)
				}
				w.cut(false)
			}
		}
		close(r.feed.frames)
	}()
	var f packet.Frame
	var last int64
	got, marked, missing := uint64(0), 0, uint64(0)
	for {
		err := next(t, c, &f)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at := int64(f.TS-frames[0].TS)/1e9*int64(len(frames)) + int64(f.TS-frames[0].TS)%1e9/1000
		if got == 0 {
			last = -1
		}
		if hole := at - last - 1; hole < 0 || hole > 0 && !f.Gap {
			t.Fatalf("packet %d after %d, marked %t", at, last, f.Gap)
		} else {
			missing += uint64(hole)
		}
		if f.Gap {
			marked++
		}
		last = at
		got++
	}
	d := c.Detail()
	missing += uint64(rounds*len(frames)) - uint64(last) - 1
	if d.Reconnects == 0 || d.Unknown != 0 || d.Server.Next != rounds*uint64(len(frames)) || d.Server.Next != d.Server.Sent || d.Server.Sent != d.Received+d.LostLink || missing != d.LostLink || got != d.Received {
		t.Errorf("%d got, %d missing: %+v", got, missing, d)
	}
	if s := c.Stats(); s.Received != s.Captured+s.Dropped+s.QueueDropped || s.Dropped != d.LostLink {
		t.Errorf("%+v", s)
	}
	if d.LostLink > 0 && marked == 0 {
		t.Error("no gap is marked")
	}
	t.Logf("%d reconnects, %d lost with the link, %d gaps marked", d.Reconnects, d.LostLink, marked)
}

// TestRestart: a server that begins anew, at another address, is a gap of unknown size, and numbers
// begin anew.
func TestRestart(t *testing.T) {
	a := serve(t, server.Options{}, nil)
	w, addr := newCable(t, a.addr)
	c := a.open(Options{Address: addr, Tries: Forever})
	frames := capturetest.Whole(20)
	a.feed.put(frames[:10]...)
	var f packet.Frame
	for range 10 {
		if err := next(t, c, &f); err != nil || f.Gap {
			t.Fatal(err)
		}
	}
	b := serve(t, server.Options{}, nil)
	w.mu.Lock()
	w.to = b.addr.HostPort()
	w.mu.Unlock()
	w.cut(false)
	until(t, "the client comes back", func() bool { _, sums := b.server.Stats(); return sums.Clients == 1 })
	b.feed.put(frames[10:]...)
	close(b.feed.frames)
	for i := range 10 {
		if err := next(t, c, &f); err != nil || f.Gap != (i == 0) || !bytes.Equal(f.Data, frames[10+i].Data) {
			t.Fatal(i, err, f.Gap)
		}
	}
	if err := next(t, c, &f); err != io.EOF {
		t.Fatal(err)
	}
	if d := c.Detail(); d.Unknown != 1 || d.Received != 20 || d.Reconnects != 1 {
		t.Errorf("%+v", d)
	}
}

// TestSlow: a client that does not read delays neither the capture nor another client, and what it
// loses is counted, by each policy.
func TestSlow(t *testing.T) {
	for _, policy := range []server.Policy{server.DropNewest, server.DropOldest, server.Disconnect} {
		r := serve(t, server.Options{NoZstd: true, Queue: server.MinQueue, Policy: policy}, nil)
		slow, quick := r.open(Options{Tries: Once}), r.open(Options{})
		const n = 30
		frames := capturetest.Whole(1000) // 0.7 MB
		var quickly atomic.Uint64
		go func() {
			for i := range n {
				r.feed.put(frames...)
				for quickly.Load()+200 < uint64(i+1)*1000 { // the quick one is not to lose
					time.Sleep(100 * time.Microsecond)
				}
			}
			close(r.feed.frames)
		}()
		var f packet.Frame
		for {
			if err := next(t, quick, &f); err != nil {
				break
			}
			quickly.Add(1)
		}
		if d := quick.Detail(); d.Received != n*1000 || d.LostQueue != 0 {
			t.Errorf("policy %d: the quick client: %+v", policy, d)
		}
		var err error
		holes := uint64(0)
		for err == nil {
			if err = next(t, slow, &f); err == nil && f.Gap {
				holes++
			}
		}
		d := slow.Detail()
		if policy == server.Disconnect {
			if err == io.EOF || d.Ended {
				t.Errorf("a slow client was not sent away: %v, %+v", err, d)
			}
			continue
		}
		if err != io.EOF || d.Server.Next != n*1000 || d.Server.Next != d.Server.Sent+d.Server.ClientDropped || d.Received != d.Server.Sent || d.LostQueue != d.Server.ClientDropped || d.LostQueue == 0 {
			t.Errorf("policy %d: %v, %+v", policy, err, d)
		}
		if holes == 0 && policy == server.DropOldest {
			t.Errorf("policy %d: no gap is marked", policy)
		}
	}
}

// TestClock: while nothing comes the clock moves by the server's word, behind what Next gave.
func TestClock(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	c := r.open(Options{})
	began := time.Now().UnixNano()
	var f packet.Frame
	until(t, "the clock passes the beginning", func() bool {
		if err := c.Next(&f); err != source.ErrTimeout {
			t.Fatal(err)
		}
		return c.Clock() > began
	})
	if c.Clock() > time.Now().UnixNano() {
		t.Error("the clock is ahead of time")
	}
	if d := c.Detail(); d.Offset.Abs() > d.Within+time.Second {
		t.Errorf("the clocks are %v apart, within %v", d.Offset, d.Within)
	}
}

// TestRing: what the server's kernel loses is a gap for every client, and in its sums.
func TestRing(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	c := r.open(Options{})
	frames := capturetest.Whole(2)
	r.feed.put(frames[0])
	var f packet.Frame
	if err := next(t, c, &f); err != nil || f.Gap {
		t.Fatal(err)
	}
	r.feed.lose(17)
	until(t, "the loss is told", func() bool { c.Next(&f); return c.Detail().Gaps == 1 })
	r.feed.put(frames[1])
	close(r.feed.frames)
	if err := next(t, c, &f); err != nil || !f.Gap {
		t.Fatal(err, f.Gap)
	}
	if err := next(t, c, &f); err != io.EOF || c.Stats().Dropped != 17 {
		t.Errorf("%v, %+v", err, c.Stats())
	}
}

// TestCount: the source ends behind so many packets; what came besides is beyond.
func TestCount(t *testing.T) {
	r := serve(t, server.Options{}, nil)
	c := r.open(Options{Count: 7})
	r.feed.put(capturetest.Whole(50)...)
	var f packet.Frame
	for range 7 {
		if err := next(t, c, &f); err != nil {
			t.Fatal(err)
		}
	}
	if err := next(t, c, &f); err != io.EOF {
		t.Error(err)
	}
	c.Close()
	if s := c.Stats(); s.Captured != 7 || s.Lost() != 0 || s.Received != s.Captured+s.QueueDropped {
		t.Errorf("%+v", s)
	}
}

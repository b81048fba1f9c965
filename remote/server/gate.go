package server

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of connections whose client is not known yet.
const (
	maxWaiting        = 16
	maxWaitingAddress = 8
	handshakeTime     = 10 * time.Second
)

// A gate is a listener that bounds connections in their handshake: how many there are, how many
// from one address, and how long they take. What is too much is closed at once.
type gate struct {
	net.Listener
	refused atomic.Uint64

	mu      sync.Mutex
	waiting int
	of      map[netip.Prefix]int
}

func newGate(l net.Listener) *gate { return &gate{Listener: l, of: map[netip.Prefix]int{}} }

// guarded is a connection that the gate let in.
type guarded struct {
	net.Conn
	gate  *gate
	from  netip.Prefix
	timer *time.Timer
	once  sync.Once
}

// Accept gives the next connection that is not too much.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := network(c.RemoteAddr())
		g.mu.Lock()
		full := g.waiting >= maxWaiting || g.of[from] >= maxWaitingAddress
		if !full {
			g.waiting++
			g.of[from]++
		}
		g.mu.Unlock()
		if full {
			g.refused.Add(1)
			if t, ok := c.(*net.TCPConn); ok {
				t.SetLinger(0) // nothing of it stays behind
			}
			c.Close()
			continue
		}
		conn := &guarded{Conn: c, gate: g, from: from}
		conn.timer = time.AfterFunc(handshakeTime, func() { conn.Close() })
		return conn, nil
	}
}

// admitted says that the client is known: the connection waits no more.
func (c *guarded) admitted() {
	c.once.Do(func() {
		c.timer.Stop()
		g := c.gate
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting--
		if g.of[c.from]--; g.of[c.from] == 0 {
			delete(g.of, c.from)
		}
	})
}

// Close closes the connection.
func (c *guarded) Close() error {
	c.admitted()
	return c.Conn.Close()
}

// network is the address that limits count: an IPv4 address, or the /64 of an IPv6 address, all of
// which one host may have.
func network(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return netip.PrefixFrom(ip, 32)
	}
	p, _ := ip.Prefix(64)
	return p
}

// Delays of addresses that fail to prove a token.
const (
	freeTries   = 3 // failures without delay
	firstDelay  = time.Second
	mostDelay   = 5 * time.Minute
	maxFailures = 4096 // addresses that are remembered
)

// failures are the failed tries by address.
type failures struct {
	mu sync.Mutex
	of map[netip.Prefix]*failed
}

type failed struct {
	n     int
	until time.Time // no try counts before
	last  time.Time
}

// delayed reports whether an address has to wait.
func (f *failures) delayed(from netip.Prefix, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.of[from]
	return e != nil && now.Before(e.until)
}

// add counts a failure: from the third one on the address waits, twice as long each time.
func (f *failures) add(from netip.Prefix, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[netip.Prefix]*failed{}
	}
	e := f.of[from]
	if e == nil {
		if len(f.of) >= maxFailures {
			f.forget(now)
		}
		e = &failed{}
		f.of[from] = e
	}
	if now.Sub(e.last) > 2*mostDelay {
		e.n = 0
	}
	e.last = now
	if e.n++; e.n >= freeTries {
		delay := mostDelay
		if shift := e.n - freeTries; shift < 9 {
			delay = min(firstDelay<<shift, mostDelay)
		}
		e.until = now.Add(delay)
	}
}

// succeed forgets the failures of an address.
func (f *failures) succeed(from netip.Prefix) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of, from)
}

// forget makes room: those go that may try again, and if there are none the one that failed
// longest ago.
func (f *failures) forget(now time.Time) {
	var oldest netip.Prefix
	at := now
	gone := false
	for from, e := range f.of {
		if !now.Before(e.until) {
			delete(f.of, from)
			gone = true
		} else if !e.last.After(at) {
			oldest, at = from, e.last
		}
	}
	if !gone {
		delete(f.of, oldest)
	}
}

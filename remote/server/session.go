package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"unsafe"

	"pinyon/filter"
	"pinyon/packet"
	"pinyon/remote"
	"pinyon/remote/wire"
)

// resumeTime is how long a session is kept whose link was cut.
const resumeTime = 60 * time.Second

// maxSentGaps is how many gaps a session remembers that it has told of.
const maxSentGaps = 1024

// A session is what one client gets. It outlives the connection for a while.
type session struct {
	s     *Server
	id    [16]byte
	token *remote.Token
	rate  uint64

	// Of the goroutine that captures.
	allowed *filter.Set // nil takes all
	faces   []bool      // devices that are wanted; nil is all
	snaplen int
	cut     *cutter // nil leaves payload in

	wake chan struct{} // the writer has something to look at

	mu        sync.Mutex
	space     sync.Cond   // of mu: the queue has room, or the session ended
	wanted    *filter.Set // nil takes all; another one comes by FILTER
	expr      string      // of wanted
	sub       wire.Subscription
	want      []byte // sub without session and next, to compare
	open      wire.Writer
	openSince time.Time
	queue     queue
	next      uint64 // sequence number of the next packet
	sent      uint64 // packets in batches that were written
	dropped   uint64
	bytes     uint64
	gaps      []entry // that were written, the latest maxSentGaps
	link      *link   // nil while there is no connection
	cutAt     time.Time
	ended     *wire.Error // why no further packet comes; nil while it goes on
	over      bool        // END is due once the queue is empty
	failed    *wire.Error // that is due in place of END
}

// newSession makes a session. Errors are *wire.Error.
func (s *Server) newSession(t *remote.Token, want *wire.Subscription) (*session, error) {
	c := &session{s: s, token: t, rate: s.opt.Rate, wake: make(chan struct{}, 1), expr: want.Filter, snaplen: int(want.Snaplen), sub: *want, want: subscriptionKey(want)}
	c.space.L = &c.mu
	rand.Read(c.id[:])
	if t.Rate > 0 && (c.rate == 0 || t.Rate < c.rate) {
		c.rate = t.Rate
	}
	if c.snaplen == 0 || c.snaplen > wire.MaxCapLen {
		c.snaplen = wire.MaxCapLen
	}
	var err error
	if c.allowed, err = compile(t.Filter); err != nil {
		s.log.Error("the filter of a token", "token", t.Name, "error", err)
		return nil, &wire.Error{Code: wire.CodeAuth, Text: "the token's filter cannot be used"}
	}
	if c.wanted, err = compile(want.Filter); err != nil {
		return nil, &wire.Error{Code: wire.CodeFilter, Text: err.Error()}
	}
	if t.NoPayload {
		c.cut = &cutter{}
	}
	if len(want.Interfaces) > 0 {
		c.faces = make([]bool, len(s.faces))
		for _, name := range want.Interfaces {
			i := slices.IndexFunc(s.faces, func(f wire.Interface) bool { return f.Name == name })
			if i < 0 {
				return nil, &wire.Error{Code: wire.CodeRequest, Text: fmt.Sprintf("the server does not capture from %q", name)}
			}
			c.faces[i] = true
		}
	}
	c.open.Reset(nil, 0, s.base)
	return c, nil
}

// subscriptionKey is what has to stay the same for a session to go on.
func subscriptionKey(want *wire.Subscription) []byte {
	k := *want
	k.Session, k.Next = [16]byte{}, 0
	return k.Append(nil)
}

// compile makes a filter for live frames; nil takes all.
func compile(expr string) (*filter.Set, error) {
	if expr == "" {
		return nil, nil
	}
	o := &filter.Options{Mode: filter.ModeLive}
	if err := filter.Check(expr, o); err != nil {
		return nil, err
	}
	return filter.NewSet(expr, o)
}

// A cutter finds where the payload of a packet begins.
type cutter struct {
	dec packet.Decoder
	p   packet.Packet
}

// cutUnknown is how many bytes stay of a frame that cannot be decoded.
const cutUnknown = 64

// head is how many bytes of a frame lie before its payload.
func (c *cutter) head(f *packet.Frame) int {
	if !c.dec.Decode(f, &c.p) {
		return min(len(f.Data), cutUnknown)
	}
	if len(c.p.Payload) == 0 {
		return len(f.Data)
	}
	// Payload is a part of Data.
	n := uintptr(unsafe.Pointer(unsafe.SliceData(c.p.Payload))) - uintptr(unsafe.Pointer(unsafe.SliceData(f.Data)))
	if n > uintptr(len(f.Data)) {
		return min(len(f.Data), cutUnknown)
	}
	return int(n)
}

// offer gives the session a packet. It is called by the goroutine that captures, and never waits
// for the client.
func (c *session) offer(f *packet.Frame) {
	if c.faces != nil && (int(f.Iface) >= len(c.faces) || !c.faces[f.Iface]) {
		return
	}
	if c.allowed != nil && !match(c.allowed, f) {
		return
	}
	data := f.Data
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil || c.wanted != nil && !match(c.wanted, f) {
		return
	}
	if c.cut != nil {
		data = data[:c.cut.head(f)]
	}
	data = data[:min(len(data), c.snaplen)]
	if !c.open.Room(len(data)) {
		c.seal()
	}
	if c.queue.bytes+len(c.open.Message)+len(data) > c.s.opt.Queue && !c.room(len(data)) {
		return
	}
	if c.open.N == 0 {
		c.openSince = time.Now()
		c.open.Reset(c.s.buffer(), c.next, c.s.base)
		defer c.signal()
	}
	c.open.Add(f, data)
	c.next++
}

func match(s *filter.Set, f *packet.Frame) bool {
	ok, err := s.Match(f)
	return ok && err == nil
}

// room makes room for so many bytes by the server's policy, or drops the packet that they are of.
// mu is held.
func (c *session) room(n int) bool {
	switch c.s.opt.Policy {
	case DropOldest:
		c.seal()
		for c.queue.bytes+n > c.s.opt.Queue {
			m, lost := c.queue.dropOldest()
			if m == nil {
				break
			}
			c.dropped += lost
			c.s.giveBack(m)
		}
		return true
	case Block:
		c.seal()
		for c.ended == nil && !c.s.hurry.Load() && c.queue.len() > 0 && c.queue.bytes+n > c.s.opt.Queue {
			c.space.Wait()
		}
		if c.ended != nil {
			return false
		}
		if !c.s.hurry.Load() {
			return true
		}
	case Disconnect:
		c.end(&wire.Error{Code: wire.CodeSlow, Text: "the queue is full"})
	}
	c.seal()
	c.queue.push(entry{first: c.next, n: 1, reason: wire.ReasonQueue})
	c.next++
	c.dropped++
	return false
}

// seal puts the open batch into the queue; mu is held.
func (c *session) seal() {
	if c.open.N == 0 {
		return
	}
	c.queue.push(entry{message: c.open.Finish(), first: c.open.First, n: uint64(c.open.N)})
	c.open.Message, c.open.N = nil, 0
	c.signal()
}

func (c *session) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// miss puts a gap of packets without numbers.
func (c *session) miss(n uint64, why wire.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seal()
	c.queue.push(entry{first: c.next, n: n, reason: why})
}

// end has the session give nothing further, for a reason; mu is held.
func (c *session) end(why *wire.Error) {
	if c.ended == nil {
		c.ended = why
		c.space.Broadcast()
		c.signal()
	}
}

// finish has the session end once its queue is empty: with END, or if the capture failed with why.
func (c *session) finish(why *wire.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seal()
	c.over, c.failed = true, why
	c.signal()
}

// take gives the next entry to write. Without one it says how long until the open batch is due,
// or 0 for until wake.
func (c *session) take(now time.Time) (e entry, ok bool, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue.len() == 0 && c.open.N > 0 {
		if age := now.Sub(c.openSince); age >= 0 && age < wire.BatchDelay {
			return entry{}, false, wire.BatchDelay - age
		}
		c.seal()
	}
	if c.queue.len() == 0 {
		return entry{}, false, 0
	}
	e = c.queue.pop()
	c.space.Signal()
	return e, true, 0
}

// wrote counts an entry that is on the link now, or was lost with it.
func (c *session) wrote(e *entry, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += uint64(bytes)
	if e.message != nil {
		c.sent += e.n
		return
	}
	if len(c.gaps) == maxSentGaps {
		c.gaps = c.gaps[:copy(c.gaps, c.gaps[maxSentGaps/2:])]
	}
	c.gaps = append(c.gaps, *e)
}

// attach gives the session, which has no connection, one whose client lacks everything from next
// on.
func (c *session) attach(l *link, next uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil {
		return errTaken
	}
	first := c.next
	if c.open.N > 0 {
		first = c.open.First
	}
	for i := c.queue.head; i < len(c.queue.list); i++ {
		if e := &c.queue.list[i]; e.message != nil || e.reason.Numbered() {
			first = e.first
			break
		}
	}
	if next > first {
		return &wire.Error{Code: wire.CodeProtocol, Text: "packets are said to have come that were never sent"}
	}
	// What was written and did not arrive: gaps as such, everything else with the link.
	for i := len(c.gaps) - 1; i >= 0 && first > next; i-- {
		g := c.gaps[i]
		if !g.reason.Numbered() || g.first >= first {
			continue
		}
		end := min(g.first+g.n, first)
		if end <= next {
			break
		}
		c.lost(end, first)
		start := max(g.first, next)
		c.queue.unshift(entry{first: start, n: end - start, reason: g.reason})
		first = start
	}
	c.lost(next, first)
	c.link = l
	c.signal()
	return nil
}

// errTaken says that a session has a connection.
var errTaken = errors.New("the session has a connection")

// lost puts a gap of packets from first to end, which went with the link, in front.
func (c *session) lost(first, end uint64) {
	if end > first {
		c.queue.unshift(entry{first: first, n: end - first, reason: wire.ReasonLink})
	}
}

// detach says that a connection is over. It reports whether the session waits for another.
func (c *session) detach(l *link, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link, c.cutAt = nil, now
	}
}

// stats fills in what concerns the session.
func (c *session) stats(st *wire.Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st.Next, st.Sent, st.ClientDropped, st.Bytes = c.next, c.sent, c.dropped, c.bytes
}

// quiet reports whether everything that the session was offered is written, so that the capture's
// clock is the client's.
func (c *session) quiet() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.len() == 0 && c.open.N == 0
}

// refilter puts another narrowing filter in force.
func (c *session) refilter(expr string) (next uint64, err error) {
	set, err := compile(expr)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seal()
	c.wanted, c.expr = set, expr
	c.sub.Filter = expr
	c.want = subscriptionKey(&c.sub) // a client that comes back names the filter that it has
	return c.next, nil
}

// inForce is the filter that the client's packets pass, in words.
func (c *session) inForce() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.token.Filter == "":
		return c.expr
	case c.expr == "":
		return c.token.Filter
	}
	return "(" + c.token.Filter + ") and (" + c.expr + ")"
}

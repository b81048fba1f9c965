package http1

type method uint8

// The methods whose responses are framed differently.
const (
	plain method = iota
	head
	connect
)

func methodOf(name []byte) method {
	switch string(name) {
	case "HEAD":
		return head
	case "CONNECT":
		return connect
	}
	return plain
}

// A special request is one whose response needs to know it.
type special struct {
	n       int64 // number of the request
	end     int64 // stream offset behind it; -1 while it is read
	method  method
	upgrade bool
}

// A queue holds the special requests that wait for a response. Clients that pipeline send
// no more than a few; of more than fit, the latest are forgotten.
type queue struct {
	s [16]special
	n int
}

func (q *queue) push(s special) *special {
	if q.n == len(q.s) {
		return nil
	}
	q.s[q.n] = s
	q.n++
	return &q.s[q.n-1]
}

// find is the entry of request n, nil if it is not special.
func (q *queue) find(n int64) *special {
	for i := range q.s[:q.n] {
		if q.s[i].n == n {
			return &q.s[i]
		}
	}
	return nil
}

// at is the entry of request n, or a plain one; entries before it are dropped, as their
// responses have passed.
func (q *queue) at(n int64) special {
	i := 0
	for i < q.n && q.s[i].n < n {
		i++
	}
	q.n = copy(q.s[:], q.s[i:q.n])
	if q.n > 0 && q.s[0].n == n {
		return q.s[0]
	}
	return special{n: n, end: -1}
}

func (q *queue) upgrade(n int64) {
	s := q.find(n)
	if s == nil {
		s = q.push(special{n: n, end: -1})
	}
	if s != nil {
		s.upgrade = true
	}
}

// A tunnel is what follows an accepted CONNECT or upgrade.
type tunnel struct {
	request  int64 // number of the request that opened it, from 1; 0 not open
	at       [2]int64
	known    [2]bool
	upgraded bool // by a request that asked for it
	connect  bool // by a CONNECT
	within   [2]bool
}

// upgradePending reports a client whose last request asks for an upgrade and has no
// answer yet.
func (c *Conn) upgradePending(dir int) bool {
	d := &c.sides[dir]
	if d.role != client || c.requests == 0 || c.replies >= c.requests {
		return false
	}
	s := c.special.find(c.requests - 1)
	return s != nil && s.upgrade
}

// endRequest notes where a request ended. What follows CONNECT is kept until the answer
// tells what it is.
func (c *Conn) endRequest(d *side) {
	if s := c.special.find(d.msg.n); s != nil {
		s.end = d.at
	}
	switch {
	case c.tunnel.request == d.msg.n+1:
		dir := 0
		if d == &c.sides[1] {
			dir = 1
		}
		c.tunnel.at[dir], c.tunnel.known[dir], d.state = d.at, true, inTunnel
	case d.msg.method == connect && c.replies <= d.msg.n:
		d.state = holding
	}
}

// openTunnel acts on the accepting response in direction dir.
func (c *Conn) openTunnel(dir int) {
	d, o := &c.sides[dir], &c.sides[1-dir]
	t := &c.tunnel
	t.request, t.connect, t.within = d.msg.n+1, d.msg.status != 101, [2]bool{}
	t.at[dir], t.known[dir], d.state = d.at, true, inTunnel
	s := c.special.at(d.msg.n)
	t.upgraded = s.upgrade && d.msg.status == 101
	if o.role != client || s.end < 0 {
		return // the request was not seen, or is still being read
	}
	if o.state == holding || o.state == atStart && o.msg.n == d.msg.n {
		t.at[1-dir], t.known[1-dir], o.state = s.end, true, inTunnel
	}
}

// refuseTunnel acts on a final response to request n: what a client sent behind a CONNECT
// that failed is the next request.
func (c *Conn) refuseTunnel(dir int, n, ts int64) {
	d := &c.sides[dir]
	if d.state != holding || d.msg.n != n {
		return
	}
	if d.msg.method != connect {
		d.state = stopped // refused upgrade, and the bytes behind it are no request
		return
	}
	held := d.buf
	d.buf, d.spare = d.spare[:0], held
	d.state, d.head = atStart, 0
	d.at -= int64(len(held))
	c.feed(dir, held, ts)
}

// hold keeps bytes until the answer is known.
func (d *side) hold(b []byte) {
	if len(d.buf)+len(b) > maxHead {
		d.state, d.buf = stopped, d.buf[:0]
		return
	}
	d.buf = append(d.buf, b...)
}

// Tunnel is the stream offset at which direction dir hands over to another protocol, after
// a CONNECT or an upgrade that was accepted; ok is false if it does not, not yet, or more
// than Held can keep was sent before the answer.
func (c *Conn) Tunnel(dir int) (at int64, ok bool) { return c.tunnel.at[dir], c.tunnel.known[dir] }

// TunnelRequest is the number of the request that opened the tunnel, from 1; 0 without.
func (c *Conn) TunnelRequest() int64 { return c.tunnel.request }

// Held is what direction dir sent from its Tunnel offset on before the answer was read, or
// the server before the request was, at most 64 KiB. It is borrowed until the next Feed or Reset. Bytes fed later are not in it.
func (c *Conn) Held(dir int) []byte {
	d := &c.sides[dir]
	switch {
	case d.state != inTunnel || !c.tunnel.known[dir]:
		return nil
	case d.role == server:
		return d.late[d.lateAt:]
	}
	return d.buf
}

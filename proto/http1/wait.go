package http1

// The directions of a connection may be captured in another order than they were sent in, the
// answer ahead of the request. How an answer ends, and whether a tunnel follows it, depends
// on the request (RFC 9112, section 6.3), so what comes behind its head waits for that.

// waits reports whether the response of side d, whose head was read, is to a request whose
// head was not.
func (c *Conn) waits(d *side) bool {
	m := &d.msg
	return (m.status >= 200 || m.status == 101) && c.heads <= m.n && !d.alone
}

// wait keeps bytes of a direction until the request is known. Where they are too many, the
// direction is read on without.
func (c *Conn) wait(dir int, b []byte, ts int64) {
	d := &c.sides[dir]
	if len(d.late)-d.lateAt+len(b) > maxHead {
		c.giveUp(dir, ts)
		c.feed(dir, b, ts)
		return
	}
	if d.lateAt > len(d.late)/2 {
		d.late = d.late[:copy(d.late, d.late[d.lateAt:])]
		d.lateAt = 0
	}
	d.late = append(d.late, b...)
}

// giveUp reads on in direction dir as if its requests were plain ones.
func (c *Conn) giveUp(dir int, ts int64) {
	d := &c.sides[dir]
	if d.alone = true; d.state == waiting {
		c.release(dir, ts)
	}
}

// resume reads on in direction dir when the other one has told a request.
func (c *Conn) resume(dir int, ts int64) {
	if d := &c.sides[dir]; d.state == waiting && d.msg.n < c.heads {
		c.release(dir, ts)
	}
}

// release reads what waits, up to a response that has to wait itself. What is behind the start
// of a tunnel stays where Held finds it.
func (c *Conn) release(dir int, ts int64) {
	d := &c.sides[dir]
	d.msg.method = c.special.at(d.msg.n).method
	if c.frame(dir, ts); d.state == inTunnel {
		return
	}
	b := d.late[d.lateAt:]
	d.lateAt = len(d.late) - len(c.feed(dir, b, ts))
	if d.lateAt == len(d.late) {
		d.late, d.lateAt = d.late[:0], 0
	}
}

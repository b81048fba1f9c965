package http1

// At is the offset of the byte that direction dir is to be fed next.
func (c *Conn) At(dir int) int64 { return c.sides[dir].at }

// Connected reports whether the open tunnel is one of an accepted CONNECT, not of an upgrade.
func (c *Conn) Connected() bool { return c.tunnel.connect }

// Behind is the offset behind a CONNECT to which the answer was not read yet, or behind an
// answer that accepts a request that was not read yet: what follows is of the protocol that is
// tunneled if the server accepts, or if the client asked for that. ok is false elsewhere.
func (c *Conn) Behind(dir int) (at int64, ok bool) {
	d := &c.sides[dir]
	if d.state == waiting && (d.msg.status == 101 || d.msg.status/100 == 2) {
		return d.at, true
	}
	if d.state != holding || d.msg.method != connect {
		return 0, false
	}
	return d.at - int64(len(d.buf)), true
}

// Stopped reports whether direction dir is read no more: what came is no message.
func (c *Conn) Stopped(dir int) bool { return c.sides[dir].state == stopped }

// Within goes on reading direction dir at its Tunnel offset, as messages inside the tunnel,
// which are counted behind those before it. It returns what was Held, which is to be fed
// again and is borrowed until the next call of Feed that is not that one.
func (c *Conn) Within(dir int) (held []byte) {
	d := &c.sides[dir]
	held = c.Held(dir)
	if d.role == server {
		d.late, d.lateAt, d.spare = d.spare[:0], 0, d.late
	} else {
		d.buf, d.spare = d.spare[:0], held
	}
	d.at, d.state, d.head, d.open = c.tunnel.at[dir], atStart, 0, false
	c.tunnel.known[dir], c.tunnel.within[dir] = false, true
	if c.tunnel.within[1-dir] {
		c.tunnel.request = 0
	}
	return held
}

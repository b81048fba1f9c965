package http1

import (
	"bytes"

	"pinyon/proto"
)

// readLine takes bytes up to the end of a line of a head, and acts on the line.
func (c *Conn) readLine(dir int, b []byte, ts int64) []byte {
	d := &c.sides[dir]
	if d.open && len(d.buf) == 0 && b[0] != ' ' && b[0] != '\t' {
		c.field(d, d.header) // a line that starts, and does not go on with it
		d.open = false
	}
	n := bytes.IndexByte(b, '\n') + 1
	complete := n > 0
	if !complete {
		n = len(b)
	}
	part := b[:n]
	b = d.pass(b, n)
	if d.head += n; d.head > maxHead {
		d.state = stopped
		return b
	}
	line := part
	if len(d.buf) > 0 || !complete {
		d.buf = append(d.buf, part...)
		line = d.buf
	}
	switch {
	case !complete:
		empty := d.mayBeEmpty() && len(line) == 1 && line[0] == '\r' // so far
		if d.state == atStart && !d.mayStart(part) && (!empty || c.upgradePending(dir)) {
			c.noMessage(dir, line)
		}
		return b
	case d.state == atStart:
		if c.startLine(dir, line); d.state != holding {
			d.buf = d.buf[:0]
		}
	default:
		d.buf = d.buf[:0] // line is read before anything is kept there
		c.headerLine(dir, trimEnd(line[:len(line)-1]), ts)
	}
	return b
}

// mayStart reports whether buf, to which part was just added, may become a start line.
// What was looked at before is not looked at again, but for the first few bytes.
func (d *side) mayStart(part []byte) bool {
	if len(d.buf)-len(part) <= maxMethod && looksLine(d.buf) == proto.NotMine {
		return false
	}
	return !hasControl(part)
}

// startLine acts on a complete first line, its end included.
func (c *Conn) startLine(dir int, line []byte) {
	d := &c.sides[dir]
	text := trimEnd(line[:len(line)-1])
	if len(text) == 0 && d.mayBeEmpty() && !c.upgradePending(dir) {
		d.head = 0 // an empty line ahead of a request, or behind a body, as old clients send it
		if d.role == unknown {
			d.blanks++
		}
		return
	}
	other := c.sides[1-dir].role
	if r, ok := parseRequestLine(text); ok && d.role != server && (d.role != unknown || other != client) {
		d.role = client
		c.request(d, r)
		return
	}
	if s, ok := parseStatusLine(text); ok && d.role != client && (d.role != unknown || other != server) {
		d.role = server
		c.response(d, s)
		return
	}
	c.noMessage(dir, line)
}

// mayBeEmpty reports whether a line in the place of a start line may be empty. In front of
// the first message a few are, as other protocols may begin so too.
func (d *side) mayBeEmpty() bool { return d.role != unknown || d.blanks < maxBlanks }

// noMessage acts on bytes that are no start line: the end of the walk, or, behind an
// upgrade request, what the upgraded protocol sends before the answer was seen.
func (c *Conn) noMessage(dir int, b []byte) {
	d := &c.sides[dir]
	d.state = stopped
	if c.upgradePending(dir) {
		d.state = holding
		if len(d.buf) == 0 {
			d.hold(b)
		}
	}
}

func (c *Conn) request(d *side, r requestLine) {
	d.state = atHeader
	d.msg = message{n: c.requests, length: -1, first: c.requests == 0, method: methodOf(r.method)}
	c.requests++
	if d.msg.method != plain {
		c.special.push(special{n: d.msg.n, end: -1, method: d.msg.method})
	}
	if d.msg.first {
		c.first.request(r)
	}
}

func (c *Conn) response(d *side, s statusLine) {
	d.state = atHeader
	d.msg = message{n: c.replies, length: -1, status: s.code}
	if !c.hasReply {
		c.hasReply, c.replyTime = true, d.time
		c.first.replyMinor = s.minor
	}
	if s.code < 200 && s.code != 101 {
		return
	}
	d.msg.method = c.special.at(c.replies).method
	if c.responses == 0 && (s.code >= 200 || c.first.status == 0) {
		d.msg.first = true
		c.first.response(s.code)
	}
	if s.code < 200 {
		return
	}
	c.responses++
	if s.code >= 400 {
		c.failures++
	}
}

// headerLine acts on a line behind the start line. A line that starts with a blank goes on
// with the one before it, joined by one blank (RFC 9112, section 5.2).
func (c *Conn) headerLine(dir int, line []byte, ts int64) {
	d := &c.sides[dir]
	if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		if d.open {
			d.header = append(append(d.header, ' '), trim(line)...)
		}
		return
	}
	if len(line) > 0 {
		d.header, d.open = append(d.header[:0], line...), true
		return
	}
	c.endHead(dir, ts)
}

// field acts on a header field.
func (c *Conn) field(d *side, line []byte) {
	name, value, ok := bytes.Cut(line, []byte{':'})
	name, value = trim(name), trim(value)
	if !ok || len(name) == 0 {
		return
	}
	m := &d.msg
	switch {
	case equalFold(name, "content-length"):
		switch n := parseLength(value); {
		case n < 0 || m.length >= 0 && n != m.length:
			m.length = -2
		case m.length == -1:
			m.length = n
		}
	case equalFold(name, "transfer-encoding"):
		last := trim(value[bytes.LastIndexByte(value, ',')+1:])
		m.coded, m.chunked = true, equalFold(last, "chunked")
	case d.role == client && equalFold(name, "upgrade"):
		if c.upgradeOf != m.n+1 {
			c.upgradeOf, c.upgrade = m.n+1, c.upgrade[:0]
		}
		c.upgrade = appendListed(c.upgrade, value)
		c.special.upgrade(m.n)
	case d.role == server && m.status == 101 && equalFold(name, "upgrade"):
		c.switched = appendListed(c.switched, value)
	}
	if !m.first {
		return
	}
	if d.role == client {
		c.first.requestField(name, value)
	} else {
		c.first.responseField(name, value)
	}
}

// endHead acts on the empty line: it decides how the body ends (RFC 9112, section 6.3).
func (c *Conn) endHead(dir int, ts int64) {
	d := &c.sides[dir]
	m := &d.msg
	if d.role == client {
		if !c.hasHead {
			c.hasHead, c.headEnd = true, ts
		}
		c.heads++
		defer c.resume(1-dir, ts)
		switch {
		case m.method == connect:
			c.endMessage(dir, ts)
		case m.chunked:
			d.state = atSize
		case m.coded || m.length == -2:
			d.state = stopped
		case m.length > 0:
			d.state, d.left = inBody, m.length
		default:
			c.endMessage(dir, ts)
		}
		return
	}
	if m.status >= 200 || m.status == 101 {
		c.replies++
	}
	c.first.takeLength(m)
	if c.waits(d) {
		d.state = waiting
		return
	}
	c.frame(dir, ts)
}

// frame decides how a response ends whose head was read.
func (c *Conn) frame(dir int, ts int64) {
	d := &c.sides[dir]
	m := &d.msg
	switch {
	case m.status == 101 || m.method == connect && m.status/100 == 2:
		c.openTunnel(dir)
		return
	case m.status >= 200:
		c.refuseTunnel(1-dir, m.n, ts)
	}
	switch {
	case m.status < 200 || m.status == 204 || m.status == 304 || m.method == head:
		c.endMessage(dir, ts)
	case m.chunked:
		d.state = atSize
	case m.coded || m.length < 0:
		d.state = untilClose
	case m.length > 0:
		d.state, d.left = inBody, m.length
	default:
		c.endMessage(dir, ts)
	}
}

// endMessage makes ready for the next.
func (c *Conn) endMessage(dir int, ts int64) {
	d := &c.sides[dir]
	d.state, d.head = atStart, 0
	if d.role == client {
		c.endRequest(d)
	}
}

package http1

import "pinyon/proto"

// A Conn holds the facts of one TCP flow. The zero value is ready; Reset makes it new and
// keeps its memory, which stays below 64 KiB a direction for heads being read, 128 KiB for
// what waits for the other direction, and 64 KiB for the values of the first two. Directions are 0, the flow's initiator, and 1; times are
// nanoseconds. Methods that name a column give its value at any time, for what was read so
// far.
type Conn struct {
	sides    [2]side
	first    facts // of the first request and the first final response
	special  queue // requests whose response is framed by their method
	tunnel   tunnel
	upgrade  []byte // of the last request with that field
	switched []byte // the same field of a 101

	seen
}

// seen is what was counted and when it came.
type seen struct {
	upgradeOf int64 // number of the request whose Upgrade field is kept, from 1

	requests  int64 // request lines
	responses int64 // status lines of final responses
	failures  int64 // of these, 400 and above
	heads     int64 // requests whose head was read
	replies   int64 // responses that answered a request: final ones and 101

	headEnd   int64 // time of the end of the first request's head
	replyTime int64 // time of the first response's first byte
	hasHead   bool
	hasReply  bool
}

type role uint8

const (
	unknown role = iota
	client
	server
)

type state uint8

const (
	atStart     state = iota // of a message
	atHeader                 // of a line of its head
	inBody                   // left bytes of it
	atSize                   // of a chunk
	inChunk                  // left bytes of it
	behindChunk              // its line end
	inTrailers               // behind the last chunk
	untilClose
	waiting // behind the head of a response to a request that was not read yet
	holding // behind CONNECT, or bytes behind an upgrade request that are no request
	inTunnel
	stopped
)

// A side is one direction being read.
type side struct {
	role   role
	state  state
	begun  bool
	blanks uint8 // empty lines ahead of the first message
	time   int64 // of the first byte
	at     int64 // stream offset of the next byte

	buf    []byte // line that is not complete; held bytes when holding
	spare  []byte // a buffer that is neither buf nor late
	late   []byte // what came while waiting
	lateAt int    // bytes of late that were read
	alone  bool   // late was full: responses wait for requests no more
	header []byte // header line that may be continued on the next
	open   bool   // header holds one
	head   int    // bytes of this head
	msg    message
	left   int64
	line   int  // bytes of a trailer line
	digits int8 // of a chunk size; below zero behind them
}

// A message is what frames the one being read.
type message struct {
	n       int64 // its number in the direction, from 0
	length  int64 // Content-Length, -1 without, -2 malformed
	chunked bool
	coded   bool // Transfer-Encoding of any kind
	status  int
	method  method
	first   bool // facts are taken
}

// Reset forgets the flow.
func (c *Conn) Reset() {
	for i := range c.sides {
		d := &c.sides[i]
		*d = side{buf: d.buf[:0], spare: d.spare[:0], late: d.late[:0], header: d.header[:0]}
	}
	c.first = facts{text: c.first.text[:0], names: c.first.names[:0]}
	c.special, c.tunnel, c.seen = queue{}, tunnel{}, seen{}
	c.upgrade, c.switched = c.upgrade[:0], c.switched[:0]
}

// Feed takes the next bytes of a direction's stream, which arrived at ts. It neither keeps
// nor changes b. It is not called again behind a hole.
func (c *Conn) Feed(dir int, b []byte, ts int64) proto.Verdict {
	d := &c.sides[dir]
	if !d.begun && len(b) > 0 {
		d.begun, d.time = true, ts
	}
	if rest := c.feed(dir, b, ts); len(rest) > 0 {
		c.wait(dir, rest, ts)
	}
	switch {
	case d.role != unknown:
		return proto.Mine
	case d.state == stopped:
		return proto.NotMine
	}
	return proto.NeedMore
}

// Finish tells that the flow is over: a header line that was read whole counts, though the
// next one, which could have continued it, did not come; and responses that wait for their
// request are read without. Feed is not called again.
func (c *Conn) Finish() {
	for i := range c.sides {
		c.giveUp(i, c.sides[i].time)
	}
	for i := range c.sides {
		d := &c.sides[i]
		if d.open {
			c.field(d, d.header)
			d.open = false
		}
		if d.role == server && d.state == atHeader {
			c.first.takeLength(&d.msg)
		}
	}
}

// feed reads b as far as can be said now what it is, and returns the rest.
func (c *Conn) feed(dir int, b []byte, ts int64) (rest []byte) {
	d := &c.sides[dir]
	for len(b) > 0 {
		switch d.state {
		case atStart, atHeader:
			b = c.readLine(dir, b, ts)
		case inBody, inChunk:
			n := int(min(d.left, int64(len(b))))
			b = d.pass(b, n)
			if d.left -= int64(n); d.left > 0 {
				break
			}
			if d.state == inChunk {
				d.state = behindChunk
			} else {
				c.endMessage(dir, ts)
			}
		case atSize:
			b = d.readSize(b)
		case behindChunk:
			if b[0] == '\n' {
				d.state = atSize
			} else if b[0] != '\r' {
				d.state = stopped
			}
			b = d.pass(b, 1)
		case inTrailers:
			var end bool
			if b, end = d.readTrailer(b); end {
				c.endMessage(dir, ts)
			}
		case waiting:
			return b
		case holding:
			d.hold(b)
			b = d.pass(b, len(b))
		default:
			b = d.pass(b, len(b))
		}
	}
	return nil
}

// pass counts n bytes as read and returns what follows.
func (d *side) pass(b []byte, n int) []byte {
	d.at += int64(n)
	return b[n:]
}

package http2

import "pinyon/proto"

// A Conn holds the facts of one TCP flow. The zero value is ready; Reset makes it new and
// keeps its memory: at most 32 KiB, and per direction 32 KiB of a header block, a table of
// 64 KiB, and fields of 16 KiB each. Directions are 0, the flow's initiator, and 1. Methods
// that name a column give its value at any time, for what was read so far.
type Conn struct {
	sides    [2]side
	client   int8 // direction that started like a preface plus one; 0 none
	upgraded bool // from HTTP/1
	streams  [2]runs

	opened   uint32   // the first stream of the client's
	request  request  // of the first stream
	response response // of the lowest stream of the client's
	reading  response // of the block at hand

	settings     []byte // of the client's first SETTINGS frame, as sent
	window       uint32 // increment of the client's first WINDOW_UPDATE on stream 0
	windowSeen   bool
	settingsRead bool // settings is complete
}

type state uint8

const (
	atStart state = iota
	atPreface
	atFrames
	stopped
)

// A side is what one direction told.
type side struct {
	state    state
	fed      bool // a byte was
	preface  bool // all 24 bytes
	opened   bool // its own SETTINGS came
	opening  bool // the frame being read is that one
	have     uint8
	head     [headerLen]byte
	maxFrame uint32 // largest size it announced for frames sent to it

	frame header
	left  uint32  // bytes of the frame's body to come
	field [6]byte // of the body: a setting, or the first bytes
	at    uint8

	frames int64
	types  [10]int64 // by frame type

	blocks blocks
}

// Reset forgets the flow.
func (c *Conn) Reset() {
	streams := c.streams
	for i := range streams {
		streams[i] = streams[i][:0]
	}
	heads := [2]blocks{c.sides[0].blocks, c.sides[1].blocks}
	*c = Conn{streams: streams, settings: c.settings[:0]}
	for i := range heads {
		c.sides[i].blocks = heads[i]
		c.sides[i].blocks.reset()
	}
}

// Other tells that direction dir sent bytes that are not HTTP/2, which were not fed. It is
// called before Feed of that direction, and rules out that the other one is a server's of
// which nothing else was captured.
func (c *Conn) Other(dir int) { c.sides[dir].fed, c.sides[dir].state = true, stopped }

// Upgrade tells that the server, of direction dir, answered a request of HTTP/1 with a 101
// behind which its frames begin: that request is the one of stream 1 (RFC 7540, section
// 3.2). Whatever was fed of the direction is forgotten.
func (c *Conn) Upgrade(dir int) {
	d := &c.sides[dir]
	*d = side{blocks: d.blocks}
	d.blocks.reset()
	c.upgraded = true
}

// Feed takes the next bytes of a direction's stream. It neither keeps nor changes b. It is
// not called again behind a hole.
func (c *Conn) Feed(dir int, b []byte) proto.Verdict {
	d := &c.sides[dir]
	d.fed = d.fed || len(b) > 0
	for len(b) > 0 && d.state != stopped {
		switch {
		case d.state == atStart:
			d.state = atFrames
			if b[0] == Preface[0] {
				d.state = stopped
				if c.client == 0 {
					d.state, c.client = atPreface, int8(dir)+1
				}
			}
		case d.state == atPreface:
			if b = d.readPreface(b); d.state == stopped {
				c.client = 0
			}
		case d.left > 0:
			b = c.readBody(dir, b)
		default:
			n := copy(d.head[d.have:], b)
			b = b[n:]
			if d.have += uint8(n); d.have == headerLen {
				d.have = 0
				c.begin(dir)
			}
		}
	}
	return d.verdict()
}

func (d *side) verdict() proto.Verdict {
	switch {
	case d.preface || d.frames > 0:
		return proto.Mine
	case d.state == stopped:
		return proto.NotMine
	}
	return proto.NeedMore
}

func (d *side) readPreface(b []byte) []byte {
	n := min(len(Preface)-int(d.have), len(b))
	if string(b[:n]) != Preface[d.have:int(d.have)+n] {
		d.state = stopped
		return nil
	}
	if d.have += uint8(n); int(d.have) == len(Preface) {
		d.have, d.preface, d.state = 0, true, atFrames
	}
	return b[n:]
}

// begin looks at a complete frame header.
func (c *Conn) begin(dir int) {
	d := &c.sides[dir]
	h := parseHeader(d.head[:])
	if !d.opened && !h.opensDirection() || !h.valid(max(c.sides[1-dir].maxFrame, defaultMaxFrame)) {
		d.state = stopped
		return
	}
	d.frame, d.left, d.at = h, h.length, 0
	d.opening = !d.opened && h.flags&flagACK == 0
	d.opened = d.opened || d.opening
	d.frames++
	if int(h.typ) < len(d.types) {
		d.types[h.typ]++
	}
	if h.typ == typeHeaders {
		c.addStream(h.stream)
		if c.opened == 0 && dir == int(c.client)-1 {
			c.opened = h.stream
		}
	}
	d.blocks.frame(h)
	if h.length == 0 && d.blocks.complete() {
		c.endBlock(dir)
	}
	if h.length == 0 && d.opening && dir == int(c.client)-1 {
		c.settingsRead = true
	}
}

// readBody passes over a body, or the part of it in b, and returns what follows. Of three
// types a few bytes are looked at, at most six at a time.
func (c *Conn) readBody(dir int, b []byte) []byte {
	d := &c.sides[dir]
	n := min(int(d.left), len(b))
	body, rest := b[:n], b[n:]
	d.left -= uint32(n)
	client := dir == int(c.client)-1
	switch d.frame.typ {
	case typeSettings:
		if d.frame.flags&flagACK == 0 {
			c.readSettings(d, body, client && d.opening)
		}
	case typeWindowUpdate:
		if client && d.frame.stream == 0 && !c.windowSeen && d.take(body, 4) {
			c.window, c.windowSeen = be31(d.field[:]), true
		}
	case typePushPromise:
		skip := 0
		if d.frame.flags&flagPadded != 0 {
			skip = 1
		}
		if !client && d.take(body, 4+skip) {
			c.addStream(be31(d.field[skip:]))
		}
	}
	switch d.frame.typ {
	case typeHeaders, typePushPromise, typeContinuation:
		d.blocks.take(body)
		if d.left == 0 && d.blocks.complete() {
			c.endBlock(dir)
		}
	}
	return rest
}

// take gathers the body's first n bytes in field; true once, when they are complete.
func (d *side) take(body []byte, n int) bool {
	if int(d.at) >= n {
		return false
	}
	d.at += uint8(copy(d.field[d.at:n], body))
	return int(d.at) == n
}

// readSettings reads id (16) and value (32) pairs.
func (c *Conn) readSettings(d *side, body []byte, keep bool) {
	if keep {
		c.settings = append(c.settings, body...)
		c.settingsRead = d.left == 0
	}
	for len(body) > 0 {
		n := copy(d.field[d.at:], body)
		body = body[n:]
		if d.at += uint8(n); d.at < 6 {
			return
		}
		d.at = 0
		v := uint32(d.field[2])<<24 | uint32(d.field[3])<<16 | uint32(d.field[4])<<8 | uint32(d.field[5])
		if d.field[0] == 0 && d.field[1] == settingMaxFrame && v <= largestMaxFrame {
			d.maxFrame = max(d.maxFrame, v)
		}
	}
}

func be31(b []byte) uint32 {
	return (uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])) & (1<<31 - 1)
}

// addStream adds a stream's number to those of its parity; 0 is the connection.
func (c *Conn) addStream(id uint32) {
	if id != 0 {
		c.streams[id&1].add(id >> 1)
	}
}

package http2

import "pinyon/proto/http2/fields"

// Bounds of the header blocks that are read: of one, and of a direction until the response
// of record was met among those of other streams.
const (
	maxBlock  = 32 << 10
	maxBlocks = 256
)

// Lengths of what stands ahead of a block's fragment in HEADERS and PUSH_PROMISE (RFC 9113,
// sections 6.2 and 6.6).
const (
	priorityLen = 5
	promiseLen  = 4
)

// blocks puts the header blocks of a direction together. A block is the fragments of HEADERS
// or PUSH_PROMISE and of the CONTINUATION frames behind it:
//
//	pad length (8)? │ priority (40)? or promised stream (32) │ fragment │ padding
//
// Blocks share a table (RFC 7541), so one that is left out ends the direction.
type blocks struct {
	off     bool // nothing more is read: found, or failed
	started bool // the decoder is this flow's
	open    bool // END_HEADERS is to come
	last    bool // it is on this frame
	padded  bool // the pad length is to come
	promise bool
	prefix  uint8 // bytes ahead of the fragment to come, behind the pad length
	rest    int   // bytes of the fragment to come
	stream  uint32
	n       int // blocks read
	buf     []byte
	decoder *fields.Decoder
}

// reset makes b ready for another direction and keeps its memory.
func (b *blocks) reset() { *b = blocks{buf: b.buf[:0], decoder: b.decoder} }

// frame notes the header of a frame. Between the parts of a block nothing else may come.
func (b *blocks) frame(h header) {
	if b.off {
		return
	}
	b.last, b.rest, b.prefix, b.padded = h.flags&flagEndHeaders != 0, int(h.length), 0, false
	switch {
	case h.typ == typeContinuation && b.open && h.stream == b.stream:
	case (h.typ == typeHeaders || h.typ == typePushPromise) && !b.open:
		b.open, b.stream, b.buf = true, h.stream, b.buf[:0]
		b.padded, b.promise = h.flags&flagPadded != 0, h.typ == typePushPromise
		if b.promise {
			b.prefix = promiseLen
		} else if h.flags&flagPriority != 0 {
			b.prefix = priorityLen
		}
		b.rest -= int(b.prefix)
		if b.padded {
			b.rest--
		}
		b.off = b.rest < 0
	default:
		b.off = b.open || h.typ == typeContinuation
	}
}

// take reads part of the body of a frame.
func (b *blocks) take(body []byte) {
	if b.off || !b.open || len(body) == 0 {
		return
	}
	if b.padded {
		b.padded = false
		b.rest -= int(body[0])
		body = body[1:]
	}
	n := min(int(b.prefix), len(body))
	b.prefix -= uint8(n)
	body = body[n:min(len(body), n+max(b.rest, 0))]
	if b.rest < 0 || len(body) > maxBlock-len(b.buf) {
		b.off = true
		return
	}
	b.rest -= len(body)
	b.buf = append(b.buf, body...)
}

// complete reports whether the frame that ends now ends a block.
func (b *blocks) complete() bool {
	if b.off || !b.open || !b.last {
		return false
	}
	b.open = false
	b.off = b.n == maxBlocks
	b.n++
	return !b.off
}

// decode gives the fields of the block that is complete.
func (b *blocks) decode(s fields.Sink) (ok bool) {
	if !b.started {
		if b.decoder == nil {
			b.decoder = new(fields.Decoder)
		}
		b.decoder.Reset()
		b.started = true
	}
	b.off = !b.decoder.Block(b.buf, s)
	return !b.off
}

// endBlock reads the fields of a block of direction dir.
func (c *Conn) endBlock(dir int) {
	b := &c.sides[dir].blocks
	if dir == int(c.client)-1 {
		c.request = request{stream: b.stream}
		if !b.decode(&c.request) || c.request.method == "" {
			c.request = request{}
		}
		b.off = true // the first stream's is that of record
		return
	}
	r := &c.reading
	*r = response{stream: b.stream, dir: dir}
	if !b.decode(r) || b.promise || r.status < 200 || r.stream&1 == 0 {
		return // the promise of a response, an interim one, or trailers
	}
	if c.response.stream == 0 || r.stream < c.response.stream {
		c.response = *r
	}
	b.off = r.stream == c.first()
}

// first is the first stream that the client opened, as far as that is known; 0 if not. With
// the connection HTTP/1 handed over a request, which is that of stream 1.
func (c *Conn) first() uint32 {
	if c.upgraded {
		return 1
	}
	return c.opened
}

package dispatch

import (
	"bytes"

	"pinyon/internal/stream"
	"pinyon/proto"
	"pinyon/proto/carrier"
	"pinyon/proto/http1"
	"pinyon/proto/tls"
)

// maxCuts is how many places of a segment are remembered at which another stream starts.
const maxCuts = 4

// carried is where the stream starts that SSH, HTTP/1 and HTTP/2 read: at the first byte, or
// behind a PROXY protocol header, a SOCKS exchange or an accepted CONNECT, which may lie
// within each other. TLS reads the whole stream, cut where another one starts.
type carried struct {
	carrier carrier.Conn
	base    [2]uint64           // offset of the start of the stream being read
	held    [2][]stream.Segment // copies of what may be a head; nil if there is none
	http1At [2]uint64           // offset less that of the HTTP/1 parser
	marks   [2]tls.Mark         // of the segment that came last
	cuts    [2][maxCuts]uint64  // offsets in the segment at hand
	ncuts   [2]int
	within  [2]uint8 // tunnels entered
}

// maxTunnels is how many accepted CONNECTs within each other are followed.
const maxTunnels = 4

// reset makes c ready for another connection and keeps its buffers.
func (c *carried) reset() {
	c.carrier.Reset()
	for d := range c.held {
		clear(c.held[d])
	}
	*c = carried{carrier: c.carrier, held: [2][]stream.Segment{c.held[0][:0], c.held[1][:0]}}
}

// cut notes that another stream starts at an offset of the segment at hand.
func (c *carried) cut(d int, at uint64) {
	if n := c.ncuts[d]; n < maxCuts {
		c.cuts[d][n] = at
		c.ncuts[d]++
	}
}

// carry takes heads of carriers off the bytes and gives the others to the parsers. While
// bytes may be a head, they wait.
func (x *Parsers) carry(p *Pools, s *State, d int, seg stream.Segment) {
	for len(seg.Data) > 0 && x.carrier.Reads(d) {
		n, v := x.carrier.Feed(d, seg.Data)
		switch v {
		case proto.NeedMore:
			seg.Data = bytes.Clone(seg.Data)
			x.held[d] = append(x.held[d], seg)
			return
		case proto.Mine:
			clear(x.held[d])
			x.held[d] = x.held[d][:0]
			seg.Data, seg.Offset = seg.Data[n:], seg.Offset+uint64(n)
			x.base[d] = seg.Offset
			if x.tlsTried[d] = 0; x.tls != nil {
				x.tls.Retry(d)
			}
			x.cut(d, seg.Offset)
		default:
			for i := range x.held[d] {
				x.read(p, s, d, &x.held[d][i])
			}
			clear(x.held[d])
			x.held[d] = x.held[d][:0]
		}
	}
	if len(seg.Data) > 0 {
		x.read(p, s, d, &seg)
	}
}

// read gives bytes to the parsers of a stream from its first byte on. HTTP/1 comes last, as
// what lies behind its tunnel is for all of them.
func (x *Parsers) read(p *Pools, s *State, d int, seg *stream.Segment) {
	first := seg.Offset == x.base[d]
	if x.active[d]&SSH != 0 {
		x.feedSSH(p, s, d, seg, first)
	}
	if x.active[d]&HTTP2 != 0 {
		x.feedHTTP2(p, d, seg.Data, first)
	}
	if x.active[d]&HTTP1 != 0 {
		x.feedHTTP1(p, s, d, seg, first)
	}
}

func (x *Parsers) feedHTTP1(p *Pools, s *State, d int, seg *stream.Segment, first bool) {
	if x.http1 == nil {
		if !first || http1.Looks(seg.Data) == proto.NotMine {
			x.active[d] &^= HTTP1
			return
		}
		x.http1 = take(&p.http1)
		x.http1.Reset()
	}
	if first {
		x.http1At[d] = seg.Offset - uint64(x.http1.At(d))
	}
	switch x.http1.Feed(d, seg.Data, seg.Time) {
	case proto.NotMine:
		x.active[d] &^= HTTP1
		return
	case proto.Mine:
		if x.kept&HTTP1 == 0 {
			x.found(HTTP1)
		}
		if x.kept&SSH == 0 {
			x.active[d] &^= SSH // a server's lines before its own are those of HTTP
		}
	}
	if at, ok := x.http1.Behind(d); ok {
		x.cut(d, uint64(at)+x.http1At[d])
	}
	x.tunnels(p, s, d, seg)
	if x.within[d] > 0 && x.http1.Stopped(d) {
		x.active[d] &^= HTTP1 // what was tunneled is something else
	}
}

// tunnels follows the directions at the offsets at which HTTP/1 hands them over. seg is the
// segment of direction d that told.
func (x *Parsers) tunnels(p *Pools, s *State, d int, seg *stream.Segment) {
	var inner [2]stream.Segment
	for _, e := range [2]int{1 - d, d} {
		n, ok := x.http1.Tunnel(e)
		if !ok {
			continue
		}
		at := uint64(n) + x.http1At[e]
		if e == d {
			x.cut(d, at)
		}
		switch {
		case x.http1.Connected():
			inner[e] = x.enter(p, e, at)
			if e != d {
				x.heldTLS(p, e, inner[e].Data)
			} else if skip := at - seg.Offset; skip < uint64(len(seg.Data)) {
				inner[e].Data = seg.Data[skip:]
			}
		default:
			x.upgrade(p, d, seg)
		}
	}
	for _, e := range [2]int{1 - d, d} {
		if len(inner[e].Data) > 0 {
			x.carry(p, s, e, inner[e])
		}
	}
}

// enter makes ready to read what direction e says within a tunnel, from an offset on, and
// returns what of it was held back.
func (x *Parsers) enter(p *Pools, e int, at uint64) (inner stream.Segment) {
	inner = stream.Segment{Data: x.http1.Within(e), Offset: at, Index: x.marks[e].Index, Time: x.marks[e].Time}
	if x.within[e] == maxTunnels {
		x.active[e] &^= HTTP1
		inner.Data = nil
		return inner
	}
	x.within[e]++
	x.base[e] = at
	x.carrier.Again(e)
	again := HTTP1
	if x.kept&SSH == 0 {
		again |= SSH
		if x.ssh == nil {
			x.looked = false
		} else if x.looked {
			x.ssh.Restart(e)
		}
	}
	if x.kept&HTTP2 == 0 {
		again |= HTTP2
	}
	x.active[e] |= p.On & again
	return inner
}

// upgrade hands a connection over to HTTP/2 where a request was answered 101 and h2c. seg is
// the segment of direction d that told, the server's as a rule; what either side sent ahead
// was held back.
func (x *Parsers) upgrade(p *Pools, d int, seg *stream.Segment) {
	x.active[0] &^= HTTP1
	x.active[1] &^= HTTP1
	if x.h2c || p.On&HTTP2 == 0 || !x.http1.H2C() {
		return
	}
	x.h2c = true
	if x.http2 == nil {
		x.http2 = take(&p.http2)
	}
	if !x.http2.PrefaceSeen() { // else the client's was captured ahead of the answer
		x.http2.Reset()
	}
	client, _ := x.http1.ClientDir()
	x.http2.Upgrade(1 - client)
	x.active[0] |= HTTP2
	x.active[1] |= HTTP2
	for _, e := range [2]int{client, 1 - client} {
		if held := x.http1.Held(e); len(held) > 0 {
			x.feedHTTP2(p, e, held, true)
		}
		at, ok := x.http1.Tunnel(e)
		if skip := at + int64(x.http1At[e]) - int64(seg.Offset); ok && e == d && skip < int64(len(seg.Data)) {
			x.feedHTTP2(p, d, seg.Data[max(skip, 0):], true)
		}
	}
}

// upgradeLate hands over a connection of which only the answer was captured, when it is over.
func (x *Parsers) upgradeLate(p *Pools) {
	for d := range x.dir {
		if _, ok := x.http1.Tunnel(d); ok && !x.http1.Connected() && x.active[d]&HTTP1 != 0 {
			x.upgrade(p, d, &stream.Segment{Offset: x.dir[d].Next()})
		}
	}
}

package carrier

import "pinyon/proto"

// maxHead is how many bytes a head may have that is read as a whole: a SOCKS 5 client's
// greeting, GSS-API left out, with user name, password and request (RFC 1928, RFC 1929).
const maxHead = 2 + 255 + 3 + 255 + 255 + 4 + 1 + 255 + 2

// maxDepth is how many carriers may lie within each other in a direction, a chain of proxies
// for instance.
const maxDepth = 4

// A Conn follows both directions of one TCP connection. The zero Conn is ready; Reset makes
// it ready again. Directions are 0 and 1.
type Conn struct {
	sides  [2]side
	socks4 bool // a request of SOCKS 4 or 4a went by
}

// A side is one direction: the head that it is in.
type side struct {
	buf   []byte // head so far, if it came in pieces
	skip  int    // bytes of a head that are known to follow, whatever they are
	depth uint8
	off   bool // what comes is no head
}

// Reset makes c ready for another connection; buffers are kept.
func (c *Conn) Reset() {
	for i := range c.sides {
		c.sides[i] = side{buf: c.sides[i].buf[:0]}
	}
	c.socks4 = false
}

// Reads reports whether direction dir may still be in a head. If not, Feed says NotMine.
func (c *Conn) Reads(dir int) bool { return !c.sides[dir].off }

// Stop tells c that no head follows in direction dir.
func (c *Conn) Stop(dir int) { c.sides[dir].off = true }

// Again tells c that another stream starts in direction dir, behind a carrier that is read
// elsewhere. It has no effect where carriers lie too deep within each other.
func (c *Conn) Again(dir int) {
	d := &c.sides[dir]
	d.buf, d.skip, d.off = d.buf[:0], 0, false
	d.enter()
}

// Feed takes the next bytes of a direction, at least one.
//
// Mine says that b[:n] belongs to a head, which ends there or goes on; a further head may
// follow, so that what comes next, b[n:] first, is for the next call. NeedMore says that all of b may belong to a head. NotMine says that there is none:
// neither b nor what was NeedMore directly before it. It is final until Again.
func (c *Conn) Feed(dir int, b []byte) (n int, v proto.Verdict) {
	d := &c.sides[dir]
	if d.off {
		return 0, proto.NotMine
	}
	if d.skip > 0 {
		n = min(d.skip, len(b))
		if d.skip -= n; d.skip == 0 {
			d.enter()
		}
		return n, proto.Mine
	}
	head, had := b, len(d.buf)
	if had > 0 {
		d.buf = append(d.buf, b[:min(len(b), maxHead-had)]...)
		head = d.buf
	}
	n, v = c.read(head, &c.sides[1-dir])
	switch {
	case v == proto.Mine && n > had+len(b):
		d.skip, d.buf = n-had-len(b), d.buf[:0]
		return len(b), proto.Mine
	case v == proto.NeedMore && len(head) < maxHead:
		if had == 0 {
			d.buf = append(d.buf, b...)
		}
		return 0, proto.NeedMore
	case v == proto.Mine:
		d.buf = d.buf[:0]
		d.enter()
		return n - had, proto.Mine
	}
	d.off, d.buf = true, d.buf[:0]
	return 0, proto.NotMine
}

// enter notes that a head has ended.
func (d *side) enter() {
	if d.depth++; d.depth >= maxDepth {
		d.off = true
	}
}

// read looks for a head at the start of b. n may be more than there are, where what is
// missing needs no reading. The answer of SOCKS 4 has no sign of its own but two bytes: it
// counts behind a request, which may have been captured after it, so as long as nothing is
// known of the other side.
func (c *Conn) read(b []byte, other *side) (n int, v proto.Verdict) {
	switch b[0] {
	case 'P', '\r':
		return proxyHeader(b)
	case 4:
		if n, v = socks4Request(b); v == proto.Mine {
			c.socks4 = true
		}
		return n, v
	case 5:
		if n, v = socks5Client(b); v != proto.Mine {
			// A method chosen looks like the number of methods, and the other way round.
			m, w := socks5Server(b)
			if w > v {
				return m, w
			}
		}
		return n, v
	case 0:
		if c.socks4 || other.depth == 0 && !other.off {
			return socks4Reply(b)
		}
	}
	return 0, proto.NotMine
}

package dispatch

import (
	"pinyon/proto"
	"pinyon/proto/carrier"
	"pinyon/proto/tls"
)

// An ahead keeps segments of one direction while the first of them may be the start of a
// message that stands before TLS, or of a packet that TLS is in: fewer than
// carrier.MaxBefore bytes.
type ahead struct {
	bytes  []byte // of all pieces
	pieces []piece
}

// A piece is one of these segments.
type piece struct {
	size int
	mark tls.Mark
}

// hold appends a segment.
func (a *ahead) hold(data []byte, mark tls.Mark) {
	a.bytes = append(a.bytes, data...)
	a.pieces = append(a.pieces, piece{len(data), mark})
}

// dropFirst takes the first segment off and returns its size in bytes.
func (a *ahead) dropFirst() int {
	n := a.pieces[0].size
	a.bytes = a.bytes[:copy(a.bytes, a.bytes[n:])]
	a.pieces = a.pieces[:copy(a.pieces, a.pieces[1:])]
	return n
}

func (a *ahead) clear() { a.bytes, a.pieces = a.bytes[:0], a.pieces[:0] }

// beforeTLS looks for what stands before TLS or wraps it, which may have come in pieces, and
// returns the bytes to go on with; none if TLS is not in this segment. While more has to be
// seen, nothing else reads the pieces, so that none is taken for something else. Where they
// turn out to be no message, the next one may start with one, or with TLS.
func (x *Parsers) beforeTLS(p *Pools, d int, data []byte) []byte {
	a := &x.ahead[d]
	for {
		held, all := len(a.bytes), data
		if held > 0 {
			all = append(a.bytes, data[:min(len(data), carrier.MaxBefore-held)]...)
			a.bytes = all[:held]
		}
		k, n, v := carrier.Before(all)
		switch {
		case v == proto.Mine:
			return x.behindMessage(p, d, k, n, data)
		case v == proto.NeedMore && len(all) < carrier.MaxBefore:
			a.hold(data, x.marks[d])
			x.missTLS(d, 0) // a try that counts now; its bytes do when they are judged
			return nil
		case held == 0:
			x.missTLS(d, len(data))
			return nil
		}
		x.skipTLS(d, a.dropFirst())
		if len(a.pieces) > 0 && tls.Start(a.bytes) != proto.NotMine {
			x.openTLS(p)
			x.readAhead(d)
		}
		if len(a.pieces) == 0 {
			return data
		}
	}
}

// behindMessage acts on a message that Before found: what is held and then data start with it.
// It returns the bytes of data to go on with.
func (x *Parsers) behindMessage(p *Pools, d int, k carrier.Kind, n int, data []byte) []byte {
	switch k {
	case carrier.InTDS:
		x.openTLS(p)
		x.inTDS[d] = true
		x.readAhead(d)
		return data
	case carrier.InOpenVPN:
		x.openTLS(p)
		x.openVPN = take(&p.openVPN)
		x.readAhead(d)
		x.readAhead(1 - d)
		return data
	}
	held := len(x.ahead[d].bytes)
	x.skipTLS(d, held)
	x.ahead[d].clear()
	if n -= held; n >= len(data) {
		x.tlsSkip[d] = n - len(data)
		x.missTLS(d, len(data))
		return nil
	}
	x.skipTLS(d, n)
	return data[n:]
}

// readAhead reads as TLS, or takes it out of, what was held, each segment with its own mark.
func (x *Parsers) readAhead(d int) {
	a := &x.ahead[d]
	now, b := x.marks[d], a.bytes
	for _, q := range a.pieces {
		x.marks[d] = q.mark
		switch data := b[:q.size]; {
		case x.openVPN != nil:
			x.streamOpenVPN(d, data)
		case x.inTDS[d]:
			x.unwrapTDS(d, data)
		default:
			x.tls.Feed(d, data, q.mark)
		}
		b = b[q.size:]
	}
	x.marks[d] = now
	a.clear()
}

// heldTLS reads TLS at the start of what a tunnel held back, if it begins there in the midst of
// a segment: that the tunnel begins there was not known when the segment came.
func (x *Parsers) heldTLS(p *Pools, d int, held []byte) {
	if x.active[d]&TLS == 0 || x.tls != nil && x.tls.Reading(d) || tls.Start(held) != proto.Mine {
		return
	}
	x.openTLS(p)
	x.skipTLS(d, len(x.ahead[d].bytes)-len(held)) // as all but the former were counted to be no TLS
	x.ahead[d].clear()
	x.tlsSkip[d] = 0
	x.tls.Feed(d, held, x.marks[d])
	x.judgeTLS(d)
}

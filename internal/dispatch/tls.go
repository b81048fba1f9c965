package dispatch

import (
	"pinyon/internal/stream"
	"pinyon/proto"
	"pinyon/proto/carrier"
	"pinyon/proto/tls"
)

// tlsSegments is how many segments of a direction are asked whether TLS starts with them: it
// may follow STARTTLS or a negotiation of another protocol.
const tlsSegments = 64

// wrapped is what TLS is taken out of, by direction.
type wrapped struct {
	tds     [2]carrier.TDS
	inTDS   [2]bool
	openVPN *carrier.OpenVPN // nil if TLS is not in its control channel
	tlsSkip [2]int           // bytes of a message to come that stands before TLS
	ahead   [2]ahead         // what may be the start of such a message, or of a packet
}

// reset makes w ready for another connection and keeps its buffers.
func (w *wrapped) reset() {
	w.ahead[0].clear()
	w.ahead[1].clear()
	*w = wrapped{ahead: w.ahead}
}

// feedTLS gives TLS the bytes of a segment, each part at which another stream starts on its
// own.
func (x *Parsers) feedTLS(p *Pools, d int, seg *stream.Segment) {
	data, off := seg.Data, seg.Offset
	for _, at := range x.cuts[d][:x.ncuts[d]] {
		if at <= off || at >= off+uint64(len(data)) {
			continue
		}
		n := at - off
		x.partTLS(p, d, data[:n])
		data, off = data[n:], at
	}
	x.partTLS(p, d, data)
	x.judgeTLS(d)
}

// judgeTLS notes whether TLS was found, and whether direction d is over for it.
func (x *Parsers) judgeTLS(d int) {
	if x.tls != nil {
		if x.tls.Ended(d) {
			x.active[d] &^= TLS
		}
		if x.kept&TLS == 0 && x.tls.Detected() {
			x.found(TLS)
		}
	}
}

// partTLS reads TLS, or looks for its start at the first byte, and behind what asks for TLS.
func (x *Parsers) partTLS(p *Pools, d int, data []byte) {
	for len(data) > 0 {
		switch {
		case x.openVPN != nil:
			x.streamOpenVPN(d, data)
			return
		case x.inTDS[d]:
			x.unwrapTDS(d, data)
			return
		case x.tls != nil && x.tls.Reading(d):
			x.tls.Feed(d, data, x.marks[d])
			return
		case x.tlsSkip[d] > 0:
			n := min(x.tlsSkip[d], len(data))
			x.tlsSkip[d] -= n
			x.skipTLS(d, n)
			data = data[n:]
		case len(x.ahead[d].pieces) == 0 && tls.Start(data) != proto.NotMine:
			x.openTLS(p)
			x.tls.Feed(d, data, x.marks[d])
			return
		default:
			if data = x.beforeTLS(p, d, data); len(data) == 0 {
				return
			}
		}
	}
}

// skipTLS counts bytes before TLS that need no further test.
func (x *Parsers) skipTLS(d, n int) {
	if x.tls != nil {
		x.tls.Skip(d, 0, int64(n))
		return
	}
	x.tlsBytes[d] += int64(n)
}

// missTLS counts a segment that TLS does not start with, and n bytes.
func (x *Parsers) missTLS(d, n int) {
	if x.tls != nil {
		x.tls.Skip(d, 1, int64(n))
		return
	}
	x.tlsTried[d]++
	x.tlsBytes[d] += int64(n)
	if x.tlsTried[d] == tlsSegments {
		x.active[d] &^= TLS
	}
}

// openTLS makes the flow's session, if there is none yet.
func (x *Parsers) openTLS(p *Pools) {
	if x.tls != nil {
		return
	}
	x.tls = take(&p.tls)
	x.tls.KeepCertificates = p.KeepCertificates
	x.tls.Reset()
	for d := range x.dir {
		x.tls.Skip(d, int(x.tlsTried[d]), x.tlsBytes[d])
	}
}

func (x *Parsers) unwrapTDS(d int, data []byte) {
	for len(data) > 0 {
		var inner []byte
		if inner, data = x.tds[d].Next(data); len(inner) > 0 {
			x.tls.Feed(d, inner, x.marks[d])
		}
	}
}

func (x *Parsers) streamOpenVPN(d int, data []byte) {
	for len(data) > 0 {
		data = x.openVPN.Stream(d, data)
		x.takeOpenVPN(d)
	}
}

// takeOpenVPN reads the TLS that an OpenVPN packet brought.
func (x *Parsers) takeOpenVPN(d int) {
	for b, ok := x.openVPN.Next(d); ok; b, ok = x.openVPN.Next(d) {
		x.tls.Feed(d, b, x.marks[d])
	}
}

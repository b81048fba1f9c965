package extract

import (
	"pinyon/internal/stream"
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
	ahead   [2][]byte        // what may be the start of such a message, or of a packet
}

// reset makes w ready for another connection and keeps its buffers.
func (w *wrapped) reset() { *w = wrapped{ahead: [2][]byte{w.ahead[0][:0], w.ahead[1][:0]}} }

// feedTLS gives TLS the bytes of a segment, each part at which another stream starts on its
// own.
func (x *protocols) feedTLS(m *Memory, d int, seg *stream.Segment) {
	data, off := seg.Data, seg.Offset
	for _, at := range x.cuts[d][:x.ncuts[d]] {
		if at <= off || at >= off+uint64(len(data)) {
			continue
		}
		n := at - off
		x.partTLS(m, d, data[:n])
		data, off = data[n:], at
	}
	x.partTLS(m, d, data)
	if x.tls != nil {
		if x.tls.Ended(d) {
			x.active[d] &^= parseTLS
		}
		if x.kept&parseTLS == 0 && x.tls.Detected() {
			x.found(parseTLS)
		}
	}
}

// partTLS reads TLS, or looks for its start at the first byte, and behind what asks for TLS.
func (x *protocols) partTLS(m *Memory, d int, data []byte) {
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
		case len(x.ahead[d]) == 0 && tls.Start(data) != tls.NotMine:
			x.openTLS(m)
			x.tls.Feed(d, data, x.marks[d])
			return
		default:
			if data = x.beforeTLS(m, d, data); len(data) == 0 {
				return
			}
		}
	}
}

// beforeTLS looks for what stands before TLS or wraps it, which may have come in pieces, and
// returns the bytes to go on with; none if TLS is not in this segment.
func (x *protocols) beforeTLS(m *Memory, d int, data []byte) []byte {
	was, all := x.ahead[d], data
	if len(was) > 0 {
		x.ahead[d] = append(was, data[:min(len(data), carrier.MaxBefore-len(was))]...)
		all = x.ahead[d]
	}
	k, n, v := carrier.Before(all)
	switch {
	case v == carrier.NeedMore && len(all) < carrier.MaxBefore:
		if len(was) == 0 {
			x.ahead[d] = append(was, data...)
		}
		x.missTLS(d, data)
		return nil
	case v != carrier.Mine:
		if x.ahead[d] = was[:0]; len(was) > 0 {
			return data // it may be the start of another message
		}
		x.missTLS(d, data)
		return nil
	}
	x.ahead[d] = was[:0]
	switch n -= len(was); {
	case k == carrier.InTDS:
		x.openTLS(m)
		x.inTDS[d] = true
		x.unwrapTDS(d, was)
	case k == carrier.InOpenVPN:
		x.openTLS(m)
		x.openVPN = take(&m.protocolPools.openVPN)
		x.streamOpenVPN(d, was)
		x.streamOpenVPN(1-d, x.ahead[1-d])
		x.ahead[1-d] = x.ahead[1-d][:0]
	case n >= len(data):
		x.tlsSkip[d] = n - len(data)
		x.missTLS(d, data)
		return nil
	default:
		x.skipTLS(d, n)
		data = data[n:]
	}
	return data
}

// skipTLS counts bytes before TLS that need no further test.
func (x *protocols) skipTLS(d, n int) {
	if x.tls != nil {
		x.tls.Skip(d, 0, int64(n))
		return
	}
	x.tlsBytes[d] += int64(n)
}

// missTLS counts a segment that TLS does not start with.
func (x *protocols) missTLS(d int, data []byte) {
	if x.tls != nil {
		x.tls.Feed(d, data, x.marks[d])
		return
	}
	x.tlsTried[d]++
	x.tlsBytes[d] += int64(len(data))
	if x.tlsTried[d] == tlsSegments {
		x.active[d] &^= parseTLS
	}
}

// openTLS makes the flow's session, if there is none yet.
func (x *protocols) openTLS(m *Memory) {
	if x.tls != nil {
		return
	}
	x.tls = take(&m.protocolPools.tls)
	x.tls.KeepCertificates = m.plan.need&needCerts != 0
	x.tls.Reset()
	for d := range x.dir {
		x.tls.Skip(d, int(x.tlsTried[d]), x.tlsBytes[d])
	}
}

func (x *protocols) unwrapTDS(d int, data []byte) {
	for len(data) > 0 {
		var inner []byte
		if inner, data = x.tds[d].Next(data); len(inner) > 0 {
			x.tls.Feed(d, inner, x.marks[d])
		}
	}
}

func (x *protocols) streamOpenVPN(d int, data []byte) {
	for len(data) > 0 {
		data = x.openVPN.Stream(d, data)
		x.takeOpenVPN(d)
	}
}

// takeOpenVPN reads the TLS that an OpenVPN packet brought.
func (x *protocols) takeOpenVPN(d int) {
	for b, ok := x.openVPN.Next(d); ok; b, ok = x.openVPN.Next(d) {
		x.tls.Feed(d, b, x.marks[d])
	}
}

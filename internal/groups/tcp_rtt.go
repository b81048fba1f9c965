package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/stat"
	"pinyon/packet"
)

// Round-trip times as the capture point sees them: of the handshake, from timestamp echoes
// (RFC 7323 section 4), and from payload to its ACK (RFC 6298 section 3). A sample on a
// backward segment measures the way to the responder and back, one on a forward segment the
// way to the initiator; both kinds go into the same statistics.
var tcpRTTTable = []Feature{
	float("tcp_rtt_handshake", feature.Seconds, "Time from SYN to SYN-ACK plus from there to the ACK; twice the first if there is no ACK.", func(r *Row) float64 { return r.rtt.handshake.total() }).null(),
	echoTime("tcp_rtt_min", "Least round trip by timestamps.", func(s *echoSamples) float64 { return seconds(s.min) }),
	echoTime("tcp_rtt_max", "Greatest round trip by timestamps.", func(s *echoSamples) float64 { return seconds(s.max) }),
	echoTime("tcp_rtt_mean", "Mean round trip by timestamps.", func(s *echoSamples) float64 { return stat.Mean(uint64(s.n), s.sum, 1e9) }),
	count("tcp_rtt_samples", feature.Count, "Round trips measured by timestamps.", func(r *Row) int64 { return int64(r.rtt.echo.n) }),
	echoTime("tcp_rtt_std", "Population standard deviation of the round trips by timestamps.", func(s *echoSamples) float64 { return stat.Std(uint64(s.n), s.sum, s.sq, 1e9) }),
	float("tcp_rtt_jitter_avg", feature.Seconds, "Mean difference between consecutive round trips by timestamps of the same direction.", func(r *Row) float64 { return r.rtt.echo.jitter() }).null(),
	ackTime("tcp_rtt_ack_min", "Least time from payload to its ACK.", func(s *ackSamples) float64 { return seconds(s.min) }),
	ackTime("tcp_rtt_ack_max", "Greatest time from payload to its ACK.", func(s *ackSamples) float64 { return seconds(s.max) }),
	ackTime("tcp_rtt_ack_mean", "Mean time from payload to its ACK.", func(s *ackSamples) float64 { return stat.Mean(uint64(s.n), s.sum, 1e9) }),
}

func echoTime(name, doc string, get func(*echoSamples) float64) Feature {
	return float(name, feature.Seconds, doc, func(r *Row) float64 {
		if r.rtt.echo.n == 0 {
			return absent
		}
		return get(&r.rtt.echo)
	}).null()
}

func ackTime(name, doc string, get func(*ackSamples) float64) Feature {
	return float(name, feature.Seconds, doc, func(r *Row) float64 {
		if r.rtt.ack.n == 0 {
			return absent
		}
		return get(&r.rtt.ack)
	}).null()
}

// maxRTT and longer times are not round trips.
const maxRTT = int64(60e9)

// tcpRTT measures.
type tcpRTT struct {
	handshake handshake
	sent      [2]stampLog // timestamps of segments that take sequence space, by direction
	ends      [2]stampLog // ends of payload not acknowledged
	echo      echoSamples
	ack       ackSamples
}

// echoSamples are round trips by timestamps, in ns. last is the latest by direction, 0 before
// the first: no sample is 0.
type echoSamples struct {
	sq       stat.Sum128
	sum      uint64
	steps    uint64 // sum of absolute differences within a direction
	min, max int64
	last     [2]int64
	n        uint32
}

// ackSamples are times from payload to its ACK, in ns.
type ackSamples struct {
	sum      uint64
	min, max int64
	n        uint32
}

func (t *tcpRTT) update(m *Memory, o *flow.Obs, step seqStep) {
	d, f := o.Dir&1, o.TCPFlags
	p := &m.tcpPools.stamps
	if o.Stray { // if it opens a connection after all, its timestamp will be echoed
		if o.Has&packet.HasTimestamp != 0 {
			p.remember(&t.sent[d], o.TSval, o.Time)
		}
		return
	}
	if o.Anew != 0 {
		for i := range t.ends {
			if o.Anew>>i&1 != 0 {
				p.put(&t.ends[i])
			}
		}
	}
	if !t.handshake.done {
		t.handshake.update(o)
	}
	if f&(packet.ACK|packet.RST) == packet.ACK {
		if step.newAck && o.Has&packet.HasTimestamp != 0 && o.TSecr != 0 {
			if at, ok := p.find(&t.sent[1-d], o.TSecr); ok {
				t.echo.add(o.Time-at, d)
			}
		}
		if s := &t.ends[1-d]; s.n > 0 {
			if at, ok := p.upTo(s, o.Ack); ok {
				t.ack.add(o.Time - at)
			}
		}
	}
	if o.PayloadLen == 0 && f&(packet.SYN|packet.FIN) == 0 {
		return
	}
	if o.Has&packet.HasTimestamp != 0 {
		p.remember(&t.sent[d], o.TSval, o.Time)
	}
	if o.PayloadLen == 0 {
		return
	}
	n := o.PayloadLen // numbers that its ACK covers, with those of SYN and FIN
	if f&packet.FIN != 0 {
		n++
	}
	switch step.class {
	case seqInOrder, seqGap:
		p.push(&t.ends[d], step.data+n, o.Time)
	case seqLate, seqRepeated:
		// What is sent twice does not tell which copy its ACK answers (Karn's rule).
		if s := &t.ends[d]; s.n > 0 {
			p.remove(s, step.data+1, n)
		}
	}
}

// finish gives the logs back.
func (t *tcpRTT) finish(m *Memory) {
	for d := range t.sent {
		m.tcpPools.stamps.put(&t.sent[d])
		m.tcpPools.stamps.put(&t.ends[d])
	}
}

func (s *echoSamples) add(v int64, dir int) {
	if v <= 0 || v >= maxRTT {
		return
	}
	if s.n == 0 || v < s.min {
		s.min = v
	}
	s.max = max(s.max, v)
	s.n++
	s.sum += uint64(v)
	s.sq.AddSquare(uint64(v))
	if last := s.last[dir]; last != 0 {
		s.steps += uint64(max(v-last, last-v))
	}
	s.last[dir] = v
}

func (s *echoSamples) jitter() float64 {
	pairs := uint64(s.n)
	for _, last := range s.last {
		if last != 0 {
			pairs--
		}
	}
	if pairs == 0 {
		return absent
	}
	return stat.Mean(pairs, s.steps, 1e9)
}

func (s *ackSamples) add(v int64) {
	if v <= 0 || v >= maxRTT {
		return
	}
	if s.n == 0 || v < s.min {
		s.min = v
	}
	s.max = max(s.max, v)
	s.n++
	s.sum += uint64(v)
}

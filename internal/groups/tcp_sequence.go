package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// How cleanly the byte stream arrived (RFC 9293): what was sent again, came late, never came,
// and duplicate acknowledgments. Each segment is at most one of gap, late and retransmission;
// what a RST says about sequence numbers is not believed.
var tcpSequenceTable = []Feature{
	seqFirst("tcp_isn_fwd", "Sequence number of the initiator's SYN, seen or answered; of several, the one that was acknowledged. Without one, that of its first segment.", flow.Fwd),
	seqFirst("tcp_isn_bwd", "Sequence number of the responder's SYN, seen or answered; of several, the one that was acknowledged. Without one, that of its first segment.", flow.Bwd),
	seqBytes("tcp_seq_fwd_bytes_sent", "Payload bytes from the initiator, each sequence number once.", flow.Fwd),
	seqCount("tcp_seq_fwd_retrans", "Segments from the initiator that only repeat bytes, or repeat some and go on.", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].retrans }),
	seqCount("tcp_seq_fwd_gaps", "Segments from the initiator that start after bytes not yet seen.", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].gaps }),
	seqCount("tcp_seq_fwd_ooo", "Segments from the initiator that bring missing bytes late.", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].late }),
	seqBytes("tcp_seq_bwd_bytes_sent", "Payload bytes from the responder, each sequence number once.", flow.Bwd),
	seqCount("tcp_seq_bwd_retrans", "Segments from the responder that only repeat bytes, or repeat some and go on.", func(s *tcpSequence) uint32 { return s.dir[flow.Bwd].retrans }),
	seqCount("tcp_seq_bwd_gaps", "Segments from the responder that start after bytes not yet seen.", func(s *tcpSequence) uint32 { return s.dir[flow.Bwd].gaps }),
	seqCount("tcp_seq_bwd_ooo", "Segments from the responder that bring missing bytes late.", func(s *tcpSequence) uint32 { return s.dir[flow.Bwd].late }),
	seqCount("tcp_ack_fwd_count", "Segments from the initiator with ACK.", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].acks }),
	seqCount("tcp_ack_fwd_dup", "Duplicate ACKs from the initiator (RFC 5681 section 2).", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].dups }),
	seqCount("tcp_ack_bwd_count", "Segments from the responder with ACK.", func(s *tcpSequence) uint32 { return s.dir[flow.Bwd].acks }),
	seqCount("tcp_ack_bwd_dup", "Duplicate ACKs from the responder (RFC 5681 section 2).", func(s *tcpSequence) uint32 { return s.dir[flow.Bwd].dups }),
	seqCount("tcp_total_retrans", "Retransmissions of both sides.", (*tcpSequence).retrans),
	seqCount("tcp_total_ooo", "Late segments of both sides.", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].late + s.dir[flow.Bwd].late }),
	seqCount("tcp_total_dup_acks", "Duplicate ACKs of both sides.", func(s *tcpSequence) uint32 { return s.dir[flow.Fwd].dups + s.dir[flow.Bwd].dups }),
	float("tcp_retrans_ratio", feature.None, "Share of retransmissions among the segments with payload.", func(r *Row) float64 {
		n := r.seq.dir[flow.Fwd].data + r.seq.dir[flow.Bwd].data
		if n == 0 {
			return absent
		}
		return ratio(int64(r.seq.retrans()), int64(n))
	}).null(),
}

func seqFirst(name, doc string, dir int) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 {
		d := &r.seq.dir[dir]
		return valueIf(d.has&seqSeen != 0, d.first)
	}).null()
}

func seqBytes(name, doc string, dir int) Feature {
	return count(name, feature.Bytes, doc, func(r *Row) int64 { return int64(r.seq.dir[dir].bytes) })
}

func seqCount(name, doc string, get func(*tcpSequence) uint32) Feature {
	return count(name, feature.Count, doc, func(r *Row) int64 { return int64(get(&r.seq)) })
}

// valueIf is v, or absent without ok.
func valueIf[T uint8 | uint16 | uint32 | int64](ok bool, v T) int64 {
	if !ok {
		return none
	}
	return int64(v)
}

func (s *tcpSequence) retrans() uint32 { return s.dir[flow.Fwd].retrans + s.dir[flow.Bwd].retrans }

// tcpSequence follows the sequence numbers of both directions.
type tcpSequence struct{ dir [2]seqDir }

// seqDir is one direction. Sequence numbers compare modulo 2³² (RFC 1982): a is after b if
// int32(a−b) > 0.
type seqDir struct {
	bytes   uint64
	nxt     uint32 // end of the highest byte seen; valid iff seqStarted
	start   uint32 // lowest number seen, at most 2³¹ before nxt
	holes   uint32 // number of the ranges between start and nxt not seen; 0 for none
	single  uint32 // the byte of the last segment that put data at nxt; valid iff seqSingle
	ackMax  uint32 // greatest ACK number sent; valid iff seqACK
	first   uint32 // number of the SYN, seen or answered, else of the first segment; valid iff seqSeen
	retrans uint32
	gaps    uint32
	late    uint32
	acks    uint32
	dups    uint32
	data    uint32 // segments with payload
	window  uint16 // of the latest ACK
	has     uint8
}

// Bits of seqDir.has.
const (
	seqSeen = 1 << iota
	seqStarted
	seqSingle // one byte was all of the last segment that put data at nxt
	seqACK
)

// A seqClass is what a segment is to the stream of its direction.
type seqClass uint8

const (
	seqNone     seqClass = iota // no payload behind nxt, a keep-alive, a RST
	seqInOrder                  // starts at nxt
	seqGap                      // starts after it
	seqLate                     // before it, and brings bytes not seen
	seqRepeated                 // before it, without such bytes
)

// seqStep is what other groups need of a classified segment.
type seqStep struct {
	data   uint32 // number of the first payload byte
	class  seqClass
	newAck bool // acknowledges more than any segment of its side did before
}

func (s *tcpSequence) update(m *Memory, o *flow.Obs) (step seqStep) {
	d := &s.dir[o.Dir&1]
	f := o.TCPFlags
	if d.has&seqSeen == 0 {
		d.has |= seqSeen
		d.first = o.Seq
	}
	if o.PayloadLen > 0 {
		d.data++
	}
	if f&packet.ACK != 0 {
		d.acks++
	}
	if o.Known|o.Anew != 0 {
		s.open(m, o)
	}
	if f&packet.RST != 0 || o.Stray {
		return step
	}
	step.data = o.Seq
	if f&packet.SYN != 0 {
		step.data++
	}
	other := &s.dir[1-o.Dir&1]
	if f&(packet.SYN|packet.ACK) == packet.SYN|packet.ACK && other.has&seqSeen == 0 {
		other.has |= seqSeen // its SYN was not captured, but this answers it
		other.first = o.Ack - 1
	}
	step.class = d.classify(m, o, step.data, other)
	if f&packet.ACK != 0 {
		step.newAck = d.ack(o, other)
	}
	return step
}

// open takes what a segment says of the initial numbers.
func (s *tcpSequence) open(m *Memory, o *flow.Obs) {
	for i := range s.dir {
		d := &s.dir[i]
		if o.Known>>i&1 == 0 {
			continue
		}
		d.first = o.Numbers.ISN[i]
		if o.Anew>>i&1 == 0 {
			continue
		}
		d.dropHoles(m)
		d.has &^= seqStarted | seqSingle | seqACK
		if i != o.Dir&1 || o.TCPFlags&packet.SYN == 0 { // an earlier SYN, which is not to come again
			d.has |= seqStarted
			d.start, d.nxt = d.first, d.first+1+o.Numbers.Size(i)
		}
	}
}

// classify takes a segment whose payload starts at number data.
func (d *seqDir) classify(m *Memory, o *flow.Obs, data uint32, other *seqDir) seqClass {
	n := o.PayloadLen
	control := uint64(data - o.Seq) // SYN and FIN take a number each (RFC 9293 section 3.4)
	if o.TCPFlags&packet.FIN != 0 {
		control++
	}
	if d.has&seqStarted == 0 {
		d.has |= seqStarted
		d.start, d.nxt = o.Seq, o.Seq
	}
	ahead := int32(o.Seq - d.nxt)
	if ahead < 0 {
		return d.behind(m, o, data, int64(ahead)+int64(n)+int64(control), other)
	}
	class := seqInOrder
	if ahead > 0 {
		class = seqGap
		d.gaps++
		hole := span{d.nxt, o.Seq}
		d.advance(m, uint64(ahead))
		d.addHole(m, hole)
	}
	if n > 0 {
		d.bytes += uint64(n)
		d.put(data, n)
	}
	d.advance(m, uint64(n)+control)
	return class
}

// behind takes a segment that starts before nxt and ends at nxt + end.
func (d *seqDir) behind(m *Memory, o *flow.Obs, data uint32, end int64, other *seqDir) seqClass {
	n := int64(o.PayloadLen)
	from := int64(int32(data - d.nxt)) // relative to nxt, as the numbers below; at most 0
	class := seqNone
	switch {
	case n == 0: // an old ACK, a SYN or FIN again
	case n == 1 && from == -1 && end == 0 && data == o.Seq && d.keepAlive(m, data, other):
	default:
		to := from + n
		fresh := d.fill(m, from, to)
		if fresh > 0 {
			class = seqLate
			d.late++
		} else {
			class = seqRepeated
			d.retrans++
		}
		d.bytes += uint64(fresh)
		if to > 0 {
			d.bytes += uint64(to)
			d.put(data, o.PayloadLen)
		}
	}
	if end > 0 {
		d.advance(m, uint64(end))
	}
	return class
}

// keepAlive reports whether one byte just before nxt is a probe (RFC 9293 section 3.8.4) and
// not data: it was acknowledged already. Where no acknowledgment was seen the byte must not be
// missing, and must not have come as a segment of its own.
func (d *seqDir) keepAlive(m *Memory, data uint32, other *seqDir) bool {
	if other.has&seqACK != 0 {
		return int32(other.ackMax-data) > 0
	}
	if d.has&seqSingle != 0 && d.single == data {
		return false
	}
	return d.holes == 0 || !m.tcpPools.holes.At(d.holes).has(data)
}

// put notes a segment of n bytes from number data on that reaches past nxt.
func (d *seqDir) put(data, n uint32) {
	d.has &^= seqSingle
	if n == 1 {
		d.has |= seqSingle
		d.single = data
	}
}

// advance moves nxt by n. Numbers more than 2³¹ before it can no longer be told from numbers
// after it, so start follows and older holes are forgotten.
func (d *seqDir) advance(m *Memory, n uint64) {
	reach := uint64(d.nxt-d.start) + n
	if reach > maxReach && d.holes != 0 {
		m.tcpPools.holes.At(d.holes).forget(d.nxt, n)
		d.freeEmpty(m)
	}
	d.nxt += uint32(n)
	if reach > maxReach {
		d.start = d.nxt - maxReach
	}
}

// maxReach is how far before nxt sequence numbers are told apart.
const maxReach = 1 << 31

// ack takes the ACK number of a segment without RST and reports whether it is greater than
// all before. other is the direction it acknowledges.
func (d *seqDir) ack(o *flow.Obs, other *seqDir) bool {
	window := d.window
	d.window = o.Window
	if d.has&seqACK == 0 || int32(o.Ack-d.ackMax) > 0 {
		d.has |= seqACK
		d.ackMax = o.Ack
		return true
	}
	if o.Ack == d.ackMax && o.PayloadLen == 0 && o.TCPFlags&(packet.SYN|packet.FIN) == 0 &&
		(o.Window == window || o.SACKBlocks > 0) && // RFC 6675 section 2 takes SACK for the window
		(other.has&seqStarted == 0 || int32(other.nxt-o.Ack) > 0) {
		d.dups++
	}
	return false
}

// finish gives the holes back.
func (s *tcpSequence) finish(m *Memory) {
	s.dir[flow.Fwd].dropHoles(m)
	s.dir[flow.Bwd].dropHoles(m)
}

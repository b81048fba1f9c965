package extract

import (
	"pinyon/flow"
	"pinyon/packet"
)

// handshake times the three steps that open a connection (RFC 9293 section 3.5), once a flow.
type handshake struct {
	time  int64  // of the SYN; then leg 1; then both legs, ns
	reply int64  // flow time of the latest copy of the SYN-ACK
	seq   uint32 // of the SYN; then of the SYN-ACK
	size  uint32 // payload of the SYN, which may be acknowledged in part (RFC 7413)
	phase uint8
}

// Phases of a handshake.
const (
	noHands = iota
	sentSYN
	sentSYNACK
	shakenHands
)

func (h *handshake) update(o *flow.Obs) {
	f := o.TCPFlags
	if o.Dir&1 == flow.Bwd {
		if f&(packet.SYN|packet.ACK) == packet.SYN|packet.ACK {
			h.answer(o)
		}
		return
	}
	switch f & (packet.SYN | packet.ACK | packet.RST) {
	case packet.SYN:
		// A SYN sent again measures from the copy that was answered.
		if h.phase <= sentSYN {
			h.phase = sentSYN
			h.time, h.seq, h.size = o.Time, o.Seq, o.PayloadLen
		}
	case packet.ACK:
		if h.phase == sentSYNACK && !after(h.seq+1, o.Ack) {
			h.phase = shakenHands
			h.time += o.Time - h.reply
		}
	}
}

// answer takes a SYN-ACK of the responder.
func (h *handshake) answer(o *flow.Obs) {
	switch {
	case h.phase == sentSYN && o.Ack-(h.seq+1) <= h.size:
		h.phase = sentSYNACK
		h.time = o.Time - h.time
		h.seq, h.reply = o.Seq, o.Time
	case h.phase == sentSYNACK && o.Seq == h.seq:
		h.reply = o.Time
	}
}

// total is the round trip in seconds: leg 1 stands for leg 2 where that is not known.
func (h *handshake) total() float64 {
	switch h.phase {
	case sentSYNACK:
		return seconds(2 * h.time)
	case shakenHands:
		return seconds(h.time)
	}
	return absent
}

package groups

import (
	"pinyon/flow"
	"pinyon/packet"
)

// handshake times the three steps that open a connection (RFC 9293 section 3.5), once a flow.
// Of SYNs and SYN-ACKs with several numbers those count that were acknowledged, so the latest
// two of each are kept.
type handshake struct {
	time    [2]int64 // of the latest copy of each SYN, the latest SYN first
	leg     [2]int64 // from the SYN to the first copy of each SYN-ACK, ns; once done [0] has both legs
	reply   [2]int64 // flow time of the latest copy of each SYN-ACK
	syn     [2]uint32
	answer  [2]uint32 // numbers of the SYN-ACKs
	size    [2]uint16 // payload of the SYNs, which may be acknowledged in part (RFC 7413)
	syns    uint8     // how many SYNs, up to 2
	answers uint8     // how many SYN-ACKs
	done    bool
}

func (h *handshake) update(o *flow.Obs) {
	f := o.TCPFlags
	if o.Dir&1 == flow.Bwd {
		if f&(packet.SYN|packet.ACK) == packet.SYN|packet.ACK {
			h.answered(o)
		}
		return
	}
	switch f & (packet.SYN | packet.ACK | packet.RST) {
	case packet.SYN:
		if h.syns == 0 || h.syn[0] != o.Seq {
			h.time[1], h.syn[1], h.size[1] = h.time[0], h.syn[0], h.size[0]
			h.syns = min(h.syns+1, 2)
		}
		// A SYN sent again measures from the copy that was answered.
		h.time[0], h.syn[0], h.size[0] = o.Time, o.Seq, uint16(min(o.PayloadLen, 1<<16-1))
	case packet.ACK:
		h.end(o)
	}
}

// answered takes a SYN-ACK of the responder.
func (h *handshake) answered(o *flow.Obs) {
	if h.answers > 0 && h.answer[0] == o.Seq {
		h.reply[0] = o.Time
		return
	}
	for i := range int(h.syns) {
		if o.Ack-(h.syn[i]+1) <= uint32(h.size[i]) {
			h.leg[1], h.reply[1], h.answer[1] = h.leg[0], h.reply[0], h.answer[0]
			h.leg[0], h.reply[0], h.answer[0] = o.Time-h.time[i], o.Time, o.Seq
			h.answers = min(h.answers+1, 2)
			return
		}
	}
}

// end takes an ACK of the initiator, which is that of the SYN-ACK it is least behind.
func (h *handshake) end(o *flow.Obs) {
	if h.answers == 0 {
		return
	}
	i := 0
	if h.answers == 2 && o.Ack-(h.answer[1]+1) < o.Ack-(h.answer[0]+1) {
		i = 1
	}
	if !after(h.answer[i]+1, o.Ack) {
		h.leg[0] = h.leg[i] + o.Time - h.reply[i]
		h.done = true
	}
}

// total is the round trip in seconds: leg 1 stands for leg 2 where that is not known.
func (h *handshake) total() float64 {
	switch {
	case h.done:
		return seconds(h.leg[0])
	case h.answers > 0:
		return seconds(2 * h.leg[0])
	}
	return absent
}

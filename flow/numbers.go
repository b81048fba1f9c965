package flow

import "pinyon/packet"

// Numbers are the initial sequence numbers of the two sides of a TCP connection (RFC 9293
// section 3.4.1). Of several that a side sent, the one that the other side acknowledges holds.
// Until then the latest counts, and the one before it is remembered. A SYN that meets an
// established connection changes nothing, unless it is acknowledged. A side that was not seen
// to send a SYN has the number before its first segment's, or before what a SYN-ACK
// acknowledges.
type Numbers struct {
	ISN       [2]uint32
	other     [2]uint32 // the one before ISN, or of a stray SYN; valid iff hasOther
	size      [2]uint16 // payload of the SYN with ISN (RFC 7413)
	otherSize [2]uint16
	state     [2]numberState
	hasOther  [2]bool
	passed    bool // data passed, or the flow began without a SYN
}

// numberState says where ISN comes from.
type numberState uint8

const (
	unknownNumber  numberState = iota
	guessedNumber              // the number before the first segment's, which was no SYN
	answeredNumber             // from a SYN-ACK; the SYN was not seen
	sentNumber                 // of a SYN that nobody acknowledged so far
	ackedNumber                // of a SYN that was acknowledged
)

// Opened tells what a segment settled of the initial numbers, a bit a direction each.
type Opened struct {
	Known uint8 // a SYN with the direction's number was seen, by now
	Anew  uint8 // what the direction sent so far had another number and counts for nothing
}

// synSize is the payload of a SYN as Numbers keep it.
func synSize(p *packet.Packet) uint16 { return uint16(min(p.PayloadLen, 1<<16-1)) }

// Size is the payload of the SYN that direction d began with, in bytes, at most 65,535.
func (n *Numbers) Size(d int) uint32 { return uint32(n.size[d]) }

// within reports whether v is from, or at most n after it.
func within(v, from, n uint32) bool { return v-from <= n }

// take learns from a segment of direction d. A stray one has SYN with a number that is not
// the connection's, and says nothing of it. What a reset says is not believed.
func (n *Numbers) take(p *packet.Packet, d int) (opened Opened, stray bool) {
	f := p.TCPFlags
	if f&packet.RST != 0 {
		return opened, false
	}
	if f&packet.SYN != 0 && n.stray(p, d) {
		if f&packet.ACK == 0 || !n.hasOther[1-d] || !within(p.Ack, n.other[1-d]+1, uint32(n.otherSize[1-d])) {
			n.keep(p.Seq, synSize(p), d)
			return opened, true
		}
		n.state[d] = guessedNumber // it answers a SYN that was taken for stray
	}
	if f&packet.ACK != 0 {
		opened = n.acknowledge(1-d, p.Ack, f&packet.SYN != 0)
	}
	if f&packet.SYN != 0 {
		n.syn(&opened, p, d)
		return opened, false
	}
	switch {
	case n.state[d] == unknownNumber:
		n.ISN[d], n.state[d] = p.Seq-1, guessedNumber
		if n.state[1-d] == unknownNumber {
			n.passed = true
		}
	case n.state[d] == sentNumber && within(p.Seq, n.ISN[d]+1, uint32(n.size[d])):
		n.settle(d) // it goes on from there, so it was answered
	case n.hasOther[d] && within(p.Seq, n.other[d]+1, uint32(n.otherSize[d])):
		n.revert(&opened, d)
	}
	if p.PayloadLen > 0 {
		n.passed = true
	}
	return opened, false
}

// syn takes a SYN of direction d that is not stray.
func (n *Numbers) syn(opened *Opened, p *packet.Packet, d int) {
	size := synSize(p)
	switch {
	case n.state[d] == unknownNumber:
		n.ISN[d], n.size[d], n.state[d] = p.Seq, size, sentNumber
	case n.state[d] <= answeredNumber && n.fits(p, d):
		n.ISN[d], n.size[d], n.state[d] = p.Seq, size, ackedNumber
	case n.state[d] <= answeredNumber:
		n.ISN[d], n.size[d], n.state[d] = p.Seq, size, sentNumber
		opened.Anew |= 1 << d
	case p.Seq == n.ISN[d]:
		n.size[d] = max(n.size[d], size)
		return
	default:
		n.keep(n.ISN[d], n.size[d], d)
		n.ISN[d], n.size[d] = p.Seq, size
		opened.Anew |= 1 << d
	}
	opened.Known |= 1 << d
}

// acknowledge takes what the other side acknowledges of direction d.
func (n *Numbers) acknowledge(d int, ack uint32, syn bool) (opened Opened) {
	switch {
	case n.state[d] == unknownNumber:
		if syn {
			n.ISN[d], n.state[d] = ack-1, answeredNumber
		}
	case n.state[d] == sentNumber && within(ack, n.ISN[d]+1, uint32(n.size[d])):
		n.settle(d)
	case n.hasOther[d] && within(ack, n.other[d]+1, uint32(n.otherSize[d])):
		n.revert(&opened, d)
	}
	return opened
}

// keep remembers a number that may yet be acknowledged.
func (n *Numbers) keep(isn uint32, size uint16, d int) {
	n.other[d], n.otherSize[d], n.hasOther[d] = isn, size, true
}

// settle has the number hold that counts.
func (n *Numbers) settle(d int) { n.state[d], n.hasOther[d] = ackedNumber, false }

// revert has the other number hold.
func (n *Numbers) revert(opened *Opened, d int) {
	n.ISN[d], n.size[d] = n.other[d], n.otherSize[d]
	n.settle(d)
	opened.Known |= 1 << d
	opened.Anew |= 1 << d
}

// stray reports whether p, which has SYN, does not belong to the connection: it acknowledges a
// number that was not sent, or has another number than its side, whose own SYN was answered or
// beyond which data passed.
func (n *Numbers) stray(p *packet.Packet, d int) bool {
	if p.TCPFlags&packet.ACK != 0 && !n.answers(p.Ack, 1-d) {
		return true
	}
	switch n.state[d] {
	case unknownNumber: // a side that was heard of, but not seen, has begun long ago
		return p.TCPFlags&packet.ACK == 0 && (n.passed || n.state[1-d] == ackedNumber)
	case guessedNumber:
		return !n.fits(p, d) && (n.passed || n.state[1-d] == ackedNumber)
	case sentNumber:
		return !n.fits(p, d) && n.passed
	}
	return !n.fits(p, d)
}

// fits reports whether p, which has SYN, has the number of its side as far as that is known.
func (n *Numbers) fits(p *packet.Packet, d int) bool {
	switch n.state[d] {
	case unknownNumber:
		return true
	case guessedNumber, answeredNumber: // the number is that of the last payload byte of the SYN
		return within(n.ISN[d], p.Seq, p.PayloadLen)
	}
	return p.Seq == n.ISN[d]
}

// answers reports whether ack may answer the SYN of direction d.
func (n *Numbers) answers(ack uint32, d int) bool {
	switch n.state[d] {
	case guessedNumber, answeredNumber:
		return ack == n.ISN[d]+1
	case ackedNumber:
		return within(ack, n.ISN[d]+1, uint32(n.size[d]))
	}
	return true // there may have been a SYN that was not seen, or an earlier one
}

// settled reports that further segments say nothing new, from direction d.
func (n *Numbers) settled(d int) bool {
	return n.state[d] != unknownNumber && n.state[d] != sentNumber && n.state[1-d] != sentNumber && !n.hasOther[0] && !n.hasOther[1]
}

package flow

import (
	"cmp"
	"slices"

	"pinyon/packet"
)

// judgeBehind decides on a packet that meets openings held back. What proves nothing either way
// (segments of the old connection that are late or sent again, challenge ACKs, a late FIN) is
// held along. A reset behind such a segment says that the old connection was still there (RFC
// 9293 figure 10), and so do maxHeldFlow packets of it.
func (t *Table[S]) judgeBehind(i uint32, e *Entry[S], p *packet.Packet, swapped bool, now int64) verdict {
	isTCP, reset, syn := p.Has&packet.HasTCP != 0, p.TCPFlags&packet.RST != 0, p.TCPFlags&packet.SYN != 0
	reason, at := t.closedBehind(i, e)
	opens := stays
	if isTCP && syn && !reset {
		then := e.Head
		then.Closing = reason
		opens = then.opens(p, swapped)
	}
	proven := false
	for j := range t.openings {
		h := &t.openings[j]
		switch {
		case h.flow != i || h.along || !isTCP:
		case opens == stays && syn && p.TCPFlags&packet.ACK == 0: // a late copy of the flow's own
		case h.proves(p, swapped):
			proven = true
			t.again(i, h.Seq, h.swapped)
		}
	}
	switch {
	case isTCP && reset && (proven || t.wentOn(i)):
		return stays // the attempt was given up or refused, or the old connection was found there
	case proven:
		return begins
	case opens != stays:
		t.again(i, p.Seq, swapped)
		return opens
	}
	switch {
	case reason != Open && now-at > t.opt.CloseDelay, e.held == maxHeldFlow && !t.release(i, e):
		return stays
	case t.heldNow >= maxHeld, t.heldAlong+len(p.Payload) > heldBytes:
		t.counts.MostBytes = max(t.counts.MostBytes, uint64(t.heldAlong+len(p.Payload)))
		t.force(i)
		return stays
	}
	t.doubt(i, swapped)
	return waitsAlong
}

// doubt takes it that a side that goes on with the old numbers did not send what is held back of
// it; unless that is sent again or acknowledged.
func (t *Table[S]) doubt(i uint32, swapped bool) {
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && !h.along && h.swapped == swapped && h.refuted == 0 {
			h.refuted = t.heldEver + 1
		}
	}
}

// wentOn reports whether something came behind the first opening that stands, if one does.
func (t *Table[S]) wentOn(i uint32) bool {
	first := t.first(i, func(h *opening) bool { return !h.old() })
	return first == nil || t.behind(i, first.order) != nil
}

// release gives a flow what came before its latest opening and those that stand or fall with
// that, and reports whether that made room.
func (t *Table[S]) release(i uint32, e *Entry[S]) bool {
	latest, stands := uint64(0), uint64(all)
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && !h.along {
			latest = max(latest, h.order)
		}
	}
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && !h.along && (h.refuted == 0 || h.refuted > latest) {
			stands = min(stands, h.order)
		}
	}
	before := e.held
	for h := t.next(i, stands); h != nil; h = t.next(i, stands) {
		e.held--
		t.deliver(i, e, h)
	}
	return e.held < before
}

// again has an opening that is sent again or acknowledged stand, in each of its copies, and what
// its side had tried just before.
func (t *Table[S]) again(i, seq uint32, swapped bool) {
	for j := range t.openings {
		c := &t.openings[j]
		if c.flow != i || c.along || c.swapped != swapped || c.Seq != seq {
			continue
		}
		c.refuted = 0
		for k := range t.openings {
			if h := &t.openings[k]; h.flow == i && h.swapped == swapped && h.order < c.order && h.refuted > c.order {
				h.refuted = 0
			}
		}
	}
}

// closedBehind tells why and when a flow is closed, if what is held along is its.
func (t *Table[S]) closedBehind(i uint32, e *Entry[S]) (Reason, int64) {
	if e.Closing != Open {
		return e.Closing, e.CloseClock
	}
	c := e.connection
	for h := t.behind(i, 0); h != nil; h = t.behind(i, h.order) {
		d := Fwd
		if h.swapped != e.Swapped {
			d = Bwd
		}
		if h.Has&packet.HasTCP == 0 || h.TCPFlags&packet.SYN != 0 {
			continue
		}
		if reason := c.closes(&h.Packet, d); reason != Open {
			return reason, h.clock
		}
	}
	return Open, 0
}

// behind is what is held along and came first behind the packet with that order; nil if nothing
// did.
func (t *Table[S]) behind(i uint32, order uint64) *opening {
	return t.first(i, func(h *opening) bool { return h.along && h.order > order })
}

// patience is until when what meets entry i is held back.
func (t *Table[S]) patience(i uint32) int64 {
	var latest int64
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && !h.along {
			latest = max(latest, h.clock)
		}
	}
	return latest + min(holdTime, t.opt.Timeout)
}

// expire gives a flow what nothing came for that decides on it. A closed flow that only waited for that is over.
func (t *Table[S]) expire(i uint32) {
	end := t.patience(i)
	t.settle(i)
	if t.late(&t.pool.At(i).Head, end) {
		t.endEntry(i, Idle, end)
	}
}

// sweepHeld decides on what was held back for long enough, the first that came first.
func (t *Table[S]) sweepHeld(now int64) {
	if t.heldNow == 0 {
		return
	}
	var due []*opening
	for j := range t.openings {
		h := &t.openings[j]
		if h.flow != 0 && now > t.patience(h.flow) {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b *opening) int { return cmp.Compare(a.order, b.order) })
	for _, h := range due {
		if h.flow != 0 {
			t.expire(h.flow)
		}
	}
}

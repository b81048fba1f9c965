package flow

import (
	"cmp"
	"slices"

	"pinyon/packet"
)

// What begins a connection on the ports of one that was not closed is held back until it is
// known whether it does: a SYN with another number that nobody answers was a stray one, and
// belongs to the connection that it met (RFC 9293 section 3.10.7.4, RFC 5961 section 4). It
// does begin a new one if the other side acknowledges it, or its own goes on from there.
const (
	maxHeld     = 64             // openings that a table holds back; the longest held is decided first
	maxHeldFlow = 8              // of those, on the ports of one flow
	holdTime    = 30_000_000_000 // ns of the capture clock behind the latest opening of a flow
	heldPayload = 2048           // bytes of payload that are kept (RFC 7413)
)

// Holding counts what became of openings that were held back.
type Holding struct {
	Held   uint64 // SYNs and SYN-ACKs held back
	Began  uint64 // of those, how many turned out to begin a flow
	Forced uint64 // how many had to be decided since there was no room for more
}

// Add adds the counts of another table.
func (h *Holding) Add(o Holding) {
	h.Held += o.Held
	h.Began += o.Began
	h.Forced += o.Forced
}

// opening is a SYN or SYN-ACK that is held back, with what its frame lent it.
type opening struct {
	packet.Packet
	flow    uint32 // entry that it met; 0 if the place is free
	clock   int64
	order   uint64 // of coming
	swapped bool
	options [40]byte
	payload []byte
}

// verdict is what a packet decides of the openings held back.
type verdict uint8

const (
	stays  verdict = iota // in the flow, and what was held is the flow's too
	waits                 // to be held back itself
	begins                // a flow, with what was held
)

// judge decides on a packet that has SYN, or that meets openings held back.
func (t *Table[S]) judge(i uint32, e *Entry[S], p *packet.Packet, swapped bool) verdict {
	if p.Has&packet.HasTCP == 0 || p.TCPFlags&packet.RST != 0 {
		return stays
	}
	if e.held != 0 {
		for j := range t.openings {
			if h := &t.openings[j]; h.flow == i && h.proves(p, swapped) {
				return begins
			}
		}
	}
	if p.TCPFlags&packet.SYN == 0 {
		return stays
	}
	d := Fwd
	if swapped != e.Swapped {
		d = Bwd
	}
	n := &e.numbers
	switch {
	case p.TCPFlags&packet.ACK != 0:
		if !n.answers(p.Ack, 1-d) {
			return waits
		}
	case e.Closing != Open:
		if n.state[d] == unknownNumber || !n.fits(p, d) {
			return begins
		}
	case n.stray(p, d):
		return waits
	}
	return stays
}

// proves reports whether p shows that h did open a connection.
func (h *opening) proves(p *packet.Packet, swapped bool) bool {
	syn := p.TCPFlags&packet.SYN != 0
	switch {
	case swapped == h.swapped:
		return !syn && within(p.Seq, h.Seq+1, h.PayloadLen)
	case p.TCPFlags&packet.ACK != 0 && within(p.Ack, h.Seq+1, h.PayloadLen):
		return true
	}
	return syn && h.TCPFlags&packet.ACK != 0 && within(h.Ack, p.Seq+1, p.PayloadLen)
}

// hold keeps an opening back that met entry i.
func (t *Table[S]) hold(i uint32, e *Entry[S], p *packet.Packet, swapped bool, now int64) {
	if e.held == maxHeldFlow {
		t.counts.Forced += uint64(e.held)
		t.settle(i)
	}
	j := t.place(i, now)
	h := &t.openings[j]
	t.counts.Held++
	t.heldEver++
	t.heldNow++
	payload := h.payload[:0]
	*h = opening{Packet: *p, flow: i, clock: now, order: t.heldEver, swapped: swapped}
	h.payload = append(payload, p.Payload[:min(len(p.Payload), heldPayload)]...)
	h.Payload = h.payload
	h.Options = h.options[:copy(h.options[:], p.Options)]
	e.held++
	// Its time counts as the flow's, which waits for what becomes of it.
	e.LastClock = now
	if t.lru.tail != i {
		t.toTail(i)
	}
}

// place is where an opening that met entry i can be put.
func (t *Table[S]) place(i uint32, now int64) int {
	if t.heldNow == maxHeld {
		first := 0
		for j := range t.openings {
			if t.openings[j].order < t.openings[first].order {
				first = j
			}
		}
		oldest := t.openings[first].flow
		t.counts.Forced += uint64(t.pool.At(oldest).held)
		t.settle(oldest)
		if oldest != i && t.late(&t.pool.At(oldest).Head, now) {
			t.endEntry(oldest, Idle, now)
		}
	}
	if j := slices.IndexFunc(t.openings, func(h opening) bool { return h.flow == 0 }); j >= 0 {
		return j
	}
	t.openings = append(t.openings, opening{})
	return len(t.openings) - 1
}

// next takes the opening of entry i that came first out of those held; nil if there is none.
// It is valid until the next one is held.
func (t *Table[S]) next(i uint32) *opening {
	var first *opening
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && (first == nil || h.order < first.order) {
			first = h
		}
	}
	if first != nil {
		first.flow = 0
		t.heldNow--
	}
	return first
}

// settle gives a flow the openings that met it.
func (t *Table[S]) settle(i uint32) {
	e := t.pool.At(i)
	e.held = 0
	for h := t.next(i); h != nil; h = t.next(i) {
		t.deliver(i, e, h)
	}
}

// deliver hands an opening that was held back to a flow.
func (t *Table[S]) deliver(i uint32, e *Entry[S], h *opening) {
	t.admit(i, e, &h.Packet, h.swapped, h.clock, &t.obs)
	if t.Late != nil {
		t.Late(e, i, &t.obs)
	}
}

// reuse ends the flow in bucket b, if p or what was held back shows that a new one began on its
// ports, and opens that.
func (t *Table[S]) reuse(b, i uint32, p *packet.Packet, swapped bool, now int64) (uint32, *Entry[S]) {
	old := t.pool.At(i)
	k, hash := old.Key, old.hash
	old.held = 0
	t.end(b, i, Reused, now)
	h := t.next(i)
	if h == nil {
		return t.openFlow(&k, hash, p, swapped, now)
	}
	n, e := t.openFlow(&k, hash, &h.Packet, h.swapped, h.clock)
	for ; h != nil; h = t.next(i) {
		t.counts.Began++
		t.deliver(n, e, h)
	}
	return n, e
}

// patience is until when what meets entry i is held back.
func (t *Table[S]) patience(i uint32) int64 {
	var latest int64
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i {
			latest = max(latest, h.clock)
		}
	}
	return latest + min(holdTime, t.opt.Timeout)
}

// expire gives a flow what nothing came for. A closed flow that only waited for that is over.
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

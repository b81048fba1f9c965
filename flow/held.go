package flow

import (
	"math"
	"slices"

	"pinyon/packet"
)

// What begins a connection on the ports of one that was not closed is held back until it is
// known whether it does: a SYN with another number that nobody answers was a stray one, and
// belongs to the connection that it met (RFC 9293 section 3.10.7.4, RFC 5961 section 4). It
// does begin a new one if the other side acknowledges it, or its own goes on from there.
// What comes meanwhile and shows neither is held back along with it, and is the old flow's.
const (
	maxHeld     = 128            // packets that a table holds back
	maxHeldFlow = 16             // of those, on the ports of one flow
	holdTime    = 30_000_000_000 // ns of the capture clock behind the latest opening of a flow
	heldPayload = 2048           // bytes of payload that are kept of an opening (RFC 7413)
	heldBytes   = 256 << 10      // of payload of what is held along, all of it kept, in a table

	all = math.MaxUint64 // every order of coming is before it
)

// Holding counts what became of openings that were held back.
type Holding struct {
	Held   uint64 // SYNs and SYN-ACKs held back
	Began  uint64 // of those, how many turned out to begin a flow
	Forced uint64 // of those, how many had to be decided since there was no room for more
	// Most is the most packets that were held back at once by one table, with what came along, and
	// MostBytes the most payload of what came along.
	Most, MostBytes uint64
}

// Half reports whether half of the room was taken that a table has for what it holds back: two tables
// that each have the half of the flows of one may decide otherwise than that one beyond it.
func (h *Holding) Half() bool { return h.Most > maxHeld/2 || h.MostBytes > heldBytes/2 }

// Add adds the counts of another table.
func (h *Holding) Add(o Holding) {
	h.Held += o.Held
	h.Began += o.Began
	h.Forced += o.Forced
	h.Most, h.MostBytes = max(h.Most, o.Most), max(h.MostBytes, o.MostBytes)
}

// opening is a SYN or SYN-ACK that is held back, or what is held along, with what its frame
// lent it.
type opening struct {
	packet.Packet
	flow    uint32 // entry that it met; 0 if the place is free
	clock   int64
	order   uint64 // of coming
	swapped bool
	along   bool   // it came behind an opening and opens nothing
	refuted uint64 // order of what its side went on with by the old numbers; 0 without
	options [40]byte
	payload []byte
}

// old reports whether h is the old flow's even if a new one begins.
func (h *opening) old() bool { return h.along || h.refuted != 0 }

// verdict is what a packet decides of the openings held back.
type verdict uint8

const (
	stays      verdict = iota // in the flow, and what was held is the flow's too
	waits                     // to be held back itself
	waitsAlong                // to be held back with what was, which it does not decide on
	begins                    // a flow, with what was held
)

// judge decides on a packet that has SYN, or that meets openings held back.
func (t *Table[S]) judge(i uint32, e *Entry[S], p *packet.Packet, swapped bool, now int64) verdict {
	if e.held != 0 {
		return t.judgeBehind(i, e, p, swapped, now)
	}
	if p.Has&packet.HasTCP == 0 || p.TCPFlags&packet.SYN == 0 || p.TCPFlags&packet.RST != 0 {
		return stays
	}
	return e.opens(p, swapped)
}

// opens decides on a SYN or SYN-ACK by the numbers of the flow that it meets.
func (h *Head) opens(p *packet.Packet, swapped bool) verdict {
	d := Fwd
	if swapped != h.Swapped {
		d = Bwd
	}
	n := &h.numbers
	switch {
	case p.TCPFlags&packet.ACK != 0:
		if !n.answers(p.Ack, 1-d) {
			return waits
		}
	case h.Closing != Open:
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

// hold keeps a packet back that met entry i.
func (t *Table[S]) hold(i uint32, e *Entry[S], p *packet.Packet, swapped, along bool, now int64) {
	if e.held == maxHeldFlow && !t.release(i, e) {
		t.force(i)
	}
	j := t.place(i, now)
	h := &t.openings[j]
	t.heldEver++
	t.heldNow++
	payload := h.payload[:0]
	*h = opening{Packet: *p, flow: i, clock: now, order: t.heldEver, swapped: swapped, along: along}
	if along {
		h.payload = append(payload, p.Payload...)
		t.heldAlong += len(h.payload)
	} else {
		h.payload = append(payload, p.Payload[:min(len(p.Payload), heldPayload)]...)
		t.counts.Held++
	}
	t.counts.Most = max(t.counts.Most, uint64(t.heldNow))
	t.counts.MostBytes = max(t.counts.MostBytes, uint64(t.heldAlong))
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
		t.force(oldest)
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

// next takes the packet that came first out of those that meet entry i and are held back. It is
// nil if there is none from before that order of coming, and valid until the next one is held.
func (t *Table[S]) next(i uint32, before uint64) *opening {
	return t.take(t.first(i, func(h *opening) bool { return h.order < before }))
}

// first is the packet that came first out of those that meet entry i, are held back and fit.
func (t *Table[S]) first(i uint32, fits func(*opening) bool) *opening {
	var first *opening
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && (first == nil || h.order < first.order) && fits(h) {
			first = h
		}
	}
	return first
}

// take frees the place of a packet, if there is one, which stays as it is until another is held.
func (t *Table[S]) take(first *opening) *opening {
	if first != nil {
		first.flow = 0
		t.heldNow--
		if first.along {
			t.heldAlong -= len(first.payload)
			if cap(first.payload) > 2*heldPayload {
				first.payload = nil // Payload has it until the place is taken again
			}
		}
	}
	return first
}

// force gives a flow what is held back, since there is no room for more.
func (t *Table[S]) force(i uint32) {
	for j := range t.openings {
		if h := &t.openings[j]; h.flow == i && !h.old() {
			t.counts.Forced++
		}
	}
	t.settle(i)
}

// settle gives a flow all that met it and was held back.
func (t *Table[S]) settle(i uint32) {
	e := t.pool.At(i)
	e.held = 0
	for h := t.next(i, all); h != nil; h = t.next(i, all) {
		t.deliver(i, e, h)
	}
}

// deliver hands a packet that was held back to a flow.
func (t *Table[S]) deliver(i uint32, e *Entry[S], h *opening) {
	t.admit(i, e, &h.Packet, h.swapped, h.clock, &t.obs)
	if t.Late != nil {
		t.Late(e, i, &t.obs)
	}
	h.Payload = nil
}

// reuse ends the flow in bucket b, if p or what was held back shows that a new one began on its
// ports, and opens that.
func (t *Table[S]) reuse(b, i uint32, p *packet.Packet, swapped bool, now int64) (uint32, *Entry[S]) {
	old := t.pool.At(i)
	for h := t.take(t.first(i, (*opening).old)); h != nil; h = t.take(t.first(i, (*opening).old)) {
		t.deliver(i, old, h)
	}
	k, hash := old.Key, old.hash
	old.held = 0
	t.end(b, i, Reused, now)
	h := t.next(i, all)
	if h == nil {
		return t.openFlow(&k, hash, p, swapped, now)
	}
	n, e := t.openFlow(&k, hash, &h.Packet, h.swapped, h.clock)
	for ; h != nil; h = t.next(i, all) {
		t.counts.Began++
		t.deliver(n, e, h)
	}
	return n, e
}

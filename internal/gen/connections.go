package gen

import "math/rand/v2"

// A Segment is a TCP segment of Connections.
type Segment struct {
	At         int64 // ns
	Client     bool  // sent by the side whose connections they are
	Flags      uint16
	Seq, Ack   uint32
	Len        int // bytes of payload
	Connection int // that it belongs to, from 0
}

const rst = 4

// Sides of a talk.
const (
	client = iota
	server
)

const (
	millisecond = int64(1e6)
	second      = int64(1e9)
)

// talk makes connections on one pair of ports.
type talk struct {
	rng    *rand.Rand
	out    []Segment
	at     int64
	id     int
	isn    [2]uint32
	next   [2]uint32 // what each side sends next
	tfo    int       // payload of the SYN
	hidden [2]bool   // sides that the capture does not see
	closed bool
	ended  bool // at least in part, by a FIN
	before former
}

// former is the connection before, of which segments may be late.
type former struct {
	id     int // -1 without, or if nothing of it is late
	next   [2]uint32
	hidden [2]bool
	ended  bool // by FINs, in part
	came   bool // something of it, late
}

// Connections makes n connections, one after the other on the same ports, as a capture sees
// them: SYNs come several times and with several numbers, one direction is missing, SYN-ACKs
// come before SYNs; there are stray SYNs and challenge ACKs, keep-alives, repeats and changes
// of order; FINs and their ACKs are lost; segments of the connection before come between SYN and
// SYN-ACK. Whatever happens, which connection a segment belongs
// to can be told from what is there. Connections follow each other within 25 s.
func Connections(rng *rand.Rand, n int) []Segment {
	t := &talk{rng: rng, id: -1}
	for range n {
		t.open()
		for range rng.IntN(8) {
			t.step()
		}
		t.end()
	}
	return t.out
}

func (t *talk) one(in int) bool { return t.rng.IntN(in) == 0 }

func (t *talk) wait(least, most int64) { t.at += least + t.rng.Int64N(most-least) }

func (t *talk) put(side int, flags uint16, seq, ackNo uint32, n int) {
	t.wait(1, 20*millisecond)
	if flags&ack == 0 {
		ackNo = 0
	}
	if !t.hidden[side] {
		t.out = append(t.out, Segment{t.at, side == client, flags, seq, ackNo, n, t.id})
	}
}

// send has a side send what comes next.
func (t *talk) send(side int, flags uint16, n int) {
	t.put(side, flags|ack, t.next[side], t.next[1-side], n)
	t.next[side] += uint32(n)
	if flags&fin != 0 {
		t.next[side]++
	}
}

// open makes a handshake.
func (t *talk) open() {
	switch {
	case t.closed && t.one(2):
		t.wait(6*second, 20*second)
	case t.closed:
		t.wait(millisecond, second)
	default:
		t.wait(millisecond, 20*second)
	}
	isn := [2]uint32{t.rng.Uint32(), t.rng.Uint32()}
	recovers := t.id >= 0 && !t.closed && t.hidden == [2]bool{} && t.one(4)
	if recovers { // RFC 9293 figure 10
		t.put(client, syn, isn[client], 0, 0)
		t.put(server, ack, t.next[server], t.next[client], 0)
		t.put(client, rst, t.next[client], 0, 0)
		t.wait(second, 2*second)
	}
	t.before = former{id: -1, next: t.next, hidden: t.hidden, ended: t.ended}
	if t.id >= 0 && !t.closed && !recovers && t.one(2) {
		t.before.id = t.id
	}
	t.id++
	t.isn, t.closed, t.tfo, t.hidden = isn, false, 0, [2]bool{}
	if !recovers && t.one(4) {
		t.hidden[t.rng.IntN(2)] = true
	}
	if t.one(6) {
		t.tfo = t.rng.IntN(100)
	}
	if !recovers && t.hidden == [2]bool{} && t.one(8) {
		t.simultaneously()
		return
	}
	loses := t.rng.IntN(12) // 0: the SYN is not captured, 1: nor is the SYN-ACK
	if loses != 0 || t.hidden[server] {
		if !recovers && t.one(6) {
			t.put(client, syn, t.rng.Uint32(), 0, t.tfo) // nobody hears that one
			t.late(server)
			t.wait(second, 2*second)
		}
		for range t.rng.IntN(3) {
			t.put(client, syn, isn[client], 0, t.tfo)
			t.late(server)
			t.wait(second, 2*second)
		}
		t.put(client, syn, isn[client], 0, t.tfo)
		if !t.hidden[client] {
			t.lateLast()
		}
	}
	t.next = [2]uint32{isn[client] + 1, isn[server] + 1}
	if t.tfo > 0 && t.one(2) {
		t.next[client] += uint32(t.tfo)
	}
	if loses != 1 || t.hidden[client] {
		from := len(t.out)
		if t.one(8) {
			t.put(server, syn|ack, t.rng.Uint32(), t.next[client], 0) // nobody hears that one
			t.wait(second, 2*second)
		}
		t.put(server, syn|ack, isn[server], t.next[client], 0)
		if t.one(6) {
			t.put(server, syn|ack, isn[server], t.next[client], 0)
		}
		if from > 0 && from < len(t.out) && t.out[from-1].Connection == t.id && t.one(8) {
			t.swap(from - 1)
		}
	}
	t.send(client, 0, 0)
	t.send(server, 0, t.rng.IntN(2)*50)
}

// late has a side send again what the connection before had, unless that was about to end.
func (t *talk) late(side int) {
	b := &t.before
	if b.id < 0 || b.ended || t.hidden[client] || t.one(2) {
		return
	}
	n := t.rng.IntN(100)
	t.old(side, 0, b.next[side]-uint32(n), n)
}

// lateLast has the connection before send what is the last of it: data of both sides, their
// FINs and the ACKs of those, or at once a reset.
func (t *talk) lateLast() {
	b := &t.before
	if b.id < 0 {
		return
	}
	side := t.rng.IntN(2)
	if !b.came && t.one(6) { // behind others it would be figure 10 again
		t.old(side, rst, b.next[side], 0)
		return
	}
	for range t.rng.IntN(4) {
		t.late(t.rng.IntN(2))
	}
	switch {
	case t.one(2):
	case b.ended: // once more
		t.old(side, fin, b.next[side]-1, 0)
	default:
		t.old(side, fin, b.next[side], 0)
		b.next[side]++
		t.old(1-side, fin, b.next[1-side], 0)
		b.next[1-side]++
		t.old(side, 0, b.next[side], 0)
	}
}

// old puts a segment of the connection before.
func (t *talk) old(side int, flags uint16, seq uint32, n int) {
	b := &t.before
	id, hidden := t.id, t.hidden
	b.came = true
	t.id, t.hidden = b.id, b.hidden
	t.put(side, flags|ack, seq, b.next[1-side], n)
	t.id, t.hidden = id, hidden
}

// simultaneously opens from both sides (RFC 9293 figure 7).
func (t *talk) simultaneously() {
	t.tfo = 0
	t.put(client, syn, t.isn[client], 0, 0)
	t.put(server, syn, t.isn[server], 0, 0)
	t.put(client, syn|ack, t.isn[client], t.isn[server]+1, 0)
	t.put(server, syn|ack, t.isn[server], t.isn[client]+1, 0)
	t.next = [2]uint32{t.isn[client] + 1, t.isn[server] + 1}
	t.send(client, 0, 10)
}

// swap has a segment and the one behind it change places.
func (t *talk) swap(i int) {
	a, b := &t.out[i], &t.out[i+1]
	a.At, b.At = b.At, a.At
	*a, *b = *b, *a
}

// step has a connection go on.
func (t *talk) step() {
	t.wait(millisecond, 5*second)
	side := t.rng.IntN(2)
	switch t.rng.IntN(10) {
	case 0: // a keep-alive and its answer
		t.put(side, ack, t.next[side]-1, t.next[1-side], t.rng.IntN(2))
		t.send(1-side, 0, 0)
	case 1: // repeated
		n := t.rng.IntN(200)
		t.send(side, 0, n)
		t.put(side, ack, t.next[side]-uint32(n), t.next[1-side], n)
	case 2: // a stray SYN, with a challenge ACK, or ignored
		t.put(side, syn, t.rng.Uint32(), 0, 0)
		if t.one(2) {
			t.put(1-side, ack, t.next[1-side], t.next[side], 0)
		}
		t.send(client, 0, 10)
		t.send(server, 0, 10)
	case 3: // the SYN again
		t.put(client, syn, t.isn[client], 0, t.tfo)
	case 4: // a SYN-ACK with another number, which nobody acknowledges
		t.put(server, syn|ack, t.rng.Uint32(), t.isn[client]+1, 0)
	case 5: // out of order
		from := len(t.out)
		t.send(side, 0, 100)
		t.send(side, 0, 100)
		if from+2 == len(t.out) {
			t.swap(from)
		}
	default:
		t.send(side, 0, t.rng.IntN(1000))
	}
	t.send(client, 0, 0)
	t.send(server, 0, 0)
}

// end closes a connection, or not.
func (t *talk) end() {
	side := t.rng.IntN(2)
	t.closed, t.ended = t.hidden == [2]bool{}, true
	switch t.rng.IntN(6) {
	case 0: // nothing
		t.closed, t.ended = false, false
		return
	case 1:
		t.send(side, fin, t.rng.IntN(10))
		t.closed = false
		return
	case 2:
		t.closed = !t.hidden[side]
		t.send(side, rst, 0)
	case 3: // both sides, the last ACK is not captured
		t.send(side, fin, 0)
		t.send(1-side, fin, 0)
		t.closed = false
		return
	case 4: // a FIN is not captured
		t.next[side]++
		t.send(1-side, fin, 0)
		t.send(side, 0, 0)
		t.closed = false
		return
	default:
		t.send(side, fin, t.rng.IntN(10))
		t.send(1-side, 0, t.rng.IntN(10))
		t.send(1-side, fin, 0)
		t.send(side, 0, 0)
	}
	if !t.closed {
		return
	}
	switch t.rng.IntN(4) { // what is late
	case 0:
		t.put(client, syn, t.isn[client], 0, t.tfo)
	case 1:
		t.send(side, 0, 0)
		t.put(1-side, fin|ack, t.next[1-side]-1, t.next[side], 0)
	}
}

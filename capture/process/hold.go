package process

import "pinyon/packet"

// What waits at most.
const (
	heldPackets = 1 << 14
	heldBytes   = 16 << 20
)

// held is a packet that waits, or that stands behind one that does.
type held struct {
	frame   packet.Frame // without Data
	from, n int          // of its data
	ends    ends
	at      int64 // wall clock, ns
	whose   holder
	verdict verdict
	unknown bool // it was given up
}

// queue holds packets in their order, and copies of their data. Nothing of it is allocated for a
// packet.
type queue struct {
	items    []held
	first, n int
	data     []byte
	from, to int // the part of data in use, which may begin behind where it ends
}

func newQueue(packets, bytes int) *queue {
	return &queue{items: make([]held, packets), data: make([]byte, bytes)}
}

// room is where n bytes can be put, -1 if nowhere.
func (q *queue) room(n int) int {
	switch {
	case q.n == len(q.items):
		return -1
	case q.n == 0:
		if q.from, q.to = 0, 0; n > len(q.data) {
			return -1
		}
		return 0
	case q.to > q.from && n <= len(q.data)-q.to:
		return q.to
	case q.to > q.from && n < q.from:
		return 0
	case q.to < q.from && n < q.from-q.to:
		return q.to
	}
	return -1
}

// push adds a packet; nil if there is no room.
func (q *queue) push(f *packet.Frame) *held {
	at := q.room(max(len(f.Data), 1)) // so that from is to of nothing alone
	if at < 0 {
		return nil
	}
	h := &q.items[(q.first+q.n)%len(q.items)]
	q.n++
	*h = held{frame: *f, from: at, n: copy(q.data[at:], f.Data)}
	h.frame.Data, h.frame.Block = nil, nil
	q.to = at + max(h.n, 1)
	return h
}

// head is the oldest packet; nil if there is none.
func (q *queue) head() *held {
	if q.n == 0 {
		return nil
	}
	return &q.items[q.first]
}

// pop takes the oldest packet away. f, if not nil, gets it; its data stays until the next push.
func (q *queue) pop(f *packet.Frame) {
	h := &q.items[q.first]
	if f != nil {
		*f = h.frame
		f.Data = q.data[h.from : h.from+h.n : h.from+h.n]
	}
	q.first = (q.first + 1) % len(q.items)
	if q.n--; q.n > 0 {
		q.from = q.items[q.first].from
	}
}

package server

import (
	"time"

	"pinyon/remote/wire"
)

// A Policy says what happens when a client takes packets more slowly than they come and its queue
// is full.
type Policy uint8

// Policies.
const (
	DropNewest Policy = iota // packets that come are left out
	DropOldest               // those that wait longest are
	Disconnect               // the client is sent away
	Block                    // the source waits, which only one without a clock of its own can: a file
)

// An entry of a queue is a batch, or a gap.
type entry struct {
	message []byte // of a batch, complete; nil of a gap
	first   uint64
	n       uint64 // records, or packets lost
	reason  wire.Reason
}

// A queue is what a session has not sent yet, in order. Its owner locks it.
type queue struct {
	list  []entry
	head  int
	bytes int // of the batches
}

func (q *queue) len() int { return len(q.list) - q.head }

func (q *queue) push(e entry) {
	if e.message == nil && q.len() > 0 {
		// A gap that goes on is one gap.
		if last := &q.list[len(q.list)-1]; last.message == nil && last.reason == e.reason && (!e.reason.Numbered() && last.first == e.first || last.first+last.n == e.first) {
			last.n += e.n
			return
		}
	}
	if q.head > 64 && q.head > len(q.list)/2 {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, e)
	q.bytes += len(e.message)
}

func (q *queue) pop() entry {
	e := q.list[q.head]
	q.list[q.head] = entry{}
	q.bytes -= len(e.message)
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return e
}

// unshift puts an entry in front.
func (q *queue) unshift(e entry) {
	if q.head == 0 {
		q.list = append(q.list, entry{})
		copy(q.list[1:], q.list)
		q.head = 1
	}
	q.head--
	q.list[q.head] = e
	q.bytes += len(e.message)
}

// dropOldest turns the batch that waits longest into a gap. It returns its message and how many
// packets it had, or nil if there is none.
func (q *queue) dropOldest() (message []byte, packets uint64) {
	at := q.head
	for at < len(q.list) && q.list[at].message == nil {
		at++
	}
	if at == len(q.list) {
		return nil, 0
	}
	e := &q.list[at]
	message, packets = e.message, e.n
	q.bytes -= len(message)
	*e = entry{first: e.first, n: e.n, reason: wire.ReasonQueue}
	// With a gap right before it, it becomes one; at is at most a few entries from the head.
	if at > q.head {
		if p := &q.list[at-1]; p.reason == wire.ReasonQueue && p.first+p.n == e.first {
			p.n += e.n
			copy(q.list[q.head+1:at+1], q.list[q.head:at])
			q.list[q.head] = entry{}
			q.head++
		}
	}
	return message, packets
}

// A bucket limits the rate of a client: so many bytes a second, twice that at once, and it may go
// into debt. rate 0 is no limit.
type bucket struct {
	rate   float64
	tokens float64
	at     time.Time
}

func newBucket(rate uint64, now time.Time) bucket {
	return bucket{float64(rate), 2 * float64(rate), now}
}

// take takes n bytes and says how long to wait before they may go.
func (b *bucket) take(n int, now time.Time) time.Duration {
	if b.rate == 0 {
		return 0
	}
	b.tokens = min(2*b.rate, b.tokens+now.Sub(b.at).Seconds()*b.rate) - float64(n)
	b.at = now
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens / b.rate * float64(time.Second))
}

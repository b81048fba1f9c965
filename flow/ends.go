package flow

import (
	"math"

	"pinyon/packet"
)

// late reports whether a closed flow takes no more packets at now.
func (t *Table[S]) late(h *Head, now int64) bool {
	return h.Closing != Open && h.held == 0 && now-h.CloseClock > t.opt.CloseDelay
}

// over tells whether the flow has ended before packet p, why, and when.
func (t *Table[S]) over(h *Head, p *packet.Packet, now int64) (Reason, int64) {
	switch {
	case t.late(h, now):
		return Idle, t.silence(h)
	case now-h.LastClock > t.opt.Timeout:
		return Idle, t.silence(h)
	case p.TS < h.Last && uint64(h.Last)-uint64(p.TS) > uint64(t.opt.Timeout):
		return Idle, now
	case p.TS > h.First && p.TS-h.First < 0: // 292 years: the duration would be none that int64 holds
		return Idle, now
	case t.opt.Active > 0 && now-h.StartClock > t.opt.Active, h.Packets >= MaxPackets:
		return Active, now
	}
	return Open, 0
}

// endEntry ends a flow that was not found through its bucket.
func (t *Table[S]) endEntry(i uint32, reason Reason, end int64) {
	e := t.pool.At(i)
	t.end(t.find(&e.Key, e.hash), i, reason, end)
}

// end takes the flow in bucket b out of the table and every list.
func (t *Table[S]) end(b, i uint32, reason Reason, end int64) {
	e := t.pool.At(i)
	if e.held != 0 {
		t.settle(i)
	}
	e.Reason, e.End = reason, end
	if e.Closing != Open {
		e.Reason = e.Closing
		t.unlink(&t.closing, i, byClosing)
	}
	t.unlink(&t.lru, i, byLru)
	if t.oldest {
		t.unlink(&t.open, i, byOpen)
	}
	t.n--
	t.clearBucket(b)
	t.Ended = append(t.Ended, i)
}

// silence is when a flow is over if no further packet comes, on the capture clock.
func (t *Table[S]) silence(h *Head) int64 {
	end := h.LastClock + min(t.opt.Timeout, math.MaxInt64-h.LastClock) // a clock may have come to its end
	if h.Closing != Open {
		end = min(end, h.CloseClock+min(t.opt.CloseDelay, math.MaxInt64-h.CloseClock))
	}
	return end
}

// Sweep ends the flows that are over at the clock's reading now: a later packet would find
// the same, so it matters for when a row appears and not for what it says.
func (t *Table[S]) Sweep(now int64) {
	t.sweepHeld(now)
	for i := t.closing.head; i != 0; {
		h := &t.pool.At(i).Head
		if now-h.CloseClock <= t.opt.CloseDelay {
			break
		}
		at := i
		i = t.pool.links[i][byClosing].next
		if h.held == 0 {
			t.endEntry(at, Idle, t.silence(h))
		}
	}
	for i := t.lru.head; i != 0; i = t.lru.head {
		h := &t.pool.At(i).Head
		if now-h.LastClock <= t.opt.Timeout {
			break
		}
		t.endEntry(i, Idle, t.silence(h))
	}
}

// Flush ends every flow. Its logical end is when silence would have ended it, so a live
// capture that waits for that gives its rows in the order in which a file's end gives them.
func (t *Table[S]) Flush() {
	for i := t.lru.head; i != 0; i = t.lru.head {
		h := &t.pool.At(i).Head
		if h.held != 0 {
			t.expire(i)
			if t.lru.head != i {
				continue
			}
		}
		t.endEntry(i, Flushed, t.silence(h))
	}
}

package flow

import "math"

// A Clock is the capture clock of one input, in nanoseconds from 0. A record adds what its
// timestamp exceeds the greatest one so far by; a record more than the flow timeout before
// that greatest adds nothing and starts over from its own timestamp. So a wild timestamp
// ends idle flows at most once and never stops later expiry, and the clock never runs
// backward. Where it stands still for standstill records, because all have one timestamp or lie
// before the greatest one, it goes on by a nanosecond: the flows that ended at one reading wait
// for each other, to leave in the order of their first packets, and there must be an end to it.
type Clock struct {
	now, top      int64
	timeout, step int64
	late          uint64
	still         int // records since the clock went on
}

// standstill is how many records in a row may leave the clock where it is.
const standstill = 1 << 14

// NewClock makes a clock that reads 0. timeout is the flow timeout, longest the longest
// time that anything is measured by on this clock, both in nanoseconds. A single forward
// step counts for at most four times the longer of the two: more would end nothing more,
// and the reading could overflow in a capture whose timestamps leap to and fro.
func NewClock(timeout, longest int64) Clock {
	step := max(timeout, longest)
	if step < math.MaxInt64/8 {
		step *= 4
	}
	return Clock{timeout: timeout, step: step}
}

// Tick takes the timestamp of the next record and returns the clock's reading.
func (c *Clock) Tick(ts int64) int64 {
	if ts > c.top {
		c.still = 0
	} else if c.still++; c.still == standstill {
		c.still = 0
		c.now += min(1, math.MaxInt64-c.now)
	}
	if ts >= c.top {
		d := uint64(ts) - uint64(c.top)
		c.now += int64(min(d, uint64(c.step), uint64(math.MaxInt64-c.now)))
		c.top = ts
		return c.now
	}
	c.late++
	if uint64(c.top)-uint64(ts) > uint64(c.timeout) {
		c.top = ts
	}
	return c.now
}

// Follow sets the clock to now, the merge time of a record with timestamp ts, where several captures
// are read as one: the greatest timestamp so far of the record's own capture. Of records in the order
// of that it is the greatest of all, so it is the same wherever a part of them is read, and it never
// goes back. The clock is not to be Ticked then.
func (c *Clock) Follow(now, ts int64) int64 {
	c.now, c.top = now, now
	if ts < now {
		c.late++
	}
	return now
}

// At is what the clock would read at a timestamp if nothing came before it. It changes nothing.
func (c *Clock) At(ts int64) int64 {
	after := *c
	if ts <= c.top {
		return c.now
	}
	return after.Tick(ts)
}

// Now is the reading at the latest record.
func (c *Clock) Now() int64 { return c.now }

// Late is the number of records whose timestamp lay before the greatest one.
func (c *Clock) Late() uint64 { return c.late }

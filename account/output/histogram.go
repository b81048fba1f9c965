package output

import (
	"sync/atomic"
	"time"
)

// Bounds are the upper bounds of a Histogram's buckets, from 1 ms to 1 h; above the last one lies
// one more bucket.
var Bounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

// A Histogram counts durations by Bounds. Any goroutine may observe and read at any time. Its zero
// value is empty.
type Histogram struct {
	n   [len(Bounds) + 1]atomic.Uint64
	sum atomic.Int64 // ns
}

// Observe counts a duration; a negative one, as clocks give that are set back, counts as none.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.n[i].Add(1)
	h.sum.Add(int64(d))
}

// Stats are the counts so far, one read after the other.
func (h *Histogram) Stats() Durations {
	var s Durations
	s.Sum = time.Duration(h.sum.Load())
	for i := range h.n {
		s.N[i] = h.n[i].Load()
	}
	return s
}

// Durations are what a Histogram has counted.
type Durations struct {
	N   [len(Bounds) + 1]uint64 // durations up to each of Bounds and above the one before; above the last
	Sum time.Duration
}

// Count is how many durations there were.
func (s *Durations) Count() (n uint64) {
	for _, k := range s.N {
		n += k
	}
	return n
}

// Add adds the counts of another histogram.
func (s *Durations) Add(o *Durations) {
	for i, n := range o.N {
		s.N[i] += n
	}
	s.Sum += o.Sum
}

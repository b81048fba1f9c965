package output

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// TestHistogram: a duration counts in the first bucket whose bound it does not pass, and sums of
// several goroutines lose none.
func TestHistogram(t *testing.T) {
	if !slices.IsSorted(Bounds[:]) || Bounds[0] != time.Millisecond || Bounds[len(Bounds)-1] != time.Hour {
		t.Errorf("bounds %v", Bounds)
	}
	var h Histogram
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			h.Observe(-time.Second)
			for _, b := range Bounds {
				h.Observe(b)
				h.Observe(b + 1)
			}
		})
	}
	wg.Wait()
	s := h.Stats()
	for i, n := range s.N {
		want := uint64(8) // its own bound, and what lies just above the one before
		switch i {
		case 0:
			want = 8 // its own bound, and the negative one
		case len(Bounds):
			want = 4
		}
		if n != want {
			t.Errorf("bucket %d has %d; want %d", i, n, want)
		}
	}
	var sum time.Duration
	for _, b := range Bounds {
		sum += 4 * (2*b + 1)
	}
	twice := s
	twice.Add(&s)
	if s.Sum != sum || s.Count() != 4*uint64(1+2*len(Bounds)) || twice.Count() != 2*s.Count() || twice.Sum != 2*sum {
		t.Errorf("sum %v of %d; want %v", s.Sum, s.Count(), sum)
	}
}

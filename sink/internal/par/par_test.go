package par

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEach(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 8} {
		for _, pieces := range []int{0, 1, 7, 1000} {
			calls := make([]atomic.Int32, pieces)
			busy := make([]atomic.Bool, max(workers, 1))
			Each(workers, pieces, func(worker, piece int) {
				if busy[worker].Swap(true) {
					t.Errorf("worker %d is in two places", worker)
				}
				calls[piece].Add(1)
				busy[worker].Store(false)
			})
			for i := range calls {
				if n := calls[i].Load(); n != 1 {
					t.Fatalf("%d workers, piece %d of %d: %d calls", workers, i, pieces, n)
				}
			}
		}
	}
}

// TestOrdered has pieces take uneven times: each is taken once, after it was made, in order,
// and no more than the window is made ahead.
func TestOrdered(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 8} {
		const pieces = 300
		var mu sync.Mutex
		made := map[int]bool{}
		var taken []int
		var taking atomic.Bool
		err := Ordered(workers, pieces, func(_, i int) error {
			if i%50 == 0 {
				time.Sleep(2 * time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			made[i] = true
			if i > len(taken)+ahead*max(workers, 1) {
				t.Errorf("piece %d is made while %d are taken", i, len(taken))
			}
			return nil
		}, func(i int) error {
			if taking.Swap(true) {
				t.Error("two pieces are taken at once")
			}
			mu.Lock()
			if !made[i] {
				t.Errorf("piece %d is taken before it is made", i)
			}
			taken = append(taken, i)
			mu.Unlock()
			taking.Store(false)
			return nil
		})
		if err != nil || len(taken) != pieces || !slices.IsSorted(taken) {
			t.Errorf("%d workers: took %d pieces, %v", workers, len(taken), err)
		}
	}
}

func TestOrderedFails(t *testing.T) {
	bad := errors.New("bad")
	for _, workers := range []int{1, 2, 8} {
		for _, at := range []int{0, 5, 99} {
			last := -1
			take := func(i int) error { last = i; return nil }
			err := Ordered(workers, 100, func(_, i int) error {
				if i == at {
					return bad
				}
				return nil
			}, take)
			if err != bad || last >= at {
				t.Errorf("%d workers, making %d: %v, took %d", workers, at, err, last)
			}
			err = Ordered(workers, 100, func(_, _ int) error { return nil }, func(i int) error {
				last = i
				if i == at {
					return bad
				}
				return nil
			})
			if err != bad || last != at {
				t.Errorf("%d workers, taking %d: %v, took %d", workers, at, err, last)
			}
		}
	}
}

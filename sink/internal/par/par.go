// Package par has a sink's goroutines work side by side on the pieces of what it encodes.
// What comes out does not depend on how many there are. It knows no format.
package par

import (
	"sync"
	"sync/atomic"
)

// Each calls f for every piece from 0 to pieces-1, by up to workers goroutines of which the
// caller is one, and returns when all calls have. worker tells them apart, from 0. The
// pieces are taken in order.
func Each(workers, pieces int, f func(worker, piece int)) {
	if workers = min(workers, pieces); workers <= 1 {
		for i := range pieces {
			f(0, i)
		}
		return
	}
	var next atomic.Int64
	work := func(worker int) {
		for {
			i := int(next.Add(1)) - 1
			if i >= pieces {
				return
			}
			f(worker, i)
		}
	}
	var others sync.WaitGroup
	for w := 1; w < workers; w++ {
		others.Add(1)
		go func() {
			defer others.Done()
			work(w)
		}()
	}
	work(0)
	others.Wait()
}

// ahead is how many pieces for each worker may be made while an earlier one is not taken.
const ahead = 8

// Window is how many pieces Ordered has made and not taken at a time, at most.
func Window(workers int) int { return ahead * max(workers, 1) }

// Ordered calls make for every piece, as Each does, and take for every piece in order, by
// one goroutine at a time, some time after its make. The first error ends it and is
// returned.
//
// Piece i is not made before piece i-Window(workers) is taken.
func Ordered(workers, pieces int, make func(worker, piece int) error, take func(piece int) error) error {
	if workers = min(workers, pieces); workers <= 1 {
		for i := range pieces {
			if err := make(0, i); err != nil {
				return err
			}
			if err := take(i); err != nil {
				return err
			}
		}
		return nil
	}
	o := &ordered{pieces: pieces, window: Window(workers), made: map[int]bool{}}
	o.cond.L = &o.mu
	var others sync.WaitGroup
	for w := 1; w < workers; w++ {
		others.Add(1)
		go func() {
			defer others.Done()
			o.work(w, make, take)
		}()
	}
	o.work(0, make, take)
	others.Wait()
	return o.err
}

// ordered is the state of a call of Ordered.
type ordered struct {
	mu     sync.Mutex
	cond   sync.Cond // taken has grown, or err is set
	pieces int
	window int
	next   int // piece that is made next
	taken  int // pieces before it are taken
	taking bool
	made   map[int]bool // pieces that wait to be taken
	err    error
}

func (o *ordered) work(worker int, make func(worker, piece int) error, take func(piece int) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for o.err == nil && o.next < o.pieces && o.next >= o.taken+o.window {
			o.cond.Wait()
		}
		if o.err != nil || o.next == o.pieces {
			return
		}
		i := o.next
		o.next++
		o.mu.Unlock()
		err := make(worker, i)
		o.mu.Lock()
		o.made[i] = true
		o.fail(err)
		if o.taking {
			continue // who takes sees it
		}
		o.taking = true
		for o.err == nil && o.made[o.taken] {
			delete(o.made, o.taken)
			i := o.taken
			o.mu.Unlock()
			err := take(i)
			o.mu.Lock()
			o.fail(err)
			o.taken++
			o.cond.Broadcast()
		}
		o.taking = false
	}
}

func (o *ordered) fail(err error) {
	if err != nil && o.err == nil {
		o.err = err
		o.cond.Broadcast()
	}
}

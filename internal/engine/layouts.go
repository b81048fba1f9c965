package engine

import (
	"sync"

	"pinyon/internal/groups"
)

// layouts are goroutines that lay rows out, a job each at a time.
type layouts struct {
	n    int
	jobs chan *job
	all  sync.WaitGroup
}

func newLayouts(p *groups.Plan, n int) *layouts {
	l := &layouts{n: n, jobs: make(chan *job)}
	for range n {
		l.all.Go(func() {
			w := newLayout(p)
			for j := range l.jobs {
				w.do(j)
				j.done <- struct{}{}
			}
		})
	}
	return l
}

// close ends the goroutines once they are done with what they were given.
func (l *layouts) close() {
	close(l.jobs)
	l.all.Wait()
}

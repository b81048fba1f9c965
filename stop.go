package pinyon

import (
	"sync"
	"sync/atomic"
)

// A Stop ends a run early and orderly: no more is read, what was read is flushed and
// written. The zero value is ready; it may be set from any goroutine.
type Stop struct {
	flag atomic.Bool
	mu   sync.Mutex
	done chan struct{} // nil until somebody asks for it
}

// Set stops the run.
func (s *Stop) Set() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.flag.Swap(true) && s.done != nil {
		close(s.done)
	}
}

// IsSet reports whether Set was called.
func (s *Stop) IsSet() bool { return s.flag.Load() }

// Done is closed by Set.
func (s *Stop) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(chan struct{})
		if s.flag.Load() {
			close(s.done)
		}
	}
	return s.done
}

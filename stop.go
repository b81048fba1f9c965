package pinyon

import "sync/atomic"

// A Stop ends a run early and orderly: no more is read, what was read is flushed and
// written. The zero value is ready; it may be set from any goroutine.
type Stop struct{ flag atomic.Bool }

// Set stops the run.
func (s *Stop) Set() { s.flag.Store(true) }

// IsSet reports whether Set was called.
func (s *Stop) IsSet() bool { return s.flag.Load() }

//go:build !linux

package process

// A Tracker exists on Linux only.
type Tracker struct{ spec Spec }

// Open says ErrNotSupported.
func Open(_ Spec, events Events) (*Tracker, error) {
	if events != nil {
		events.Close()
	}
	return nil, ErrNotSupported
}

// The methods are there so that programs compile; Open gives no receiver.

// Ended is never closed.
func (*Tracker) Ended() <-chan struct{} { return nil }

// Process knows none.
func (*Tracker) Process(uint32) (Process, bool) { return Process{}, false }

// Close does nothing.
func (*Tracker) Close() error { return nil }

func (*Tracker) update(*index) bool { return false }
func (*Tracker) wanted()            {}
func (*Tracker) listed() int64      { return 0 }
func (*Tracker) settle()            {}
func (*Tracker) stats() Stats       { return Stats{} }

package session

import (
	"errors"
	"fmt"

	"pinyon/source"
)

// What callers decide on; use errors.Is. Errors of devices are those of package capture, and
// what a callback or an output failed with is wrapped in a capture.Error.
var (
	// ErrRunning: a Capture runs once at a time.
	ErrRunning = errors.New("capture is running")
	// ErrChanging: a callback asked for a change while another one is under way.
	ErrChanging = errors.New("a change is under way")
)

// A PanicError is a callback's panic, which ends the capture.
type PanicError struct {
	Value any
	Stack []byte
}

// Error is what the callback panicked with.
func (e *PanicError) Error() string { return fmt.Sprintf("callback panicked: %v", e.Value) }

// wrap makes err a *capture.Error unless it is one.
func wrap(op string, err error) error { return source.Wrap(op, err) }

// unjoined is err without the wrapping of a single error.
func unjoined(err error) error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		if list := j.Unwrap(); len(list) == 1 {
			return unjoined(list[0])
		}
	}
	return err
}

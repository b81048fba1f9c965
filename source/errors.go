package source

import (
	"errors"
	"fmt"
)

// What callers of any source decide on; use errors.Is. A missing privilege is
// fs.ErrPermission.
var (
	// ErrTimeout is what Next of a live source returns when no frame came for a while, so that
	// its reader can look at the clock. It is no end: the next call waits again.
	ErrTimeout = errors.New("capture: no packet within the read timeout")
	// ErrWouldBlock is Next's answer of a source that does not block when no packet is there.
	ErrWouldBlock = errors.New("capture: no packet at hand")
	// ErrNotSupported: the system, the build, or this kind of source cannot do it.
	ErrNotSupported = errors.New("not supported")
	// ErrClosed: the source is closed.
	ErrClosed = errors.New("capture is closed")
)

// An Error is any error of a source that is no file: Err says what went wrong.
type Error struct {
	Op  string // open, filter, read, callback, output, close
	Err error
}

// Error is the operation and what went wrong in it.
func (e *Error) Error() string { return fmt.Sprintf("capture: %s: %v", e.Op, e.Err) }

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// Wrap makes err an *Error unless it is nil or one.
func Wrap(op string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{Op: op, Err: err}
}

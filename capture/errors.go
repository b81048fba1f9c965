package capture

import (
	"errors"
	"fmt"

	"pinyon/netif"
	"pinyon/source"
)

// What callers decide on; use errors.Is. A missing privilege is fs.ErrPermission, and its
// text names the capability.
var (
	// ErrNotFound: no device has that name.
	ErrNotFound = netif.ErrNotFound
	// ErrDown: the device is not up.
	ErrDown = errors.New("device is not up")
	// ErrGone: the device was deleted while it was captured from.
	ErrGone = errors.New("device was removed")
	// ErrStop, from a callback, ends a capture without error.
	ErrStop = errors.New("stop capturing")
)

// wrap makes err an *Error unless it is one.
func wrap(op string, err error) error { return source.Wrap(op, err) }

// An InterfaceError is an error of a device.
type InterfaceError struct {
	Name string
	Op   string // open, bind, read, ...
	Err  error
}

func (e *InterfaceError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Name, e.Op, e.Err) }

// Unwrap gives Err.
func (e *InterfaceError) Unwrap() error { return e.Err }

// Package capture opens the devices of this machine as sources of frames: the rings in which
// the system keeps their packets, and filters that the kernel runs. What happens to a frame
// afterwards is not its concern. Package source says what a source is.
package capture

import "pinyon/source"

// What a device shares with every other source, under the names that callers of this package
// know. An Error's Err is an *InterfaceError, a *filter.Error, what a callback returned, or what
// writing failed with.
type (
	Source = source.Source
	Stats  = source.Stats
	Counts = source.Counts
	Error  = source.Error
)

// Errors of any source, likewise.
var (
	ErrTimeout      = source.ErrTimeout
	ErrWouldBlock   = source.ErrWouldBlock
	ErrNotSupported = source.ErrNotSupported
	ErrClosed       = source.ErrClosed
)

var _ Source = (*Device)(nil)

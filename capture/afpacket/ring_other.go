//go:build !linux

package afpacket

import (
	"pinyon/filter"
	"pinyon/packet"
)

// A Ring does not exist on this system.
type Ring struct{}

// Counts are a ring's sums.
type Counts struct{ Received, Dropped, Freezes uint64 }

// Open is ErrNotSupported.
func Open(Config, []filter.Instruction) (*Ring, error) { return nil, ErrNotSupported }

// FD is no descriptor.
func (*Ring) FD() int { return -1 }

// Size is nothing.
func (*Ring) Size() (ring, frame int) { return 0, 0 }

// Next has no packet.
func (*Ring) Next(*packet.Frame) bool { return false }

// Buffered is nothing.
func (*Ring) Buffered() int { return 0 }

// Ready is never.
func (*Ring) Ready() bool { return false }

// Attach is ErrNotSupported.
func (*Ring) Attach([]filter.Instruction) error { return ErrNotSupported }

// Counts is ErrNotSupported.
func (*Ring) Counts() (Counts, error) { return Counts{}, ErrNotSupported }

// Err is ErrNotSupported.
func (*Ring) Err() error { return ErrNotSupported }

// Close does nothing.
func (*Ring) Close() error { return nil }

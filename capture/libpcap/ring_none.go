//go:build !libpcap || !cgo

package libpcap

import (
	"pinyon/filter"
	"pinyon/packet"
)

// A Ring does not exist in this build.
type Ring struct{}

// LinkType is ErrNotBuilt.
func LinkType(string) (uint16, error) { return 0, ErrNotBuilt }

// Open is ErrNotBuilt.
func Open(Config, []filter.Instruction) (*Ring, error) { return nil, ErrNotBuilt }

// Next has no packet.
func (*Ring) Next(*packet.Frame) bool { return false }

// Buffered is nothing.
func (*Ring) Buffered() int { return 0 }

// Lent is never.
func (*Ring) Lent() bool { return false }

// Ready is never.
func (*Ring) Ready() bool { return false }

// Attach is ErrNotBuilt.
func (*Ring) Attach([]filter.Instruction) error { return ErrNotBuilt }

// Sums is ErrNotBuilt.
func (*Ring) Sums() (received, dropped, freezes uint64, err error) { return 0, 0, 0, ErrNotBuilt }

// Err is ErrNotBuilt.
func (*Ring) Err() error { return ErrNotBuilt }

// Failed is true.
func (*Ring) Failed() bool { return true }

// FD is no descriptor.
func (*Ring) FD() int { return -1 }

// Close does nothing.
func (*Ring) Close() error { return nil }

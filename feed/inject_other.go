//go:build !linux

package feed

import (
	"fmt"

	"pinyon/capture"
)

// A sender does not exist on this system.
type sender struct{ name string }

func newSender(d *capture.Device) *sender { return &sender{d.Name()} }

func (s *sender) send([]byte) error {
	return &capture.Error{Op: "inject", Err: &capture.InterfaceError{Name: s.name, Op: "send", Err: fmt.Errorf("%w on this system", ErrUnsupported)}}
}

func (s *sender) close() error { return nil }

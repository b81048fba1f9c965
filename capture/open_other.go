//go:build !linux

package capture

import "pinyon/filter"

// lookup finds no device: this build captures from files only.
func lookup(name string) (*link, error) {
	return nil, &InterfaceError{name, "open", ErrNotSupported}
}

func openRing(l *link, _ uint32, _ uint16, _ *Options, _ []filter.Instruction) (ring, error) {
	return nil, &InterfaceError{l.name, "open", ErrNotSupported}
}

func nextGroup() uint16 { return 0 }

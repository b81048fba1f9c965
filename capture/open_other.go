//go:build !linux

package capture

import "pinyon/filter"

// hasSystem: there are rings without libpcap.
const hasSystem = false

func openSystemRing(l *link, _ uint32, _ uint16, _ *Options, _ []filter.Instruction) (ring, error) {
	return nil, &InterfaceError{l.name, "open", ErrNotSupported}
}

func nextGroup() uint16 { return 0 }

package capture

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"pinyon/capture/afpacket"
	"pinyon/capture/libpcap"
	"pinyon/filter"
)

// Values of Options.Backend.
const (
	// BackendSystem is the system's own way, AF_PACKET on Linux.
	BackendSystem = ""
	// BackendLibpcap is libpcap, in builds with its tag.
	BackendLibpcap = "libpcap"
)

// libpcapRing is a handle of libpcap as a Device sees it.
type libpcapRing struct{ *libpcap.Ring }

func (r libpcapRing) Err() error { return fromLibpcap(r.Ring.Err()) }

var _ ring = libpcapRing{}

func fromLibpcap(err error) error {
	switch {
	case errors.Is(err, libpcap.ErrNotBuilt):
		return fmt.Errorf("%w: %w", ErrNotSupported, err)
	case errors.Is(err, libpcap.ErrGone):
		return ErrGone
	case errors.Is(err, libpcap.ErrDown):
		return ErrDown
	}
	return afpacket.Explain(err)
}

// checkBackend reports whether a backend can be asked for.
func checkBackend(o *Options) error {
	switch o.Backend {
	case BackendSystem:
		return nil
	case BackendLibpcap:
		if o.Rings > 1 {
			return fmt.Errorf("%w: several rings with libpcap", ErrNotSupported)
		}
		return nil
	}
	return fmt.Errorf("%w: backend %q; there are %q, and with the build tag of that name %q", ErrNotSupported, o.Backend, BackendSystem, BackendLibpcap)
}

// usesLibpcap: asked for, or for want of another.
func (o *Options) usesLibpcap() bool { return o.Backend == BackendLibpcap || !hasSystem }

// adapt makes a link one of libpcap's. Off Linux its device says the link type, and its
// kernel knows nothing beside the packet.
func adapt(l *link, o *Options) error {
	if !o.usesLibpcap() || runtime.GOOS == "linux" {
		return nil
	}
	t, err := libpcap.LinkType(l.name)
	if err != nil {
		return &InterfaceError{l.name, "open", fromLibpcap(err)}
	}
	l.link, l.cooked, l.bare = t, false, true
	return nil
}

// refuseEarlier leaves out what libpcap's rings took before their filters were set, as packets
// of an earlier filter.
func (d *Device) refuseEarlier() {
	now := time.Now()
	s := &swap{stamp: now.UnixNano(), at: now}
	for _, p := range d.ports {
		s.progs = append(s.progs, p.prog)
	}
	d.swapped, d.checks = s, true
}

func openRing(l *link, position uint32, group uint16, o *Options, prog []filter.Instruction) (ring, error) {
	if !o.usesLibpcap() {
		return openSystemRing(l, position, group, o, prog)
	}
	r, err := libpcap.Open(libpcap.Config{
		Name: l.name, Link: l.link, Position: position, Snaplen: o.Snaplen, BufferSize: o.BufferSize,
		Retire: int(o.retire().Milliseconds()), Immediate: o.Immediate, Promisc: !o.NoPromisc && l.index != 0,
	}, prog)
	if err != nil {
		return nil, &InterfaceError{l.name, "open", fromLibpcap(err)}
	}
	return libpcapRing{r}, nil
}

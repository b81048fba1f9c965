package capture

import (
	"errors"
	"fmt"
	"os"

	"pinyon/capture/afpacket"
	"pinyon/filter"
)

// packetRing is an AF_PACKET ring as a Device sees it.
type packetRing struct{ *afpacket.Ring }

func (r packetRing) Sums() (received, dropped, freezes uint64, err error) {
	c, err := r.Ring.Counts()
	return c.Received, c.Dropped, c.Freezes, err
}

func (r packetRing) Err() error { return translate(r.Ring.Err()) }

// translate makes the ring's errors this package's.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, afpacket.ErrDown):
		return ErrDown
	case errors.Is(err, afpacket.ErrGone):
		return ErrGone
	case errors.Is(err, afpacket.ErrNotSupported):
		return fmt.Errorf("%w: %w", ErrNotSupported, err)
	}
	return afpacket.Explain(err)
}

// hasSystem: there are rings without libpcap.
const hasSystem = true

func openSystemRing(l *link, position uint32, group uint16, o *Options, prog []filter.Instruction) (ring, error) {
	r, err := afpacket.Open(afpacket.Config{
		Index: l.index, Link: l.link, Cooked: l.cooked, Position: position, Snaplen: o.Snaplen, BufferSize: o.BufferSize,
		Retire: int(o.retire().Milliseconds()), Promisc: !o.NoPromisc, Fanout: group,
	}, prog)
	if err != nil {
		return nil, &InterfaceError{l.name, "open", translate(err)}
	}
	return packetRing{r}, nil
}

// nextGroup is a fanout group that no other process is likely to use.
func nextGroup() uint16 {
	n := uint16(os.Getpid()<<6) + uint16(groups.Add(1))
	if n == 0 {
		n = uint16(groups.Add(1))
	}
	return n
}

var _ ring = packetRing{}

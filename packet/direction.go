package packet

import "net/netip"

// A Direction is where a packet goes, as seen from the capturing machine.
type Direction uint8

// The directions.
const (
	Unknown   Direction = iota
	Up                  // from this machine
	Down                // to this machine, broadcast and multicast included
	Local               // from this machine to itself
	Forwarded           // neither from nor to it
)

// String is the direction's word in the column.
func (d Direction) String() string {
	return [...]string{"Unknown", "Up", "Down", "Local", "Forwarded"}[d]
}

// DirectionOf is the direction of a packet with addresses src and dst (not valid: it has
// none), by what the kernel said of the frame and, where that says nothing, by the
// machine's own addresses. own may be nil.
func DirectionOf(t Type, src, dst netip.Addr, own func(netip.Addr) bool) Direction {
	is := func(a netip.Addr) bool { return own != nil && a.IsValid() && own(a) }
	switch t {
	case TypeOutgoing:
		if is(dst) {
			return Local
		}
		return Up
	case TypeHost, TypeBroadcast, TypeMulticast:
		if is(src) {
			return Local
		}
		return Down
	case TypeOtherHost:
		return Forwarded
	}
	switch {
	case own == nil || !src.IsValid():
		return Unknown
	case is(src) && is(dst):
		return Local
	case is(src):
		return Up
	case is(dst) || dst.IsMulticast() || dst == broadcast:
		return Down
	}
	return Forwarded
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

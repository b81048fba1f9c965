package capture

import (
	"errors"
	"net/netip"

	"pinyon/netif"
	"pinyon/packet"
)

// lookup finds a device; "" is the default one.
func lookup(name string) (*link, error) {
	if name == Any {
		return lookupAny()
	}
	d, err := netif.Device{}, error(nil)
	if name == "" {
		d, _, err = netif.Default()
		name = "default interface"
	} else {
		d, err = netif.Find(name)
	}
	switch {
	case errors.Is(err, netif.ErrNotFound), errors.Is(err, netif.ErrName):
		return nil, &InterfaceError{name, "open", ErrNotFound}
	case err != nil:
		return nil, &InterfaceError{name, "open", err}
	case !d.Up():
		return nil, &InterfaceError{d.Name, "open", ErrDown}
	}
	l := &link{name: d.Name, index: d.Index, loopback: d.Flags&netif.Loopback != 0, netmask: mask(d.Network())}
	l.link, l.cooked = netif.LinkTypeOf(d.HardwareType)
	return l, nil
}

func lookupAny() (*link, error) {
	l := &link{name: Any, link: packet.LinkLinuxSLL2, cooked: true}
	all, err := netif.List()
	if err != nil {
		return nil, &InterfaceError{Any, "open", err}
	}
	for _, d := range all {
		if d.Flags&netif.Loopback != 0 {
			l.loopbacks = append(l.loopbacks, d.Index)
		}
		l.members = append(l.members, d.Index)
	}
	return l, nil
}

// mask is an IPv4 network's mask; 0 without one.
func mask(n netip.Prefix) uint32 {
	if !n.IsValid() || !n.Addr().Is4() {
		return 0
	}
	return ^uint32(0) << (32 - n.Bits())
}

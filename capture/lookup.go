package capture

import (
	"errors"
	"fmt"
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
	l.radio = d.Flags&netif.Wireless != 0
	return l, nil
}

// monitors reports why a link does not give frames as they were in the air.
func (l *link) monitors() error {
	switch l.link {
	case packet.LinkIEEE80211, packet.LinkRadiotap, packet.LinkPrism, packet.LinkAVS:
		return nil
	}
	why := "it is no radio device"
	switch {
	case l.radio:
		why = fmt.Sprintf("set it with `iw dev %s set type monitor`, or add a device with `iw dev %[1]s interface add mon0 type monitor`", l.name)
	case l.name == Any:
		why = "name the device"
	}
	return &InterfaceError{l.name, "open", fmt.Errorf("%w: not in monitor mode: %s", ErrNotSupported, why)}
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

package netif

import (
	"net"
	"net/netip"
	"strconv"
)

// A Device is what the system said about a network device when it was asked. Copies share
// the slices, which nobody changes.
type Device struct {
	Name  string
	Index int // the kernel's number, which a rename does not change
	// Description is the alias that an administrator gave, else driver and bus address.
	Description string
	Alias       string   // ip link set DEV alias; any text
	AltNames    []string // further names that the kernel takes for Name
	Driver      string   // as ethtool tells it
	MTU         int      // bytes, without the link header
	MAC         net.HardwareAddr
	Kind        Kind
	KernelKind  string // the kernel's own word for the kind of a virtual device: bridge, veth, ...
	// HardwareType is the ARPHRD_ value; 0 where the system has none.
	HardwareType uint16
	// LinkType is the LINKTYPE_ value of a capture; see LinkTypeOf.
	LinkType uint16
	Flags    Flags
	Addrs    []Addr
}

// Up reports whether the device is switched on.
func (d Device) Up() bool { return d.Flags&Up != 0 }

// Refresh asks the system about the device again, by its index: a renamed one is found. If
// it is gone the error is ErrNotFound and d stays as it was.
func (d *Device) Refresh() error {
	fresh, err := byIndex(d.Index)
	if err != nil {
		return &Error{d.Name, StageFind, err}
	}
	*d = fresh
	return nil
}

// Ready asks the system whether a capture could start now: the device is there, up
// (ErrDown), running (ErrNotRunning), and this process is permitted (ErrPermission).
func (d Device) Ready() error {
	if err := d.Refresh(); err != nil {
		return err
	}
	switch {
	case d.Flags&Up == 0:
		return &Error{d.Name, StageOpen, ErrDown}
	case d.Flags&Running == 0:
		return &Error{d.Name, StageOpen, ErrNotRunning}
	}
	if err := Permitted(); err != nil {
		return &Error{d.Name, StageOpen, err}
	}
	return nil
}

// InNetwork reports whether ip lies in one of the device's networks or is one of its
// addresses. A zone has to be that of this device.
func (d Device) InNetwork(ip netip.Addr) bool {
	for _, a := range d.Addrs {
		if a.InNetwork(ip) {
			return d.zone(ip)
		}
	}
	return false
}

// Owns reports whether ip is an address of the device, not only of its network.
func (d Device) Owns(ip netip.Addr) bool {
	for _, a := range d.Addrs {
		if a.Owns(ip) {
			return d.zone(ip)
		}
	}
	return false
}

// zone reports whether an address may be this device's as far as its zone goes.
func (d Device) zone(ip netip.Addr) bool {
	z := ip.Zone()
	return z == "" || z == d.Name || z == strconv.Itoa(d.Index)
}

// InNetworkString is InNetwork for text; the error is an *AddrError.
func (d Device) InNetworkString(ip string) (bool, error) {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false, &AddrError{ip, err}
	}
	return d.InNetwork(a), nil
}

// Network is the IPv4 network of the device: of several the first of the widest scope. It
// is not valid if there is none.
func (d Device) Network() netip.Prefix {
	var best Addr
	for _, a := range d.Addrs {
		if a.Prefix.Addr().Is4() && (!best.Prefix.IsValid() || a.Scope < best.Scope) {
			best = a
		}
	}
	return best.Network()
}

// Networks6 are the IPv6 networks of the device, each once.
func (d Device) Networks6() []netip.Prefix {
	var list []netip.Prefix
next:
	for _, a := range d.Addrs {
		n := a.Network()
		if !n.Addr().Is6() {
			continue
		}
		for _, old := range list {
			if old == n {
				continue next
			}
		}
		list = append(list, n)
	}
	return list
}

//go:build !linux

package netif

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"slices"

	"pinyon/packet"
)

func devices() ([]Device, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	list := make([]Device, 0, len(interfaces))
	for i := range interfaces {
		d, err := deviceOf(&interfaces[i])
		if err != nil {
			continue // gone since
		}
		list = append(list, d)
	}
	return list, nil
}

func byName(name string) (Device, error) {
	return one(func(d Device) bool { return d.Name == name })
}

func byIndex(index int) (Device, error) {
	return one(func(d Device) bool { return d.Index == index })
}

func one(fits func(Device) bool) (Device, error) {
	list, err := devices()
	if err != nil {
		return Device{}, err
	}
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return list[i], nil
	}
	return Device{}, ErrNotFound
}

func deviceOf(i *net.Interface) (Device, error) {
	d := Device{Name: i.Name, Index: i.Index, MTU: i.MTU, MAC: i.HardwareAddr}
	addrs, err := i.Addrs()
	if err != nil {
		return d, err
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		ones, bits := n.Mask.Size()
		if ok && bits > 0 {
			d.Addrs = append(d.Addrs, Addr{Prefix: netip.PrefixFrom(ip.Unmap(), ones), Scope: scopeOf(ip)})
		}
	}
	d.Kind = kindByName(i.Name)
	switch {
	case i.Flags&net.FlagLoopback != 0:
		d.Kind = KindLoopback
	case d.Kind == KindUnknown && len(i.HardwareAddr) == 6 && i.Flags&net.FlagBroadcast != 0:
		d.Kind = KindEthernet
	}
	d.LinkType = linkOf(i)
	if i.Flags&net.FlagUp != 0 {
		d.Flags |= Up
	}
	if i.Flags&net.FlagRunning != 0 {
		d.Flags |= Running
	}
	if d.Kind == KindWireless {
		d.Flags |= Wireless
	}
	if d.Kind == KindLoopback {
		d.Flags = (d.Flags | Loopback).with(NotApplicable)
	}
	return d, nil
}

// scopeOf is what the address itself says.
func scopeOf(ip netip.Addr) Scope {
	switch {
	case ip.IsLoopback():
		return ScopeHost
	case ip.IsLinkLocalUnicast():
		return ScopeLink
	}
	return ScopeGlobal
}

// linkOf guesses what libpcap will give: without a broadcast domain BSD systems put the
// address family in front, OpenBSD in network byte order.
func linkOf(i *net.Interface) uint16 {
	switch {
	case i.Flags&(net.FlagLoopback|net.FlagPointToPoint) == 0:
		return packet.LinkEthernet
	case runtime.GOOS == "openbsd":
		return packet.LinkLoop
	}
	return packet.LinkNull
}

// defaultRoutes asks which address the system would talk from to one that only the default
// route leads to. Connecting a datagram socket sends nothing.
func defaultRoutes() ([]route, error) {
	list, err := devices()
	if err != nil {
		return nil, err
	}
	var routes []route
	for _, t := range []struct {
		family      uint8
		network, to string
	}{{afINET, "udp4", "192.0.2.1:9"}, {afINET6, "udp6", "[2001:db8::1]:9"}} {
		c, err := net.Dial(t.network, t.to)
		if err != nil {
			continue
		}
		from, err := netip.ParseAddrPort(c.LocalAddr().String())
		c.Close()
		if err != nil {
			continue
		}
		for _, d := range list {
			if d.Owns(from.Addr()) {
				routes = append(routes, route{family: t.family, index: d.Index, table: tableMain})
				break
			}
		}
	}
	return routes, nil
}

func counters(int) (Counts, error) { return Counts{}, errors.ErrUnsupported }

func permitted() error { return nil }

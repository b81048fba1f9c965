package netif

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func devices() ([]Device, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	defer c.close()
	var links []link
	err = c.dump(linkRequest(0, "", false), msgNewLink, func() { links = links[:0] }, func(b []byte) error {
		l, err := parseLink(b)
		links = append(links, l)
		return err
	})
	if err != nil {
		return nil, err
	}
	addrs, err := c.addrs(0)
	if err != nil {
		return nil, err
	}
	list := make([]Device, 0, len(links))
	seen := map[int]bool{}
	for _, l := range links {
		if !seen[l.index] {
			seen[l.index] = true
			list = append(list, c.device(&l, addrs[l.index]))
		}
	}
	return list, nil
}

func byName(name string) (Device, error) {
	// Alternative names have up to 127 bytes.
	if name == "" || len(name) > 127 || strings.Contains(name, "\x00") {
		return Device{}, ErrNotFound
	}
	return one(linkRequest(0, name, false), len(name) > maxName)
}

func byIndex(index int) (Device, error) {
	if index <= 0 || index > 1<<31-1 {
		return Device{}, ErrNotFound
	}
	return one(linkRequest(index, "", false), false)
}

// one asks for a single device. A kernel before 5.5 takes alternative names for a mistake.
func one(req []byte, alternative bool) (Device, error) {
	c, err := dial()
	if err != nil {
		return Device{}, err
	}
	defer c.close()
	l, err := c.link(req)
	if err == unix.EINVAL && alternative {
		err = ErrNotFound
	}
	if err != nil {
		return Device{}, err
	}
	addrs, err := c.addrs(l.index)
	if err != nil {
		return Device{}, err
	}
	return c.device(&l, addrs[l.index]), nil
}

func (c *conn) link(req []byte) (l link, err error) {
	err = c.ask(req, msgNewLink, func(b []byte) error {
		l, err = parseLink(b)
		l.stats = bytes.Clone(l.stats)
		return err
	})
	if err == unix.ENODEV {
		err = ErrNotFound
	}
	return l, err
}

// addrs are the addresses of a device, or with 0 of all, by index.
func (c *conn) addrs(index int) (map[int][]Addr, error) {
	addrs := map[int][]Addr{}
	err := c.dump(addrRequest(index), msgNewAddr, func() { clear(addrs) }, func(b []byte) error {
		i, a, ok, err := parseAddr(b)
		if ok {
			addrs[i] = append(addrs[i], a)
		}
		return err
	})
	if err == unix.ENODEV { // went away since
		err = ErrNotFound
	}
	return addrs, err
}

// device adds to a link what netlink does not tell. A device that goes away meanwhile
// lacks that.
func (c *conn) device(l *link, addrs []Addr) Device {
	d := Device{
		Name: l.name, Index: l.index, Alias: l.alias, AltNames: l.altNames, MTU: int(l.mtu), MAC: l.mac, KernelKind: l.kind,
		HardwareType: l.hardware, Addrs: addrs,
	}
	d.LinkType, _ = LinkTypeOf(l.hardware)
	wireless := isWireless(l)
	d.Kind = kindOf(l.kind, wireless, l.hardware, l.name)
	if l.flags&iffUp != 0 {
		d.Flags |= Up
	}
	if l.flags&iffRunning != 0 {
		d.Flags |= Running
	}
	if wireless || d.Kind == KindWireless {
		d.Flags |= Wireless
	}
	if l.flags&iffLoopback != 0 {
		d.Flags = (d.Flags | Loopback).with(NotApplicable)
	} else {
		d.Flags = d.Flags.with(c.connection(l.name))
	}
	if info, err := unix.IoctlGetEthtoolDrvinfo(c.fd, l.name); err == nil {
		d.Driver = text(info.Driver[:])
		d.Description = d.Driver
		switch bus := text(info.Bus_info[:]); bus {
		case "", "N/A", d.Driver:
		default:
			d.Description += " at " + bus
		}
	}
	if d.Alias != "" {
		d.Description = d.Alias
	}
	return d
}

// connection asks the driver, by the netlink socket as any other would do.
func (c *conn) connection(name string) Connection {
	value := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_GLINK}
	var req struct { // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [24 - unsafe.Sizeof(uintptr(0))]byte
	}
	if copy(req.name[:len(req.name)-1], name) != len(name) {
		return ConnectionUnknown
	}
	req.data = unsafe.Pointer(&value)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(c.fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
	switch {
	case errno == unix.EOPNOTSUPP || errno == unix.EINVAL:
		return NotApplicable
	case errno != 0:
		return ConnectionUnknown
	case value.data != 0:
		return Connected
	}
	return Disconnected
}

// isWireless looks for what cfg80211 leaves in sysfs. That shows the network namespace in
// which it was mounted, where a device of this name may be another one: index and address
// have to agree.
func isWireless(l *link) bool {
	if strings.ContainsAny(l.name, "/\x00") || l.name == "." || l.name == ".." || l.kind != "" {
		return false
	}
	dir := "/sys/class/net/" + l.name + "/"
	exists := func(name string) bool {
		_, err := os.Lstat(dir + name)
		return err == nil
	}
	read := func(name string) string {
		b, _ := os.ReadFile(dir + name)
		return strings.TrimSpace(string(b))
	}
	return (exists("wireless") || exists("phy80211")) && read("ifindex") == strconv.Itoa(l.index) && read("address") == l.mac.String()
}

func defaultRoutes() ([]route, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	defer c.close()
	var all []route
	for _, family := range []uint8{afINET, afINET6} {
		var routes []route
		err := c.dump(routeRequest(family), msgNewRt, func() { routes = routes[:0] }, func(b []byte) error {
			r, ok, err := parseRoute(b)
			if ok && r.family == family {
				routes = append(routes, r)
			}
			return err
		})
		if err != nil && err != unix.EOPNOTSUPP && err != unix.EAFNOSUPPORT { // a kernel without IPv6
			return nil, err
		}
		all = append(all, routes...)
	}
	return all, nil
}

func counters(index int) (Counts, error) {
	if index <= 0 || index > 1<<31-1 {
		return Counts{}, ErrNotFound
	}
	c, err := dial()
	if err != nil {
		return Counts{}, err
	}
	defer c.close()
	l, err := c.link(linkRequest(index, "", true))
	if err != nil {
		return Counts{}, err
	}
	return parseCounters(l.stats)
}

// permitted tries it: what a process may do depends on the user namespace that owns its
// network namespace, and on security modules, not on capabilities alone. Protocol 0
// receives nothing.
func permitted() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	switch err {
	case nil:
		return unix.Close(fd)
	case unix.EPERM, unix.EACCES:
		return ErrPermission
	}
	return fmt.Errorf("packet socket: %w", err)
}

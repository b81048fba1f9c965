package netif

import (
	"errors"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxName is the kernel's limit for the name of a device, in bytes (IFNAMSIZ less the 0).
const maxName = 15

// List returns all devices by index. A machine that makes and removes devices faster than
// they can be listed may get one that is gone, or miss a new one.
func List() ([]Device, error) {
	list, err := devices()
	if err != nil {
		return nil, &Error{"", StageList, err}
	}
	slices.SortFunc(list, func(a, b Device) int { return a.Index - b.Index })
	return list, nil
}

// All goes through the devices that List returns. An iteration cannot tell why there is
// nothing: if List fails there are no devices.
func All() iter.Seq[Device] {
	return func(yield func(Device) bool) {
		list, _ := List()
		for _, d := range list {
			if !yield(d) {
				return
			}
		}
	}
}

// Names returns the names of all devices, by index.
func Names() ([]string, error) {
	list, err := List()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, d := range list {
		names[i] = d.Name
	}
	return names, nil
}

// ByName returns a device by its name or by an alternative one. The error is ErrNotFound
// if there is none.
func ByName(name string) (Device, error) {
	d, err := byName(name)
	if err != nil {
		return Device{}, &Error{name, StageFind, err}
	}
	return d, nil
}

// ByIndex returns a device by the kernel's number.
func ByIndex(index int) (Device, error) {
	d, err := byIndex(index)
	if err != nil {
		return Device{}, &Error{strconv.Itoa(index), StageFind, err}
	}
	return d, nil
}

// ByType returns the devices of a kind; see Kind.Is.
func ByType(k Kind) ([]Device, error) {
	return where(func(d Device) bool { return d.Kind.Is(k) })
}

// Active returns the devices that are up.
func Active() ([]Device, error) { return where(Device.Up) }

func where(fits func(Device) bool) ([]Device, error) {
	list, err := List()
	return slices.DeleteFunc(list, func(d Device) bool { return !fits(d) }), err
}

// Network returns the IPv4 network of a device, as Device.Network does; ErrNoAddress if it
// has none.
func Network(name string) (netip.Prefix, error) {
	d, err := ByName(name)
	if err != nil {
		return netip.Prefix{}, err
	}
	if n := d.Network(); n.IsValid() {
		return n, nil
	}
	return netip.Prefix{}, &Error{name, StageFind, faultf(ErrNoAddress, "no IPv4 address")}
}

// Networks6 returns the IPv6 networks of a device; ErrNoAddress if it has none.
func Networks6(name string) ([]netip.Prefix, error) {
	d, err := ByName(name)
	if err != nil {
		return nil, err
	}
	if n := d.Networks6(); len(n) > 0 {
		return n, nil
	}
	return nil, &Error{name, StageFind, faultf(ErrNoAddress, "no IPv6 address")}
}

// Resolve returns the system's name of the device that a text means; see Find.
func Resolve(s string) (string, error) {
	d, err := Find(s)
	return d.Name, err
}

// Find returns the device that a text means: a name or alternative name, else an index,
// else an alias, else a description. A text that means several devices is ErrAmbiguous,
// one that means none ErrNotFound.
func Find(s string) (Device, error) {
	d, err := ByName(s)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return d, err
	}
	if index, e := strconv.Atoi(s); e == nil && index > 0 {
		return ByIndex(index)
	}
	list, e := List()
	if e != nil {
		return Device{}, e
	}
	for _, text := range []func(Device) string{
		func(d Device) string { return d.Alias },
		func(d Device) string { return d.Description },
	} {
		var found []Device
		var names []string
		for _, d := range list {
			if s != "" && text(d) == s {
				found, names = append(found, d), append(names, d.Name)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return Device{}, &Error{s, StageFind, faultf(ErrAmbiguous, "means %s", strings.Join(names, ", "))}
		}
	}
	return Device{}, err
}

// CheckName reports whether the Linux kernel would take a text as the name of a device: 1
// to 15 bytes, neither "." nor "..", without slash, colon and blanks. The error is ErrName.
func CheckName(name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "is empty"
	case len(name) > maxName:
		problem = "is longer than 15 bytes"
	case name == "." || name == "..":
		problem = "is a directory's"
	case strings.ContainsAny(name, "/:\x00") || strings.ContainsFunc(name, unicode.IsSpace):
		problem = "has a slash, a colon or a blank"
	default:
		return nil
	}
	return &Error{strconv.Quote(name), StageFind, faultf(ErrName, "the name %s", problem)}
}

// Counters returns what a device counted, by its index.
func Counters(index int) (Counts, error) {
	c, err := counters(index)
	if err != nil {
		return Counts{}, &Error{strconv.Itoa(index), StageRead, err}
	}
	return c, nil
}

// Permitted reports whether this process may capture: nil, or ErrPermission. It opens a
// packet socket that receives nothing. On systems other than Linux it is always nil, since
// only opening a device would tell.
func Permitted() error { return permitted() }

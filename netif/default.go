package netif

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Default returns the device that is most likely meant when none is named, and the reason
// in words: that of the IPv4 default route, else of the IPv6 one, else the first that is up
// and has an address. A loopback never is. The error is ErrNotFound if there is none.
func Default() (d Device, reason string, err error) {
	list, err := List()
	if err != nil {
		return Device{}, "", err
	}
	routes, err := defaultRoutes()
	if err != nil {
		return Device{}, "", &Error{"", StageList, err}
	}
	return choose(list, routes)
}

// choose is Default over what the system said.
func choose(list []Device, routes []route) (Device, string, error) {
	for _, family := range []uint8{afINET, afINET6} {
		if r, d, ok := best(list, routes, family); ok {
			return d, r.reason(), nil
		}
	}
	// A global address says more than a link's own, which every device gives itself.
	for _, scope := range []Scope{ScopeGlobal, ScopeLink} {
		for _, flags := range []Flags{Up | Running, Up} {
			for _, d := range list {
				if d.Flags&flags != flags || d.Flags&Loopback != 0 {
					continue
				}
				for _, a := range d.Addrs {
					if a.Scope <= scope {
						return d, "no default route; up and has the address " + a.Prefix.Addr().String(), nil
					}
				}
			}
		}
	}
	return Device{}, "", &Error{"", StageFind, faultf(ErrNotFound, "no default route, and no device that is up and has an address")}
}

// best is the default route that the kernel would take: of the main table, if that has one,
// the one of the least metric.
func best(list []Device, routes []route, family uint8) (route, Device, bool) {
	routes = slices.DeleteFunc(slices.Clone(routes), func(r route) bool { return r.family != family || r.table == tableLocal })
	slices.SortStableFunc(routes, func(a, b route) int {
		main := func(r route) int {
			if r.table == tableMain {
				return 0
			}
			return 1
		}
		return cmp.Or(main(a)-main(b), cmp.Compare(a.metric, b.metric))
	})
	for _, r := range routes {
		for _, d := range list {
			if d.Index == r.index && d.Flags&Loopback == 0 {
				return r, d, true
			}
		}
	}
	return route{}, Device{}, false
}

func (r route) reason() string {
	var b strings.Builder
	b.WriteString("IPv4 default route")
	if r.family == afINET6 {
		b.Reset()
		b.WriteString("IPv6 default route")
	}
	if r.gateway.IsValid() {
		fmt.Fprintf(&b, " via %s", r.gateway)
	}
	if r.metric != 0 {
		fmt.Fprintf(&b, ", metric %d", r.metric)
	}
	if r.table != tableMain {
		fmt.Fprintf(&b, ", table %d", r.table)
	}
	return b.String()
}

// A Policy says which device Recommend should prefer; the zero value leaves it to Default.
type Policy struct {
	// Device is taken if it is not empty, whatever state it is in; see Find.
	Device string
	// Prefer are kinds, the best first: the first device of them that is up is taken.
	Prefer []Kind
}

// Recommend returns the device to capture on, and the reason in words: the one the policy
// names, else the first that is up of the first kind it prefers, else Default's.
func Recommend(p Policy) (d Device, reason string, err error) {
	if p.Device != "" {
		if d, err = Find(p.Device); err != nil {
			return Device{}, "", err
		}
		return d, "named", nil
	}
	list, err := List()
	if err != nil {
		return Device{}, "", err
	}
	if d, k, ok := preferred(list, p.Prefer); ok {
		return d, "the first preferred kind that is up: " + k.String(), nil
	}
	return Default()
}

func preferred(list []Device, kinds []Kind) (Device, Kind, bool) {
	for _, k := range kinds {
		for _, d := range list {
			if d.Up() && d.Kind.Is(k) {
				return d, k, true
			}
		}
	}
	return Device{}, KindUnknown, false
}

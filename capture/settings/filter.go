package settings

import (
	"fmt"
	"strings"
)

// Expression is what Filter and Filters say together, in the language of pcap-filter(7). It is
// valid iff Validate is nil.
func (c *Capture) Expression() string {
	var all []string
	if f := strings.TrimSpace(c.Filter); f != "" {
		all = append(all, f)
	}
	add := func(list []string) {
		if len(list) > 0 {
			all = append(all, strings.Join(list, " or "))
		}
	}
	f := &c.Filters
	var exprs, ports, hosts []string
	for _, e := range f.Expressions {
		exprs = append(exprs, wrap(e, len(f.Expressions) > 1))
	}
	for _, p := range f.Ports {
		ports = append(ports, fmt.Sprintf("port %d", p))
	}
	for _, h := range f.IPs {
		hosts = append(hosts, condition(h))
	}
	add(exprs)
	add(f.Protocol)
	add(ports)
	add(hosts)
	for _, e := range f.Exclude {
		all = append(all, "not "+wrap(condition(e), true))
	}
	if len(all) == 1 {
		return all[0]
	}
	for i := range all {
		all[i] = wrap(all[i], !strings.HasPrefix(all[i], "not ("))
	}
	return strings.Join(all, " and ")
}

func wrap(expr string, brackets bool) string {
	if brackets {
		return "(" + expr + ")"
	}
	return expr
}

// condition is an address or a prefix as a filter; anything else is one already.
func condition(s string) string {
	p, ok := Prefix(s)
	switch {
	case !ok:
		return s
	case p.IsSingleIP():
		return "host " + p.Addr().String()
	}
	return "net " + p.String()
}

package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pinyon/filter"
	"pinyon/netif"
)

// Validate returns what is not allowed, every key of it: *Errors with file, line and key where
// Load found them, joined. Filters are compiled, for Ethernet if they depend on the device.
func (c *Capture) Validate() error {
	var errs []error
	for i := range keys {
		k := &keys[i]
		err := error(nil)
		if k.ok != nil && !k.ok(c) {
			err = fmt.Errorf("%s is not allowed; want %s", shorten(quote(k.field(c))), k.allowed)
		} else if f := filterChecks[k.guide]; f != nil {
			err = f(c)
		}
		if err != nil && len(errs) < maxErrors {
			errs = append(errs, c.at(k, err))
		}
	}
	if len(errs) == 0 {
		// Each part compiles, but together they may be too much for one program.
		if err := checkFilter(c.Expression()); err != nil {
			errs = append(errs, c.at(find("sniffer.filter"), err))
		}
		if c.Detection == "manual" && len(c.Interfaces) == 0 {
			errs = append(errs, c.at(find("sniffer.detection_method"), errors.New("manual, and no interface is named")))
		}
	}
	return errors.Join(errs...)
}

// At is an error of a key, which goes by its place in Guide, with the place where it was given.
func (c *Capture) At(guide string, err error) error { return c.at(find(guide), err) }

// at is an error of a key with the place where it was given.
func (c *Capture) at(k *key, err error) error {
	p := c.from[k.guide]
	if p.key == "" {
		p.key = k.guide
	}
	return &Error{Path: p.path, Line: p.line, Key: shorten(p.key), Err: err}
}

func find(guide string) *key {
	return &keys[slices.IndexFunc(keys, func(k key) bool { return k.guide == guide })]
}

func quote(p any) string {
	if s, ok := p.(*string); ok {
		return fmt.Sprintf("%q", *s)
	}
	return fmt.Sprint(value(p))
}

// Origin is where a key's value was given, as file:line; "" is the default. The key goes by its
// place in Guide.
func (c *Capture) Origin(guide string) string {
	p, ok := c.from[guide]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.path, p.line)
}

// Notices are sentences on keys that a file gives and that change nothing.
func (c *Capture) Notices() (list []string) {
	for i := range keys {
		if k := &keys[i]; k.changesNothing() {
			if p, ok := c.from[k.guide]; ok && !same(k.field(c), k.field(Default())) {
				list = append(list, fmt.Sprintf("%s:%d: %s has no effect: %s", p.path, p.line, p.key, k.doc))
			}
		}
	}
	return list
}

func same(p, q any) bool { return fmt.Sprint(value(p)) == fmt.Sprint(value(q)) }

// filterChecks compile what is in the language of filters.
var filterChecks = map[string]func(*Capture) error{
	"sniffer.filter": func(c *Capture) error {
		if n := len(c.Filter); n > c.MaxFilterLength {
			return fmt.Errorf("%d bytes; max_filter_length allows %d", n, c.MaxFilterLength)
		}
		return checkFilter(c.Filter)
	},
	"sniffer.filters.protocol": func(c *Capture) error {
		for _, p := range c.Filters.Protocol {
			if strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || p == "" || checkFilter(p) != nil {
				return fmt.Errorf("%q is not allowed; want %s", shorten(p), find("sniffer.filters.protocol").allowed)
			}
		}
		return nil
	},
	"sniffer.filters.exclude":     func(c *Capture) error { return checkAll(c.Filters.Exclude) },
	"sniffer.filters.expressions": func(c *Capture) error { return checkAll(c.Filters.Expressions) },
}

func checkFilter(expr string) error { return filter.Check(expr, &filter.Options{}) }

func checkAll(list []string) error {
	for i, e := range list {
		err := checkFilter(condition(e))
		if strings.TrimSpace(e) == "" {
			err = errors.New("it is empty")
		} else if err == nil {
			err = checkFilter("(" + condition(e) + ")")
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return nil
}

func deviceNames(names []string) bool {
	for i, n := range names {
		if n == "" || len(n) > 256 || strings.ContainsFunc(n, func(r rune) bool { return r < ' ' || r == 127 || r == '/' }) ||
			slices.Contains(names[:i], n) || n == "any" && len(names) > 1 {
			return false
		}
	}
	return len(names) <= 64
}

func kinds(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, err := netif.ParseKind(n); return err != nil })
}

func prefixes(list []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { _, ok := Prefix(s); return !ok })
}

// Prefix reads an address or a prefix of some; bits beyond its length are cleared.
func Prefix(s string) (p netip.Prefix, ok bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err == nil && !p.Addr().Is4In6()
}

// ParseInterval reads hourly, daily, a number of seconds, or a time as 30m; "" is 0, which is
// never.
func ParseInterval(s string) (time.Duration, error) {
	switch s {
	case "":
		return 0, nil
	case "hourly":
		return time.Hour, nil
	case "daily":
		return 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d < time.Second || d > maxTime*time.Second {
		return 0, fmt.Errorf("got %q; want hourly, daily, seconds, or a time as 30m", shorten(s))
	}
	return d, nil
}

// Package discover finds services of the local networks, and announces one, by multicast DNS and DNS-based
// service discovery (RFC 6762, RFC 6763). It keeps every address of an instance, of all interfaces
// and of both families.
package discover

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// The types of capture servers: Pinyon's own, and JoyfulJay's.
const (
	Pinyon    = "_pinyon._tcp"
	JoyfulJay = "_joyfuljay._tcp"
)

// A Service is an instance that was found.
type Service struct {
	Name      string // of the instance alone
	Type      string
	Host      string
	Port      uint16
	Addresses []netip.Addr      // sorted, IPv4 first; those of one link have its zone
	Text      map[string]string // of its TXT record
}

// Limits of what is kept of a network that answers too much.
const (
	maxInstances = 1000
	maxAddresses = 64
	maxText      = 64
)

// Browse asks for instances of some types until ctx ends, and returns those that are there with a
// port, sorted by name. Its error is that of a machine that cannot ask.
func Browse(ctx context.Context, types ...string) ([]Service, error) {
	c, err := listen()
	if err != nil {
		return nil, err
	}
	defer c.close()
	f := newFound(types)
	// Messages that come do not put off the next question.
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; {
		select {
		case m := <-c.in:
			f.take(m.msg, m.zone)
		case <-ctx.Done():
			return f.services(), nil
		case <-timer.C:
			for _, q := range f.questions() {
				c.send(q, nil)
			}
			timer.Reset(min(250*time.Millisecond<<i, time.Second))
			i = min(i+1, 2)
		}
	}
}

// found is what answers said, by names in the form of key.
type found struct {
	types []string
	names map[string]instance
	srv   map[string]*dns.SRV
	txt   map[string]map[string]string
	addrs map[string][]netip.Addr
}

type instance struct{ name, of string }

func newFound(types []string) *found {
	return &found{types: types, names: map[string]instance{}, srv: map[string]*dns.SRV{}, txt: map[string]map[string]string{}, addrs: map[string][]netip.Addr{}}
}

// questions are messages that ask for what is not known yet.
func (f *found) questions() []*dns.Msg {
	m := new(dns.Msg)
	for _, of := range f.types {
		m.Question = append(m.Question, dns.Question{Name: full(of), Qtype: dns.TypePTR, Qclass: dns.ClassINET})
	}
	for name := range f.names {
		srv := f.srv[name]
		if srv == nil || f.txt[name] == nil {
			m.Question = append(m.Question, dns.Question{Name: name, Qtype: dns.TypeANY, Qclass: dns.ClassINET})
		} else if f.addrs[key(srv.Target)] == nil {
			m.Question = append(m.Question, dns.Question{Name: srv.Target, Qtype: dns.TypeANY, Qclass: dns.ClassINET})
		}
		if len(m.Question) > 20 {
			break
		}
	}
	return []*dns.Msg{m}
}

// take takes an answer that came by a link.
func (f *found) take(m *dns.Msg, zone string) {
	if !m.Response {
		return
	}
	for _, rr := range slices.Concat(m.Answer, m.Ns, m.Extra) {
		h := rr.Header()
		name := key(h.Name)
		switch rr := rr.(type) {
		case *dns.PTR:
			for _, of := range f.types {
				if name != key(full(of)) {
					continue
				}
				one := instanceOf(rr.Ptr, full(of))
				switch {
				case one == "":
				case h.Ttl == 0:
					delete(f.names, key(rr.Ptr))
				case len(f.names) < maxInstances:
					f.names[key(rr.Ptr)] = instance{one, of}
				}
			}
		case *dns.SRV:
			if len(f.srv) < maxInstances && h.Ttl > 0 {
				f.srv[name] = rr
			}
		case *dns.TXT:
			if len(f.txt) < maxInstances && h.Ttl > 0 {
				f.txt[name] = text(rr.Txt)
			}
		case *dns.A:
			if a, ok := netip.AddrFromSlice(rr.A.To4()); ok && h.Ttl > 0 {
				f.addr(name, a)
			}
		case *dns.AAAA:
			if a, ok := netip.AddrFromSlice(rr.AAAA.To16()); ok && h.Ttl > 0 {
				if a.IsLinkLocalUnicast() {
					a = a.WithZone(zone)
				}
				f.addr(name, a)
			}
		}
	}
}

func (f *found) addr(host string, a netip.Addr) {
	have := f.addrs[host]
	if slices.Contains(have, a) || len(have) == maxAddresses || have == nil && len(f.addrs) == maxInstances {
		return
	}
	f.addrs[host] = append(have, a)
}

// text are the values of a TXT record: of a name that is there twice the first, without = an empty one
// (RFC 6763 section 6.4).
func text(list []string) map[string]string {
	all := map[string]string{}
	for _, s := range list[:min(len(list), maxText)] {
		k, v, _ := strings.Cut(unescape(s), "=")
		if _, ok := all[k]; k != "" && !ok {
			all[k] = v
		}
	}
	return all
}

// services are the instances of which enough is known to connect to.
func (f *found) services() []Service {
	var all []Service
	for name, one := range f.names {
		srv := f.srv[name]
		if srv == nil {
			continue
		}
		s := Service{Name: one.name, Type: one.of, Host: strings.TrimSuffix(srv.Target, "."), Port: srv.Port, Text: f.txt[name]}
		s.Addresses = slices.Clone(f.addrs[key(srv.Target)])
		slices.SortFunc(s.Addresses, func(a, b netip.Addr) int {
			if c := cmp.Compare(a.BitLen(), b.BitLen()); c != 0 {
				return c
			}
			return a.Compare(b)
		})
		if s.Text == nil {
			s.Text = map[string]string{}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Service) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return all
}

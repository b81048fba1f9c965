package discover

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Options say what is announced.
type Options struct {
	Name string // of the instance; what is longer than 63 bytes is cut
	Type string
	Host string // "" is this machine's own name
	Port uint16
	// Addresses are those that the service answers at; nil is all of this machine. Each link is told
	// those of its own interface.
	Addresses []netip.Addr
	Text      []string // NAME=VALUE of the TXT record, 255 bytes each at most
}

const (
	hostTTL  = 120  // of records with a host's name, RFC 6762 section 10
	otherTTL = 4500 // of others
	flush    = 1 << 15
	services = "_services._dns-sd._udp.local."
)

// An Announcer answers for a service until it is closed.
type Announcer struct {
	conn    *conn
	r       records
	done    chan struct{}
	stopped chan struct{}
	told    map[int]time.Time // when an interface was told all, by index
}

// records are those of a service.
type records struct {
	label, of, instance, host string
	port                      uint16
	text                      []string
	addrs                     func(i *net.Interface) []netip.Addr
}

// Announce begins to announce a service. If its name is taken on the network it gets a number.
func Announce(o *Options) (*Announcer, error) {
	if o.Name == "" || o.Port == 0 {
		return nil, errors.New("discover: a service has a name and a port")
	}
	for _, t := range o.Text {
		if len(t) > 255 {
			return nil, fmt.Errorf("discover: %d bytes are too many for a text", len(t))
		}
	}
	host := o.Host
	if host == "" {
		host, _ = os.Hostname()
	}
	if host, _, _ = strings.Cut(host, "."); host == "" {
		host = "pinyon"
	}
	c, err := listen()
	if err != nil {
		return nil, err
	}
	a := &Announcer{conn: c, done: make(chan struct{}), stopped: make(chan struct{}), told: map[int]time.Time{}}
	a.r = records{of: full(o.Type), host: escape(cut(host, maxLabel)) + ".local.", port: o.Port, addrs: func(i *net.Interface) []netip.Addr { return addresses(i, o.Addresses) }}
	for _, t := range o.Text {
		a.r.text = append(a.r.text, strings.ReplaceAll(t, `\`, `\\`))
	}
	if len(a.r.text) == 0 {
		a.r.text = []string{""}
	}
	for n := 1; ; n++ {
		name := o.Name
		if n > 1 {
			suffix := fmt.Sprintf(" (%d)", n)
			name = cut(o.Name, maxLabel-len(suffix)) + suffix
		}
		a.r.name(cut(name, maxLabel))
		if a.free() {
			break
		}
		if n == 10 {
			c.close()
			return nil, fmt.Errorf("discover: the name %q is taken, and so are nine others", o.Name)
		}
	}
	go a.run()
	return a, nil
}

// name gives the instance its name.
func (r *records) name(label string) { r.label, r.instance = label, escape(label)+"."+r.of }

// Name is the name of the instance that is announced.
func (a *Announcer) Name() string { return a.r.label }

// free asks three times whether somebody has the name (RFC 6762 section 8.1).
func (a *Announcer) free() bool {
	for range 3 {
		q := new(dns.Msg)
		q.Question = []dns.Question{{Name: a.r.instance, Qtype: dns.TypeANY, Qclass: dns.ClassINET}}
		q.Ns = []dns.RR{a.r.srv(0)}
		a.conn.send(q, nil)
		late := time.After(250 * time.Millisecond)
		for waiting := true; waiting; {
			select {
			case m := <-a.conn.in:
				if m.msg.Response && slices.ContainsFunc(m.msg.Answer, a.r.taken) {
					return false
				}
			case <-late:
				waiting = false
			}
		}
	}
	return true
}

// taken reports whether a record is another host's of the same name.
func (r *records) taken(rr dns.RR) bool {
	s, ok := rr.(*dns.SRV)
	return ok && s.Hdr.Ttl > 0 && key(s.Hdr.Name) == key(r.instance) && (key(s.Target) != key(r.host) || s.Port != r.port)
}

// run announces and answers until Close.
func (a *Announcer) run() {
	defer close(a.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	told := 0
	for {
		select {
		case <-timer.C:
			a.tell(0, otherTTL)
			if told++; told < 3 {
				timer.Reset(time.Second)
			}
		case m := <-a.conn.in:
			a.hear(&m)
		case <-a.done:
			a.tell(0, 0) // farewell
			a.conn.close()
			return
		}
	}
}

// tell sends all records by an interface, or by all of them if index is 0. ttl 0 takes them back.
func (a *Announcer) tell(index int, ttl uint32) {
	for i := range a.conn.ifaces {
		face := &a.conn.ifaces[i]
		if index != 0 && face.Index != index {
			continue
		}
		addrs := a.r.addrs(face)
		if len(addrs) == 0 {
			continue
		}
		m := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Answer: a.r.all(addrs, flush)}
		if ttl == 0 {
			m.Answer = m.Answer[:len(m.Answer)-len(addrs)] // addresses are the host's, which stays
			for _, rr := range m.Answer {
				rr.Header().Ttl = 0
			}
		}
		a.conn.send(m, face)
		a.told[face.Index] = time.Now()
	}
}

// hear answers a question. An interface is told once a second at most (RFC 6762 section 6).
func (a *Announcer) hear(m *message) {
	if m.msg.Response || !a.r.asked(m.msg) {
		return
	}
	if m.from.Port != port { // section 6.7
		for i := range a.conn.ifaces {
			face := &a.conn.ifaces[i]
			if addrs := a.r.addrs(face); (m.index == 0 || face.Index == m.index) && len(addrs) > 0 {
				r := &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.msg.Id, Response: true, Authoritative: true}, Question: m.msg.Question, Answer: a.r.all(addrs, 0)}
				for _, rr := range r.Answer {
					rr.Header().Ttl = 10
				}
				a.conn.answer(r, m.from)
				return
			}
		}
		return
	}
	if time.Since(a.told[m.index]) < time.Second {
		return
	}
	a.tell(m.index, otherTTL)
	a.told[m.index] = time.Now()
}

// asked reports whether a message asks for a record that it does not say it knows.
func (r *records) asked(m *dns.Msg) bool {
	for _, rr := range m.Answer {
		if p, ok := rr.(*dns.PTR); ok && key(p.Ptr) == key(r.instance) && p.Hdr.Ttl >= otherTTL/2 {
			return false
		}
	}
	for _, q := range m.Question {
		is := func(name string, types ...uint16) bool {
			return key(q.Name) == key(name) && (q.Qtype == dns.TypeANY || slices.Contains(types, q.Qtype))
		}
		if is(services, dns.TypePTR) || is(r.of, dns.TypePTR) || is(r.instance, dns.TypeSRV, dns.TypeTXT) || is(r.host, dns.TypeA, dns.TypeAAAA) {
			return true
		}
	}
	return false
}

func (r *records) srv(class uint16) dns.RR {
	return &dns.SRV{Hdr: dns.RR_Header{Name: r.instance, Rrtype: dns.TypeSRV, Class: dns.ClassINET | class, Ttl: hostTTL}, Port: r.port, Target: r.host}
}

// all are the records of the service with its addresses last; class is flush where what others
// remember of the instance is to go.
func (r *records) all(addrs []netip.Addr, class uint16) []dns.RR {
	list := []dns.RR{
		&dns.PTR{Hdr: dns.RR_Header{Name: services, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: otherTTL}, Ptr: r.of},
		&dns.PTR{Hdr: dns.RR_Header{Name: r.of, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: otherTTL}, Ptr: r.instance},
		r.srv(class),
		&dns.TXT{Hdr: dns.RR_Header{Name: r.instance, Rrtype: dns.TypeTXT, Class: dns.ClassINET | class, Ttl: otherTTL}, Txt: r.text},
	}
	for _, a := range addrs {
		// Another program may answer for the host as well: nothing of it is taken back.
		h := dns.RR_Header{Name: r.host, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: hostTTL}
		if a.Is4() {
			list = append(list, &dns.A{Hdr: h, A: a.AsSlice()})
		} else {
			h.Rrtype = dns.TypeAAAA
			list = append(list, &dns.AAAA{Hdr: h, AAAA: a.AsSlice()})
		}
	}
	return list
}

// addresses are those of an interface, as far as they are among some; nil is all.
func addresses(i *net.Interface, among []netip.Addr) (all []netip.Addr) {
	list, err := i.Addrs()
	if err != nil {
		return nil
	}
	for _, n := range list {
		p, err := netip.ParsePrefix(n.String())
		if a := p.Addr().Unmap(); err == nil && (among == nil || slices.Contains(among, a)) && len(all) < maxAddresses {
			all = append(all, a)
		}
	}
	return all
}

// Close takes the announcement back.
func (a *Announcer) Close() {
	close(a.done)
	<-a.stopped
}

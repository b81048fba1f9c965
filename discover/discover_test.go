package discover

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// over is a message as it goes over the network.
func over(t *testing.T, m *dns.Msg) *dns.Msg {
	t.Helper()
	m.Compress = true
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	r := new(dns.Msg)
	if err := r.Unpack(b); err != nil {
		t.Fatal(err)
	}
	return r
}

// service gives the records of a service of any name.
func service(name, of, host string, port uint16, text []string) *records {
	r := &records{of: full(of), host: escape(host) + ".local.", port: port, text: text}
	r.name(cut(name, maxLabel))
	return r
}

// TestNames: whatever characters an instance's name has, it is found under that name, with its port,
// its text, and every address of every link once.
func TestNames(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"Pinyon-sensor.example-8765", `a\b`, "two words (2)", "Spürnase é", `"q"; $x @y \046`, strings.Repeat("é", 40), "A", "100%"}
	for range 300 {
		b := make([]byte, 1+random.IntN(maxLabel))
		for i := range b {
			b[i] = byte(1 + random.IntN(126))
		}
		names = append(names, string(b))
	}
	a4, b4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::1")
	link := netip.MustParseAddr("fe80::1")
	for i, name := range names {
		of := []string{Pinyon, JoyfulJay}[i%2]
		r := service(name, of, "sensor", uint16(1+i), []string{"proto=2", "tls=1", "tls=0", `pin=sha256:A\\b`, "=x", "flag"})
		f := newFound([]string{Pinyon, JoyfulJay})
		for range 2 {
			f.take(over(t, &dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: r.all([]netip.Addr{v6, b4, link}, flush)}), "eth0")
			f.take(over(t, &dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: r.all([]netip.Addr{a4, link}, flush)}), "eth1")
		}
		all := f.services()
		if len(all) != 1 {
			t.Fatalf("%q: %+v", name, all)
		}
		s := all[0]
		want := []netip.Addr{a4, b4, v6, link.WithZone("eth0"), link.WithZone("eth1")}
		if s.Name != cut(name, maxLabel) || s.Type != of || s.Port != uint16(1+i) || s.Host != "sensor.local" || !slices.Equal(s.Addresses, want) {
			t.Fatalf("%q: %+v", name, s)
		}
		if len(s.Text) != 4 || s.Text["proto"] != "2" || s.Text["tls"] != "1" || s.Text["pin"] != `sha256:A\b` || s.Text["flag"] != "" {
			t.Fatalf("%q: %q", name, s.Text)
		}
		m := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: r.all(nil, flush)}
		for _, rr := range m.Answer {
			rr.Header().Ttl = 0
		}
		if f.take(over(t, m), "eth0"); len(f.services()) != 0 {
			t.Fatalf("%q is there after its farewell", name)
		}
	}
}

// TestQuestions: a browser asks for what it lacks, an announcer answers just that, and not what the
// browser says it knows.
func TestQuestions(t *testing.T) {
	r := service("one", Pinyon, "sensor", 8765, []string{"proto=2"})
	f := newFound([]string{Pinyon})
	all := r.all([]netip.Addr{netip.MustParseAddr("192.0.2.1")}, flush)
	for i, part := range [][]dns.RR{all[1:2], all[2:4], all[4:]} {
		asked := f.questions()
		if len(asked) != 1 || !r.asked(over(t, asked[0])) {
			t.Fatalf("%d: %v", i, asked)
		}
		last := asked[0].Question[len(asked[0].Question)-1].Name
		if want := []string{"_pinyon._tcp.local.", "one._pinyon._tcp.local.", "sensor.local."}[i]; last != want {
			t.Fatalf("%d: asks for %s; want %s", i, last, want)
		}
		f.take(over(t, &dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: part}), "")
	}
	q := f.questions()[0]
	if len(q.Question) != 1 {
		t.Errorf("asks for what it knows: %v", q)
	}
	q.Answer = all[1:2]
	if r.asked(over(t, q)) {
		t.Error("what is known is answered")
	}
	for _, other := range []*records{service("two", Pinyon, "other", 1, nil), service("one", JoyfulJay, "other", 1, nil)} {
		m := new(dns.Msg)
		m.SetQuestion(other.instance, dns.TypeSRV)
		if r.asked(m) {
			t.Errorf("%s is answered", other.instance)
		}
	}
	m := new(dns.Msg)
	m.SetQuestion("ONE._Pinyon._TCP.local.", dns.TypeTXT)
	if !r.asked(m) {
		t.Error("capital letters matter")
	}
	if s := service("one", Pinyon, "other", 1, nil).srv(0); !r.taken(s) || r.taken(r.srv(0)) {
		t.Error("whose a name is")
	}
}

// FuzzTake gives a browser and an announcer any message: neither keeps more than it may, and whatever is
// found has a name of a type that was asked for.
func FuzzTake(f *testing.F) {
	r := service("one.two", Pinyon, "sensor", 8765, []string{"proto=2"})
	for _, m := range []*dns.Msg{
		{MsgHdr: dns.MsgHdr{Response: true}, Answer: r.all([]netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fe80::1")}, flush)},
		newFound([]string{Pinyon}).questions()[0],
	} {
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(dns.Msg)
		if m.Unpack(b) != nil {
			return
		}
		r.asked(m)
		all := newFound([]string{Pinyon, JoyfulJay})
		all.take(m, "eth0")
		all.questions()
		for _, s := range all.services() {
			if s.Name == "" || s.Type != Pinyon && s.Type != JoyfulJay || len(s.Addresses) > maxAddresses || len(s.Text) > maxText {
				t.Fatalf("%+v", s)
			}
		}
	})
}

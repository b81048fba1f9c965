package dns

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pinyon/proto"
)

func TestLookup(t *testing.T) {
	opt := func(ext byte, size uint16, do bool, rdata []byte) []byte {
		ttl := uint32(ext) << 24
		if do {
			ttl |= 0x8000
		}
		return rrBytes([]byte{0}, typeOPT, size, ttl, rdata)
	}
	ecs := cat(b16(10, 2, 0xabcd), b16(8, 7, 1), []byte{24, 0}, []byte{192, 0, 2})
	q := cat(header(9, flagRD|flagCD, 1, 0, 0, 1), question("wWw.ex4mple.com", typeA, 1), opt(0, 1232, true, ecs))
	r := cat(header(9, flagQR|flagAA|flagRD|flagRA|flagAD|3, 1, 5, 1, 1), question("www.EX4MPLE.com", typeA, 1),
		rrBytes(toQName, typeCNAME, 1, 300, []byte{1, 'c', 0xc0, 16}),
		rrBytes([]byte{0xc0, 16}, typeA, 1, 0x80000000, []byte{192, 0, 2, 1}),
		rrBytes(toQName, typeAAAA, 1, 77, []byte{0x20, 1, 0xd, 0xb8, 15: 1}),
		rrBytes(toQName, typeMX, 1, 77, cat(b16(10), name("MX.a"))),
		rrBytes(toQName, typeTXT, 1, 77, cat([]byte{3}, []byte("a b"), []byte{70}, []byte(strings.Repeat("y", 70)))),
		rrBytes([]byte{0}, 6, 1, 5, []byte{1, 2}), opt(1, 512, false, nil))
	f := flow(UDP)
	f.Datagram(0, q, len(q), false, 1_000_000)
	f.Datagram(0, q, len(q), false, 2_000_000) // sent again
	f.Datagram(1, r, len(r)+5, false, 2_500_999)
	f.Datagram(1, r, len(r), false, 9_000_000)
	f.Datagram(0, q, len(q), false, 9_500_000)
	for name, c := range map[string]struct{ got, want string }{
		"name":     {text(f.AppendQueryName) + " " + text(f.AppendQueryTypeStr), "www.ex4mple.com A"},
		"code":     {fmt.Sprint(f.ResponseCode(), text(f.AppendResponseCodeStr)), "19BADMODE"},
		"counts":   {fmt.Sprint(f.AnswerCount(), f.AuthorityCount(), f.AdditionalCount()), "5 1 1"},
		"ttl":      {fmt.Sprint(f.MinTTL(), f.MaxTTL()), "0 300"},
		"flags":    {fmt.Sprint(f.IsQuery(), f.IsResponse(), f.Truncated(), f.RecursionDesired(), f.RecursionAvailable()), "true true false true true"},
		"more":     {fmt.Sprint(f.Authoritative(), f.Authenticated(), f.CheckingDisabled(), f.Has0x20()), "true true true true"},
		"messages": {fmt.Sprint(f.QueryCount(), f.ResponseCount(), f.UnansweredCount(), f.DistinctQNames(), f.NXDomainCount(), f.ErrorCount()), "3 2 0 1 0 2"},
		"rtt":      {fmt.Sprint(f.RTT(), f.QueryLen(), f.ResponseLen()), fmt.Sprint(500, len(q), len(r)+5)},
		"edns":     {fmt.Sprint(f.EDNS(), f.EDNSUDPSize(), f.EDNSDO(), " ", text(f.AppendEDNSOptions), " ", text(f.AppendEDNSClientSubnet)), "true 1232 true 10,8 192.0.2.0/24"},
		"answers":  {text(f.AppendAnswers), `CNAME:c.ex4mple.com,A:192.0.2.1,AAAA:2001:db8::1,MX:10 mx.a,TXT:a\x20b` + strings.Repeat("y", 61)},
		"ips":      {text(f.AppendAnswerIPs), "192.0.2.1,2001:db8::1"},
		"qname":    {fmt.Sprint(f.QNameLen(), f.QNameLabels(), f.QNameMaxLabel(), f.CNAMECount(), f.Opcode(), f.QueryClass(), f.QueryType()), "13 3 7 1 0 1 1"},
		"carrier":  {text(f.AppendTransport), "udp"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
	if got := f.QNameDigitRatio(); got != 1.0/13 {
		t.Errorf("digit ratio %v", got)
	}
	// www ex4mple com: w3 e2 m2, and x 4 p l c o once each, of 13
	want := 0.0
	for _, n := range []float64{3, 2, 2, 1, 1, 1, 1, 1, 1} {
		want -= n / 13 * math.Log2(n/13)
	}
	if got := f.QNameEntropy(); math.Abs(got-want) > 1e-12 {
		t.Errorf("entropy %v, want %v", got, want)
	}
}

func TestTransactionOfRecord(t *testing.T) {
	a := func(last byte) []byte { return rrBytes(toQName, typeA, 1, 60, []byte{192, 0, 2, last}) }
	type m struct {
		dir int
		b   []byte
	}
	for _, c := range []struct {
		name string
		ms   []m
		want string // query name, answers, code, queries, responses, unanswered
	}{
		{"query only", []m{{0, query(1, "a", 1)}}, "a  -1 1 0 1"},
		{"response only", []m{{1, response(1, "a", 1, 0, a(1))}}, "a A:192.0.2.1 0 0 1 0"},
		{"first of two", []m{{0, query(1, "a", 1)}, {0, query(2, "b", 1)}, {1, response(2, "b", 1, 3)}, {1, response(1, "a", 1, 0, a(1))}}, "a A:192.0.2.1 0 2 2 0"},
		{"other id", []m{{0, query(1, "a", 1)}, {1, response(2, "a", 1, 0)}}, "a  -1 1 1 1"},
		{"other name", []m{{0, query(1, "a", 1)}, {1, response(1, "b", 1, 0)}}, "a  -1 1 1 1"},
		{"other type", []m{{0, query(1, "a", 1)}, {1, response(1, "a", 28, 0)}}, "a  -1 1 1 1"},
		{"same direction", []m{{0, query(1, "a", 1)}, {0, response(1, "a", 1, 0)}}, "a  -1 1 1 1"},
		{"other case", []m{{0, query(1, "aB", 1)}, {1, response(1, "Ab", 1, 0)}}, "ab  0 1 1 0"},
		{"response without question", []m{{0, query(1, "a", 1)}, {1, header(1, flagQR|5)}}, "a  5 1 1 0"},
		{"response first", []m{{1, response(1, "a", 1, 0, a(1))}, {0, query(1, "a", 1)}}, "a A:192.0.2.1 0 1 1 0"},
		{"another's response first", []m{{1, response(2, "b", 1, 0, a(1))}, {0, query(1, "a", 1)}, {1, response(1, "a", 1, 2)}}, "a  2 1 2 0"},
		{"the second of those ahead", []m{{1, response(2, "b", 1, 0, a(2))}, {1, response(3, "c", 1, 0, a(3))}, {1, response(1, "a", 1, 0, a(1))}, {0, query(1, "a", 1)}}, "a A:192.0.2.1 0 1 3 0"},
		{"ahead of the second query", []m{{0, query(1, "a", 1)}, {1, response(2, "b", 1, 0, a(2))}, {0, query(2, "b", 1)}}, "a  -1 2 1 1"},
		{"first does not parse", []m{{0, []byte("no message of DNS at all")}, {0, query(1, "a", 1)}}, "a  -1 1 0 1"},
		{"query copies", []m{{0, query(1, "a", 1)}, {0, query(1, "a", 1)}, {0, query(3, "a", 1)}}, "a  -1 3 0 3"},
		{"query from the responder", []m{{1, query(1, "a", 1)}, {0, response(1, "a", 1, 0)}}, "a  0 1 1 0"},
	} {
		f := flow(UDP)
		for _, m := range c.ms {
			f.Datagram(m.dir, m.b, len(m.b), false, 0)
		}
		got := fmt.Sprint(text(f.AppendQueryName), " ", text(f.AppendAnswers), " ", f.ResponseCode(), f.QueryCount(), f.ResponseCount(), f.UnansweredCount())
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestServiceBinding(t *testing.T) {
	params := func(p ...[]byte) []byte { return cat(b16(1), []byte{0}, cat(p...)) }
	alpn := cat(b16(1, 6), []byte("\x02h2\x02h3"))
	ech := cat(b16(5, 2), []byte{1, 2})
	f := flow(UDP)
	r := response(1, "a", typeHTTPS, 0, rrBytes(toQName, typeHTTPS, 1, 5, params(alpn)), rrBytes(toQName, typeSVCB, 1, 5, params(ech)))
	f.Datagram(1, r, len(r), false, 0)
	if text(f.AppendSVCBALPN) != "h2,h3" || !f.SVCBECH() {
		t.Errorf("got %q, %v", text(f.AppendSVCBALPN), f.SVCBECH())
	}
	commas := response(1, "a", typeHTTPS, 0, rrBytes(toQName, typeHTTPS, 1, 5, params(cat(b16(1, 9), []byte("\x03a,b\x04\\ h2")))),
		rrBytes(toQName, typeTXT, 1, 5, []byte("\x03v,w")), rrBytes(toQName, typeNS, 1, 5, name("x,y.z")))
	f.Reset(UDP, true)
	f.Datagram(1, commas, len(commas), false, 0)
	if got, want := text(f.AppendSVCBALPN), `a\x2cb,\x5c\x20h2`; got != want {
		t.Errorf("protocols with commas: got %s, want %s", got, want)
	}
	if got, want := text(f.AppendAnswers), `HTTPS:0001000001000903612c62045c206832,TXT:v\x2cw,NS:x\044y.z`; got != want {
		t.Errorf("answers with commas: got %s, want %s", got, want)
	}
	bad := response(1, "a", typeHTTPS, 0, rrBytes(toQName, typeHTTPS, 1, 5, []byte{0, 1, 9, 9}), rrBytes(toQName, typeCNAME, 1, 5, []byte{9}), rrBytes(toQName, typeA, 1, 5, []byte{9}))
	f.Reset(UDP, true)
	f.Datagram(1, bad, len(bad), false, 0)
	if got := text(f.AppendAnswers); got != "HTTPS:00010909,CNAME:09,A:09" || f.SVCBECH() {
		t.Errorf("malformed data: got %q", got)
	}
}

func TestMulticast(t *testing.T) {
	f := flow(MDNS)
	b := cat(header(0, 0, 1), question("_ipp._tcp.local", typePTR, 0x8001))
	f.Datagram(0, b, len(b), false, 0)
	r := cat(header(0, flagQR|flagAA, 1), question("_ipp._tcp.local", typePTR, 1))
	f.Datagram(1, r, len(r), false, 0)
	if text(f.AppendTransport) != "mdns" || f.QueryClass() != 1 || f.ResponseCode() != 0 || text(f.AppendQueryName) != "_ipp._tcp.local" {
		t.Error(facts(f))
	}
}

func TestCarriers(t *testing.T) {
	for _, c := range []struct {
		a, b uint16
		tcp  bool
		want string
		own  bool
	}{
		{40000, 53, false, "udp", true}, {53, 40000, true, "tcp", true}, {5353, 5353, false, "mdns", true}, {1, 5355, false, "llmnr", true},
		{1, 2, false, "udp", false}, {443, 40000, true, "tcp", false},
	} {
		if got, own := CarrierOf(c.a, c.b, c.tcp); got.String() != c.want || own != c.own {
			t.Errorf("%d %d: got %q, %v; want %q, %v", c.a, c.b, got, own, c.want, c.own)
		}
	}
}

func TestStream(t *testing.T) {
	pre := func(b []byte) []byte { return cat(b16(uint16(len(b))), b) }
	f := flow(TCP)
	if f.Stream(0, cat(pre([]byte("hello")), pre([]byte("no message of DNS at all"))), 0) != proto.NotMine {
		t.Error("text is taken for DNS")
	}
	if f.Stream(0, cat(pre(query(1, "a.b", 1)), pre(query(2, "c", 1))), 1000) != proto.Mine || f.QueryCount() != 2 {
		t.Error(facts(f))
	}
	r := cat(pre(response(2, "c", 1, 0)), pre(response(1, "a.b", 1, 3)))
	for i := range r {
		f.Stream(1, r[i:i+1], int64(5000+i))
	}
	if f.ResponseCount() != 2 || f.UnansweredCount() != 0 || f.ResponseCode() != 3 || f.RTT() != 4 || text(f.AppendTransport) != "tcp" {
		t.Error(facts(f))
	}
	f.Limit = 40
	f.Reset(TCP, true)
	f.Stream(0, cat(pre(query(1, "a.b", 1)), pre(query(2, "c", 1)), pre(query(2, "c", 1))), 0)
	if f.QueryCount() != 1 {
		t.Errorf("%d queries in 40 bytes", f.QueryCount())
	}
}

// TestSetsAreBounded: many names and queries neither grow without end nor count wrong
// before the bounds.
func TestSetsAreBounded(t *testing.T) {
	f := flow(UDP)
	for i := range 3 * maxNames {
		q := query(uint16(i), fmt.Sprintf("n%d.example", i), 1)
		f.Datagram(0, q, len(q), false, 0)
		if i%2 == 0 {
			r := response(uint16(i), fmt.Sprintf("n%d.example", i), 1, 0)
			f.Datagram(1, r, len(r), false, 0)
		}
		if n := int64(i/2 + i%2); i < maxPending && f.UnansweredCount() != n {
			t.Fatalf("after %d queries: %d unanswered, want %d", i+1, f.UnansweredCount(), n)
		}
		if i < maxNames && f.DistinctQNames() != int64(i+1) {
			t.Fatalf("after %d queries: %d names", i+1, f.DistinctQNames())
		}
	}
	if len(f.names.slots) > 2*maxNames || len(f.pending.slots) > 2*maxPending || f.DistinctQNames() != maxNames {
		t.Errorf("%d and %d slots, %d names", len(f.names.slots), len(f.pending.slots), f.DistinctQNames())
	}
}

// TestAnswersBeyond256 (N4): TTLs range over all answers, however far back they stand.
func TestAnswersBeyond256(t *testing.T) {
	var answers [][]byte
	for i := range 40 {
		answers = append(answers, rrBytes(toQName, typeA, 1, uint32(1000+i), []byte{192, 0, 2, byte(i)}))
	}
	answers = append(answers, rrBytes(toQName, typeA, 1, 7, []byte{192, 0, 2, 99}), rrBytes(toQName, typeA, 1, 90000, []byte{192, 0, 2, 98}))
	q, r := query(5, "many.example", typeA), response(5, "many.example", typeA, 0, answers...)
	if len(r) < 600 {
		t.Fatalf("response of %d bytes", len(r))
	}
	f := flow(UDP)
	f.Datagram(0, q, len(q), false, 1)
	f.Datagram(1, r, len(r), false, 2)
	if f.MinTTL() != 7 || f.MaxTTL() != 90000 || f.AnswerCount() != 42 {
		t.Errorf("TTL %d to %d, %d answers; want 7 to 90000, 42", f.MinTTL(), f.MaxTTL(), f.AnswerCount())
	}
}

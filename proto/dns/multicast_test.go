package dns

import (
	"fmt"
	"testing"
)

// TestMulticastPairs: all ids of multicast DNS are 0, or mean nothing; what a response
// answers is told by its records.
func TestMulticastPairs(t *testing.T) {
	ask := func(id uint16, names ...string) []byte {
		b := header(id, 0, uint16(len(names)))
		for _, n := range names {
			b = cat(b, question(n, typePTR, topBit|1))
		}
		return b
	}
	tell := func(id uint16, n string, typ uint16) []byte {
		return cat(header(id, flagQR|flagAA, 0, 1), rrBytes(name(n), typ, topBit|1, 120, []byte{1, 'x', 0}))
	}
	legacy := func(id uint16, n string) []byte {
		return cat(header(id, flagQR|flagAA, 1, 1), question(n, typePTR, 1), rrBytes(toQName, typePTR, 1, 10, []byte{1, 'x', 0}))
	}
	type m struct {
		dir int
		b   []byte
	}
	for _, c := range []struct {
		name       string
		ms         []m
		code       int64
		unanswered int64
	}{
		{"its answer", []m{{0, ask(0, "_ipp._tcp.local")}, {1, tell(0, "_IPP._tcp.local", typePTR)}}, 0, 0},
		{"another's answer", []m{{0, ask(0, "_ipp._tcp.local")}, {1, tell(0, "_ssh._tcp.local", typePTR)}}, -1, 1},
		{"another type", []m{{0, ask(0, "_ipp._tcp.local")}, {1, tell(0, "_ipp._tcp.local", typeTXT)}}, -1, 1},
		{"ids mean nothing", []m{{0, ask(7, "_ipp._tcp.local")}, {1, tell(9, "_ipp._tcp.local", typePTR)}}, 0, 0},
		{"first another's, then its", []m{{0, ask(0, "a.local")}, {1, tell(0, "b.local", typePTR)}, {1, tell(0, "a.local", typePTR)}}, 0, 0},
		{"to the second question", []m{{0, ask(0, "a.local", "b.local")}, {1, tell(0, "b.local", typePTR)}}, 0, 1},
		{"the same way", []m{{0, ask(0, "a.local")}, {0, tell(0, "a.local", typePTR)}}, -1, 1},
		{"no answer at all", []m{{0, ask(0, "a.local")}, {1, cat(header(0, flagQR|flagAA, 0, 0, 0, 1), rrBytes(name("a.local"), typePTR, 1, 9, []byte{0}))}}, -1, 1},
		{"legacy", []m{{0, ask(7, "a.local")}, {1, legacy(7, "a.local")}}, 0, 0},
		{"legacy of another id", []m{{0, ask(7, "a.local")}, {1, legacy(8, "a.local")}}, -1, 0},
		{"legacy of another question", []m{{0, ask(7, "a.local")}, {1, legacy(7, "b.local")}}, -1, 1},
		{"ahead of the query", []m{{1, tell(0, "b.local", typePTR)}, {1, tell(0, "a.local", typePTR)}, {0, ask(0, "a.local")}}, 0, 0},
	} {
		f := flow(MDNS)
		for _, m := range c.ms {
			if !f.Datagram(m.dir, m.b, len(m.b), false, 0) {
				t.Fatalf("%s: not accepted", c.name)
			}
		}
		if f.ResponseCode() != c.code || f.UnansweredCount() != c.unanswered {
			t.Errorf("%s: got %v; want %v", c.name, fmt.Sprint(f.ResponseCode(), f.UnansweredCount()), fmt.Sprint(c.code, c.unanswered))
		}
	}
	any := flow(MDNS)
	q := cat(header(0, 0, 1), question("host.local", typeANY, 1))
	any.Datagram(0, q, len(q), false, 1000)
	r := tell(0, "host.local", typeTXT)
	any.Datagram(1, r, len(r), false, 6000)
	if any.ResponseCode() != 0 || any.UnansweredCount() != 0 || any.RTT() != 5 {
		t.Error("ANY is not answered: ", facts(any))
	}
}

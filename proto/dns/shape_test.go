package dns

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"pinyon/proto"
)

// TestShape: on ports that are not of DNS its messages are found, and nothing else.
func TestShape(t *testing.T) {
	a := rrBytes(toQName, typeA, 1, 60, []byte{1, 2, 3, 4})
	opt := rrBytes([]byte{0}, typeOPT, 1232, 0, nil)
	for _, c := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"query", query(7, "example.com", typeA), true},
		{"query of the root", query(7, "", typeNS), true},
		{"query with EDNS", cat(header(7, flagRD|flagAD, 1, 0, 0, 1), question("example.com", typeHTTPS, 1), opt), true},
		{"query of CHAOS", cat(header(7, 0, 1), question("version.bind", typeTXT, 3)), true},
		{"response", response(7, "example.com", typeA, 0, a), true},
		{"response with EDNS", cat(header(7, flagQR, 1, 1, 0, 1), question("example.com", typeA, 1), a, opt), true},
		{"its OPT is cut", cat(header(7, flagQR, 1, 1, 0, 1), question("example.com", typeA, 1), a, opt[:4]), true},
		{"no such name", response(7, "example.com", typeA, 3), true},
		{"notify", cat(header(7, opNotify<<11|flagAA, 1), question("example.com", 6, 1)), true},
		{"update", cat(header(7, opUpdate<<11, 1, 0, 1), question("example.com", 6, 1), rrBytes(name("a.example.com"), typeA, 1, 60, []byte{1, 2, 3, 4})), true},
		{"incremental transfer", cat(header(7, 0, 1, 0, 1), question("example.com", typeIXFR, 1), rrBytes(toQName, 6, 1, 0, nil)), true},

		{"its answer is cut", response(7, "example.com", typeA, flagTC, a[:9]), false},
		{"bytes behind", append(query(7, "example.com", typeA), 0), false},
		{"header alone", header(7, flagQR|5), false},
		{"no question", cat(header(7, flagQR, 0, 1), rrBytes(name("example.com"), typeA, 1, 60, []byte{1, 2, 3, 4})), false},
		{"two questions", cat(header(7, 0, 2), question("a", typeA, 1), question("b", typeA, 1)), false},
		{"no type", query(7, "example.com", 0), false},
		{"no class", cat(header(7, 0, 1), question("example.com", typeA, 0)), false},
		{"query with a code", cat(header(7, 3, 1), question("example.com", typeA, 1)), false},
		{"query with answers", cat(header(7, 0, 1, 1), question("example.com", typeA, 1), a), false},
		{"query with a record behind", cat(header(7, 0, 1, 0, 0, 1), question("example.com", typeA, 1), a), false},
		{"Z", cat(header(7, flagZ, 1), question("example.com", typeA, 1)), false},
		{"bytes in the name", query(7, "ex\x01mple.com", typeA), false},
		{"pointer in the name", cat(header(7, 0, 1), []byte{1, 'a', 0xc0, 5}, b16(1, 1)), false},
		{"answer of no class", response(7, "example.com", typeA, 0, rrBytes(toQName, typeA, 9, 60, []byte{1, 2, 3, 4})), false},
		{"NetBIOS, status", cat(header(7, 0x10, 1), question("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 33, 1)), false},
		{"NetBIOS, name", cat(header(7, 0x110, 1), question("FHEPFCELEHFCEPFFFACACACACACACABM", 32, 1)), false},
		{"zeros", make([]byte, 64), false},
		{"STUN", unhex("000100002112a442000102030405060708090a0b"), false},
		{"NTP", unhex("e30003fa0001000000010000000000000000000000000000000000000000000000000000000000000000c50204ea5a8f5c29"), false},
		{"RTP", unhex("8060000100000001deadbeef0000000000000000"), false},
		{"text", []byte("M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n"), false},
	} {
		if got := Is(c.b, false, UDP, false); got != c.want {
			t.Errorf("%s: got %v; want %v", c.name, got, c.want)
		}
		f := new(Flow)
		f.Reset(UDP, false)
		if got := f.Datagram(0, c.b, len(c.b), false, 0); got != c.want {
			t.Errorf("%s: a flow says %v; want %v", c.name, got, c.want)
		}
		s := new(Flow)
		s.Reset(TCP, false)
		pre := cat(b16(uint16(len(c.b))), c.b)
		want := proto.NotMine
		if c.want {
			want = proto.Mine
		}
		if got := LooksStream(pre); got == proto.NotMine && c.want {
			t.Errorf("%s: a stream does not look like it", c.name)
		}
		for i := range pre {
			s.Stream(0, pre[i:i+1], 0)
		}
		if got := s.Stream(0, nil, 0); s.Detected() != c.want || got != want && got != proto.NeedMore {
			t.Errorf("%s: a stream says %v; want %v", c.name, got, want)
		}
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// TestShapeThenAll: behind a message of that shape all others of the flow count too.
func TestShapeThenAll(t *testing.T) {
	f := new(Flow)
	f.Reset(UDP, false)
	bare := header(7, flagQR|5)
	if f.Datagram(1, bare, len(bare), false, 0) || !f.Datagram(0, query(7, "a.example", 1), 0, false, 0) || !f.Datagram(1, bare, len(bare), false, 0) {
		t.Error("a header alone counts where it follows a query, and only there")
	}
	if f.ResponseCode() != 5 || text(f.AppendTransport) != "udp" {
		t.Error(facts(f))
	}
}

// TestShapeOfRandomBytes: random payloads are no DNS on any port; on others than its own
// neither are those that are mostly zeros, nor headers of DNS with random bytes behind.
func TestShapeOfRandomBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 600)
	for i := range 300_000 {
		p := b[:rng.IntN(len(b))]
		for j := range p {
			p[j] = byte(rng.Uint32())
			if i%3 == 1 && rng.IntN(4) > 0 {
				p[j] = 0
			}
		}
		if i%3 == 2 && len(p) > headerLen {
			copy(p, header(uint16(i), flagTC|uint16(i)&flagQR, 1, uint16(i)%3))
		}
		for c := UDP; c <= LLMNR; c++ {
			if i%3 == 0 && Is(p, false, c, true) || Is(p, false, c, false) {
				t.Fatalf("%v takes %x", c, p)
			}
		}
	}
}

// FuzzShape: what has the shape of DNS is accepted on ports of DNS too, and is not passed
// over in a stream.
func FuzzShape(f *testing.F) {
	f.Add(query(1, "a.example", typeHTTPS))
	f.Add(response(1, "a.example", typeA, 0, rrBytes(toQName, typeA, 1, 60, []byte{192, 0, 2, 1})))
	f.Add(cat(header(1, flagQR, 1, 0, 0, 1), question("a.example", typeA, 1), []byte{0, 0, 41}))
	f.Add([]byte(strings.Repeat("\x00", 20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		shape := Is(b, false, UDP, false)
		if shape && !Is(b, false, UDP, true) {
			t.Fatal("shape alone")
		}
		if shape && len(b) < 1<<16 && LooksStream(cat(b16(uint16(len(b))), b)) == proto.NotMine {
			t.Fatal("not in a stream")
		}
	})
}

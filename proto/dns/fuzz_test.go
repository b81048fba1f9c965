package dns

import (
	"testing"

	"pinyon/internal/allocs"
)

// FuzzFlow: no input panics, pieces of a stream change nothing, a reused Flow equals a
// fresh one, a datagram is read the same alone, and memory is bounded.
func FuzzFlow(f *testing.F) {
	pre := func(b []byte) []byte { return cat(b16(uint16(len(b))), b) }
	a := rrBytes(toQName, typeA, 1, 60, []byte{192, 0, 2, 1})
	f.Add(cat(pre(query(1, "a.b", 1)), pre(query(2, "c", 1))), cat(pre(response(2, "c", 1, 0, a)), pre(response(1, "a.b", 1, 3))), []byte{0, 5}, byte(2))
	f.Add(pre(response(1, "x", 5, flagTC, rrBytes(toQName, typeCNAME, 1, 1, []byte{0xc0, 12}))), pre(cat(header(1, 0, 1, 0, 0, 1), question("a", 65, 1), rrBytes([]byte{0}, typeOPT, 512, 0x01008000, cat(b16(8, 4, 2), []byte{0, 0})))), []byte{1}, byte(3))
	f.Add([]byte("0"), cat([]byte("\x00\x04"), []byte("0000"), pre(query(1, "a", 48))), []byte{0}, byte('\xd6'))
	var used Flow
	f.Fuzz(func(t *testing.T, x, y, cut []byte, c byte) {
		carrier := Carrier(c % 5)
		var whole, pieces Flow
		for _, f := range []*Flow{&whole, &pieces, &used} {
			f.Reset(carrier, c>>6&1 == 0)
		}
		for dir, b := range [][]byte{x, y} {
			whole.Stream(dir, b, int64(dir)*1e6)
			for _, f := range []*Flow{&pieces, &used} {
				i := 0
				for rest := b; len(rest) > 0; i++ {
					n := len(rest)
					if len(cut) > 0 {
						n = min(n, 1+int(cut[i%len(cut)]))
					}
					f.Stream(dir, rest[:n], int64(dir)*1e6)
					rest = rest[n:]
				}
			}
		}
		want := facts(&whole)
		if got := facts(&pieces); got != want {
			t.Fatalf("in pieces\n%s, whole\n%s", got, want)
		}
		if got := facts(&used); got != want {
			t.Fatalf("reused\n%s, fresh\n%s", got, want)
		}
		for i := range pieces.streams {
			if n := len(pieces.streams[i].buf); n > maxStream {
				t.Fatalf("keeps %d bytes", n)
			}
		}
		for _, b := range [][]byte{x, y} {
			var one Flow
			one.Reset(carrier, c>>6&1 == 0)
			one.Datagram(0, b, len(b)+int(c>>7), c>>5&1 != 0, 0)
			used.Reset(carrier, c>>6&1 == 0)
			used.Datagram(0, b, len(b)+int(c>>7), c>>5&1 != 0, 0)
			if want, got := facts(&one), facts(&used); got != want {
				t.Fatalf("reused\n%s, fresh\n%s", got, want)
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	q, r := query(1, "www.example.com", 1), response(1, "www.example.com", 1, 0, rrBytes(toQName, typeA, 1, 60, []byte{192, 0, 2, 1}))
	f := flow(UDP)
	dst := make([]byte, 0, 1024)
	if n := allocs.PerRun(t, 100, func() {
		f.Reset(UDP, true)
		f.Datagram(0, q, len(q), false, 0)
		f.Datagram(1, r, len(r), false, 0)
		dst = f.AppendQueryName(dst[:0])
		dst = f.AppendAnswers(dst)
		dst = f.AppendAnswerIPs(dst)
	}); n != 0 {
		t.Errorf("%v allocations a lookup", n)
	}
}

func BenchmarkLooks(b *testing.B) {
	q := query(1, "www.example.com", 1)
	b.ReportAllocs()
	for b.Loop() {
		Looks(q, UDP)
	}
}

func BenchmarkLookup(b *testing.B) {
	q, r := query(1, "www.example.com", 1), response(1, "www.example.com", 1, 0, rrBytes(toQName, typeA, 1, 60, []byte{192, 0, 2, 1}))
	f := flow(UDP)
	b.ReportAllocs()
	for b.Loop() {
		f.Reset(UDP, true)
		f.Datagram(0, q, len(q), false, 0)
		f.Datagram(1, r, len(r), false, 0)
	}
}

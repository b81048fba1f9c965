package gate

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/packet"
	"pinyon/source"
)

// udp is a frame from one address to another, behind a VLAN tag if so asked.
func udp(src, dst netip.Addr, ts int64, tagged bool) *packet.Frame {
	b := make([]byte, 12, 100)
	if tagged {
		b = append(b, 0x81, 0, 0, 7)
	}
	if src.Is4() {
		b = append(b, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0)
	} else {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64)
	}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	b = append(b, 0, 53, 0, 53, 0, 8, 0, 0)
	return &packet.Frame{Data: b, Wire: uint32(len(b)), TS: ts, Link: packet.LinkEthernet}
}

// arp is a question of one address for another.
func arp(src, dst netip.Addr) *packet.Frame {
	b := make([]byte, 12, 60)
	b = append(b, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1)
	b = append(append(b, src.AsSlice()...), 0, 0, 0, 0, 0, 0)
	b = append(b, dst.AsSlice()...)
	return &packet.Frame{Data: b, Wire: uint32(len(b)), Link: packet.LinkEthernet}
}

func address(r *rand.Rand) netip.Addr {
	if r.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(256))})
	}
	a := [16]byte{0xfd, 15: byte(r.IntN(256))}
	a[1] = byte(r.IntN(3))
	return netip.AddrFrom16(a)
}

// TestLists: a gate says what a look through the whole list says, of prefixes of any length.
func TestLists(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[Refusal]int{}
	for range 500 {
		list := func(most int) (l []netip.Prefix) {
			for range r.IntN(most) {
				a := address(r)
				l = append(l, netip.PrefixFrom(a, a.BitLen()-r.IntN(20)))
				if r.IntN(8) == 0 { // all of a family
					l[len(l)-1] = netip.PrefixFrom(a, 0)
				}
			}
			return l
		}
		o := &Options{Block: list(12), Allow: list(6)}
		g := New(o)
		in := func(l []netip.Prefix, a netip.Addr) bool {
			return slices.ContainsFunc(l, func(p netip.Prefix) bool { return p.Contains(a) })
		}
		for range 50 {
			src, dst := address(r), address(r)
			if src.Is4() != dst.Is4() {
				continue
			}
			want := Passes
			switch {
			case in(o.Block, src) || in(o.Block, dst):
				want = Blocked
			case len(o.Allow) > 0 && !in(o.Allow, src) && !in(o.Allow, dst):
				want = NotAllowed
			}
			seen[want]++
			frames := []*packet.Frame{udp(src, dst, 1, false), udp(src, dst, 1, true)}
			if src.Is4() {
				frames = append(frames, arp(src, dst))
			}
			for i, f := range frames {
				if got := g.Ask(f); got != want {
					t.Fatalf("frame %d of %s > %s is %q; want %q, by %+v", i, src, dst, got, want, o)
				}
			}
		}
	}
	if seen[Passes] < 100 || seen[Blocked] < 100 || seen[NotAllowed] < 100 {
		t.Errorf("too few of a kind: %v", seen)
	}
	nameless := &packet.Frame{Data: make([]byte, 60), Wire: 60, Link: packet.LinkEthernet}
	some := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if New(&Options{Block: some}).Ask(nameless) != Passes || New(&Options{Allow: some}).Ask(nameless) != NotAllowed {
		t.Error("a frame without addresses")
	}
}

// TestRate: of each second so many pass, in whatever small disorder packets come, and after the
// clock was set back; what a list refuses does not count.
func TestRate(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.9.0.1")
	g := New(&Options{Rate: 10, Block: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}})
	second := func(at int64) (passed int) {
		for i := range int64(30) {
			g.Ask(udp(b, b, at*1e9+i, false))
			if g.Ask(udp(a, a, at*1e9+i*1e7-5e7, false)) == Passes {
				passed++
			}
		}
		return passed
	}
	before := int64(0)
	for i, at := range []int64{100, 101, 102, 50, 51, 1000} {
		want := 10
		if i == 0 || at != before+1 {
			want = 15 // the first five are of the second before, which is not full
		}
		before = at
		if got := second(at); got != want {
			t.Errorf("second %d: %d pass; want %d", at, got, want)
		}
	}
	if g.Refused(Blocked) != 6*30 || g.Refused(OverRate) < 5*20 || g.Refused(NotAllowed) != 0 {
		t.Error(g.Refused(Blocked), g.Refused(OverRate))
	}
	g.Set(nil)
	if second(2000) != 30 {
		t.Error("rules that were taken away go on")
	}
}

type list struct {
	source.Tally
	frames []*packet.Frame
}

func (l *list) Next(f *packet.Frame) error {
	if len(l.frames) == 0 {
		return io.EOF
	}
	*f, l.frames = *l.frames[0], l.frames[1:]
	l.Count(f)
	return nil
}

func (l *list) Close() error { return nil }

// TestSource: what passes and what does not add up, refusals in a row give the reader a rest, and
// every one of them is told.
func TestSource(t *testing.T) {
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.9.0.1")
	l := &list{}
	for i := range 3 * atOnce {
		src := a
		if i%2 == 0 || i > atOnce && i < 2*atOnce+100 {
			src = b
		}
		l.frames = append(l.frames, udp(src, src, int64(i), i%3 == 0))
	}
	all := uint64(len(l.frames))
	told := uint64(0)
	s := &Source{Source: l, Gate: New(&Options{Block: []netip.Prefix{netip.PrefixFrom(b, 32)}}), Refused: func(f *packet.Frame, why Refusal) { told++ }}
	var passed, bytes, rests uint64
	for {
		var f packet.Frame
		err := s.Next(&f)
		if err == io.EOF {
			break
		}
		if errors.Is(err, source.ErrTimeout) {
			rests++
			continue
		}
		passed, bytes = passed+1, bytes+uint64(f.Wire)
	}
	st := s.Stats()
	if st.Captured != passed || st.Bytes != bytes || st.Blocked != told || passed+told != all || st.Lost() != 0 || rests == 0 {
		t.Errorf("%+v; %d pass, %d told, %d rests", st, passed, told, rests)
	}
}

// TestAllocs: asking allocates nothing, whatever the frame.
func TestAllocs(t *testing.T) {
	var o Options
	for i := range 1000 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(i)<<12)
		o.Block = append(o.Block, netip.PrefixFrom(netip.AddrFrom4(b), 24))
	}
	o.Rate, o.Allow = 3, []netip.Prefix{netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("0.0.0.0/0")}
	g := New(&o)
	a, c := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	frames := []*packet.Frame{udp(a, a, 1, true), udp(c, c, 1, false), arp(a, a), {Data: make([]byte, 60), Wire: 60, Link: packet.LinkEthernet}}
	for i, f := range frames {
		if n := allocs.PerRun(t, 1000, func() { g.Ask(f) }); n != 0 {
			t.Errorf("frame %d: %v allocations", i, n)
		}
	}
}

func BenchmarkAsk(b *testing.B) {
	var o Options
	for i := range 10000 {
		o.Block = append(o.Block, netip.PrefixFrom(netip.AddrFrom4([4]byte{1, byte(i >> 8), byte(i), 0}), 24))
	}
	g := New(&o)
	f := udp(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), 1, false)
	b.ReportAllocs()
	for b.Loop() {
		g.Ask(f)
	}
}

package label

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pinyon/internal/allocs"
)

// naive finds the label by a walk over all records, from the rules as documented.
func naive(records []Record, f Flow, tolerance int64) (label string, ok bool) {
	type rank struct{ id, columns, tier, forward, timed, distance, from, to, place int64 }
	better := func(a, b rank) bool {
		x := [...]int64{a.id, a.columns, a.tier, a.forward, a.timed, -a.distance, a.from, a.to, a.place}
		y := [...]int64{b.id, b.columns, b.tier, b.forward, b.timed, -b.distance, b.from, b.to, b.place}
		for i := range x {
			if x[i] != y[i] {
				return x[i] > y[i]
			}
		}
		return false
	}
	var best rank
	for place, r := range records {
		for _, forward := range []bool{true, false} {
			g := f
			if !forward {
				g.Src, g.Dst, g.SrcPort, g.DstPort = f.Dst, f.Src, f.DstPort, f.SrcPort
			}
			k := rank{place: int64(place)}
			if forward {
				k.forward = 1
			}
			if r.Flow.ID != "" {
				if r.Flow.ID != f.ID {
					continue
				}
				k.id = 1
			} else {
				if r.Given&Src != 0 && r.Flow.Src != g.Src || r.Given&Dst != 0 && r.Flow.Dst != g.Dst ||
					r.Given&SrcPort != 0 && r.Flow.SrcPort != g.SrcPort || r.Given&DstPort != 0 && r.Flow.DstPort != g.DstPort ||
					r.Given&Protocol != 0 && r.Flow.Protocol != g.Protocol {
					continue
				}
				k.columns, k.tier = int64(bits.OnesCount8(uint8(r.Given))), int64(r.Given)
			}
			if r.Timed {
				if f.Start-tolerance > r.To || r.From > f.End+tolerance {
					continue
				}
				k.timed, k.from, k.to = 1, r.From, r.To
				k.distance = max(0, r.From-f.Start, f.Start-r.To)
				if k.distance > 0 && r.From > f.Start {
					k.from, k.to = -1, -r.To // behind one that ended as near; of one From the shorter
				} else if k.distance > 0 {
					k.from, k.to = 1, -r.From // of those that ended at one time, the first to begin
				}
			}
			if !ok || better(k, best) {
				best, label, ok = k, r.Label, true
			}
		}
	}
	return label, ok
}

// TestMatchModel: the index finds what a walk over all records finds.
func TestMatchModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	addr := func() netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(2))}) }
	flow := func() Flow {
		f := Flow{Src: addr(), Dst: addr(), SrcPort: uint16(rng.IntN(2)), DstPort: uint16(rng.IntN(2)), Protocol: 6 + 11*uint8(rng.IntN(2))}
		if rng.IntN(4) == 0 {
			f.ID = string(rune('a' + rng.IntN(3)))
		}
		f.Start = int64(rng.IntN(60))
		f.End = f.Start + int64(rng.IntN(10))
		return f
	}
	found := 0
	for range 2000 {
		records := make([]Record, rng.IntN(40))
		for i := range records {
			r := Record{Label: string(rune('A' + rng.IntN(26))), Flow: flow(), Given: Columns(rng.IntN(32))}
			if rng.IntN(4) > 0 {
				r.Timed, r.From = true, int64(rng.IntN(60))
				r.To = r.From + int64(rng.IntN(2)*rng.IntN(20))
			}
			records[i] = r
		}
		tolerance := int64(rng.IntN(5))
		s := New(records, time.Duration(tolerance))
		for range 20 {
			f := flow()
			want, wantOK := naive(records, f, tolerance)
			got, ok := s.Match(&f)
			if got != want || ok != wantOK {
				t.Fatalf("%+v in %+v (tolerance %d): %q %v, want %q %v", f, records, tolerance, got, ok, want, wantOK)
			}
			if ok {
				found++
			}
		}
		if s.Matched()+s.Unmatched() != 20 {
			t.Fatalf("%d matched and %d unmatched of 20", s.Matched(), s.Unmatched())
		}
	}
	if found == 0 {
		t.Error("no flow matched")
	}
}

// TestReport: contradicted and unused records are counted, repeated ones are one.
func TestReport(t *testing.T) {
	r := Record{Label: "a", Flow: Flow{SrcPort: 1}, Given: SrcPort}
	other := r
	other.Label = "b"
	far := Record{Label: "c", Flow: Flow{SrcPort: 9}, Given: SrcPort}
	s := New([]Record{r, r, other, far, far}, 0)
	f := Flow{SrcPort: 5, DstPort: 1}
	if got, ok := s.Match(&f); got != "b" || !ok {
		t.Errorf("the later record: %q %v", got, ok)
	}
	if s.Contradicting != 1 || s.Unused() != 1 || s.Flows()["b"] != 1 {
		t.Errorf("contradicting %d, unused %d, flows %v", s.Contradicting, s.Unused(), s.Flows())
	}
}

// TestMatchAllocs: a flow is matched without allocation.
func TestMatchAllocs(t *testing.T) {
	r := Record{Label: "a", Flow: Flow{SrcPort: 1}, Given: SrcPort, Timed: true, From: 5, To: 7}
	s := New([]Record{r}, 0)
	f := Flow{SrcPort: 1, Start: 6, End: 6}
	s.Match(&f)
	if n := allocs.PerRun(t, 100, func() { s.Match(&f) }); n != 0 || s.Unmatched() != 0 {
		t.Errorf("%v allocations, %d unmatched", n, s.Unmatched())
	}
}

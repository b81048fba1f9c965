package pinyon_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pinyon"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/source"
)

// holed is a source that marks gaps.
type holed struct {
	source.Tally
	frames []packet.Frame
}

func (h *holed) Next(f *packet.Frame) error {
	if len(h.frames) == 0 {
		return io.EOF
	}
	*f, h.frames = h.frames[0], h.frames[1:]
	h.Count(f)
	f.Number = h.Stats().Captured
	return nil
}

func (h *holed) Close() error { return nil }

// TestSourceGaps: source_gaps counts the gaps between a flow's first packet and its last, those too
// that stand before a packet of another flow or before one that is dropped, for any number of workers
// and whichever other columns are asked for.
func TestSourceGaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	type seen struct{ first, last int64 }
	flows := map[int64]*seen{} // by port
	gaps := int64(0)
	var frames []packet.Frame
	for i := range 3000 {
		port := uint16(1000 + i/30 + rng.IntN(40))
		a := &gen.Host{Addr: netip.MustParseAddr("10.0.0.1"), Port: port, TTL: 64}
		b := &gen.Host{Addr: netip.MustParseAddr("10.0.0.2"), Port: 53, TTL: 64}
		data := (&gen.UDP{IP: gen.IP{Src: a, Dst: b}}).Append(nil)
		f := packet.Frame{Data: data, Wire: uint32(len(data)), Link: packet.LinkEthernet, TS: 1700000000e9 + int64(i)*1e6, Gap: rng.IntN(20) == 0}
		if f.Gap {
			gaps++
		}
		if rng.IntN(10) == 0 {
			f.Data = f.Data[:10] // no packet
		} else if s := flows[int64(port)]; s == nil {
			flows[int64(port)] = &seen{gaps, gaps}
		} else {
			s.last = gaps
		}
		frames = append(frames, f)
	}
	for _, features := range [][]string{{"all", "extra"}, {"timing"}} {
		for _, workers := range []int{1, 2, 8} {
			cfg := pinyon.DefaultConfig()
			cfg.NumWorkers, cfg.Features, cfg.SpecificFeatures = workers, features, nil
			if features[0] == "timing" {
				cfg.Features, cfg.SpecificFeatures = nil, []string{"src_port", "source_gaps"}
			}
			p, err := pinyon.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			n, touched := 0, 0
			in := pinyon.Input{Name: "x", Open: func() (source.Source, error) { return &holed{frames: frames}, nil }}
			for row, err := range p.Rows(context.Background(), in) {
				if err != nil {
					t.Fatal(err)
				}
				n++
				s := flows[row.Int("src_port")]
				if got, want := row.Int("source_gaps"), s.last-s.first; got != want {
					t.Errorf("%v, %d workers: port %d: %d gaps; want %d", features, workers, row.Int("src_port"), got, want)
				}
				if row.Int("source_gaps") > 0 {
					touched++
				}
			}
			if n != len(flows) || touched == 0 || touched == n {
				t.Errorf("%d rows of %d flows, %d touched", n, len(flows), touched)
			}
		}
	}
}

package pinyon_test

import (
	"context"
	"net/netip"
	"testing"

	"pinyon"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/source"
)

// TestProcessColumns: process_pid and process_name are those of the flow's first packet whose process
// the source knows, for any number of workers and whichever other columns are asked for; of a file
// behind it, and of a number that nobody knows, they are absent.
func TestProcessColumns(t *testing.T) {
	var frames []packet.Frame
	for i := range 600 {
		a := &gen.Host{Addr: netip.MustParseAddr("10.0.0.1"), Port: uint16(1000 + i%20), TTL: 64}
		b := &gen.Host{Addr: netip.MustParseAddr("10.0.0.2"), Port: 53, TTL: 64}
		data := (&gen.UDP{IP: gen.IP{Src: a, Dst: b}}).Append(nil)
		f := packet.Frame{Data: data, Wire: uint32(len(data)), Link: packet.LinkEthernet, TS: 1700000000e9 + int64(i)*1e6}
		if flow := i % 20; flow%4 != 0 && i/20 > flow%3 {
			f.Process = uint32(flow + 1 + i/20*1000) // another one later, which does not count
		}
		frames = append(frames, f)
	}
	find := func(number uint32) (int, string) {
		if number%1000 == 20 {
			return 0, "" // nobody knows it
		}
		return int(number), "sample"
	}
	for _, features := range [][]string{{"all", "extra"}, nil} {
		for _, workers := range []int{1, 2, 8} {
			cfg := pinyon.DefaultConfig()
			cfg.NumWorkers, cfg.Features, cfg.SpecificFeatures, cfg.Missing = workers, features, nil, "null"
			if features == nil {
				cfg.SpecificFeatures = []string{"src_port", "process_pid", "process_name"}
			}
			p, err := pinyon.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			live := pinyon.Input{Name: "x", Process: find, Open: func() (source.Source, error) { return &holed{frames: frames}, nil }}
			file := pinyon.Input{Name: "y", Open: live.Open}
			rows := 0
			for _, in := range []pinyon.Input{live, file} {
				for row, err := range p.Rows(context.Background(), in) {
					if err != nil {
						t.Fatal(err)
					}
					rows++
					flow := row.Int("src_port") - 1000
					want, name := flow+1+(flow%3+1)*1000, "sample"
					if flow%4 == 0 || flow == 19 || in.Process == nil {
						want, name = 0, ""
					}
					if got := row.Int("process_pid"); got != want || row.Text("process_name") != name || (row.Value("process_pid") == nil) != (want == 0) {
						t.Errorf("%v, %d workers, %s: flow %d: process %d %q; want %d %q", features, workers, in.Name, flow, got, row.Text("process_name"), want, name)
					}
				}
			}
			if rows != 40 {
				t.Errorf("%d rows", rows)
			}
		}
	}
}

package pinyon

import (
	"context"
	"io"
	"testing"

	"pinyon/internal/vectors"
	"pinyon/packet"
	"pinyon/source"
)

// frames is a source of frames, every flow of which came by another interface.
type frames struct {
	source.Tally
	list []packet.Frame
}

func (s *frames) Next(f *packet.Frame) error {
	if len(s.list) == 0 {
		return io.EOF
	}
	*f, s.list = s.list[0], s.list[1:]
	return nil
}

func (s *frames) Close() error { return nil }

// TestInputInterface: where several interfaces are captured, input names that of the flow; else
// it is the input's name.
func TestInputInterface(t *testing.T) {
	for _, c := range []struct {
		interfaces []string
		want       []string
	}{{[]string{"eth0", "wlan0"}, []string{"eth0", "wlan0", "joined"}}, {nil, []string{"joined", "joined", "joined"}}} {
		for _, workers := range []int{1, 2} {
			var list []packet.Frame
			after := int64(0)
			for i, flow := range [][]packet.Frame{vectors.V1x(), vectors.V2(), vectors.V3()} {
				for _, f := range flow {
					f.Iface = uint32(i)
					f.TS += after
					list = append(list, f)
				}
				after += 1e12
			}
			cfg := DefaultConfig()
			cfg.IncludeTrace, cfg.SpecificFeatures, cfg.NumWorkers = true, []string{"input"}, workers
			p, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			in := Input{Name: "joined", Interfaces: c.interfaces, Open: func() (source.Source, error) { return &frames{list: list}, nil }}
			var got []string
			for row, err := range p.Rows(context.Background(), in) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, row.Text("input"))
			}
			if len(got) != 3 || got[0] != c.want[0] || got[1] != c.want[1] || got[2] != c.want[2] {
				t.Errorf("%d workers: got %q; want %q", workers, got, c.want)
			}
		}
	}
}

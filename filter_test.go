package pinyon_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon"
	"pinyon/filter"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
)

// rowsOf are the rows of an input as text.
func rowsOf(t *testing.T, in pinyon.Input, cfg *pinyon.Config) (rows []string) {
	t.Helper()
	p, err := pinyon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range p.Rows(context.Background(), in) {
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i := range row.Schema().Fields {
			fmt.Fprintf(&b, "%v,", row.At(i))
		}
		rows = append(rows, b.String())
	}
	return rows
}

// TestFilter: the rows of a filtered capture are those of the file that the filter would
// have left, and what it refuses is counted.
func TestFilter(t *testing.T) {
	names, err := filepath.Glob("testdata/*.pcap*")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	some := 0
	for _, name := range names {
		for _, expr := range []string{"tcp", "udp or icmp6", "not tcp port 443 and len > 60", "vlan"} {
			r, err := pcap.Open(name)
			if err != nil {
				continue // files that are no captures lie there too
			}
			set, err := filter.NewSet(expr, nil)
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			var w *pcap.NGWriter
			links := map[uint16]uint32{}
			var f packet.Frame
			kept, refused := 0, uint64(0)
			for err = r.Next(&f); err == nil; err = r.Next(&f) {
				ok, e := set.Match(&f)
				if e != nil {
					err = e
					break
				}
				if !ok {
					refused++
					continue
				}
				if w == nil {
					w = pcap.NewNGWriter(&file, pcap.NGOptions{})
				}
				if _, ok := links[f.Link]; !ok {
					n, err := w.AddInterface(pcap.InterfaceOptions{Link: f.Link})
					if err != nil {
						t.Fatal(err)
					}
					links[f.Link] = uint32(n)
				}
				f.Iface = links[f.Link]
				if err := w.Write(&f); err != nil {
					t.Fatal(err)
				}
				kept++
			}
			r.Close()
			if err != io.EOF || kept == 0 || refused == 0 {
				continue
			}
			w.Flush()
			some++
			want := rowsOf(t, pinyon.Input{Name: "x", Open: func() (source.Source, error) { return pcap.NewReader(bytes.NewReader(file.Bytes())) }}, nil)
			cfg := pinyon.DefaultConfig()
			cfg.BPFFilter = expr
			got := rowsOf(t, pinyon.File(name), cfg)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q: %d rows; the filtered file has %d, or others", name, expr, len(got), len(want))
			}
			table, err := pinyon.Extract(context.Background(), name, cfg)
			if err != nil {
				t.Fatal(err)
			}
			c := table.Result.Counters()
			if c.DroppedBy["filtered"] != refused || c.PacketsInRows+c.Dropped != c.Records {
				t.Errorf("%s: %q: %d filtered, %d in rows, %d of %d dropped; want %d filtered", name, expr, c.DroppedBy["filtered"], c.PacketsInRows, c.Dropped, c.Records, refused)
			}
		}
	}
	if some < 10 {
		t.Errorf("only %d captures of which a filter takes a part", some)
	}
}

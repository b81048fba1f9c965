package pinyon

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"pinyon/internal/vectors"
	"pinyon/packet"
	"pinyon/pcap"
)

// TestListsWithoutPadding: where absent values are null, lists hold what there was and no zeros
// behind it; else they have one length.
func TestListsWithoutPadding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := pcap.NewWriter(f, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	for _, frames := range [][]packet.Frame{vectors.V1x(), vectors.V2(), vectors.V3()} {
		for i := range frames {
			if err := w.Write(&frames[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const most = 5
	for _, missing := range []string{"zero", "null"} {
		cfg := DefaultConfig()
		cfg.Missing, cfg.IncludeRawSequences, cfg.IncludeSPLT, cfg.MaxSequenceLength = missing, true, true, most
		table, err := Extract(context.Background(), path, cfg)
		if err != nil {
			t.Fatal(err)
		}
		short := false
		for _, row := range table.All() {
			n := int(row.Int("total_packets"))
			short = short || n < most
			for name, want := range map[string]int{
				"iat_sequence": min(n-1, most), "timestamp_sequence": min(n, most), "pkt_len_sequence": min(n, most),
				"splt_lengths": min(n, most), "splt_times": min(n, most), "splt_directions": min(n, most), "splt": min(n, most),
			} {
				if missing == "zero" && name != "splt" {
					want = most
				}
				got := 0
				switch v := row.Value(name).(type) {
				case []int64:
					got = len(v)
				case []float64:
					got = len(v)
				default:
					continue
				}
				if got != want {
					t.Errorf("missing %s, %s of %d packets: %d elements; want %d", missing, name, n, got, want)
				}
			}
		}
		if !short {
			t.Error("no flow is shorter than the lists")
		}
	}
}

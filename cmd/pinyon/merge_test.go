package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMerge: captures of the same packets have the flows of one of them, each with twice its packets,
// and every capture is in the provenance.
func TestMerge(t *testing.T) {
	a, b := write(t, "a.pcap", captureBytes(t)), write(t, "b.pcap", captureBytes(t))
	out := filepath.Join(t.TempDir(), "out.csv")
	total := func(csv string) (n int) {
		for _, line := range strings.Fields(csv)[1:] {
			k, err := strconv.Atoi(line)
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		return n
	}
	one := total(want(t, 0, "3 flows", "extract", a, "-f", "csv", "--feature", "total_packets", "--no-progress"))
	want(t, 0, "3 flows", "extract", a, b, "--merge", "-o", out, "--feature", "total_packets", "--no-progress", "--hash-inputs", "--filter", "ip or ip6")
	if got := total(read(t, out)); got != 2*one {
		t.Errorf("%d packets; want twice %d", got, one)
	}
	if p := read(t, out+".provenance.json"); strings.Count(p, `"sha256"`) != 2 || !strings.Contains(p, `"merged"`) {
		t.Errorf("%s", p)
	}
	want(t, 2, "no path of their own", "extract", a, b, "--merge", "--label-from-path", "a")
	want(t, 1, "gone", "extract", a, filepath.Join(t.TempDir(), "gone"), "--merge", "-o", out)
}

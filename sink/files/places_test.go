package files

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSeries: numbers of a series are read as they are written.
func TestSeries(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"r-00002.pcap", "r-00007.pcap", "r-00009.pcapng", "r-0011.pcap", "r-0001x.pcap", "q-00020.pcap", ".r-00030.pcap.tmp-1", "r-99999999999999999999.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f := func(name string, want int) {
		t.Helper()
		if n, err := SeriesOf(filepath.Join(dir, name)).Last(); n != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", name, n, err, want)
		}
	}
	f("r.pcap", 7)
	f("r.pcapng", 9)
	f("none.pcap", 0)
	if got := SeriesOf("r.pcap").number(Numbered("r.pcap", 1234567)); got != 1234567 {
		t.Errorf("got %d", got)
	}
}

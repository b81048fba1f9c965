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
	f("r-{seq}.pcap", 7)
	f("{seq}.pcap", 0)
	for _, name := range []string{"r.pcap", "r", "{seq}.pcap", "a-{seq}-b.pcap", "{seq}", "{seq}x{seq}.pcap", "d/{seq}.pcap"} {
		if base := filepath.Base(Numbered(name, 1234567)); SeriesOf(name).number(base) != 1234567 {
			t.Errorf("%s: %s has number %d", name, base, SeriesOf(name).number(base))
		}
	}
	if got := Numbered("{seq}/a-{seq}-b.pcap", 7); got != "{seq}/a-00007-b.pcap" {
		t.Errorf("got %s", got)
	}
}

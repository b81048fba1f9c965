package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLiveFlags: a device is promiscuous unless told otherwise while it is captured from, the filter
// is the kernel's, packets come at once if asked, and where nothing is lost the status tells of no loss.
func TestLiveFlags(t *testing.T) {
	ns := wire(t)
	for _, args := range [][]string{{"--promisc"}, {"--no-promisc"}} {
		r := startLive(t, ns, append([]string{"v1", args[0]}, "--immediate", "--fail-on-loss", "--filter", "udp port 9", "-o", filepath.Join(t.TempDir(), "x.csv"))...)
		out, err := ns.Command("ip", "-d", "link", "show", "v1").Output()
		want := "promiscuity 1"
		if args[0] == "--no-promisc" {
			want = "promiscuity 0"
		}
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: no %q in %s, %v", args[0], want, out, err)
		}
		r.Process.Signal(os.Interrupt)
		if status, said := r.end(t); status != exitInterrupt { // nothing was lost
			t.Errorf("%s: status %d: %s", args[0], status, said)
		}
	}
}

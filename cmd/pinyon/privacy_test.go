package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrivacy: a file with a salt that is not there is made, once and for its owner alone, rows of two
// runs with it have the same hashes, and what is not covered is said.
func TestPrivacy(t *testing.T) {
	dir := t.TempDir()
	in, salt := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "salt")
	if err := os.WriteFile(in, captureBytes(t), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"extract", in, "--no-progress", "--feature", "src_ip,mac_src,tls_sni,tcp_uptime_fwd,flow_id", "--anonymization-salt-file", salt}
	if status, _, _ := runPinyon(t, args...); status != exitError {
		t.Errorf("a file of salt that is not there: status %d", status)
	}
	args = append(args, "--random-salt")
	clear := want(t, 0, "note: not anonymized, and not safe: tls_sni, mac_src, tcp_uptime_fwd\n", append(args, "--anonymize-ips")...)
	info, err := os.Stat(salt)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info, err)
	}
	all := append(args, "--anonymize-ips", "--anonymize-macs", "--anonymize-names")
	first := want(t, 0, "not safe: tcp_uptime_fwd\n", all...)
	if second := want(t, 0, "", all...); first != second {
		t.Error("two runs with one salt differ")
	}
	macs := func(s string) (cells []string) {
		for _, line := range strings.Split(strings.TrimSpace(s), "\n")[1:] {
			for _, cell := range strings.Split(line, ",") {
				if strings.Count(cell, ":") == 5 {
					cells = append(cells, cell)
				}
			}
		}
		return cells
	}
	if len(macs(clear)) != 3 || len(macs(first)) != 0 {
		t.Errorf("MAC addresses: %q, then %q", macs(clear), macs(first))
	}
	if err := os.WriteFile(salt, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, 2, "is empty", all...)
}

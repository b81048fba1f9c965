package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTeeColumns: every output has the columns that it asks for, and the labels; a word that no
// column has is an error of whoever typed it.
func TestTeeColumns(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.pcap")
	if err := os.WriteFile(in, captureBytes(t), 0o644); err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")
	out := want(t, 0, "3 flows", "extract", in, "--no-progress", "--feature", "total_packets", "--label-from-path", "in",
		"--tee", "csv="+a+"?features=dst_port,protocol", "--tee", "csv="+b)
	for name, head := range map[string]string{"-": "total_packets,label\n", a: "dst_port,protocol,label\n", b: "total_packets,label\n"} {
		got := out
		if name != "-" {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got = string(content)
		}
		if !strings.HasPrefix(got, head) || strings.Count(got, ",in\n") != 3 {
			t.Errorf("%s: %q", name, got)
		}
	}
	want(t, 2, "features=nonesuch: unknown feature", "extract", in, "--tee", "csv="+a+"?features=nonesuch")
	if got := want(t, 0, "", "convert", a, "--tee", "csv="+b+"?features=protocol"); !strings.HasPrefix(got, "dst_port,") {
		t.Errorf("%q", got)
	}
	if content, _ := os.ReadFile(b); !strings.HasPrefix(string(content), "protocol\n") {
		t.Errorf("%q", content)
	}
	want(t, 2, `no column and no group "tls"`, "convert", a, "--tee", "csv="+b+"?features=tls")
}

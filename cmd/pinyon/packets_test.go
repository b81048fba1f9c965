package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackets: what files of packets are asked comes out, and captures come back.
func TestPackets(t *testing.T) {
	in := captureFile(t)
	dir := t.TempDir()
	rows, bare := filepath.Join(dir, "p.parquet"), filepath.Join(t.TempDir(), "bare.parquet")
	want(t, 0, "19 matched", "dump", "-r", in, "-w", rows, "--store-frames")
	want(t, 0, "19 matched", "dump", "-r", in, "-w", bare)
	if out := want(t, 0, "1 rows -> standard output", "packets", "query", "udp", dir, "--columns", "protocol,packet_size"); !strings.HasPrefix(out, "protocol,packet_size\nUDP,") {
		t.Errorf("%q", out)
	}
	if out := want(t, 0, "3 rows", "packets", "query", "tcp", rows, "--limit", "3", "--wide", "-f", "jsonl"); strings.Count(out, "\n") != 3 || !strings.Contains(out, `"TCP_sport":`) {
		t.Errorf("%q", out)
	}
	if out := want(t, 0, "", "packets", "summary", rows, "--filter", "ip"); !strings.Contains(out, "packets         19,") {
		t.Errorf("%q", out)
	}
	if out := want(t, 0, "", "packets", "summary", "--json", rows); !strings.Contains(out, `"packets": 19`) {
		t.Errorf("%q", out)
	}
	if out := want(t, 0, "", "packets", "stats", rows); !strings.Contains(out, "\ntcp_flags ") || !strings.Contains(out, "\nframe ") {
		t.Errorf("%q", out)
	}
	if out := want(t, 0, "", "packets", "group", "--by", "ip_proto", rows); !strings.Contains(out, "ip_proto,ip_proto_packet_count,avg_ip_proto_packet_size") {
		t.Errorf("%q", out)
	}
	found := filepath.Join(dir, "found.parquet")
	want(t, 0, "1 rows", "packets", "query", "udp", rows, "-o", found)
	if out := want(t, 0, "", "packets", "group", found); !strings.Contains(out, "\nUDP,1,") {
		t.Errorf("%q", out)
	}
	for _, ext := range []string{".pcap", ".pcapng"} {
		direct, back := filepath.Join(dir, "direct"+ext), filepath.Join(dir, "back"+ext)
		want(t, 0, "", "dump", "-r", in, "-w", direct)
		want(t, 0, "19 frames", "packets", "to-pcap", rows, "-o", back)
		fields := []string{"-e", "frame.time_epoch,frame.len,frame.caplen,frame.interface", "-x"}
		a := want(t, 0, "", append([]string{"dump", "-r", direct}, fields...)...)
		if b := want(t, 0, "", append([]string{"dump", "-r", back}, fields...)...); a != b || a == "" {
			t.Errorf("%s: frames differ: %q and %q", ext, a, b)
		}
	}
	cut := write(t, "cut.parquet", []byte("PAR1 not finished"))
	if out := want(t, exitIncomplete, "no footer", "packets", "query", "udp", cut, rows); strings.Count(out, "\n") != 2 {
		t.Errorf("%q", out)
	}
	unfinished := filepath.Join(dir, ".q.parquet.tmp-7-00000001")
	if err := os.WriteFile(unfinished, []byte("PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, 0, unfinished+" is not complete", "packets", "summary", dir)
	want(t, exitError, "holds no whole frames", "packets", "to-pcap", bare, "-o", filepath.Join(dir, "no.pcap"))
	want(t, exitError, "no such file", "packets", "summary", filepath.Join(dir, "nowhere"))
	want(t, exitUsage, "\n  port =\n       ^", "packets", "query", "port =", rows)
	want(t, exitUsage, `did you mean "src_ip"`, "packets", "group", "--by", "srcip", rows)
	want(t, exitUsage, "differs from packet", "packets", "group", "--by", "payload", rows)
	want(t, exitUsage, "--columns", "packets", "query", "udp", rows, "--columns", "x")
	want(t, exitUsage, "also an input", "packets", "query", "udp", rows, "-o", rows)
	want(t, exitUsage, "--store-frames", "dump", "-r", in, "--store-frames")
}

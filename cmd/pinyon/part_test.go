package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon/packet"
	"pinyon/pcap"
)

// TestParts: the rows of the parts of a capture that was cut in two, and those that are stitched, are
// the rows of the whole.
func TestParts(t *testing.T) {
	dir := t.TempDir()
	r, err := pcap.NewReader(bytes.NewReader(captureBytes(t)))
	if err != nil {
		t.Fatal(err)
	}
	var frames []packet.Frame
	var f packet.Frame
	for r.Next(&f) == nil {
		f.Data = slices.Clone(f.Data)
		frames = append(frames, f)
	}
	var names []string
	for i, part := range [][]packet.Frame{frames[:len(frames)/2], frames[len(frames)/2:]} {
		name := filepath.Join(dir, []string{"a.pcap", "b.pcap"}[i])
		out, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w := pcap.NewWriter(out, pcap.WriterOptions{Link: frames[0].Link, Nano: true})
		for k := range part {
			if err := w.Write(&part[k]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	plan := filepath.Join(dir, "plan.json")
	want(t, 0, "", "plan", dir, "-o", plan, "--group", "here", "--recursive", "-w", "1")
	var got []string
	rows := func(args ...string) []string {
		return strings.SplitAfter(want(t, 0, "left out", append(args, "-f", "csv", "--no-progress", "--include-trace")...), "\n")[1:]
	}
	for _, name := range names {
		got = append(got, rows("extract", name, "--part", plan, "--edges", name+".edges")...)
	}
	got = append(got, rows("stitch", names[0]+".edges", names[1]+".edges", "--hash-inputs")...)
	all := strings.SplitAfter(want(t, 0, "3 flows", "extract", names[0], names[1], "--merge", "-f", "csv", "--no-progress", "--include-trace",
		"--features", "flow_meta,timing,size,tcp,tls,quic,http2,ssh,dns,padding,fingerprint,entropy,mac,ip_extended,ipv6_options,tcp_sequence,tcp_window,tcp_options,tcp_mptcp,tcp_rtt,tcp_fingerprint,icmp"), "\n")[1:]
	slices.Sort(got)
	slices.Sort(all)
	if got = slices.DeleteFunc(got, func(s string) bool { return s == "" }); strings.Join(got, "") != strings.Join(all, "") {
		t.Errorf("%q; want %q", got, all)
	}
	want(t, 2, "--part needs --edges", "extract", names[0], "--part", plan)
	want(t, 2, "--edges goes with --part", "extract", names[0], "--edges", "x")
	want(t, 2, "one of the two", "extract", names[0], "--part", plan, "--edges", "x", "--merge")
	want(t, 2, "depends on all captures", "extract", names[0], "--part", plan, "--edges", names[0]+".no", "--max-concurrent-flows", "5")
	want(t, 1, "another configuration", "stitch", names[0]+".edges", "--timeout", "5", "-f", "csv")
	if left := filesIn(t, dir); len(left) != 5 {
		t.Errorf("%q", left)
	}
}

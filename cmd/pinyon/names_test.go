package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNamesOfOtherFormats: a name that means what is not written is an error of usage that lists
// what is, before anything is created; -f goes before the name and says so.
func TestNamesOfOtherFormats(t *testing.T) {
	in := captureFile(t)
	t.Chdir(t.TempDir())
	for _, c := range []struct{ message, args string }{
		{"csv (.csv)", "extract IN -o x.pcap"},
		{"parquet (.parquet)", "extract IN -o x.xlsx"},
		{"arrow-file (.arrow .feather)", "extract IN -o X.XML"},
		{"unknown format .gz", "extract IN -o x.csv.gz"},
		{"-f FORMAT", "extract IN -o x.h5"},
		{".pcapng or .parquet", "dump -r IN -w a.csv"},
		{"frames are not written as .gz", "dump -r IN -w a.pcap.gz"},
		{"frames are not written as .jsonl", "live lo --save-pcap a.jsonl"},
	} {
		want(t, exitUsage, c.message, strings.Fields(strings.ReplaceAll(c.args, "IN", in))...)
	}
	if got := filesIn(t, "."); len(got) != 0 {
		t.Errorf("created: %q", got)
	}
	for _, name := range []string{"x.txt", "x.out", "x", "flows.2026", "flows.v1_2", "x.provisional"} {
		want(t, 0, "3 flows", "extract", in, "-o", name, "--feature", "total_packets")
		if got := read(t, name); !strings.HasPrefix(got, "total_packets\n") {
			t.Errorf("%s: %.60q", name, got)
		}
	}
	const stream = "\xff\xff\xff\xff"
	for _, c := range []struct{ format, name, begins string }{
		{"", "a.json", "[\n"}, {"", "a.jsonl", "{\""}, {"", "a.ndjson", "{\""}, {"", "a.arrow", "ARROW1"}, {"", "a.feather", "ARROW1"}, {"", "a.arrows", stream},
		{"json", "b.json", "{\""}, {"json-array", "b.jsonl", "[\n"}, {"arrow", "b.arrow", stream}, {"csv", "b.xlsx", "total_packets"}, {"csv", "b.parquet", "total_packets"},
	} {
		args, note := []string{"extract", in, "-o", c.name, "--feature", "total_packets"}, ""
		if c.format != "" {
			args, note = append(args, "-f", c.format), "as -f says, though its name means"
		}
		want(t, 0, note, args...)
		if got := read(t, c.name); !strings.HasPrefix(got, c.begins) {
			t.Errorf("-f %q -o %s: begins with %.10q", c.format, c.name, got)
		}
	}
}

// TestStaleSidecar: what an earlier run left beside a file goes with that file.
func TestStaleSidecar(t *testing.T) {
	in := captureFile(t)
	t.Chdir(t.TempDir())
	want(t, 0, "", "extract", in, "-o", "x.npy")
	want(t, 0, "", "extract", in, "-o", "x.jsonl")
	if got := filesIn(t, "."); len(got) != 5 {
		t.Fatalf("%q", got)
	}
	want(t, 0, "", "extract", in, "-o", "x.npy", "-f", "csv", "--provenance", "none")
	want(t, 0, "", "extract", in, "-o", "x.jsonl", "--provenance", "header")
	if got := filesIn(t, "."); !slices.Equal(got, []string{"x.jsonl", "x.npy"}) {
		t.Errorf("left: %q", got)
	}
}

// TestDeeperDirectory: captures in directories below are named, and how to read them.
func TestDeeperDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "2026", "11"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "2026", "11", "a.pcap"), captureBytes(t), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, exitError, "--recursive", "extract", dir)
	want(t, 0, "3 flows", "extract", dir, "--recursive", "-o", os.DevNull)
	if err := os.WriteFile(filepath.Join(dir, "b.pcap"), captureBytes(t), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, 0, "--recursive", "extract", dir, "-o", os.DevNull)
	want(t, 0, "6 flows", "extract", dir, "--recursive", "-o", os.DevNull)
}

// TestFlagOfNoOutput: a flag for formats that no output has is an error of usage.
func TestFlagOfNoOutput(t *testing.T) {
	in := captureFile(t)
	for _, c := range []struct {
		status int
		args   string
	}{
		{exitUsage, "-f csv --compression zstd"}, {exitUsage, "-f jsonl --csv-safe"}, {exitUsage, "-f csv --parquet-lists json"},
		{exitUsage, "-f tsv --csv-delimiter ;"}, {exitOK, "-f arrow --compression zstd"}, {exitOK, "-f csv --tee arrow=" + os.DevNull + " --compression lz4"},
	} {
		message := "formats that have it"
		if c.status == exitOK {
			message = ""
		}
		want(t, c.status, message, append([]string{"extract", in}, strings.Fields(c.args)...)...)
	}
}

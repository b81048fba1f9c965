//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAppendedToInput gives every command that reads a file that very file as standard output, as
// ">> FILE" does, and as standard input where it reads that: it refuses, and the file stays.
func TestAppendedToInput(t *testing.T) {
	dir := t.TempDir()
	capture, table, packets := filepath.Join(dir, "a.pcap"), filepath.Join(dir, "a.csv"), filepath.Join(dir, "a.parquet")
	if err := os.WriteFile(capture, captureBytes(t), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, exitOK, "", "extract", capture, "-o", table)
	want(t, exitOK, "", "dump", "-r", capture, "-w", packets)
	if err := os.Link(capture, filepath.Join(dir, "b.pcap")); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{
		{"extract", capture}, {"extract", filepath.Join(dir, "b.pcap"), "--tee", "csv=" + filepath.Join(dir, "c.csv")}, {"extract", "-"}, {"extract", capture, "-o", "/dev/stdout"},
		{"extract", capture, "-o", filepath.Join(dir, "c.csv")}, {"info", capture}, {"info", "-"}, {"info", table}, {"validate", "--schema", "v1.0", table},
		{"convert", table, "-f", "jsonl"}, {"dump", "-r", capture}, {"dump", "-r", "-"}, {"dump", "-r", capture, "-w", "-"}, {"filter", "test", "ip", "-r", capture},
		{"packets", "summary", packets}, {"packets", "query", "ip", packets}, {"listen", "-r", capture},
	} {
		name := capture
		for _, arg := range args {
			if arg == table || arg == packets {
				name = arg
			}
		}
		before, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		status := run(append([]string{"pinyon"}, args...), in, out, &said)
		in.Close()
		out.Close()
		if status != exitUsage || !strings.Contains(said.String(), "also an input") {
			t.Errorf("pinyon %v: status %d, %s", args, status, said.String())
		}
		if after, _ := os.ReadFile(name); !bytes.Equal(before, after) {
			t.Errorf("pinyon %v: the file is another one", args)
		}
	}
}

// TestEmptyOutput gives every command that writes to a name an empty one.
func TestEmptyOutput(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "a.pcap")
	if err := os.WriteFile(capture, captureBytes(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"extract", capture, "-o", ""}, {"extract", capture, "--output="}, {"convert", capture, "-o", ""}, {"schema", "-o", ""},
		{"dashboard", "export", "-o", ""}, {"packets", "to-pcap", capture, "-w", ""}, {"dump", "-r", capture, "-w", ""}, {"config", "convert", capture, "-o", ""},
		{"listen", "-r", capture, "-o", ""}, {"live", "-o", ""},
	} {
		want(t, exitUsage, "is empty", args...)
	}
}

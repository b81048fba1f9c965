package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWatch: a directory is turned into outputs by name, each told of; a second run has nothing to
// do; what was damaged is told by the status; rows go to a database too.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	whole := captureBytes(t)
	for name, b := range map[string][]byte{"a.pcap": whole, "d/b.pcapng.gz": nil, "c.pcap": whole[:len(whole)-7]} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if b != nil {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	quick := []string{"watch", dir, "--drain", "--settle", "10ms", "--features", "flow_meta"}
	out := t.TempDir()
	args := append(quick, "-f", "jsonl", "-o", out, "--name", "{dir}/of-{stem}.{ext}", "-w", "2")
	want(t, exitIncomplete, "a.pcap: 3 flows from 19 packets -> "+filepath.Join(out, "of-a.jsonl"), args...)
	if got := strings.Count(read(t, filepath.Join(out, "of-a.jsonl")), "\n"); got != 3 {
		t.Errorf("%d rows", got)
	}
	want(t, 0, "0 files done", args...)
	db := filepath.Join(t.TempDir(), "flows.db")
	_, _, stderr := runPinyon(t, append(quick, "-f", "sqlite", "-o", db, "--summary", "json")...)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	var sums map[string]int
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sums); err != nil || sums["done"] != 1 || sums["damaged"] != 1 || sums["flows"] < 5 {
		t.Errorf("%v: %s", err, stderr)
	}
	for args, message := range map[string]string{
		"--move x --delete": "exclude", "--existing all": "process or skip", "--name {x}": "no placeholder", "--name ../x": "below the output",
		"-f xlsx": "unknown format", "--resume r": "journal", "-o ftp://x/": "unknown scheme", "--features nope": "nope", "-o " + dir: "of their own",
	} {
		want(t, exitUsage, message, append(quick, strings.Fields(args)...)...)
	}
}

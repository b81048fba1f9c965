//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestWatchFlags: the flags of watch do what they say.
func TestWatchFlags(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, captureBytes(t), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := func(args ...string) string {
		t.Helper()
		_, _, stderr := runPinyon(t, append([]string{"watch", dir, "--drain", "--settle=5ms", "--features", "flow_meta"}, args...)...)
		return stderr
	}
	there := func(path string) bool { _, err := os.Stat(path); return err == nil }
	put("a.pcap")
	put("sub/b.pcap")
	out := filepath.Join(dir, "features")
	run("--existing=skip")
	if there(filepath.Join(out, "a.csv")) {
		t.Error("--existing skip: done")
	}
	other := filepath.Join(t.TempDir(), "other")
	run("--output", other, "--format", "parquet", "--no-recursive", "--existing", "process")
	if !there(filepath.Join(other, "a.parquet")) || there(filepath.Join(other, "sub")) {
		t.Errorf("--no-recursive: %q", filesIn(t, other))
	}
	third := filepath.Join(t.TempDir(), "third")
	run("-o", third, "-f", "jsonl", "--recursive", "-c", write(t, "c.yaml", []byte("include_ip_addresses: false\n")))
	if row := read(t, filepath.Join(third, "sub", "b.jsonl")); strings.Contains(row, "src_ip") || !strings.Contains(row, "src_port") {
		t.Errorf("-c: %s", row)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.pcap"), captureBytes(t)[:24], 0o600); err != nil {
		t.Fatal(err)
	}
	if said := run("--output-dir", third, "-f", "jsonl", "--once", "--skip-empty"); strings.Contains(said, "a.pcap") {
		t.Errorf("--once: %s", said)
	}
	if said := run("--output-dir", third, "-f", "jsonl", "--skip-empty"); !strings.Contains(said, "a.pcap: no flows, no output") || there(filepath.Join(third, "a.jsonl")) {
		t.Errorf("--skip-empty: %s", said)
	}
	archive := filepath.Join(t.TempDir(), "archive")
	run("-o", third, "-f", "jsonl", "--move", archive)
	if !there(filepath.Join(archive, "sub", "b.pcap")) || there(filepath.Join(dir, "sub", "b.pcap")) {
		t.Error("--move: not moved")
	}
	path := put("z.pcap")
	run("-o", third, "-f", "jsonl", "--delete")
	if there(path) || !there(filepath.Join(third, "z.jsonl")) {
		t.Error("--delete: not deleted")
	}
}

// TestWatchMetrics: what the watcher's files have come to is served while it is at work.
func TestWatchMetrics(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.pcap", "b.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), captureBytes(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := process(t, "watch", dir, "--settle", "5ms", "--prometheus-port", "0", "--prometheus-addr", "127.0.0.1", "--features", "flow_meta")
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewReader(pipe)
	line, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "metrics: ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	go io.Copy(io.Discard, lines)
	waitFor(t, func() bool {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return err == nil && strings.Contains(string(b), "\npinyon_packets_total 38\n") && strings.Contains(string(b), "\npinyon_watch_files_total{result=\"done\"} 2\n")
	})
	c.Process.Kill()
	c.Wait()
}

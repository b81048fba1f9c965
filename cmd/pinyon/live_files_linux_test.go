package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keepSending sends a capture every so often until the test says stop.
func keepSending(t *testing.T, every time.Duration, send func()) (stop func()) {
	t.Helper()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-time.After(every):
				send()
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// TestLiveRowsOfFiles: rows of formats of lines are in the file while the capture runs and frames
// come all the time: under its temporary name, or with --follow under its own.
func TestLiveRowsOfFiles(t *testing.T) {
	for _, follow := range []bool{false, true} {
		t.Run(fmt.Sprint("follow ", follow), func(t *testing.T) {
			ns := wire(t)
			dir := t.TempDir()
			args := []string{"v1", "-o", filepath.Join(dir, "x.jsonl"), "--tee", "csv=" + filepath.Join(dir, "x.csv"), "--timeout", "0.1", "--stats-interval", "0.2", "--summary", "json"}
			if follow {
				args = append(args, "--follow")
			}
			r := startLive(t, ns, args...)
			list := frames(t, "closed.pcap")
			stop := keepSending(t, 50*time.Millisecond, func() { send(t, ns, list) })
			for _, name := range []string{"x.jsonl", "x.csv"} {
				pattern := filepath.Join(dir, "."+name+".tmp-*")
				if follow {
					pattern = filepath.Join(dir, name)
				}
				waitFor(t, func() bool {
					for _, path := range glob(t, pattern) {
						if b, err := os.ReadFile(path); err == nil && bytes.Count(b, []byte("\n")) > 1 && b[len(b)-1] == '\n' {
							return true
						}
					}
					return false
				})
			}
			stop()
			r.Process.Signal(syscall.SIGTERM)
			status, said := r.end(t)
			s := summaryOf(t, said)
			if status != exitTerminate || !strings.Contains(said, " live flows, ") || !strings.Contains(said, " in the ring and ") {
				t.Errorf("status %d, %s", status, said)
			}
			if n := strings.Count(read(t, filepath.Join(dir, "x.jsonl")), "\n"); uint64(n) != s.Flows || n == 0 {
				t.Errorf("%d lines of %d flows", n, s.Flows)
			}
		})
	}
}

// TestLiveRotatesRows: rows rotate by time under names that hold {seq} or {time}; each file is
// complete, all rows are in them once, and two captures at once replace nothing.
func TestLiveRotatesRows(t *testing.T) {
	ns := wire(t)
	dir := t.TempDir()
	args := []string{"v1", "-o", filepath.Join(dir, "f-{time}.csv"), "--tee", "jsonl=" + filepath.Join(dir, "g-{seq}.jsonl"), "--tee", "parquet=" + filepath.Join(dir, "h-{seq}.parquet"),
		"--timeout", "0.1", "--rotate-interval", "1s", "--summary", "json"}
	runs := []*liveRun{startLive(t, ns, args...), startLive(t, ns, args...)}
	list := frames(t, "closed.pcap")
	stop := keepSending(t, 400*time.Millisecond, func() { send(t, ns, list) })
	waitFor(t, func() bool {
		return len(glob(t, filepath.Join(dir, "f-*.csv"))) >= 4 && len(glob(t, filepath.Join(dir, "g-*.jsonl"))) >= 4
	})
	stop()
	var flows, names int
	for _, r := range runs {
		r.Process.Signal(os.Interrupt)
		_, said := r.end(t)
		s := summaryOf(t, said)
		flows, names = flows+int(s.Flows), names+len(s.Outputs)
	}
	rows := 0
	for _, path := range glob(t, filepath.Join(dir, "g-*.jsonl")) {
		b := read(t, path)
		if !strings.HasSuffix(b, "}\n") {
			t.Errorf("%s ends with %q", path, b[max(0, len(b)-20):])
		}
		rows += strings.Count(b, "\n")
	}
	inCSV := 0
	for _, path := range glob(t, filepath.Join(dir, "f-*.csv")) {
		inCSV += strings.Count(read(t, path), "\n") - 1
	}
	files := 0
	for _, pattern := range []string{"f-*.csv", "g-*.jsonl", "h-*.parquet"} {
		files += len(glob(t, filepath.Join(dir, pattern)))
	}
	if rows != flows || inCSV != flows || files != names || flows == 0 {
		t.Errorf("%d rows of JSON and %d of CSV of %d flows; %d files of %d", rows, inCSV, flows, files, names)
	}
	for _, path := range glob(t, filepath.Join(dir, "h-*.parquet")) {
		want(t, 0, "", "info", path)
	}
	want(t, exitUsage, "{time} or {seq}", "live", "nosuch", "-o", "x.csv", "--rotate-rows", "5")
	want(t, exitUsage, "complete", "live", "nosuch", "-o", "x-{seq}.csv", "--follow")
	want(t, exitUsage, "no output is csv", "live", "nosuch", "-o", "x.parquet", "--follow")
	want(t, exitUsage, "--stats-interval", "live", "nosuch", "--stats-interval", "often")
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

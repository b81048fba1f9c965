//go:build unix

package main

import (
	"bufio"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMonitoring: a run serves its metrics under the names that were asked for, goes on with it
// for as long as it is to, and a signal ends that without changing the exit status.
func TestMonitoring(t *testing.T) {
	c := process(t, "extract", captureFile(t), "-o", filepath.Join(t.TempDir(), "x.csv"), "--metrics-port", "0", "--prometheus-linger", "10m", "--metrics-namespace", "joyfuljay")
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
	if err != nil || !ok || !strings.HasPrefix(url, "http://127.0.0.1:") {
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
		return err == nil && strings.Contains(string(b), "\njoyfuljay_packets_total 19\n") && strings.Contains(string(b), "\njoyfuljay_sink_rows_total{result=\"ok\",sink=\"csv\"} 3\n")
	})
	waitFor(t, func() bool {
		res, err := http.Get(strings.TrimSuffix(url, "metrics") + "readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable // the run is over
	})
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Skip(err)
	}
	if status := exitStatus(t, c); status != 0 {
		t.Errorf("status %d", status)
	}

	in := captureFile(t)
	want(t, 2, "--metrics-namespace", "extract", in, "--metrics-namespace", "1a")
	want(t, 2, "--prometheus-port", "extract", in, "--prometheus-port", "65536")
	want(t, 2, "--prometheus-linger", "extract", in, "--prometheus-linger", "5")
	want(t, 2, "--prometheus-linger", "extract", in, "--prometheus-port", "0", "--prometheus-linger", "soon")
	want(t, 1, "metrics", "extract", in, "--prometheus-port", "0", "--prometheus-addr", "192.0.2.1")
}

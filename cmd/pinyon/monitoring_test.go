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

// TestDashboard: the board under all its names, the scrape job and the rules, to files and to
// standard output, with the names that were asked for.
func TestDashboard(t *testing.T) {
	board := want(t, 0, "", "dashboard", "export")
	path := filepath.Join(t.TempDir(), "new", "board.json")
	want(t, 0, "", "schema", "--grafana", "-o", path)
	if board != read(t, path) || board != want(t, 0, "", "export-dashboard") || !strings.Contains(board, "pinyon_packets_total") {
		t.Error("the board differs by the name of the command")
	}
	if b := want(t, 0, "", "dashboard", "export", "--namespace", "joyfuljay", "--datasource-uid", "abc"); strings.Contains(b, "pinyon_") || strings.Contains(b, "${datasource}") {
		t.Error("the board has other names, or another source, than were asked for")
	}
	if y := want(t, 0, "", "dashboard", "prometheus", "--target", "h:1", "--scrape-interval", "30"); !strings.Contains(y, `"h:1"`) || !strings.Contains(y, "30s") {
		t.Error(y)
	}
	if y := want(t, 0, "", "dashboard", "alerts", "--namespace", "x", "--error-threshold", "0", "--packet-rate-threshold", "2.5"); !strings.Contains(y, "x_errors_total[5m])) > 0\"") || !strings.Contains(y, "<= 2.5") {
		t.Error(y)
	}
	want(t, 2, "--namespace", "dashboard", "alerts", "--namespace", "a-b")
	want(t, 2, "--namespace", "dashboard", "export", "--namespace", "")
	want(t, 2, "--scrape-interval", "dashboard", "prometheus", "--scrape-interval", "soon")
	want(t, 2, "unknown command", "dashboard", "other")
}

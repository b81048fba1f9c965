package main

import (
	"path/filepath"
	"strings"
	"testing"
)

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

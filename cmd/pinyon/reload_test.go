package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon/source"
)

// filtered is a device that has a filter and nothing else.
type filtered struct {
	expr    string
	dropped uint64
	fail    error
}

func (f *filtered) FilterExpr() string { return f.expr }

func (f *filtered) Stats() source.Stats { return source.Stats{FilterDropped: f.dropped} }

func (f *filtered) SetFilter(expr string) error {
	if f.fail == nil {
		f.expr, f.dropped = expr, f.dropped+5
	}
	return f.fail
}

// TestReload: of a file that changes each key acts or is named; one that is wrong, and a filter
// that the device refuses, change nothing.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sniffer:\n  filter: tcp\n")
	var said bytes.Buffer
	a := newApp("pinyon", nil, &bytes.Buffer{}, &said)
	s := &sensor{app: a, paths: []string{path}, given: func(string) bool { return false }}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	dev := &filtered{expr: "tcp"}
	was, g := s.plan, s.gate
	for _, c := range []struct {
		text, want, expr string
		fail             error
	}{
		{"sniffer:\n  filter: tcp\n", "reload: nothing has changed", "tcp", nil},
		{"sniffer:\n  filter: 'udp ('\n  security: {blacklist: 10.0.0.1}\n", path + ":2: sniffer.filter: ", "tcp", nil},
		{"sniffer:\n  filtre: udp\n", path + ":2: sniffer.filtre: unknown key", "tcp", nil},
		{"sniffer:\n  filter: udp\n  security: {blacklist: 10.0.0.1}\n", "goes on as it was: no room", "tcp", errors.New("no room")},
	} {
		write(c.text)
		said.Reset()
		dev.fail = c.fail
		s.reload(dev, true)
		if !strings.Contains(said.String(), c.want) || dev.expr != c.expr || s.plan != was || s.gate != g {
			t.Errorf("%s: %s %+v", c.text, said.String(), dev)
		}
	}
	dev.fail = nil
	write("sniffer:\n  filter: udp\n  filters: {ports: 53}\n  snaplen: 99\n  performance: {enable_realtime_display: true}\n  security: {blacklist: 10.0.0.1, rate_limit: 1}\n")
	said.Reset()
	s.reload(dev, false)
	s.tellDropped(dev)
	s.tellDropped(dev)
	for _, want := range []string{"reload: filter: (udp) and (port 53)\n", "reload: changed: sniffer.performance.enable_realtime_display, sniffer.security.rate_limit, sniffer.security.blacklist\n",
		"holds from the next one on: sniffer.snaplen\n", "reload: 5 packets that the earlier filter had let in were dropped\n"} {
		if strings.Count(said.String(), want) != 1 {
			t.Errorf("no %q in %s", want, said.String())
		}
	}
	if dev.expr != "(udp) and (port 53)" || !s.lines.Load() || s.gate != g || s.plan.Gate.Rate != 1 || len(s.plan.Gate.Block) != 1 {
		t.Errorf("%+v", s.plan)
	}
	s.filterFlag = true
	write("sniffer:\n  filter: icmp\n")
	said.Reset()
	s.reload(dev, false)
	if dev.expr != "(udp) and (port 53)" || !strings.Contains(said.String(), "command line") {
		t.Error(dev.expr, said.String())
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon/packet"
	"pinyon/source"
)

// TestLogEnds: the run's end closes the log's files, and says how many lines are not in them.
func TestLogEnds(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.yaml")
	if err := os.WriteFile(path, []byte("interface: {name: lo}\nlogging: {log_dir: "+dir+", enable_file_logging: true}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, err bytes.Buffer
	a := newApp("pinyon", strings.NewReader(""), &out, &err)
	s := &sensor{app: a, paths: []string{path}, given: func(string) bool { return false }}
	if e := s.load(); e != nil {
		t.Fatal(e)
	}
	a.say("a line")
	if b, e := os.ReadFile(filepath.Join(dir, "pinyon.log")); e != nil || !strings.Contains(string(b), "a line") {
		t.Fatalf("%v: %q", e, b)
	}
	if e := s.log.Close(); e != nil {
		t.Fatal(e)
	}
	a.say("another")
	a.closeLog()
	if !strings.Contains(err.String(), "1 lines could not be written to the log") {
		t.Errorf("%q", err.String())
	}
	a.closeLog()
	a.say("shown still")
	if !strings.HasSuffix(err.String(), "shown still\n") {
		t.Errorf("%q", err.String())
	}
}

// clockless and clocked are sources of nothing, the latter with a clock of its own.
type clockless struct{ liveSource }

func (clockless) Next(*packet.Frame) error { return source.ErrTimeout }

type clocked struct{ clockless }

func (clocked) Clock() int64 { return 7 }

// TestClockPasses: what wraps a source of a command passes its clock on, and makes none up.
func TestClockPasses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(path, []byte("interface: {name: lo}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newApp("pinyon", strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	s := &sensor{app: a, paths: []string{path}, given: func(string) bool { return false }}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	defer a.closeLog()
	for name, wrap := range map[string]func(liveSource) liveSource{
		"gate":            s.behind,
		"saving":          func(src liveSource) liveSource { return timedBy(src, &saving{liveSource: src}) },
		"gate and saving": func(src liveSource) liveSource { return timedBy(s.behind(src), &saving{liveSource: s.behind(src)}) },
	} {
		if _, ok := wrap(clockless{}).(source.Clock); ok {
			t.Errorf("%s: a source without a clock has one", name)
		}
		if c, ok := wrap(clocked{}).(source.Clock); !ok || c.Clock() != 7 {
			t.Errorf("%s: a source's clock is lost", name)
		}
	}
}

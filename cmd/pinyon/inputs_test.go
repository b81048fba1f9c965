package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestBadInputs(t *testing.T) {
	good := captureFile(t)
	whole := captureBytes(t)
	cut := write(t, "cut.pcap", whole[:len(whole)-5])
	bad := bytes.Clone(whole)
	for i := range 4 {
		bad[24+8+i] = 0xff // captured length of the first record
	}
	damaged := write(t, "damaged.pcap", bad)
	empty := write(t, "empty.pcap", nil)
	text := write(t, "text.pcap", []byte("no capture, just words\n"))
	bare := t.TempDir()
	for _, c := range []struct {
		status  int
		message string
		args    []string
	}{
		{exitError, "nowhere", []string{"nowhere"}},
		{exitError, empty, []string{empty}},
		{exitError, "unknown scheme gopher://", []string{"gopher://x"}},
		{exitError, "file has no option", []string{"file://" + good + "?x=1"}},
		{exitIncomplete, "nosuchdevice", []string{"file://" + good, "device://nosuchdevice"}},
		{exitError, text, []string{text}},
		{exitError, bare, []string{bare}},
		{exitError, text, []string{text, empty}},
		{exitIncomplete, "nowhere", []string{"nowhere", good}},
		{exitIncomplete, text, []string{good, text, good}},
		{exitIncomplete, "record 19", []string{cut}},
		{exitIncomplete, "record 1 at 24", []string{damaged}},
		{exitIncomplete, "damaged or cut short 1", []string{good, cut}},
		{0, "record 19", []string{cut, "--keep-going"}},
		{0, "nowhere", []string{"nowhere", good, "--keep-going"}},
		{exitError, "nowhere", []string{"nowhere", "--keep-going"}},
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out.csv")
		want(t, c.status, c.message, append([]string{"extract", "-o", out}, c.args...)...)
		left := len(filesIn(t, dir))
		if c.status == exitError && left != 0 || c.status != exitError && left != 2 {
			t.Errorf("%v: files %v", c.args, filesIn(t, dir))
		}
	}
	if out := want(t, exitIncomplete, "", "extract", cut, "--feature", "total_packets"); out != "total_packets\n1\n13\n4\n" && out != "total_packets\n13\n1\n4\n" {
		t.Errorf("rows before the damage: %q", out)
	}
	if _, out, _ := runPinyon(t, "extract", text); out != "" {
		t.Errorf("nothing read, yet %q", out)
	}
	want(t, exitError, "create nowhere/x.csv: no such file", "extract", good, "-o", "nowhere/x.csv")
	want(t, exitError, "is a directory", "extract", good, "-o", bare)
	if status, _, stderr := runWith(t, strings.NewReader("words"), "extract", "-"); status != exitError || !strings.Contains(stderr, "standard input") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func TestPermission(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not bind this user")
	}
	in, good := captureFile(t), captureFile(t)
	os.Chmod(in, 0)
	want(t, exitPermission, in, "extract", in)
	want(t, exitIncomplete, in, "extract", in, good)
	dir := t.TempDir()
	os.Chmod(dir, 0o500)
	want(t, exitPermission, dir, "extract", good, "-o", filepath.Join(dir, "x.csv"))
}

func TestSameFile(t *testing.T) {
	in := captureFile(t)
	before := read(t, in)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(in, link); err != nil {
		t.Skip(err)
	}
	want(t, exitUsage, "also an input", "extract", in, "-o", in, "-f", "csv")
	want(t, exitUsage, "also an input", "extract", in, "-o", link)
	want(t, exitUsage, "also an input", "extract", in, "--tee", "jsonl="+in)
	if read(t, in) != before {
		t.Error("the input was changed")
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.pcap", "a.cap", "c.PCAPNG", "sub/d.pcap", "e.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), captureBytes(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func(args ...string) string {
		out := want(t, 0, "", append([]string{"extract", dir, "--include-trace", "--feature", "input", "--no-header"}, args...)...)
		var seen []string
		for line := range strings.Lines(out) {
			if name, _ := filepath.Rel(dir, strings.TrimSpace(line)); len(seen) == 0 || seen[len(seen)-1] != name {
				seen = append(seen, name)
			}
		}
		return strings.Join(seen, " ")
	}
	if got := names(); got != "a.cap b.pcap c.PCAPNG" {
		t.Errorf("read %s", got)
	}
	if got := names("--recursive"); got != "a.cap b.pcap c.PCAPNG sub/d.pcap" {
		t.Errorf("read %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "f.pcap.gz"), []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, exitIncomplete, "f.pcap.gz", "extract", dir)
}

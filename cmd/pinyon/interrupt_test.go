//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the command in a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	c := exec.Command(exe, args...)
	c.Env = append(os.Environ(), "PINYON_TEST_MAIN=1")
	return c
}

// exitStatus waits for a process, which must not take long.
func exitStatus(t *testing.T, c *exec.Cmd) int {
	t.Helper()
	late := time.AfterFunc(60*time.Second, func() { c.Process.Kill() })
	defer late.Stop()
	c.Wait()
	return c.ProcessState.ExitCode()
}

// idle starts an extraction from a pipe that has given a whole capture and stays open, and
// gives it a while to read that.
func idle(t *testing.T, out string, while time.Duration) (c *exec.Cmd, stderr *bufio.Reader) {
	t.Helper()
	c = process(t, "extract", "-", "-o", out)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(captureBytes(t)); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(while+time.Minute, func() { c.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	waitFor(t, func() bool { return len(filesIn(t, filepath.Dir(out))) > 0 })
	time.Sleep(while)
	return c, bufio.NewReader(pipe)
}

// glance starts a process, and stops reading its standard output after ten bytes.
func glance(t *testing.T, p *exec.Cmd) {
	t.Helper()
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	io.ReadFull(out, make([]byte, 10))
	out.Close()
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for range 3000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain")
}

func TestInterrupt(t *testing.T) {
	for _, c := range []struct {
		signal os.Signal
		status int
	}{{os.Interrupt, exitInterrupt}, {syscall.SIGTERM, exitTerminate}, {syscall.SIGHUP, exitHangup}} {
		if c.signal == syscall.SIGHUP && signal.Ignored(c.signal) {
			t.Log("hangups are ignored here, as nohup has it, and by what is started too")
			continue
		}
		// A busy machine may not have read the pipe after a while.
		for _, while := range []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second} {
			dir := t.TempDir()
			out := filepath.Join(dir, "x.parquet")
			p, stderr := idle(t, out, while)
			p.Process.Signal(c.signal)
			said, _ := io.ReadAll(stderr)
			if got := exitStatus(t, p); got != c.status {
				t.Errorf("%v: status %d, %s", c.signal, got, said)
			}
			if !strings.Contains(string(said), "3 flows from 19 packets") && while < 5*time.Second {
				continue
			}
			if !strings.Contains(string(said), "3 flows from 19 packets") {
				t.Errorf("%v: stderr %s", c.signal, said)
			}
			if got := filesIn(t, dir); len(got) != 2 {
				t.Errorf("%v: files %v", c.signal, got)
			}
			if text := want(t, 0, "", "info", out); !strings.Contains(text, "rows            3\n") {
				t.Errorf("%v: %s", c.signal, text)
			}
			break
		}
	}
}

// TestQuit: nothing is left of what was being written.
func TestQuit(t *testing.T) {
	if signal.Ignored(syscall.SIGQUIT) {
		t.Skip("quits are ignored here, as in a shell's background, and by what is started too")
	}
	if status, left, said := signalled(t, syscall.SIGQUIT); status != exitQuit || len(left) != 0 {
		t.Errorf("status %d, left over %v, %s", status, left, said)
	}
}

// signalled sends signals to an idle extraction: its exit status, the files that are there
// then, and what it said.
func signalled(t *testing.T, signals ...os.Signal) (status int, left []string, said string) {
	t.Helper()
	dir := t.TempDir()
	p, stderr := idle(t, filepath.Join(dir, "x.csv"), 100*time.Millisecond)
	for _, s := range signals {
		p.Process.Signal(s)
	}
	b, _ := io.ReadAll(stderr)
	status = exitStatus(t, p)
	return status, filesIn(t, dir), string(b)
}

// TestHangup: the second hangup of a session that ends aborts nothing, and nohup is minded.
func TestHangup(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("hangups are ignored here, as nohup has it, and by what is started too")
	}
	if status, left, said := signalled(t, syscall.SIGHUP, syscall.SIGHUP); status != exitHangup || len(left) != 2 {
		t.Errorf("status %d, files %v, %s", status, left, said)
	}

	dir := t.TempDir()
	p := process(t)
	p.Args = []string{"sh", "-c", `trap "" HUP; exec "$0" dump -r - -w "$1"`, p.Path, filepath.Join(dir, "x.pcap")}
	p.Path = "/bin/sh"
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	in.Write(captureBytes(t))
	waitFor(t, func() bool { return len(filesIn(t, dir)) > 0 })
	p.Process.Signal(syscall.SIGHUP)
	time.Sleep(100 * time.Millisecond)
	in.Close()
	if got := exitStatus(t, p); got != exitOK {
		t.Errorf("without hangups: status %d", got)
	}
}

// TestTwoSignals: whoever stops a run may send several signals at once, as timeout(1) does, and
// gets all of its rows.
func TestTwoSignals(t *testing.T) {
	for _, signals := range [][]os.Signal{{syscall.SIGTERM, syscall.SIGTERM}, {os.Interrupt, syscall.SIGTERM, os.Interrupt}} {
		status, left, said := signalled(t, signals...)
		if status != exitTerminate && status != exitInterrupt || len(left) != 2 || left[0] != "x.csv" {
			t.Errorf("%v: status %d, files %v, %s", signals, status, left, said)
		}
	}
}

// TestAbort sends a second signal, later, while the first is held up by an output that nobody
// reads: what is complete of the other one stays under another name.
func TestAbort(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	reader, err := os.OpenFile(fifo, os.O_RDWR, 0) // keeps it open, reads nothing
	if err != nil {
		t.Skip(err)
	}
	defer reader.Close()
	in := captureFile(t)
	args := []string{"extract", "-o", filepath.Join(dir, "x.csv"), "--tee", "csv=" + fifo}
	for range 100 {
		args = append(args, in)
	}
	p := process(t, args...)
	var stderr bytes.Buffer
	p.Stderr = &stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(filesIn(t, dir)) > 0 })
	time.Sleep(500 * time.Millisecond) // the pipe is full by then
	p.Process.Signal(os.Interrupt)
	time.Sleep(together + 200*time.Millisecond)
	p.Process.Signal(os.Interrupt)
	if got := exitStatus(t, p); got != exitInterrupt {
		t.Errorf("status %d, %s", got, stderr.String())
	}
	if got := filesIn(t, dir); len(got) != 2 || got[0] != "x.partial.csv" {
		t.Fatalf("left over: %v", got)
	}
	b, err := os.ReadFile(filepath.Join(dir, "x.partial.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	want := fmt.Sprintf("aborted: %d complete rows -> %s\n", len(lines)-2, filepath.Join(dir, "x.partial.csv"))
	if lines[len(lines)-1] != "" || len(lines) < 3 || !strings.Contains(stderr.String(), want) {
		t.Errorf("%d lines, the last %q; %s", len(lines)-1, lines[len(lines)-1], stderr.String())
	}
}

// TestClosedPipe reads a little of standard output and goes away.
func TestClosedPipe(t *testing.T) {
	dir := t.TempDir()
	in := captureFile(t)
	args := []string{"extract", "--tee", "csv=" + filepath.Join(dir, "x.csv")}
	for range 200 {
		args = append(args, in)
	}
	p := process(t, args...)
	var stderr bytes.Buffer
	p.Stderr = &stderr
	glance(t, p)
	// The counts are told, and nothing else.
	if got := exitStatus(t, p); got != exitError || !strings.Contains(stderr.String(), " packets (") ||
		!strings.Contains(stderr.String(), "nobody reads standard output any more") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("status %d, stderr %q", got, stderr.String())
	}
	if got := filesIn(t, dir); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

// TestControl: under --control a run ends as after an interrupt once standard input ends, which
// it does when the process that started it dies.
func TestControl(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "never.pcap")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	hold, err := os.OpenFile(fifo, os.O_RDWR, 0) // a writer that writes nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	c := process(t, "--control", "extract", fifo, "-f", "csv", "--no-progress")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if got := exitStatus(t, c); got != exitInterrupt {
		t.Errorf("status %d, want %d", got, exitInterrupt)
	}
}

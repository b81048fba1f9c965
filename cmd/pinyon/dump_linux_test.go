package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// all reads what a capture prints, to its end.
func (r *liveRun) all(t *testing.T) (out string, status int, said string) {
	t.Helper()
	late := time.AfterFunc(60*time.Second, func() { r.Process.Kill() })
	defer late.Stop()
	b, err := io.ReadAll(r.out)
	if err != nil {
		t.Fatal(err)
	}
	status, said = r.end(t)
	return string(b), status, said
}

// TestDumpLive: what is sent is printed, written and counted; the lines are those of the file.
func TestDumpLive(t *testing.T) {
	ns := wire(t)
	sent := frames(t, "closed.pcap", "arp.pcap", "6in4.pcap")
	for _, ext := range []string{".pcap", ".pcapng"} {
		file := filepath.Join(t.TempDir(), "x"+ext)
		r := startCapture(t, ns, "dump", "-i", "v1", "-c", fmt.Sprint(len(sent)), "-w", file, "--print")
		send(t, ns, sent)
		out, status, said := r.all(t)
		if status != exitOK || !strings.Contains(said, fmt.Sprintf("v1: %d received, %d captured, ", len(sent), len(sent))) {
			t.Fatalf("exit %d: %s", status, said)
		}
		if n := strings.Count(out, "\n"); n != len(sent) {
			t.Errorf("%d lines of %d frames", n, len(sent))
		}
		if again := want(t, 0, "", "dump", "-r", file); again != out {
			t.Errorf("the file's lines are others:\n%s\nlive:\n%s", again, out)
		}
		got := framesOf(t, file)
		if len(got) != len(sent) {
			t.Fatalf("%d frames in the file; sent %d", len(got), len(sent))
		}
		for i := range got {
			if !reflect.DeepEqual(got[i].Data, sent[i]) {
				t.Errorf("frame %d: %x; sent %x", i, got[i].Data, sent[i])
			}
		}
	}
	r := startCapture(t, ns, "dump", "-i", "v1", "-d", "0.2")
	if out, status, said := r.all(t); status != exitOK || out != "" || !strings.Contains(said, "v1: 0 received, 0 captured, ") {
		t.Errorf("exit %d, %q: %s", status, out, said)
	}
	r = startCapture(t, ns, "dump", "-i", "v1", "-c", "2", "-e", "frame.number,frame.interface", "-e", "ip.proto", "icmp6", "or", "proto", "41")
	send(t, ns, sent)
	if out, status, said := r.all(t); status != exitOK || out != "1\tv1\t41\n2\tv1\t41\n" || !strings.Contains(said, "v1: ") || !strings.Contains(said, " 2 captured") {
		t.Errorf("exit %d, %q: %s", status, out, said)
	}
}

// TestDumpInterrupt: lines come at once without another packet; an interrupt ends the capture
// with what the ring holds, and finishes the file.
func TestDumpInterrupt(t *testing.T) {
	ns := wire(t)
	sent := frames(t, "closed.pcap")
	dir := t.TempDir()
	r := startCapture(t, ns, "dump", "-i", "v1", "-w", filepath.Join(dir, "x.pcap"), "-e", "frame.number")
	send(t, ns, sent)
	lines := bufio.NewReader(r.out)
	late := time.AfterFunc(60*time.Second, func() { r.Process.Kill() })
	for range sent {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	late.Stop()
	if names := filesIn(t, dir); len(names) != 1 || !strings.HasPrefix(names[0], ".x.pcap.tmp-") {
		t.Errorf("files %v while the capture runs", names)
	}
	send(t, ns, sent)
	r.Process.Signal(os.Interrupt)
	status, said := r.end(t)
	if status != exitInterrupt || !strings.Contains(said, " 0 left at the end") {
		t.Errorf("exit %d: %s", status, said)
	}
	if got := framesOf(t, filepath.Join(dir, "x.pcap")); len(got) != 2*len(sent) {
		t.Errorf("%d frames in the file; want %d", len(got), 2*len(sent))
	}
}

// TestDumpReaderGone: whoever reads the lines may leave; the file gets all frames.
func TestDumpReaderGone(t *testing.T) {
	ns := wire(t)
	sent := frames(t, "closed.pcap")
	file := filepath.Join(t.TempDir(), "x.pcap")
	r := startCapture(t, ns, "dump", "-i", "v1", "-w", file, "--print", "-c", fmt.Sprint(2*len(sent)))
	r.out.Close()
	send(t, ns, sent)
	time.Sleep(300 * time.Millisecond)
	send(t, ns, sent)
	status, said := r.end(t)
	if status != exitOK || strings.Count(said, "nobody reads") != 1 || strings.Contains(said, "broken pipe") {
		t.Errorf("exit %d: %s", status, said)
	}
	if got := framesOf(t, file); len(got) != 2*len(sent) {
		t.Errorf("%d frames in the file; want %d", len(got), 2*len(sent))
	}

	var long []byte
	for range 3000 {
		long = append(long, captureBytes(t)[24:]...)
	}
	in := write(t, "long.pcap", append(captureBytes(t), long...))
	p := process(t, "dump", "-r", in, "-w", file, "--print")
	glance(t, p)
	if status := exitStatus(t, p); status != exitOK {
		t.Errorf("exit %d", status)
	}
	if got := len(framesOf(t, file)); got != 3001*19 {
		t.Errorf("%d frames in the file; want %d", got, 3001*19)
	}
	p = process(t, "dump", "-r", in)
	var words strings.Builder
	p.Stderr = &words
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if status := exitStatus(t, p); status != exitError || words.Len() > 0 {
		t.Errorf("without a file: exit %d: %s", status, words.String())
	}
}

// TestDumpWaiting: an interrupt ends the wait for a capture that has not begun.
func TestDumpWaiting(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	f := func(in string, while time.Duration) (status int, said string) {
		p := process(t, "dump", "-r", in)
		pipe, err := p.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		var words strings.Builder
		p.Stderr = &words
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(while)
		p.Process.Signal(os.Interrupt)
		return exitStatus(t, p), words.String()
	}
	for _, in := range []string{fifo, "-"} {
		status, said := f(in, 300*time.Millisecond)
		if status == -1 { // a busy machine had not begun
			status, said = f(in, 5*time.Second)
		}
		if status != exitInterrupt || strings.Contains(said, "not a capture") {
			t.Errorf("%s: exit %d: %s", in, status, said)
		}
	}
}

// TestFilterTestForbidden: a capture that may not be read has the status of permission.
func TestFilterTestForbidden(t *testing.T) {
	in := captureFile(t)
	if err := os.Chmod(in, 0); err != nil {
		t.Fatal(err)
	}
	for d := filepath.Dir(in); len(d) > 1; d = filepath.Dir(d) {
		if d != os.TempDir() {
			os.Chmod(d, 0o755)
		}
	}
	if os.Getuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		unix.Setfsuid(65534)
		defer unix.Setfsuid(0)
	}
	want(t, exitPermission, "permission denied", "filter", "test", "tcp", "-r", in)
	want(t, exitError, "no such file", "filter", "test", "tcp", "-r", in, "-r", "nowhere")
}

// TestDumpDevices: the default device is named, a device that is deleted ends the capture.
func TestDumpDevices(t *testing.T) {
	ns := wire(t)
	ns.IP("addr add 10.9.0.1/24 dev v1")
	ns.IP("route add default via 10.9.0.2")
	r := startCapture(t, ns, "dump", "udp", "port", "9")
	ns.IP("link del v1")
	out, status, said := r.all(t)
	if status != exitIncomplete || out != "" || !strings.Contains(said, "listening on v1") || !strings.Contains(said, "removed") || !strings.Contains(said, " captured, ") {
		t.Errorf("exit %d, %q: %s", status, out, said)
	}
}

// TestDumpPipe: what comes through a pipe is printed as it comes, and an interrupt ends it.
func TestDumpPipe(t *testing.T) {
	c := process(t, "dump", "-r", "-", "-e", "frame.number")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(60*time.Second, func() { c.Process.Kill() })
	defer late.Stop()
	whole := captureBytes(t)
	in.Write(whole[:len(whole)-5])
	lines := bufio.NewReader(out)
	for range 18 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c.Process.Signal(syscall.SIGTERM)
	io.Copy(io.Discard, lines)
	if status := exitStatus(t, c); status != exitTerminate || !strings.Contains(said.String(), "18 records, 18 matched") || strings.Contains(said.String(), "record 19") {
		t.Errorf("exit %d: %s", status, said.String())
	}
}

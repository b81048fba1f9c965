package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/replay"
)

// replayed runs `pinyon replay` in the namespace.
func replayed(t *testing.T, ns *nstest.Namespace, stdin io.Reader, args ...string) (status int, said string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd := ns.Command(exe, append([]string{"replay"}, args...)...)
	cmd.Env = append(os.Environ(), "PINYON_TEST_MAIN=1")
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestReplay: what is sent is what a capture saves, frame by frame, and the account of both
// sides agrees.
func TestReplay(t *testing.T) {
	ns := wire(t)
	file := "../../testdata/http1.pcap"
	sent := frames(t, "http1.pcap")
	for name, args := range map[string]string{"file": "--topspeed --loops 3", "pipe": "- --topspeed", "rate": "--pps 2000", "streamed": "--topspeed --memory 0"} {
		save := filepath.Join(t.TempDir(), "s.pcap")
		want := sent
		if strings.Contains(args, "--loops 3") {
			want = append(append(bytesOf(sent), sent...), sent...)
		}
		r := startLive(t, ns, "v1", "-d", "1.5", "--save-pcap", save, "-o", os.DevNull, "--features", "flow_meta", "--summary", "json")
		words := strings.Fields(args)
		var stdin io.Reader
		if words[0] == "-" {
			words = append([]string{"-", "v0"}, words[1:]...)
			stdin = bytes.NewReader(readFile(t, file))
		} else {
			words = append([]string{file, "v0"}, words...)
		}
		status, said := replayed(t, ns, stdin, append(words, "--summary", "json")...)
		var s replay.Stats
		if err := json.Unmarshal([]byte(said), &s); err != nil || status != exitOK {
			t.Fatalf("%s: exit %d: %s", name, status, said)
		}
		_, told := r.end(t)
		c := summaryOf(t, told).Capture
		if s.Sent != uint64(len(want)) || c.Received != s.Sent || c.Captured != s.Sent || c.Lost() != 0 {
			t.Errorf("%s: %d frames; sent %d, %+v", name, len(want), s.Sent, c.Stats)
		}
		got := allFrames(t, save)
		if len(got) != len(want) {
			t.Fatalf("%s: %d frames saved; want %d", name, len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("%s: frame %d differs", name, i)
			}
		}
	}
}

func bytesOf(f [][]byte) [][]byte { return append([][]byte(nil), f...) }

func allFrames(t *testing.T, path string) (all [][]byte) {
	t.Helper()
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var f packet.Frame
	for r.Next(&f) == nil {
		all = append(all, bytes.Clone(f.Data))
	}
	return all
}

func TestReplayRefusals(t *testing.T) {
	ns := wire(t)
	ns.IP("link set v0 mtu 100")
	status, said := replayed(t, ns, nil, "../../testdata/http1.pcap", "v0", "--topspeed", "--summary", "json")
	var s replay.Stats
	if err := json.Unmarshal([]byte(said), &s); err != nil || status != exitOK || s.TooLong == 0 || s.Sent+s.TooLong != s.Records {
		t.Errorf("short MTU: exit %d: %s", status, said)
	}
	for args, want := range map[string]struct {
		status int
		words  string
	}{
		"../../testdata/http1.pcap nosuch":              {exitDevice, "nosuch"},
		"../../testdata/nosuch.pcap v0":                 {exitError, "nosuch.pcap"},
		"../../testdata/http1.pcap v0 --pps 5 --mbps 3": {exitUsage, "exclude"},
		"../../testdata/http1.pcap v0 --loops -1":       {exitUsage, "--loops"},
		"../../testdata/http1.pcap v0 --filter tcpp":    {exitUsage, `"tcpp"`},
		"../../testdata/http1.pcap v0 --filter inbound": {exitUsage, "directions"},
		"../../testdata/http1.pcap v0 -d 0":             {exitUsage, "--duration"},
		"../../testdata/http1.pcap v0 --summary xml":    {exitUsage, "xml"},
		"../../testdata/http1.pcap v0 --memory lots":    {exitUsage, "--memory"},
		"../../testdata/http1.pcap v0 --batch 0":        {exitUsage, "--batch"},
		"../../testdata/http1.pcap v0 --multiplier 0":   {exitUsage, "above 0"},
		"../../testdata/http1.pcap v0 --multiplier inf": {exitUsage, "finite"},
		"../../testdata/http1.pcap v0 --multiplier nan": {exitUsage, "finite"},
		"../../testdata/http1.pcap v0 --pps Inf":        {exitUsage, "finite"},
		"../../testdata/http1.pcap v0 --pps nan":        {exitUsage, "finite"},
		"../../testdata/http1.pcap v0 --mbps +Inf":      {exitUsage, "finite"},
		"../../testdata/http1.pcap v0 --mbps NaN":       {exitUsage, "finite"},
		"../../testdata/http1.pcap":                     {exitUsage, "arg"},
	} {
		if status, said := replayed(t, ns, nil, strings.Fields(args)...); status != want.status || !strings.Contains(said, want.words) {
			t.Errorf("%s: exit %d: %s; want %d and %q", args, status, said, want.status, want.words)
		}
	}
}

// TestReplaySkipped: records that the capture hides are told of, once however often it is read.
func TestReplaySkipped(t *testing.T) {
	ns := wire(t)
	b := undeclared(t)
	in := write(t, "undeclared.pcapng", b)
	for _, args := range []string{in, in + " --loops 3", in + " --loops 3 --memory 0", "-"} {
		words := strings.Fields(args + " --topspeed")
		words = append([]string{words[0], "v0"}, words[1:]...)
		if status, said := replayed(t, ns, bytes.NewReader(b), words...); status != exitOK || !strings.Contains(said, "\nskipped: 1 records of undeclared interfaces, 0 sections") {
			t.Errorf("%s: exit %d: %s", args, status, said)
		}
		status, said := replayed(t, ns, bytes.NewReader(b), append(words, "--summary", "json")...)
		var s replaySummary
		if err := json.Unmarshal([]byte(said), &s); err != nil || status != exitOK || s.UnknownInterface != 1 || s.Sent%2 != 0 || s.Sent == 0 {
			t.Errorf("%s: exit %d: %s", args, status, said)
		}
	}
}

// TestReplayFailed: a frame that the kernel refuses, such as half a header, is damage.
func TestReplayFailed(t *testing.T) {
	ns := wire(t)
	var b bytes.Buffer
	w := pcap.NewWriter(&b, pcap.WriterOptions{Link: packet.LinkEthernet})
	for _, data := range []string{"0123456789abcdef", "01234567", "0123456789abcdef"} {
		if err := w.Write(&packet.Frame{Data: []byte(data), Wire: uint32(len(data)), Link: packet.LinkEthernet}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	in := write(t, "short.pcap", b.Bytes())
	if status, said := replayed(t, ns, nil, in, "v0", "--topspeed"); status != exitIncomplete || !strings.HasPrefix(said, "2 frames (32 bytes)") || !strings.Contains(said, "failed: ") {
		t.Errorf("exit %d: %s", status, said)
	}
}

// TestReplayInterrupt: a signal ends it with the account of what was sent, and ends a pipe that
// nobody writes to.
func TestReplayInterrupt(t *testing.T) {
	ns := wire(t)
	interruptReplay(t, ns, "../../testdata/http1.pcap", "v0", "--pps", "100", "--loops", "0")
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	interruptReplay(t, ns, fifo, "v0")
}

func interruptReplay(t *testing.T, ns *nstest.Namespace, args ...string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd := ns.Command(exe, append([]string{"replay"}, args...)...)
	cmd.Env = append(os.Environ(), "PINYON_TEST_MAIN=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Second, func() { cmd.Process.Signal(os.Interrupt) })
	late := time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() })
	defer late.Stop()
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != exitInterrupt || !strings.Contains(errs.String(), "frames/s") {
		t.Errorf("%v: exit %d: %s", args, status, errs.String())
	}
}

// TestReplayLosses: what the device takes and drops is told, and so is an input that is cut
// or a device that is down.
func TestReplayLosses(t *testing.T) {
	ns := wire(t)
	whole := readFile(t, "../../testdata/http1.pcap")
	cut := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(cut, whole[:len(whole)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	status, said := replayed(t, ns, nil, cut, "v0", "--topspeed")
	n := len(frames(t, "http1.pcap")) - 1
	if status != exitIncomplete || !strings.Contains(said, cut+": record") || !strings.Contains(said, fmt.Sprintf("%d frames", n)) {
		t.Errorf("cut file: exit %d: %s", status, said)
	}

	ns.IP("link set v1 down")
	status, said = replayed(t, ns, nil, "../../testdata/http1.pcap", "v0", "--topspeed", "--summary", "json")
	var s replaySummary
	if err := json.Unmarshal([]byte(said), &s); err != nil || status != exitOK || s.DeviceDropped == nil || s.Sent == 0 || *s.DeviceDropped != s.Sent {
		t.Errorf("other end down: exit %d: %s", status, said)
	}
	if _, said := replayed(t, ns, nil, "../../testdata/http1.pcap", "v0", "--topspeed"); !strings.Contains(said, "dropped by v0 after it took them") {
		t.Errorf("other end down: %s", said)
	}

	ns.IP("link set v0 down")
	if status, said := replayed(t, ns, nil, "../../testdata/http1.pcap", "v0"); status != exitError || !strings.Contains(said, "v0: network is down") {
		t.Errorf("device down: exit %d: %s", status, said)
	}
}

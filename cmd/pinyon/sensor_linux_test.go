package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSensor: each command that captures runs from files, in either form and over each other; flags
// go over them; what lists of addresses refuse is counted; frames go to the files that they name.
func TestSensor(t *testing.T) {
	ns := wire(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base := write("base.yaml", "sniffer:\n  interface: lo\n  snaplen: 70\n  packet_count: 1\n  timeout: 30\n  output: {directory: "+dir+"/got, filename_pattern: 'p-{interface}-{seq}', format: pcapng}\n")
	list := frames(t, "closed.pcap")
	over := write("over.yaml", "interface: {name: v1}\ncapture:\n  packet_count: 4\n  enable_realtime_display: true\nsecurity: {blacklist: [203.0.113.0/24]}\n"+
		"logging: {log_dir: "+dir+"/log, enable_file_logging: true, enable_packet_logging: true, enable_performance_logging: true, level: DEBUG, log_format: json}\n")
	flat := write("flat.yaml", "features: [timing]\n")
	r := startLive(t, ns, "-c", base, "-c", over, "-c", flat, "-o", filepath.Join(dir, "x.csv"), "--summary", "text")
	stop := keepSending(t, 50*time.Millisecond, func() { send(t, ns, list) })
	status, errs := r.end(t)
	stop()
	if status != exitOK || !strings.Contains(errs, "v1: ") || !strings.Contains(errs, "4 captured") || !strings.Contains(errs, "frames -> "+dir+"/got/p-v1-00001.pcapng") {
		t.Fatalf("%d %s", status, errs)
	}
	if n := strings.Count(errs, " > "); n < 4 {
		t.Errorf("%d lines of packets: %s", n, errs)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "x.csv")); err != nil || !strings.Contains(string(b), "iat_mean") || strings.Contains(string(b), "tls_") {
		t.Errorf("%v %.300s", err, b)
	}
	for name, want := range map[string]string{"pinyon.log": `"msg":"v1: `, "packet.log": " > ", "performance.log": `"msg":"sums"`} {
		waitFor(t, func() bool {
			b, _ := os.ReadFile(filepath.Join(dir, "log", name))
			return strings.Contains(string(b), want)
		})
	}
	for _, args := range [][]string{{"dump", "--config", base, "--config", over, "--count", "3"}, {"listen", "-c", base, "-c", over, "--count", "3", "-o", filepath.Join(dir, "y.csv")}} {
		r := startCapture(t, ns, args[0], args[1:]...)
		stop := keepSending(t, 50*time.Millisecond, func() { send(t, ns, list) })
		status, errs := r.end(t)
		stop()
		if status != exitOK || !strings.Contains(errs, "3 captured") {
			t.Errorf("%q: %d %s", args, status, errs)
		}
	}
	for _, c := range []struct{ args, want string }{
		{"extract x.pcap -c " + base, "live, dump and listen run it"},
		{"live -c " + write("bad.yaml", "sniffer:\n  snaplen: 0\n"), "bad.yaml:2: sniffer.snaplen: "},
		{"dump --config " + write("bad2.yaml", "sniffer:\n  snapln: 9\n"), "bad2.yaml:2: sniffer.snapln: unknown key"},
		{"listen -c " + flat, "flat.yaml:1: "},
		{"dump -r x.pcap --config " + base, "not for -r"},
	} {
		if status, _, errs := runPinyon(t, strings.Fields(c.args)...); status != exitUsage || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", c.args, status, errs)
		}
	}
}

// TestSensorReload: a run whose filter takes nothing takes packets once its file says so: at SIGUSR1,
// and if the file changes.
func TestSensorReload(t *testing.T) {
	ns := wire(t)
	list := frames(t, "closed.pcap")
	for _, signals := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "x.yaml")
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("sniffer: {interface: v1, packet_count: 3, timeout: 60, filter: ether proto 0x9999}\n")
		r := startCapture(t, ns, "live", "-c", path, "-o", os.DevNull, "-f", "csv")
		stop := keepSending(t, 50*time.Millisecond, func() { send(t, ns, list) })
		write("sniffer: {interface: v1, packet_count: 3, timeout: 60, snaplen: 99}\n")
		if signals {
			if err := r.Process.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
		}
		status, errs := r.end(t)
		stop()
		for _, want := range []string{"3 captured", "reload: filter: none", "from the next one on: sniffer.snaplen"} {
			if !strings.Contains(errs, want) {
				t.Errorf("signal %v: %d, no %q in %s", signals, status, want, errs)
			}
		}
	}
}

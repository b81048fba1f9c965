//go:build unix

package main

import (
	"bufio"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinyon/discover"
)

// A served is `serve -r` at work in a process of its own.
type served struct {
	url, token, metrics string
	said                chan string // all of standard error, once it has ended
	status              func() int
}

// serveFile serves a capture at a loopback address, with metrics.
func serveFile(t *testing.T, path string, args ...string) *served {
	t.Helper()
	dir := t.TempDir()
	c := process(t, append([]string{"serve", "-r", path, "--port", "0", "--state-dir", dir, "--prometheus-port", "0"}, args...)...)
	c.Env = append(c.Env, "PINYON_TOKEN=")
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	t.Cleanup(func() {
		late.Stop()
		c.Process.Kill()
		c.Wait()
	})
	s := &served{token: filepath.Join(dir, "token"), said: make(chan string, 1), status: func() int { return exitStatus(t, c) }}
	lines, all := bufio.NewReader(pipe), ""
	for s.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v; %s%s", err, all, line)
		}
		all += line
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "metrics: "); ok {
			s.metrics = url
		}
		s.url, _ = strings.CutPrefix(strings.TrimSpace(line), "clients: ")
		if s.url == strings.TrimSpace(line) {
			s.url = ""
		}
	}
	go func() {
		rest, _ := io.ReadAll(lines)
		s.said <- all + string(rest)
	}()
	return s
}

// TestServeConnect: the rows of connect are those of extract, of the whole capture and of what a filter
// at either end lets pass, and both ends say the same numbers; a server that is not there is told
// and makes the exit status 3, while the others' rows come.
func TestServeConnect(t *testing.T) {
	in := captureFile(t)
	features := []string{"--features", "flow_meta,timing,size,tcp,mac,ip_extended", "--no-progress"}
	for _, c := range []struct {
		what                  string
		serve, connect, equal []string
		packets               string
	}{
		{what: "all", packets: "19"},
		{what: "the client's filter", connect: []string{"--filter", "tcp"}, equal: []string{"--filter", "tcp"}, packets: "18"},
		{what: "the server's filter", serve: []string{"--filter", "tcp"}, equal: []string{"--filter", "tcp"}, packets: "18"},
	} {
		want := want(t, 0, "", append(append([]string{"extract", in}, features...), c.equal...)...)
		s := serveFile(t, in, c.serve...)
		status, rows, said := runPinyon(t, append(append([]string{"connect", s.url, "--token-file", s.token}, features...), c.connect...)...)
		if status != 0 || rows != want || !strings.Contains(said, ": "+c.packets+" packets received; lost: 0 ") {
			t.Errorf("%s: status %d, %s\n%s\nwant\n%s", c.what, status, said, rows, want)
		}
		if got := s.status(); got != 0 {
			t.Errorf("%s: the server's status is %d", c.what, got)
		}
		if said := <-s.said; !strings.Contains(said, "clients: 1, "+c.packets+" packets for them, "+c.packets+" sent, 0 lost") {
			t.Errorf("%s: the server says %s", c.what, said)
		}
	}

	s := serveFile(t, in)
	status, rows, said := runPinyon(t, append([]string{"connect", s.url, "pinyon://127.0.0.1:1", "--reconnect", "1", "--token-file", s.token}, features...)...)
	if status != exitIncomplete || strings.Count(rows, "\n") != 4 || !strings.Contains(said, "going on with the other servers") {
		t.Errorf("one server is not there: status %d, %s\n%s", status, said, rows)
	}
	want(t, exitError, "127.0.0.1:1", "connect", "pinyon://127.0.0.1:1", "--reconnect", "1", "--token-file", s.token)
}

// TestServeMetrics: a server tells of its source and its clients what it says at its end, and goes on with
// that for as long as it is to.
func TestServeMetrics(t *testing.T) {
	s := serveFile(t, captureFile(t), "--prometheus-linger", "10m")
	get := func() string {
		res, err := http.Get(s.metrics)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if text := get(); !strings.Contains(text, "\npinyon_remote_clients 0\n") {
		t.Error(text)
	}
	out := filepath.Join(t.TempDir(), "x.csv")
	want(t, 0, "3 flows", "connect", s.url, "--token-file", s.token, "-o", out)
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
	waitFor(t, func() bool {
		text := get()
		return strings.Contains(text, "\npinyon_remote_sent_packets_total{client=\"default\"} 19\n") && strings.Contains(text, "\npinyon_remote_dropped_packets_total{client=\"default\"} 0\n") &&
			strings.Contains(text, "in.pcap\"} 19\n") && strings.Contains(text, "\npinyon_remote_clients 0\n")
	})
}

// TestFound: a server that was found has the URL of the address that is most likely reached, with what its text
// says of TLS and key if that is sound, and is picked by number or by a name that no other has.
func TestFound(t *testing.T) {
	pin := "sha256:" + strings.Repeat("A", 43)
	var all []foundServer
	for _, c := range []struct {
		of, name, url string
		text          map[string]string
		addrs         []string
	}{
		{discover.Pinyon, "a", "pinyons://192.0.2.1:8765?pin=" + pin, map[string]string{"tls": "1", "pin": pin}, []string{"169.254.1.1", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"}},
		{discover.Pinyon, "b", "pinyons://[2001:db8::1]:8765", map[string]string{"tls": "1", "pin": "sha256:x"}, []string{"fe80::1%eth0", "2001:db8::1"}},
		{discover.JoyfulJay, "b", "jj://192.0.2.1:8765", map[string]string{"pin": pin}, []string{"192.0.2.1"}},
	} {
		s := discover.Service{Name: c.name, Type: c.of, Port: 8765, Text: c.text}
		for _, a := range c.addrs {
			s.Addresses = append(s.Addresses, netip.MustParseAddr(a))
		}
		one, ok := foundOf(&s)
		if !ok || one.url != c.url || len(one.Addresses) != len(c.addrs) || one.Address != one.Addresses[0] {
			t.Errorf("%s: %+v", c.url, one)
		}
		all = append(all, one)
	}
	if _, ok := foundOf(&discover.Service{Name: "c"}); ok {
		t.Error("a server without an address")
	}
	for word, want := range map[string]string{"a": all[0].url, "1": all[0].url, "3": all[2].url} {
		if url, err := pickServer(word, all); err != nil || url != want {
			t.Errorf("%s: %s, %v", word, url, err)
		}
	}
	for word, text := range map[string]string{"b": "2 servers", "c": "no server", "0": "no server", "4": "no server"} {
		if _, err := pickServer(word, all); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// TestServeUsage: what serve is asked for and cannot do is said before anything is opened.
func TestServeUsage(t *testing.T) {
	in := captureFile(t)
	for _, c := range []struct {
		message string
		args    string
	}{
		{"say two things", "serve lo -r " + in},
		{"--snaplen", "serve --snaplen 10 -r " + in},
		{"or with -r block", "serve lo --client-policy block"},
		{"or with -r block", "serve --client-policy bogus -r " + in},
		{`"tcpp" at 0`, "serve --port 0 --token " + strings.Repeat("x", 43) + " --filter tcpp -r " + in},
		{"--allow-plaintext", "serve --host 0.0.0.0 -r " + in},
		{"--max-bandwidth", "serve --max-bandwidth fast -r " + in},
		{"--prometheus-port", "serve --port 0 --token " + strings.Repeat("x", 43) + " --prometheus-port 65536 -r " + in},
		{"nobody else can reach", "serve --announce -r " + in},
		{"give the URL of a server", "connect"},
		{"seconds above 0", "discover --timeout 0"},
		{"want pinyon, pinyons, jj or jjs", "connect http://h"},
	} {
		want(t, exitUsage, c.message, strings.Fields(c.args)...)
	}
}

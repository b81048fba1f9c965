package metrics_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/account"
	"pinyon/metrics"
)

// TestServer: what each path answers, while the run is at work and while it is not.
func TestServer(t *testing.T) {
	var ready atomic.Bool
	s, err := exporter(t, everything(), &metrics.Options{Ready: ready.Load}).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + s.Addr().String()
	ask := func(method, path string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 503, "/": 200, "/other": 404, "/metrics/x": 404} {
		if code, _ := ask(http.MethodGet, path); code != want {
			t.Errorf("%s: status %d; want %d", path, code, want)
		}
	}
	ready.Store(true)
	if code, body := ask(http.MethodGet, "/readyz"); code != 200 || body != "ready\n" {
		t.Errorf("ready: status %d, %q", code, body)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		if code, _ := ask(http.MethodPost, path); code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: status %d", path, code)
		}
		if code, body := ask(http.MethodHead, path); code != 200 || body != "" {
			t.Errorf("HEAD %s: status %d, %q", path, code, body)
		}
	}
	_, body := ask(http.MethodGet, "/metrics")
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "pinyon_") && !strings.HasPrefix(line, "# HELP pinyon_") && !strings.HasPrefix(line, "# TYPE pinyon_") {
			t.Errorf("%q is not of this registry", line)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", s.Addr().String()); err == nil {
		c.Close()
		t.Error("the server listens after Close")
	}
}

// TestCrowd: connections that ask nothing do not take more than their number, and make room when
// they end.
func TestCrowd(t *testing.T) {
	s, err := exporter(t, account.Snapshot{}, nil).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const most = 64 // as server.go has it
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	alive := func(c net.Conn) bool { // by an answer, or by its absence
		c.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return false
		}
		_, err := c.Read(make([]byte, 1))
		return err == nil
	}
	for range most {
		c := dial()
		if !alive(c) {
			t.Fatalf("connection %d is refused", len(held))
		}
		held = append(held, c)
	}
	c := dial()
	if alive(c) {
		t.Errorf("connection %d is taken", most+1)
	}
	c.Close()
	held[0].Close()
	for limit := time.Now().Add(30 * time.Second); ; {
		c := dial()
		ok := alive(c)
		c.Close()
		if ok {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("a connection that ended made no room")
		}
	}
}

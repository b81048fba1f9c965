package sdnotify

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestSend: what is told arrives as one datagram, and telling nobody is no error.
func TestSend(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Send(Ready); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "s")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Skip("no datagram sockets of the file system:", err)
	}
	defer c.Close()
	t.Setenv("NOTIFY_SOCKET", name)
	if err := Send(Ready, Status("3 files")); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	b := make([]byte, 100)
	n, err := c.Read(b)
	if got := string(b[:n]); err != nil || got != "READY=1\nSTATUS=3 files\n" {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("NOTIFY_SOCKET", name+"x")
	if Send(Ready) == nil {
		t.Error("a socket that is not there took it")
	}
}

// TestEvery: the time is half of what the manager says, for the process that it means.
func TestEvery(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0}, {"x", "", 0}, {"-5", "", 0}, {"30000000", "", 15 * time.Second},
		{"30000000", strconv.Itoa(os.Getpid()), 15 * time.Second}, {"30000000", "1", 0},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := Every(); got != c.want {
			t.Errorf("%q of process %q: %v; want %v", c.usec, c.pid, got, c.want)
		}
	}
}

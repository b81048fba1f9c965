package session_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinyon/internal/nstest"
)

// segment is a frame with a TCP segment to a port, 300 bytes in all.
func segment(port uint16) []byte {
	b := make([]byte, 300)
	b[0], b[6], b[12] = 2, 2, 8
	copy(b[14:], []byte{0x45, 0, 1, 30, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0xc3, 0x50})
	binary.BigEndian.PutUint16(b[36:], port)
	b[46], b[47] = 0x50, 0x10
	return b
}

// TestExamples: the examples, which are those of the source page on PacketCapture, do on a device
// what they say.
func TestExamples(t *testing.T) {
	ns := nstest.NewWire(t)
	ns.Pair("eth0", "peer0")
	wasCount, wasWhile := count, while
	defer func() { count, while = wasCount, wasWhile }()
	count, while = 50, 300*time.Millisecond
	stop := ns.Flood("peer0", segment(80), segment(443))
	defer stop()
	for name, c := range map[string]struct {
		run  func()
		want string
	}{
		"basic":       {Example, "50 packets, <nil>\n"},
		"background":  {ExampleCapture_Start, "running: true eth0\nrunning: false true\n"},
		"statistics":  {ExampleCapture_Stats, "true true true\n"},
		"filter":      {ExampleCapture_SetFilter, "<nil>\ntrue "},
		"callbacks":   {ExampleCallbacks, "captured: IP 10.0.0.1.50000 > 10.0.0.2."},
		"errors":      {Example_errors, "interface error: "},
		"performance": {Example_performance, "false <nil>\nfalse <nil>\ntrue <nil>\n"},
		"goroutines":  {Example_goroutines, "<nil> true\n"},
		"output":      {ExampleOpenOutput, "<nil> true\n"},
	} {
		got := printed(t, func() { ns.Do(c.run) })
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s printed %q; want %q", name, got, c.want)
		}
		if name == "callbacks" && (!strings.Contains(got, "\nso far: true ") || !strings.HasSuffix(got, "true <nil>\n")) {
			t.Errorf("%s printed %q", name, got)
		}
	}
}

// printed is what f prints.
func printed(t *testing.T, f func()) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdout
	os.Stdout = out
	f()
	os.Stdout = was
	out.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

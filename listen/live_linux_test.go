package listen_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/internal/nstest"
	"pinyon/listen"
	"pinyon/packet"
)

// machine is a namespace with a device eth0 at 10.9.0.1 whose other end is peer0.
type machine struct {
	*nstest.Wire
	eth0, peer0 net.HardwareAddr
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{Wire: nstest.NewWire(t)}
	m.Pair("eth0", "peer0")
	m.IP("addr add 10.9.0.1/24 dev eth0")
	m.Do(func() {
		for name, to := range map[string]*net.HardwareAddr{"eth0": &m.eth0, "peer0": &m.peer0} {
			i, err := net.InterfaceByName(name)
			if err != nil {
				t.Fatal(err)
			}
			*to = i.HardwareAddr
		}
	})
	return m
}

// frame is a UDP datagram to port 53 over Ethernet.
func frame(dst, src net.HardwareAddr, from, to string, n byte) []byte {
	b := make([]byte, 60)
	copy(b, dst)
	copy(b[6:], src)
	b[12], b[13] = 8, 0
	copy(b[14:], []byte{0x45, 0, 0, 46, 0, n, 0, 0, 64, 17, 0, 0})
	copy(b[26:], net.ParseIP(from).To4())
	copy(b[30:], net.ParseIP(to).To4())
	copy(b[34:], []byte{0xc3, n, 0, 53, 0, 26, 0, 0})
	return b
}

// drain collects n rows.
func drain(t *testing.T, l *listen.Listener, n int) (rows []*listen.Row) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); len(rows) < n; time.Sleep(time.Millisecond) {
		table, err := l.Drain(context.Background())
		if err != nil {
			t.Fatalf("%d rows of %d: %v", len(rows), n, err)
		}
		for r := range table.All() {
			rows = append(rows, r)
		}
		if time.Now().After(end) {
			t.Fatalf("%d rows of %d", len(rows), n)
		}
	}
	return rows
}

// TestDirections: the kernel's word for a frame counts before addresses, and a neighbour is not
// this machine.
func TestDirections(t *testing.T) {
	m := newMachine(t)
	var l *listen.Listener
	var err error
	m.Do(func() {
		l, err = listen.OpenDevice(context.Background(), "eth0", &listen.Options{Capture: capture.Options{Immediate: true}}, "udp", "port 53")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all, other := net.HardwareAddr{255, 255, 255, 255, 255, 255}, net.HardwareAddr{2, 9, 9, 9, 9, 9}
	want := []struct {
		on    string
		frame []byte
		dir   packet.Direction
	}{
		{"peer0", frame(m.eth0, m.peer0, "10.9.0.2", "10.9.0.1", 1), packet.Down},
		{"peer0", frame(all, m.peer0, "10.9.0.2", "10.9.0.255", 2), packet.Down},
		{"peer0", frame(other, m.peer0, "10.9.0.2", "10.9.0.3", 3), packet.Forwarded},
		{"eth0", frame(m.peer0, m.eth0, "10.9.0.1", "10.9.0.2", 4), packet.Up},
		{"eth0", frame(m.peer0, m.eth0, "10.9.0.1", "10.9.0.1", 5), packet.Local},
		{"eth0", frame(m.peer0, m.eth0, "10.9.0.7", "10.9.0.2", 6), packet.Up},
	}
	for i, w := range want {
		m.Send(w.on, w.frame)
		r := drain(t, l, 1)[0]
		source, destination, ok := r.Ports()
		if r.Direction() != w.dir || !ok || source != 0xc300+uint16(i+1) || destination != 53 || r.Size() != 60 || r.Protocol() != "UDP" {
			t.Errorf("frame %d: %v %d %d %d %s; want %v", i, r.Direction(), source, destination, r.Size(), r.Protocol(), w.dir)
		}
	}
	m.Send("peer0", []byte(strings.Repeat("x", 60))) // not what the filter takes
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if table, err := l.Drain(context.Background()); err != io.EOF || table.Len() != 0 {
		t.Errorf("%d rows, %v", table.Len(), err)
	}
	if st := l.Stats(); st.Rows != 6 || st.Source.Captured != 6 || st.Source.Lost() != 0 {
		t.Errorf("%+v", st)
	}
	m.Do(func() { _, err = listen.Open(context.Background(), "eth9") })
	if !errors.Is(err, capture.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// TestGone: a device that goes ends the listener with an error, after the rows that it had.
func TestGone(t *testing.T) {
	m := newMachine(t)
	var l *listen.Listener
	var err error
	m.Do(func() { l, err = listen.Open(context.Background(), "eth0", "udp port 53") })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m.Send("peer0", frame(m.eth0, m.peer0, "10.9.0.2", "10.9.0.1", 1))
	drain(t, l, 1)
	m.IP("link del eth0")
	<-l.Done()
	if _, err := l.Drain(context.Background()); !errors.Is(err, capture.ErrGone) || !errors.Is(l.Err(), capture.ErrGone) {
		t.Errorf("%v, %v", err, l.Err())
	}
}

// TestExamples: the examples do on a device what they say.
func TestExamples(t *testing.T) {
	m := newMachine(t)
	was, wasPeriods := every, periods
	defer func() { every, periods = was, wasPeriods }()
	every, periods = 300*time.Millisecond, 2
	stop := m.Flood("peer0", frame(m.eth0, m.peer0, "10.9.0.2", "10.9.0.1", 7))
	for name, c := range map[string]struct {
		run  func()
		want string
	}{
		"Open":       {ExampleOpen, "\nDown UDP 10.9.0.2 49927 10.9.0.1 53 60\n"},
		"OpenDevice": {ExampleOpenDevice, " packets, "},
	} {
		// The loops of examples print as fast as they read; of what a flood brings that is a lot.
		if got := printed(t, func() { m.Do(c.run) }); !strings.Contains(got, c.want) || strings.HasPrefix(got, "0 packets") {
			t.Errorf("%s printed %.200q; want %q", name, got, c.want)
		}
	}
	stop()
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

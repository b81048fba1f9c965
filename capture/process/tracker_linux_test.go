package process

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pinyon/internal/nstest"
	"pinyon/packet"
)

func TestParseStat(t *testing.T) {
	s, ok := parseStat([]byte("4711 (a) b (c) S 12 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2\n"))
	if want := (procStat{"a) b (c", 'S', 12, 987654}); !ok || s != want {
		t.Errorf("%+v, %v", s, ok)
	}
	for _, bad := range []string{"", "1 (", "1 )(", "1 (a) S", "1 (a) S x 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9 1"} {
		if s, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}

// FuzzDiag: any message of sock_diag is read without harm.
func FuzzDiag(f *testing.F) {
	b := make([]byte, diagMessage)
	b[0], b[1] = unix.AF_INET6, stateListen
	binary.BigEndian.PutUint16(b[4:], 80)
	binary.NativeEndian.PutUint32(b[68:], 4711)
	f.Add(b)
	f.Add(append(bytes.Clone(b), 5, 0, diagV6Only, 0, 1, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, ok := readDiag(b, packet.ProtoTCP, 0)
		if ok && l.local.port == 0 {
			t.Errorf("%+v", l)
		}
	})
}

// TestDiag: what the attribute says of IPv4 is heard.
func TestDiag(t *testing.T) {
	b := make([]byte, diagMessage)
	b[0], b[1] = unix.AF_INET6, stateListen
	binary.BigEndian.PutUint16(b[4:], 80)
	for only, want := range map[byte]bool{0: true, 1: false} {
		l, ok := readDiag(append(bytes.Clone(b), 5, 0, diagV6Only, 0, only, 0, 0, 0), packet.ProtoTCP, 0)
		if !ok || l.dual != want || !l.lone {
			t.Errorf("%+v, %v", l, ok)
		}
	}
}

// open opens a tracker without events.
func open(t *testing.T, spec Spec) *Tracker {
	t.Helper()
	k, err := Open(spec, nil)
	if err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EPROTONOSUPPORT) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// TestOwnSockets: the sockets of this very process are found, of every kind.
func TestOwnSockets(t *testing.T) {
	k := open(t, Spec{})
	x := newIndex(false)
	own := func(what string, src, dst net.Addr, proto uint8) {
		t.Helper()
		to := func(a net.Addr) end { return endOf(netip.MustParseAddrPort(a.String())) }
		e := ends{src: to(src), dst: to(dst), proto: proto}
		var p Process
		nstest.Within(t, what+" is not found", func() bool {
			k.settle()
			k.update(x)
			h, _ := x.match(&e, 0)
			p, _ = k.Process(h.process)
			return p.PID == os.Getpid()
		})
		s, _ := readStat(os.Getpid())
		if p.Name != s.name {
			t.Errorf("%s: %+v, want %s", what, p, s.name)
		}
	}
	for _, a := range []struct{ network, listen, dial string }{{"4", "127.0.0.1:0", ""}, {"6", "[::1]:0", ""}, {"", "[::]:0", "127.0.0.1"}} {
		l, err := net.Listen("tcp"+a.network, a.listen)
		if err != nil {
			t.Logf("no %s: %v", a.listen, err)
			continue
		}
		defer l.Close()
		to := l.Addr().String()
		if a.dial != "" {
			_, port, _ := net.SplitHostPort(to)
			to = net.JoinHostPort(a.dial, port)
		}
		c, err := net.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		own("client at "+to, c.LocalAddr(), c.RemoteAddr(), packet.ProtoTCP)
		own("server at "+to, c.RemoteAddr(), c.LocalAddr(), packet.ProtoTCP)
		u, err := net.Dial("udp", to)
		if err != nil {
			t.Fatal(err)
		}
		defer u.Close()
		own("datagrams to "+to, u.LocalAddr(), u.RemoteAddr(), packet.ProtoUDP)
		p, err := net.ListenPacket("udp"+a.network, a.listen)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		at := p.LocalAddr().(*net.UDPAddr)
		if at.IP.IsUnspecified() {
			at.IP = net.IPv4(127, 0, 0, 1)
		}
		own("datagrams from "+at.String(), at, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 9}, packet.ProtoUDP)
	}
}

// child starts a program that does nothing.
func child(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	c := exec.Command(path, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		c.Wait()
	})
	return c
}

// TestSelection: processes by number and by name, with those they began; the one that captures
// and those it descends from are not meant.
func TestSelection(t *testing.T) {
	sh := child(t, "sh", "-c", "sleep 1000 & sleep 1001; true")
	count := func(spec Spec, want int) {
		t.Helper()
		k := open(t, spec)
		defer k.Close()
		n := 0
		nstest.Within(t, "the processes wanted", func() bool {
			k.mu.Lock()
			k.people.update()
			n = k.people.running()
			k.mu.Unlock()
			return n == want
		})
	}
	pid := sh.Process.Pid
	count(Spec{PIDs: []int{pid}}, 1)
	count(Spec{PIDs: []int{pid}, Children: true}, 3)
	for _, spec := range []Spec{{PIDs: []int{1 << 30}}, {PIDs: []int{os.Getpid()}}, {Names: []string{"no such program"}}, {Names: []string{programNames(os.Getpid())[0]}}} {
		if k, err := Open(spec, nil); !errors.Is(err, ErrNoProcess) {
			if err == nil {
				k.Close()
			}
			t.Errorf("%+v: %v", spec, err)
		}
	}
}

// TestEnded: the end of the process is noticed.
func TestEnded(t *testing.T) {
	c := child(t, "sleep", "1000")
	k := open(t, Spec{PIDs: []int{c.Process.Pid}})
	select {
	case <-k.Ended():
		t.Fatal("ended while the process runs")
	default:
	}
	c.Process.Kill()
	nstest.Within(t, "the end is not noticed", func() bool {
		select {
		case <-k.Ended():
			return true
		default:
			return false
		}
	})
}

// TestNamed: what a name is held against.
func TestNamed(t *testing.T) {
	for _, test := range []struct {
		want string
		is   bool
	}{{"curl", true}, {"CURL", true}, {"cur?", true}, {"c*", true}, {"url", false}, {"[c", false}, {"python3", false}} {
		s := Spec{Names: []string{test.want}}
		if got := s.named("", "curl"); got != test.is {
			t.Errorf("%s: %v", test.want, got)
		}
	}
}

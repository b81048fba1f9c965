package process

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/source"
)

// TestMain makes the test's program a talker where it is asked for one.
func TestMain(m *testing.M) {
	if os.Getenv("PINYON_TEST_TALK") != "" {
		if err := talk(os.Args[1:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// manners are the ways in which a talker speaks to a server: address family of its socket, its
// type, and whether it has a peer.
var manners = []struct {
	family, typ int
	connected   bool
	server      int // which of the servers
}{
	{unix.AF_INET, unix.SOCK_STREAM, true, 0},
	{unix.AF_INET6, unix.SOCK_STREAM, true, 1},
	{unix.AF_INET6, unix.SOCK_STREAM, true, 0}, // mapped
	{unix.AF_INET, unix.SOCK_DGRAM, true, 2},
	{unix.AF_INET6, unix.SOCK_DGRAM, true, 3},
	{unix.AF_INET6, unix.SOCK_DGRAM, true, 2},
	{unix.AF_INET, unix.SOCK_DGRAM, false, 2},
	{unix.AF_INET6, unix.SOCK_DGRAM, false, 3},
	{unix.AF_INET6, unix.SOCK_DGRAM, false, 2},
}

// talk waits for a line, speaks to the servers in every manner, says from which ports, and ends
// with its input.
func talk(servers []string) error {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	var said []string
	for range 3 {
		for _, m := range manners {
			fd, err := unix.Socket(m.family, m.typ|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			to := netip.MustParseAddrPort(servers[m.server])
			var sa unix.Sockaddr = &unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())}
			if m.family == unix.AF_INET {
				sa = &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}
			}
			if m.connected {
				if err := unix.Connect(fd, sa); err != nil {
					return fmt.Errorf("connect to %v: %w", to, err)
				}
				_, err = unix.Write(fd, []byte("hello"))
			} else {
				err = unix.Sendto(fd, []byte("hello"), 0, sa)
			}
			if err != nil {
				return fmt.Errorf("send to %v: %w", to, err)
			}
			var buf [16]byte
			if n, err := unix.Read(fd, buf[:]); err != nil || string(buf[:n]) != "hello" {
				return fmt.Errorf("answer of %v: %q, %w", to, buf[:n], err)
			}
			own, err := unix.Getsockname(fd)
			if err != nil {
				return err
			}
			port := 0
			switch own := own.(type) {
			case *unix.SockaddrInet4:
				port = own.Port
			case *unix.SockaddrInet6:
				port = own.Port
			}
			said = append(said, fmt.Sprint(port))
		}
	}
	fmt.Println(strings.Join(said, " "))
	io.Copy(io.Discard, in)
	return nil
}

// serve echoes on both transports and IP versions, and gives where.
func serve(t *testing.T) (servers []string) {
	for _, a := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", a)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { io.Copy(c, c); c.Close() }()
			}
		}()
		servers = append(servers, l.Addr().String())
	}
	for _, a := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.ListenPacket("udp", a)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			var buf [64]byte
			for {
				n, from, err := l.ReadFrom(buf[:])
				if err != nil {
					return
				}
				l.WriteTo(buf[:n], from)
			}
		}()
		servers = append(servers, l.LocalAddr().String())
	}
	return servers
}

// talker is a process that talks.
type talker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startTalker(t *testing.T, ns *nstest.Namespace, servers []string) *talker {
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	// No child of ip: it becomes the program, and keeps its number.
	c := &talker{cmd: ns.Command(exe, servers...)}
	c.cmd.Env = append(os.Environ(), "PINYON_TEST_TALK=1")
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.cmd.Process.Kill(); c.cmd.Wait() })
	return c
}

// ports waits until the talker has talked.
func (c *talker) ports(t *testing.T) map[string]bool {
	line, err := c.out.ReadString('\n')
	if err != nil || strings.HasPrefix(line, "error") {
		t.Fatal(line, err)
	}
	m := map[string]bool{}
	for _, p := range strings.Fields(line) {
		m[p] = true
	}
	return m
}

// TestTalk: of two programs that talk at once, in every manner, the packets of the one that is
// wanted come, all of them, the first SYN included, and no other's.
func TestTalk(t *testing.T) {
	testTalk(t, nil)
}

func testTalk(t *testing.T, events Events) {
	ns := nstest.New(t)
	var servers []string
	ns.Do(func() { servers = serve(t) })
	mine, other := startTalker(t, ns, servers), startTalker(t, ns, servers)

	var k *Tracker
	var devices [2]*capture.Device
	ns.Do(func() {
		var err error
		if k, err = Open(Spec{PIDs: []int{mine.cmd.Process.Pid}}, events); err != nil {
			t.Fatal(err)
		}
		for i := range devices {
			if devices[i], err = capture.Open(capture.Options{Interfaces: []string{"lo"}, ReadTimeout: 50 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
		}
	})
	chosen := NewSource(devices[0], k)
	chosen.longest = time.Minute // on a machine that is busy
	type result struct {
		frames [][]byte
		err    error
	}
	var results [2]chan result
	for i, s := range []source.Source{chosen, devices[1]} {
		results[i] = make(chan result, 1)
		go func() {
			var r result
			var f packet.Frame
			for {
				err := s.Next(&f)
				if err == source.ErrTimeout {
					continue
				}
				if err != nil {
					r.err = err
					break
				}
				r.frames = append(r.frames, bytes.Clone(f.Data))
			}
			results[i] <- r
		}()
	}
	for _, c := range []*talker{mine, other} {
		fmt.Fprintln(c.in)
	}
	ports := mine.ports(t)
	other.ports(t)
	if events == nil {
		k.settle() // without events a socket is found that lives until the sockets are listed
	}
	for _, c := range []*talker{mine, other} {
		c.in.Close()
	}
	select {
	case <-k.Ended():
	case <-time.After(time.Minute):
		t.Fatal("the end of the process is not noticed")
	}
	for _, d := range devices {
		d.Stop()
	}
	got, all := <-results[0], <-results[1]
	if got.err != io.EOF || all.err != io.EOF {
		t.Fatal(got.err, all.err)
	}
	var want [][]byte
	syns := 0
	var dec packet.Decoder
	var p packet.Packet
	for _, data := range all.frames {
		if !dec.Decode(frameOf(packet.LinkEthernet, data), &p) || !ports[fmt.Sprint(p.SrcPort)] && !ports[fmt.Sprint(p.DstPort)] {
			continue
		}
		want = append(want, data)
		if p.Has&packet.HasTCP != 0 && p.TCPFlags&(packet.SYN|packet.ACK) == packet.SYN {
			syns++
		}
	}
	if syns != 9 || len(want) >= len(all.frames) {
		t.Fatalf("%d SYNs, %d of %d packets wanted", syns, len(want), len(all.frames))
	}
	// Two rings may have what two processors do at once in different orders.
	slices.SortFunc(got.frames, bytes.Compare)
	slices.SortFunc(want, bytes.Compare)
	if !slices.EqualFunc(got.frames, want, bytes.Equal) {
		t.Errorf("%d packets, want %d", len(got.frames), len(want))
		for _, data := range want {
			if !slices.ContainsFunc(got.frames, func(b []byte) bool { return bytes.Equal(b, data) }) {
				dec.Decode(frameOf(packet.LinkEthernet, data), &p)
				t.Errorf("missing: %v:%d to %v:%d, protocol %d, flags %x", p.SrcAddr(), p.SrcPort, p.DstAddr(), p.DstPort, p.Proto, p.TCPFlags)
			}
		}
	}
	t.Logf("%+v", chosen.Process())
	chosen.Close()
	devices[1].Close()
}

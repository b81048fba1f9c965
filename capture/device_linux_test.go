package capture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/filter"
	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/pcap"
)

// take reads n packets and gives copies of their bytes.
func take(t testing.TB, d *capture.Device, n int) (all []packet.Frame) {
	t.Helper()
	var f packet.Frame
	for timeouts := 0; len(all) < n; {
		switch err := d.Next(&f); {
		case errors.Is(err, capture.ErrTimeout):
			if timeouts++; timeouts > 200 {
				t.Fatalf("%d packets; want %d", len(all), n)
			}
		case err != nil:
			t.Fatalf("%v after %d packets; want %d", err, len(all), n)
		default:
			g := f
			g.Data, g.Block = bytes.Clone(f.Data), nil
			all = append(all, g)
		}
	}
	return all
}

// none holds that nothing comes for a while.
func none(t testing.TB, d *capture.Device) {
	t.Helper()
	var f packet.Frame
	for range 5 {
		if err := d.Next(&f); err != capture.ErrTimeout {
			t.Fatalf("%v, % x", err, f.Data)
		}
	}
}

// TestErrors: which one says what.
func TestErrors(t *testing.T) {
	w := newWire(t)
	w.IP("link add off type veth peer name off1")
	var device *capture.InterfaceError
	var e *capture.Error
	for _, c := range []struct {
		o    capture.Options
		is   error
		name string
	}{
		{capture.Options{Interface: "nothing"}, capture.ErrNotFound, "nothing"},
		{capture.Options{Interfaces: []string{"v1", "nothing"}}, capture.ErrNotFound, "nothing"},
		{capture.Options{Interface: "a name longer than any may be"}, capture.ErrNotFound, "a name longer than any may be"},
		{capture.Options{Interface: "off"}, capture.ErrDown, "off"},
	} {
		d, err := w.try(c.o)
		if d != nil || !errors.Is(err, c.is) || !errors.As(err, &device) || device.Name != c.name || !errors.As(err, &e) || e.Op != "open" {
			t.Errorf("%+v: %v", c.o, err)
		}
		for _, other := range []error{capture.ErrNotFound, capture.ErrDown, capture.ErrNotSupported, fs.ErrPermission} {
			if other != c.is && errors.Is(err, other) {
				t.Errorf("%v is %v as well", err, other)
			}
		}
	}
	var bad *filter.Error
	for expr, is := range map[string]error{"port (": filter.ErrSyntax, "host nobody.invalid": filter.ErrName, "tcp and udp and arp[0] = 1": filter.ErrRejectsAll} {
		if _, err := w.try(capture.Options{Interface: "v1", Filter: expr}); !errors.As(err, &bad) || !errors.Is(err, is) || !errors.As(err, &e) || e.Op != "filter" {
			t.Errorf("%q: %v", expr, err)
		}
	}
	d := w.open(capture.Options{Interface: "v1", Filter: "port 53", ReadTimeout: soon})
	if err := d.SetFilter("port ("); !errors.As(err, &bad) || bad.Offset != 6 || d.FilterExpr() != "port 53" {
		t.Errorf("%v, filter %q", err, d.FilterExpr())
	}
	w.Numbered("v0", 80, 1, 1)
	w.Numbered("v0", 53, 2, 1)
	if f := take(t, d, 1); nstest.NumberOf(f[0].Data) != 2 {
		t.Error("the bad filter changed something")
	}
	d.Close()
	if err := d.SetFilter("ip"); !errors.Is(err, capture.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	d.Stop()
	d.SetNonblock(true)
	var f packet.Frame
	for range 2 {
		if err := d.Next(&f); !errors.Is(err, capture.ErrClosed) {
			t.Errorf("next after close: %v", err)
		}
	}
	if d.Buffered() != 0 {
		t.Error("something is buffered after close")
	}
}

// nobodyVar has this test program capture and print the error, as a user without privilege.
const nobodyVar = "PINYON_CAPTURE_AS_NOBODY"

func TestMain(m *testing.M) {
	if dev := os.Getenv(nobodyVar); dev != "" {
		_, err := capture.Open(capture.Options{Interface: dev})
		fmt.Printf("%t %v", errors.Is(err, fs.ErrPermission), err)
		return
	}
	os.Exit(m.Run())
}

// TestNoPrivilege: the error is fs.ErrPermission, and says what is missing and how to get it.
func TestNoPrivilege(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	if os.Geteuid() == 0 {
		// The program lies where nobody may not go.
		exe, err := os.ReadFile(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("/tmp", "pinyon")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		cmd.Path = filepath.Join(dir, "test")
		if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(cmd.Path, exe, 0o755)); err != nil {
			t.Fatal(err)
		}
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	} else if d, err := capture.Open(capture.Options{Interface: "lo"}); err == nil {
		d.Close()
		t.Skip("this user may capture")
	}
	cmd.Env = append(os.Environ(), nobodyVar+"=lo")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	for _, want := range []string{"true ", "lo", "CAP_NET_RAW", "setcap"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in: %s", want, out)
		}
	}
}

// TestDownAndUp: a device that goes down is waited for.
func TestDownAndUp(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	w.Numbered("v0", 53, 1, 1)
	take(t, d, 1)
	for i := 1; i <= 2; i++ {
		w.IP("link set v1 down")
		none(t, d)
		if s := d.Stats(); s.Downs != uint64(i) {
			t.Errorf("%+v", s)
		}
		w.IP("link set v1 up")
		w.Ready("v0", "v1")
		w.Numbered("v0", 53, 1+i, 1)
		if f := take(t, d, 1); nstest.NumberOf(f[0].Data) != 1+i {
			t.Errorf("packet %d", nstest.NumberOf(f[0].Data))
		}
	}
}

// TestRenamed: the capture goes on; it is the device that is captured from, not its name.
func TestRenamed(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	w.IP("link set v1 down")
	w.IP("link set v1 name other")
	w.IP("link set other up")
	w.Ready("v0", "other")
	w.Numbered("v0", 53, 1, 1)
	take(t, d, 1)
	if err := d.SetFilter("port 53"); err != nil || d.Name() != "v1" {
		t.Errorf("%v, %s", err, d.Name())
	}
}

// TestDeleted: what came before is delivered, then the error tells; the sums stay.
func TestDeleted(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	w.Numbered("v0", 53, 1, 3)
	w.IP("link del v1")
	take(t, d, 3)
	var f packet.Frame
	var err error
	for range 100 {
		if err = d.Next(&f); err != capture.ErrTimeout {
			break
		}
	}
	var device *capture.InterfaceError
	if !errors.Is(err, capture.ErrGone) || !errors.As(err, &device) || device.Name != "v1" {
		t.Errorf("%v", err)
	}
	if again := d.Next(&f); again == nil || again.Error() != err.Error() {
		t.Errorf("%v, then %v", err, again)
	}
	if s := d.Stats(); s.Received != 3 || s.Captured != 3 {
		t.Errorf("%+v", s)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestAny: all devices, each frame with its device's number; a packet on loopback once.
func TestAny(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: capture.Any, ReadTimeout: soon, Filter: "udp"})
	if d.LinkTypes()[0] != packet.LinkLinuxSLL2 || d.Name() != "any" {
		t.Error(d.LinkTypes(), d.Name())
	}
	w.Send("v0", nstest.Datagram(53, 1, 0))
	seen := map[uint32]packet.Type{}
	for _, f := range take(t, d, 2) { // out of v0, into v1
		var p packet.Packet
		if !(&packet.Decoder{}).Decode(&f, &p) || p.DstPort != 53 || int(f.Wire) != len(f.Data) {
			t.Errorf("% x", f.Data)
		}
		seen[uint32(f.Data[7])] = f.Type
	}
	if seen[uint32(w.Index("v0"))] != packet.TypeOutgoing || seen[uint32(w.Index("v1"))] != packet.TypeOtherHost {
		t.Errorf("%v", seen)
	}
	w.Do(func() { talk(t, "127.0.0.1", 10, 100) })
	if n := len(take(t, d, 10)); n != 10 {
		t.Error(n)
	}
	none(t, d)
	if s := d.Stats(); s.Received != 12 {
		t.Errorf("%+v", s)
	}
}

// talk sends n UDP datagrams of a size to an address of the thread's namespace.
func talk(t testing.TB, addr string, n, size int) {
	t.Helper()
	sink, err := net.ListenPacket("udp", net.JoinHostPort(addr, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	c, err := net.Dial("udp", sink.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range n {
		if _, err := c.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoopback: packets come once, long ones whole.
func TestLoopback(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "lo", ReadTimeout: soon, Filter: "udp"})
	w.Do(func() { talk(t, "127.0.0.1", 20, 50) })
	for _, f := range take(t, d, 20) {
		if len(f.Data) != 14+20+8+50 {
			t.Errorf("%d bytes", len(f.Data))
		}
	}
	none(t, d)
	// 65,507 bytes are the most that UDP carries: one frame at an MTU of 65,536.
	w.Do(func() { talk(t, "127.0.0.1", 3, 65507) })
	for _, f := range take(t, d, 3) {
		if len(f.Data) != 14+20+8+65507 || int(f.Wire) != len(f.Data) {
			t.Errorf("%d bytes of %d", len(f.Data), f.Wire)
		}
	}
	if s := d.Stats(); s.Received != 23 || s.Truncated != 0 {
		t.Errorf("%+v", s)
	}
}

// TestSuperFrames: what offloading makes of many segments comes whole, although the MTU is
// far smaller.
func TestSuperFrames(t *testing.T) {
	w := newWire(t)
	w.IP("link set lo mtu 1500")
	d := w.open(capture.Options{Interface: "lo", ReadTimeout: soon, Filter: "tcp"})
	const size = 1 << 20
	w.Do(func() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		go func() { c.Write(make([]byte, size)); c.Close() }()
		if n, err := io.Copy(io.Discard, s); n != size || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		s.Close()
	})
	var f packet.Frame
	var p packet.Packet
	var dec packet.Decoder
	longest, payload := 0, 0
	for end := time.Now().Add(30 * time.Second); payload < size && time.Now().Before(end); {
		if d.Next(&f) != nil {
			continue
		}
		if int(f.Wire) != len(f.Data) || !dec.Decode(&f, &p) {
			t.Fatalf("%d bytes of %d", len(f.Data), f.Wire)
		}
		longest = max(longest, len(f.Data))
		payload += int(p.PayloadLen)
	}
	s := d.Stats()
	if payload < size || s.Dropped != 0 || s.Truncated != 0 {
		t.Errorf("%d bytes of payload, %+v", payload, s)
	}
	if longest <= 1514 {
		t.Skip("this kernel made no super-frames")
	}
	t.Logf("longest frame %d bytes", longest)
}

// tagged are datagrams, short and long, without a VLAN tag and with one to three.
func tagged() (frames [][]byte) {
	tag := func(f []byte, tags ...uint32) []byte {
		out := bytes.Clone(f[:12])
		for _, t := range tags {
			out = append(out, byte(t>>24), byte(t>>16), byte(t>>8), byte(t))
		}
		return append(out, f[12:]...)
	}
	for i, tags := range [][]uint32{
		nil, {0x81000005}, {0x8100e005}, {0x81000000}, {0x88a80064, 0x810000c8}, {0x81000064, 0x810000c8}, {0x88a80001}, {0x88a80064, 0x810000c8, 0x81000001}, {0x91000005},
	} {
		frames = append(frames, tag(nstest.Datagram(53, i, 0), tags...), tag(nstest.Datagram(53, i, 1000), tags...))
	}
	return frames
}

// TestVLANsOfAny: the header of all devices together has the type of the outermost tag, and
// behind it are all tags. On its way out the kernel shows a packet from behind its tags, and
// tells of the outermost. (libpcap leaves out the tag that the kernel keeps beside the packet.)
func TestVLANsOfAny(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: capture.Any, ReadTimeout: soon})
	sent := tagged()
	w.Send("v0", sent...)
	got := map[string][]packet.Frame{}
	for _, f := range take(t, d, 2*len(sent)) {
		for _, name := range []string{"v0", "v1"} {
			if int(f.Data[7]) == w.Index(name) {
				got[name] = append(got[name], f)
			}
		}
	}
	for name, frames := range got {
		if len(frames) != len(sent) {
			t.Fatalf("%s: %d frames of %d", name, len(frames), len(sent))
		}
		for i, f := range frames {
			const header = 20
			want := sent[i][14:]
			if name == "v0" {
				want = withoutInner(sent[i])[14:]
			}
			if !bytes.Equal(f.Data[:2], sent[i][12:14]) || !bytes.Equal(f.Data[header:], want) || int(f.Wire) != len(f.Data) {
				t.Errorf("%s: frame %d: % x; sent % x", name, i, f.Data[:40], sent[i][:40])
			}
		}
	}
	if len(got) != 2 {
		t.Errorf("devices %d", len(got))
	}
}

// withoutInner is a frame without the tags behind its outermost.
func withoutInner(f []byte) []byte {
	at := 16
	for f[at] == 0x81 && f[at+1] == 0 {
		at += 4
	}
	return append(bytes.Clone(f[:16]), f[at:]...)
}

// TestVLANsAsTcpdump: tags, which the kernel keeps beside the packet, are where tcpdump puts
// them: its file holds the same bytes.
func TestVLANsAsTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("no tcpdump program:", err)
	}
	w := newWire(t)
	if _, err := exec.LookPath("ethtool"); err == nil {
		w.Run("ethtool", "-K", "v0", "txvlan", "on")
		w.Run("ethtool", "-K", "v1", "rxvlan", "on")
	}
	path := filepath.Join(t.TempDir(), "tcpdump.pcap")
	cmd := w.Command("tcpdump", "-i", "v1", "-U", "-w", path, "--immediate-mode", "--time-stamp-precision=nano")
	cmd.Args = append(cmd.Args, "-Z", "root")
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	end := func() {
		if !ended {
			ended = true
			cmd.Process.Signal(unix.SIGTERM)
			cmd.Wait()
		}
	}
	defer end()
	said := make([]byte, 4096)
	for n := 0; !bytes.Contains(said[:n], []byte("listening on")); {
		k, err := stderr.Read(said[n:])
		if n += k; err != nil {
			t.Fatalf("tcpdump: %v: %s", err, said[:n])
		}
	}
	go io.Copy(io.Discard, stderr)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	sent := tagged()
	w.Send("v0", sent...)
	ours := take(t, d, len(sent))
	nstest.Within(t, "tcpdump has them", func() bool {
		info, err := os.Stat(path)
		want := 24
		for _, f := range sent {
			want += 16 + len(f)
		}
		return err == nil && info.Size() >= int64(want)
	})
	end()
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	i := 0
	for f, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Data, ours[i].Data) || f.Wire != ours[i].Wire || !bytes.Equal(f.Data, sent[i]) {
			t.Errorf("frame %d: tcpdump has % x\nwe have % x\nsent % x", i, f.Data[:40], ours[i].Data[:40], sent[i][:40])
		}
		i++
	}
	if i != len(sent) {
		t.Errorf("tcpdump has %d frames; sent %d", i, len(sent))
	}
}

// TestTwoCaptures of one device do not disturb each other.
func TestTwoCaptures(t *testing.T) {
	w := newWire(t)
	a := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	b := w.open(capture.Options{Interface: "v1", Filter: "port 80", ReadTimeout: soon})
	w.Numbered("v0", 53, 1, 5)
	w.Numbered("v0", 80, 6, 5)
	if err := b.SetFilter("port 53"); err != nil {
		t.Fatal(err)
	}
	for i, f := range take(t, a, 10) {
		if nstest.NumberOf(f.Data) != i+1 {
			t.Errorf("packet %d: %d", i, nstest.NumberOf(f.Data))
		}
	}
	b.Close()
	w.Numbered("v0", 53, 11, 1)
	if f := take(t, a, 1); nstest.NumberOf(f[0].Data) != 11 {
		t.Error(nstest.NumberOf(f[0].Data))
	}
	if s := b.Stats(); s.Received != 5 || s.Received != s.Captured+s.FilterDropped+s.QueueDropped {
		t.Errorf("%+v", s)
	}
}

// TestJoined: packets of several devices come in order of their times, all of them.
func TestJoined(t *testing.T) {
	w := newWire(t)
	w.Pair("w0", "w1")
	d := w.open(capture.Options{Interfaces: []string{"v1", "w1"}, ReadTimeout: soon})
	const n = 600
	for i := 1; i <= n; i++ {
		name := "v0"
		if i%3 == 0 || i > n-50 { // the first falls silent at last
			name = "w0"
		}
		w.Numbered(name, 53, i, 1)
		if i%100 == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	for i, f := range take(t, d, n) {
		from := uint32(0)
		if (i+1)%3 == 0 || i+1 > n-50 {
			from = 1
		}
		if nstest.NumberOf(f.Data) != i+1 || f.Iface != from || f.Number != uint64(i+1) {
			t.Fatalf("place %d: packet %d of device %d, number %d", i+1, nstest.NumberOf(f.Data), f.Iface, f.Number)
		}
	}
	d.Stop()
	var f packet.Frame
	if err := d.Next(&f); err != io.EOF {
		t.Error(err)
	}
	d.Close()
	s := d.Stats()
	if identity(t, s); s.Received != n || s.Captured != n {
		t.Errorf("%+v", s)
	}
}

// TestRings: several rings of a device share its packets by flow: each comes once, those of
// a flow in order.
func TestRings(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", Rings: 4, ReadTimeout: soon})
	const flows, each = 32, 50
	for i := range each {
		for port := range flows {
			w.Send("v0", nstest.Datagram(uint16(1000+port), i, 0))
		}
	}
	next := map[uint16]int{}
	last := int64(0)
	for _, f := range take(t, d, flows*each) {
		port := nstest.PortOf(f.Data)
		if nstest.NumberOf(f.Data) != next[port] {
			t.Fatalf("port %d: packet %d; want %d", port, nstest.NumberOf(f.Data), next[port])
		}
		if next[port]++; f.TS < last {
			t.Error("time goes back")
		}
		last = f.TS
	}
	none(t, d)
	d.Close()
	s := d.Stats()
	if identity(t, s); s.Received != flows*each {
		t.Errorf("%+v", s)
	}
}

// TestImmediate: packets come at once, one by one.
func TestImmediate(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", Immediate: true, ReadTimeout: time.Second})
	var late []time.Duration
	var f packet.Frame
	for i := range 50 {
		began := time.Now()
		w.Numbered("v0", 53, i, 1)
		if err := d.Next(&f); err != nil || nstest.NumberOf(f.Data) != i {
			t.Fatalf("packet %d: %v", i, err)
		}
		late = append(late, time.Since(began))
	}
	slices.Sort(late)
	nstest.Prompt(t, "the median of what packets take", late[len(late)/2], 15*time.Millisecond)
}

// TestUntil: a context ends a wait, another one begins a new one.
func TestUntil(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: time.Hour})
	var f packet.Frame
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		d.Until(ctx)
		began := time.Now()
		if err := d.Next(&f); err != capture.ErrTimeout {
			t.Error(err)
		}
		took := time.Since(began)
		if nstest.Prompt(t, "a wait of 30 ms", took, time.Second); took < 25*time.Millisecond {
			t.Errorf("took %v", took)
		}
		cancel()
	}
	d.Until(context.Background())
	time.AfterFunc(50*time.Millisecond, func() { w.Numbered("v0", 53, 1, 2) })
	if err := d.Next(&f); err != nil || nstest.NumberOf(f.Data) != 1 {
		t.Error(err)
	}
	if n := d.Buffered(); n != 1 {
		t.Errorf("%d buffered", n)
	}
	if err := d.NextNow(&f); err != nil || nstest.NumberOf(f.Data) != 2 {
		t.Error(err)
	}
	if err := d.NextNow(&f); err != capture.ErrWouldBlock || d.Buffered() != 0 || d.Nonblock() {
		t.Error(err)
	}
}

// TestImmediateBusyReader: packets that come one by one take a block each; those of 50 ms
// without a reader are all there.
func TestImmediateBusyReader(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", Immediate: true, ReadTimeout: soon})
	const n = 50
	for i := range n {
		w.Numbered("v0", 53, i+1, 1)
		time.Sleep(time.Millisecond)
	}
	for i, f := range take(t, d, n) {
		if nstest.NumberOf(f.Data) != i+1 {
			t.Fatalf("packet %d: %d", i+1, nstest.NumberOf(f.Data))
		}
	}
	if s := d.Stats(); s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRingsFragments: fragments come as they are, also where rings share the packets.
func TestRingsFragments(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", Rings: 2, ReadTimeout: soon})
	whole := nstest.Datagram(53, 1, 1000)
	fragment := func(id byte, from, to int, flags byte) []byte {
		f := append(bytes.Clone(whole[:34]), whole[34+from:34+to]...)
		ip := f[14:34]
		binary.BigEndian.PutUint16(ip[2:], uint16(20+to-from))
		ip[5], ip[6], ip[7] = id, flags, byte(from/8)
		ip[10], ip[11] = 0, 0
		sum := uint32(0)
		for i := 0; i < 20; i += 2 {
			sum += uint32(binary.BigEndian.Uint16(ip[i:]))
		}
		sum = sum&0xffff + sum>>16
		binary.BigEndian.PutUint16(ip[10:], ^uint16(sum&0xffff+sum>>16))
		return f
	}
	var sent [][]byte
	for id := range byte(20) {
		sent = append(sent, fragment(id+1, 0, 512, 0x20), fragment(id+1, 512, len(whole)-34, 0))
	}
	w.Send("v0", sent...)
	for i, f := range take(t, d, len(sent)) {
		if !bytes.Equal(f.Data, sent[i]) {
			t.Errorf("frame %d: %d bytes, want %d", i, len(f.Data), len(sent[i]))
		}
	}
}

// TestHeldBlocks: while all blocks are held nothing comes, above all not what has come
// before; once they are given back the capture goes on.
func TestHeldBlocks(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", BufferSize: 64 << 10, ReadTimeout: soon})
	last, n := 0, uint64(0)
	read := func(hold bool) (held []*packet.Block) {
		var f packet.Frame
		for d.Next(&f) == nil {
			if number := nstest.NumberOf(f.Data); number <= last {
				t.Fatalf("packet %d after %d", number, last)
			} else {
				last = number
			}
			n++
			if hold && (len(held) == 0 || held[len(held)-1] != f.Block) {
				f.Block.Retain()
				held = append(held, f.Block)
			}
		}
		return held
	}
	w.Numbered("v0", 53, 1, 5000)
	held := read(true)
	if len(held) < 4 || d.Ready() {
		t.Fatalf("%d blocks held, ready %t", len(held), d.Ready())
	}
	before := last
	w.Numbered("v0", 53, 5001, 10)
	if read(true); last != before {
		t.Errorf("packet %d while all blocks are held", last)
	}
	for _, b := range held {
		b.Release()
	}
	w.Numbered("v0", 53, 6000, 10)
	// They are handed over once their block is 30 ms old, or later on a busy machine.
	nstest.Within(t, "packets after the blocks were given back", func() bool { read(false); return last == 6009 })
	d.Close()
	if s := d.Stats(); s.Received != 5020 || s.Captured != n || s.Dropped == 0 {
		t.Errorf("delivered %d, %+v", n, s)
	}
	identity(t, d.Stats())
}

// TestLent: of a ring that is read ahead of what is given back no more than a fourth is out
// before Ready says so.
func TestLent(t *testing.T) {
	w := newWire(t)
	d := w.open(capture.Options{Interface: "v1", ReadTimeout: soon})
	frame := nstest.Datagram(53, 1, 1300)
	for range 5000 { // most of 8 MiB
		w.Send("v0", frame)
	}
	held := map[*packet.Block]bool{}
	var f packet.Frame
	for first := true; first || d.Ready(); first = false {
		if err := d.Next(&f); err != nil {
			t.Fatal(err)
		}
		if !held[f.Block] {
			held[f.Block] = true
			f.Block.Retain()
		}
	}
	if len(held) < 2 || len(held) > 9 {
		t.Errorf("%d of 32 blocks", len(held))
	}
	for b := range held {
		b.Release()
	}
	if d.Next(&f) != nil || !d.Ready() {
		t.Error("not ready, though all but one are back")
	}
}

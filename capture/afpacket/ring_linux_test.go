package afpacket_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/capture/afpacket"
	"pinyon/filter"
	"pinyon/internal/gen"
	"pinyon/internal/nstest"
	"pinyon/packet"
)

// tagged puts VLAN tags, outermost first, into an Ethernet frame.
func tagged(frame []byte, tags ...uint32) []byte {
	out := append([]byte(nil), frame[:12]...)
	for _, t := range tags {
		out = binary.BigEndian.AppendUint32(out, t)
	}
	return append(out, frame[12:]...)
}

// samples are frames with and without tags.
func samples() [][]byte {
	a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.2"), Port: 80, TTL: 64}
	a6 := &gen.Host{MAC: a.MAC, Addr: netip.MustParseAddr("fd00::1"), Port: 53, TTL: 64}
	b6 := &gen.Host{MAC: b.MAC, Addr: netip.MustParseAddr("fd00::2"), Port: 4001, TTL: 64}
	plain := [][]byte{
		(&gen.TCP{IP: gen.IP{Src: a, Dst: b}, Flags: packet.SYN, Payload: make([]byte, 30)}).Append(nil),
		(&gen.UDP{IP: gen.IP{Src: a6, Dst: b6}, Payload: make([]byte, 40)}).Append(nil),
		append(append([]byte{255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6}, 0, 1, 8, 0, 6, 4, 0, 1), make([]byte, 38)...),
	}
	all := slices.Clone(plain)
	for _, f := range plain {
		all = append(all, tagged(f, 0x81000005), tagged(f, 0x8100000a), tagged(f, 0x81006000), tagged(f, 0x88a80064, 0x810000c8), tagged(f, 0x81000005, 0x8100000a), tagged(f, 0x91000005))
	}
	return all
}

func sendAll(t *testing.T, index int, frames [][]byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, f := range frames {
		if err := unix.Sendto(fd, f, 0, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
			t.Fatal(err)
		}
	}
}

// index of a device in the thread's namespace.
func index(t *testing.T, name string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return int(r.Uint32())
}

// read takes everything that a ring got, after a moment.
func read(r *afpacket.Ring) (frames []string) {
	var f packet.Frame
	for idle := 0; idle < 10; idle++ {
		for r.Next(&f) {
			frames, idle = append(frames, string(f.Data)), 0
		}
		time.Sleep(2 * time.Millisecond)
	}
	return frames
}

// TestTagsAreBack: what the ring hands out is what was sent, tags in place, although the
// kernel keeps the outer one beside the packet.
func TestTagsAreBack(t *testing.T) {
	ns := nstest.New(t)
	ns.Quiet()
	ns.Pair("v0", "v1")
	sent := samples()
	ns.Do(func() {
		all := []filter.Instruction{{Op: 6, K: 262144}}
		r, err := afpacket.Open(afpacket.Config{Index: index(t, "v1"), Link: packet.LinkEthernet, Snaplen: 262144, Retire: 1}, all)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cooked, err := afpacket.Open(afpacket.Config{Index: index(t, "v1"), Link: packet.LinkLinuxSLL2, Cooked: true, Snaplen: 262144, Retire: 1}, all)
		if err != nil {
			t.Fatal(err)
		}
		defer cooked.Close()
		sendAll(t, index(t, "v0"), sent)
		got := read(r)
		if len(got) != len(sent) {
			t.Fatalf("%d frames; sent %d", len(got), len(sent))
		}
		for i := range sent {
			if got[i] != string(sent[i]) {
				t.Errorf("frame %d: got % x; want % x", i, got[i], sent[i])
			}
		}
		// A cooked frame has the protocol in front and everything behind the first one.
		frames := read(cooked)
		if len(frames) != len(sent) {
			t.Fatalf("%d cooked frames; sent %d", len(frames), len(sent))
		}
		for i, f := range frames {
			if f[:2]+f[20:] != string(sent[i][12:]) || f[10] != unix.PACKET_OTHERHOST && f[10] != unix.PACKET_BROADCAST {
				t.Errorf("cooked frame %d: % x; want % x behind the header", i, f, sent[i][12:])
			}
		}
	})
}

// TestVLANFilters: with the tag beside the packet, filters take in the kernel what libpcap's
// programs for a live device take there.
func TestVLANFilters(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("no tcpdump program:", err)
	}
	ns := nstest.New(t)
	ns.Quiet()
	ns.Pair("v0", "v1")
	exprs := []string{
		"", "vlan", "vlan 5", "vlan 10", "vlan 0", "vlan 100", "not vlan", "not vlan 5", "tcp", "udp", "arp", "ip6", "vlan and tcp",
		"vlan and arp", "vlan 5 and udp", "vlan 5 or udp", "tcp or vlan", "vlan or tcp", "vlan and vlan", "vlan 100 and vlan 200",
		"vlan 5 and vlan 10", "vlan and vlan 10 and tcp", "vlan and not tcp", "not (vlan and tcp)", "vlan 5 or vlan 10", "vlan 5 and vlan 5",
		"ether proto 0x8100", "ether proto 0x88a8", "vlan and ether proto 0x8100", "vlan and ip6 and udp port 53", "vlan and host 10.0.0.1",
		"vlan and port 80", "port 80", "port 80 or vlan and port 80", "ether[12:2] = 0x8100", "vlan and ether[12:2] = 0x0800", "len > 60",
		"vlan and len > 60", "ether broadcast", "vlan and ether broadcast", "inbound", "vlan and inbound", "outbound or vlan 5", "vlan > 4",
	}
	sent := samples()
	ns.Do(func() {
		v1 := index(t, "v1")
		// A block is retired late: where sending to so many rings takes its time, each frame would
		// have a block of its own otherwise, and there are fewer of these than frames.
		c := afpacket.Config{Index: v1, Link: packet.LinkEthernet, Snaplen: 262144, Retire: 100, BufferSize: 256 << 10}
		type pair struct {
			expr        string
			plain       bool
			ours, other *afpacket.Ring
		}
		var pairs []pair
		for i := range 2 * len(exprs) {
			// Each optimized and not: cut frames show the difference.
			expr, plain := exprs[i/2], i%2 == 1
			args := []string{"-i", "v1", "-ddd", expr}
			if plain {
				args = append([]string{"-O"}, args...)
			}
			out, err := exec.Command("tcpdump", args...).Output()
			p, ourErr := filter.Compile(expr, packet.LinkEthernet, &filter.Options{Mode: filter.ModeKernel, NoOptimize: plain})
			if err != nil || ourErr != nil {
				if (err == nil) != (ourErr == nil) {
					t.Errorf("%q: libpcap says %v, we %v", expr, err, ourErr)
				}
				continue
			}
			ours, err := afpacket.Open(c, p.Instructions())
			if err != nil {
				t.Fatalf("%q: %v", expr, err)
			}
			defer ours.Close()
			other, err := afpacket.Open(c, parse(t, string(out)))
			if err != nil {
				t.Fatalf("%q: libpcap's program: %v", expr, err)
			}
			defer other.Close()
			pairs = append(pairs, pair{expr, plain, ours, other})
		}
		sendAll(t, index(t, "v0"), sent)
		// Blocks are handed over by a timer of the kernel, which a busy machine runs late.
		time.Sleep(300 * time.Millisecond)
		took := 0
		deadline := time.Now().Add(30 * time.Second)
		for _, p := range pairs {
			got, want := read(p.ours), read(p.other)
			for !slices.Equal(got, want) && time.Now().Before(deadline) {
				time.Sleep(10 * time.Millisecond)
				got, want = append(got, read(p.ours)...), append(want, read(p.other)...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q (plain: %v): %d frames; libpcap's program takes %d", p.expr, p.plain, len(got), len(want))
			}
			took += len(want)
		}
		t.Logf("%d programs, %d frames, %d taken", len(pairs), len(sent), took)
		if len(pairs) < 80 || took < 400 {
			t.Errorf("only %d pairs, %d frames taken", len(pairs), took)
		}
	})
}

// parse reads a program as tcpdump -ddd prints it.
func parse(t *testing.T, s string) (prog []filter.Instruction) {
	t.Helper()
	for i, line := range strings.Split(strings.TrimSpace(s), "\n") {
		if i == 0 {
			continue // the number of instructions
		}
		var in filter.Instruction
		if n, err := fmt.Sscan(line, &in.Op, &in.Jt, &in.Jf, &in.K); n != 4 {
			t.Fatalf("line %q: %v", line, err)
		}
		prog = append(prog, in)
	}
	return prog
}

package netif

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pinyon/internal/nstest"
	"pinyon/packet"
)

// ipLink is a device as `ip -j -d addr` describes it.
type ipLink struct {
	Index    int      `json:"ifindex"`
	Name     string   `json:"ifname"`
	Flags    []string `json:"flags"`
	MTU      int      `json:"mtu"`
	Address  string   `json:"address"`
	Alias    string   `json:"ifalias"`
	AltNames []string `json:"altnames"`
	Info     struct {
		Kind string `json:"info_kind"`
	} `json:"linkinfo"`
	Addrs []struct {
		Local     string `json:"local"`
		Peer      string `json:"address"`
		Broadcast string `json:"broadcast"`
		Bits      int    `json:"prefixlen"`
		Scope     string `json:"scope"`
	} `json:"addr_info"`
}

// compare holds a list of devices against what the ip program printed.
func compare(t *testing.T, list []Device, printed string) {
	t.Helper()
	var links []ipLink
	if err := json.Unmarshal([]byte(printed), &links); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(links) {
		t.Errorf("%d devices, ip has %d", len(list), len(links))
	}
	for _, l := range links {
		i := slices.IndexFunc(list, func(d Device) bool { return d.Index == l.Index })
		if i < 0 {
			t.Errorf("%s is missing", l.Name)
			continue
		}
		d := list[i]
		if d.Name != l.Name || d.MTU != l.MTU || d.KernelKind != l.Info.Kind || d.Alias != l.Alias || !slices.Equal(d.AltNames, l.AltNames) {
			t.Errorf("%+v, ip has %+v", d, l)
		}
		if d.HardwareType != unix.ARPHRD_NONE && d.MAC.String() != l.Address {
			t.Errorf("%s: MAC %s, ip has %s", l.Name, d.MAC, l.Address)
		}
		if d.Up() != slices.Contains(l.Flags, "UP") || d.Flags&Loopback != 0 != slices.Contains(l.Flags, "LOOPBACK") {
			t.Errorf("%s: %v, ip has %v", l.Name, d.Flags.Strings(), l.Flags)
		}
		var got, want []string
		for _, a := range d.Addrs {
			got = append(got, fmt.Sprint(a, " ", a.Broadcast, " ", a.Scope))
		}
		for _, a := range l.Addrs {
			w := Addr{Prefix: netip.PrefixFrom(netip.MustParseAddr(a.Local), a.Bits)}
			if a.Peer != "" {
				w.Peer = netip.MustParseAddr(a.Peer)
			}
			if a.Broadcast != "" {
				w.Broadcast = netip.MustParseAddr(a.Broadcast)
			}
			want = append(want, fmt.Sprint(w, " ", w.Broadcast, " ", a.Scope))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: addresses\n%q, ip has\n%q", l.Name, got, want)
		}
	}
}

// listIn lists the devices of a namespace.
func listIn(t *testing.T, ns *nstest.Namespace) (list []Device) {
	t.Helper()
	var err error
	ns.Do(func() { list, err = List() })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// zoo fills a namespace with devices of all sorts the kernel has.
func zoo(t *testing.T, ns *nstest.Namespace) {
	t.Helper()
	for _, words := range []string{
		"link add v0 type veth peer name v1",
		"link add br0 type bridge",
		"link add br-0123456789ab type bridge",
		"tuntap add tun0 mode tun",
		"tuntap add tap0 mode tap",
		"link set v0 alias the_uplink",
		"link set v1 mtu 9000",
		"link property add dev v0 altname a-name-of-more-than-fifteen-bytes altname uplink",
		"addr add 192.0.2.2/24 broadcast 192.0.2.255 dev v0",
		"addr add 192.0.2.3/24 dev v0",
		"addr add 198.51.100.1/28 dev v0 scope link",
		"addr add 10.0.0.1 peer 10.0.0.2/32 dev tun0",
		"addr add 10.0.1.1 peer 10.9.9.0/24 dev tun0",
		"addr add 2001:db8::5/64 dev v0",
		"addr add 2001:db8:1::5/48 dev v0",
		"addr add 2001:db8:2::1 peer 2001:db8:2::2 dev tun0",
		"addr add 10.7.0.1/16 dev v1", // stays down
		"link set v0 up",
		"link set tun0 up",
		"link set br0 up",
		"link set v1 down",
	} {
		ns.IP(words)
	}
	for _, words := range []string{
		"link add link v0 name v0.5 type vlan id 5", "link add d0 type dummy", "link add bond0 type bond", "link add wg0 type wireguard",
		"link add ifb9 type ifb", "link add gre1 type gre remote 192.0.2.9", "link add sit1 type sit remote 192.0.2.9",
		"link add vx0 type vxlan id 7 dstport 4789", "link add mv0 link v0 type macvlan", "link add vrf0 type vrf table 10", "link add vcan0 type vcan",
		"link add nl0 type nlmon", "link add t6 type ip6tnl remote 2001:db8::9",
	} {
		if err := ns.TryIP(words); err != nil {
			t.Logf("not on this kernel: %v", err)
		}
	}
}

func TestListAgainstIP(t *testing.T) {
	ns := nstest.New(t)
	zoo(t, ns)
	list := listIn(t, ns)
	compare(t, list, ns.Run("ip", "-j", "-d", "addr"))
	kinds := map[string]Kind{
		"lo": KindLoopback, "v0": KindVirtual, "v1": KindVirtual, "br0": KindBridge, "br-0123456789ab": KindDocker, "tun0": KindVPN, "tap0": KindVPN,
		"v0.5": KindVLAN, "d0": KindVirtual, "bond0": KindBond, "wg0": KindVPN, "ifb9": KindVirtual, "gre1": KindTunnel, "sit1": KindTunnel,
		"vx0": KindTunnel, "mv0": KindVirtual, "vrf0": KindVirtual, "vcan0": KindCAN, "nl0": KindVirtual, "t6": KindTunnel,
	}
	for _, d := range list {
		if want, ok := kinds[d.Name]; ok && d.Kind != want {
			t.Errorf("%s is %v, want %v", d.Name, d.Kind, want)
		}
		want := uint16(packet.LinkEthernet)
		switch d.Name {
		case "tun0", "wg0", "sit1", "sit0":
			want = packet.LinkRaw
		case "vcan0":
			want = linkCAN
		case "gre0", "gre1", "t6", "ip6tnl0", "tunl0":
			want = packet.LinkLinuxSLL
		case "nl0":
			want = linkNetlink
		}
		if d.LinkType != want {
			t.Errorf("%s has link type %d, want %d", d.Name, d.LinkType, want)
		}
	}
	// The machine's own devices, with no privilege needed.
	out, err := exec.Command("ip", "-j", "-d", "addr").Output()
	if err != nil {
		t.Skip(err)
	}
	own, err := List()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, own, string(out))
}

// TestStateAgainstLibpcap: flags and connection are those that tcpdump -D prints.
func TestStateAgainstLibpcap(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("no tcpdump: ", err)
	}
	ns := nstest.New(t)
	zoo(t, ns)
	printed := map[string]string{}
	line := regexp.MustCompile(`(?m)^\d+\.(\S+) (?:\(.*\) )?\[(.*)\]$`)
	for _, m := range line.FindAllStringSubmatch(ns.Run("tcpdump", "-D"), -1) {
		printed[m[1]] = m[2]
	}
	found := 0
	for _, d := range listIn(t, ns) {
		want, ok := printed[d.Name]
		if !ok {
			continue // libpcap leaves out what it cannot bind to
		}
		found++
		words := d.Flags.Strings()
		if len(words) == 0 {
			words = []string{"none"}
		}
		// libpcap prints [none, Disconnected].
		if got := strings.Join(words, ", "); got != want && "none, "+got != want {
			t.Errorf("%s: %s, tcpdump has %s", d.Name, got, want)
		}
	}
	if found < 5 {
		t.Errorf("only %d devices are in both lists", found)
	}
}

func TestFindLive(t *testing.T) {
	ns := nstest.New(t)
	zoo(t, ns)
	ns.IP("link set tap0 alias twice")
	ns.IP("link set br0 alias twice")
	ns.Do(func() {
		v0, err := ByName("v0")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"v0", "uplink", "a-name-of-more-than-fifteen-bytes", "the_uplink", fmt.Sprint(v0.Index)} {
			if got, err := Resolve(text); got != "v0" || err != nil {
				t.Errorf("%s: %q, %v", text, got, err)
			}
		}
		if _, err := Resolve("twice"); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "br0, tap0") {
			t.Error(err)
		}
		for _, text := range []string{"v9", "99999", "a-name-of-more-than-fifteen-bytes-that-none-has", strings.Repeat("x", 300), "v0\x00", ""} {
			if _, err := Resolve(text); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: %v", text, err)
			}
		}
		if d, err := ByIndex(v0.Index); d.Name != "v0" || err != nil {
			t.Error(d, err)
		}
		for _, index := range []int{-1, 0, 1 << 40} {
			if _, err := ByIndex(index); !errors.Is(err, ErrNotFound) {
				t.Error(index, err)
			}
		}
		if n, err := Network("v0"); n.String() != "192.0.2.0/24" || err != nil {
			t.Error(n, err)
		}
		if n, err := Networks6("v0"); !slices.Contains(n, netip.MustParsePrefix("2001:db8::/64")) || !slices.Contains(n, netip.MustParsePrefix("2001:db8:1::/48")) || err != nil {
			t.Error(n, err)
		}
		if _, err := Network("tap0"); !errors.Is(err, ErrNoAddress) {
			t.Error(err)
		}
		if _, err := Networks6("tap0"); !errors.Is(err, ErrNoAddress) {
			t.Error(err)
		}
		if list, err := ByType(KindBridge); len(list) != 2 || err != nil { // with Docker's
			t.Error(list, err)
		}
		list, err := Active()
		if err != nil || !slices.ContainsFunc(list, func(d Device) bool { return d.Name == "v0" }) || slices.ContainsFunc(list, func(d Device) bool { return d.Name == "v1" }) {
			t.Error(list, err)
		}
		if d, reason, err := Recommend(Policy{Prefer: []Kind{KindEthernet, KindBridge}}); d.Name != "br0" || !strings.Contains(reason, "bridge") || err != nil {
			t.Error(d.Name, reason, err)
		}
	})
}

func TestDefaultLive(t *testing.T) {
	ns := nstest.New(t)
	want := func(name, part string) {
		t.Helper()
		ns.Do(func() {
			d, reason, err := Default()
			if d.Name != name || !strings.Contains(reason, part) || (name == "") != errors.Is(err, ErrNotFound) {
				t.Errorf("%q because %q, %v; want %q because %q", d.Name, reason, err, name, part)
			}
		})
	}
	want("", "")
	ns.IP("link add v0 type veth peer name v1")
	ns.IP("link add w0 type veth peer name w1")
	ns.IP("addr add 10.0.0.1/24 dev v1")
	want("", "")
	for _, dev := range []string{"v0", "v1", "w0", "w1"} {
		ns.IP("link set " + dev + " up")
	}
	want("v1", "10.0.0.1")
	ns.IP("addr add 2001:db8::1/64 dev w0")
	ns.IP("-6 route add default via 2001:db8::2 dev w0")
	want("w0", "IPv6 default route via 2001:db8::2, metric 1024")
	ns.IP("route add default via 10.0.0.2 dev v1 metric 300")
	want("v1", "IPv4 default route via 10.0.0.2, metric 300")
	ns.IP("addr add 10.0.1.1/24 dev w1")
	ns.IP("route add default via 10.0.1.2 dev w1 metric 200")
	want("w1", "metric 200")
	ns.IP("route del default dev w1")
	ns.IP("route del default dev v1")
	if err := ns.TryIP("route add default nexthop via 10.0.1.2 dev w1 nexthop via 10.0.0.2 dev v1"); err != nil {
		t.Log(err)
	} else {
		want("w1", "via 10.0.1.2")
		ns.IP("route del default")
	}
	ns.IP("route add default via 10.0.0.2 dev v1")
	ns.IP("link set v1 down") // takes the route along
	want("w0", "IPv6")
}

func TestRefreshLive(t *testing.T) {
	ns := nstest.New(t)
	ns.IP("link add v0 type veth peer name v1")
	ns.Do(func() {
		d, err := ByName("v0")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Ready(); !errors.Is(err, ErrDown) {
			t.Errorf("a device that is down: %v", err)
		}
		if d.Up() || d.Flags.Connection() != Disconnected {
			t.Error(d.Flags.Strings())
		}
		ns.IP("link set v0 up")
		if err := d.Ready(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("a device without carrier: %v", err)
		}
		if d.Up() {
			t.Error("the snapshot changed")
		}
		ns.IP("link set v1 up")
		ns.Ready("v0", "v1")
		if err := d.Ready(); err != nil {
			t.Error(err)
		}
		ns.IP("link set v0 down")
		ns.IP("link set v0 name renamed")
		ns.IP("addr add 10.0.0.1/24 dev renamed")
		if err := d.Refresh(); err != nil || d.Name != "renamed" || len(d.Addrs) != 1 {
			t.Error(d, err)
		}
		if _, err := ByName("v0"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		ns.IP("link del renamed")
		old := d.Name
		if err := d.Refresh(); !errors.Is(err, ErrNotFound) || d.Name != old {
			t.Error(d, err)
		}
		if err := d.Ready(); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if _, err := Counters(d.Index); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}

// TestCountersLive sends frames that are counted.
func TestCountersLive(t *testing.T) {
	ns := nstest.New(t)
	ns.Quiet()
	ns.Pair("v0", "v1")
	ns.Do(func() {
		v0, err := ByName("v0")
		if err != nil {
			t.Fatal(err)
		}
		v1, err := ByName("v1")
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Skip(err)
		}
		defer unix.Close(fd)
		frame := make([]byte, 100)
		copy(frame, v1.MAC)
		copy(frame[6:], v0.MAC)
		frame[12], frame[13] = 0x88, 0xb5 // for local experiments
		for range 50 {
			if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: v0.Index}); err != nil {
				t.Fatal(err)
			}
		}
		c0, err := Counters(v0.Index)
		if err != nil || c0.TxPackets != 50 || c0.TxBytes != 5000 || c0.RxPackets != 0 {
			t.Errorf("%+v, %v", c0, err)
		}
		c1, err := Counters(v1.Index)
		// Nobody takes frames of that type, which newer kernels count too.
		c1.RxNoHandler, c1.RxDropped = 0, 0
		if want := (Counts{RxPackets: 50, RxBytes: 5000}); err != nil || c1 != want {
			t.Errorf("%+v, %v", c1, err)
		}
	})
}

// TestManyDevices: a dump of many parts, and one while devices come and go.
func TestManyDevices(t *testing.T) {
	ns := nstest.New(t)
	const pairs = 100
	var batch strings.Builder
	for i := range pairs {
		fmt.Fprintf(&batch, "link add a%d type veth peer name b%d\naddr add 10.1.%d.1/24 dev a%d\n", i, i, i, i)
	}
	cmd := ns.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(batch.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	list := listIn(t, ns)
	if len(list) != 2*pairs+1 {
		t.Errorf("%d devices", len(list))
	}
	compare(t, list, ns.Run("ip", "-j", "-d", "addr"))
	churn := ns.Command("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do ip link add x0 type veth peer name x1; ip addr add 10.9.9.9/24 dev x0; ip link del x0; done")
	if err := churn.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { churn.Wait(); close(done) }()
	ns.Do(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				t.Logf("%d lists", n)
				return
			default:
			}
			list, err := List()
			if err != nil || len(list) < 2*pairs+1 {
				t.Errorf("%d devices, %v", len(list), err)
			}
			if _, err := ByName("x0"); err != nil && !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		}
	})
}

// TestAsNobody: the inventory needs no privilege, capturing does, and it says so.
func TestAsNobody(t *testing.T) {
	if os.Geteuid() == 0 {
		if err := Permitted(); err != nil {
			t.Error(err)
		}
		t.Skip("runs as root")
	}
	if _, err := List(); err != nil {
		t.Error(err)
	}
	err := Permitted()
	if err == nil {
		t.Skip("this user may capture")
	}
	if !errors.Is(err, ErrPermission) || !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
	lo, lerr := ByName("lo")
	if lerr == nil && lo.Flags&Running != 0 && !errors.Is(lo.Ready(), ErrPermission) {
		t.Error(lo.Ready())
	}
}

func BenchmarkList(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := List(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCounters(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Counters(1); err != nil {
			b.Fatal(err)
		}
	}
}

package netif

import (
	"errors"
	"io/fs"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pinyon/packet"
)

func addr(prefix string) Addr { return Addr{Prefix: netip.MustParsePrefix(prefix)} }

func withPeer(prefix, peer string) Addr {
	a := addr(prefix)
	a.Peer = netip.MustParseAddr(peer)
	return a
}

func TestAddr(t *testing.T) {
	hex := func(s string) *big.Int {
		n, _ := new(big.Int).SetString(s, 16)
		return n
	}
	for _, c := range []struct {
		a       Addr
		text    string
		network string
		id      *big.Int
		in, out string // lists of addresses
	}{
		{addr("192.168.193.5/24"), "192.168.193.5/24", "192.168.193.0/24", hex("c0a8c1"), "192.168.193.0 192.168.193.255 192.168.193.5 ::ffff:192.168.193.7", "192.168.194.1 ::c0a8:c101 ::"},
		{addr("10.1.2.3/32"), "10.1.2.3/32", "10.1.2.3/32", hex("0a010203"), "10.1.2.3", "10.1.2.2"},
		{addr("10.1.2.3/0"), "10.1.2.3/0", "0.0.0.0/0", hex("0"), "1.2.3.4", "::1"},
		// The number of this network is that of 10.0.0.0/8 in IPv4.
		{addr("a00::1/16"), "a00::1/16", "a00::/16", hex("a00"), "a00::2", "10.0.0.1"},
		{addr("2001:db8:1:2::5/64"), "2001:db8:1:2::5/64", "2001:db8:1:2::/64", hex("20010db800010002"), "2001:db8:1:2:ffff::", "2001:db8:1:3::"},
		{withPeer("10.0.0.1/32", "10.0.0.2"), "10.0.0.1 peer 10.0.0.2/32", "10.0.0.2/32", hex("0a000002"), "10.0.0.1 10.0.0.2", "10.0.0.3"},
		{withPeer("10.0.0.1/24", "10.9.9.9"), "10.0.0.1 peer 10.9.9.9/24", "10.9.9.0/24", hex("0a0909"), "10.0.0.1 10.9.9.1", "10.0.0.9"},
	} {
		if got := c.a.String(); got != c.text {
			t.Errorf("%s, want %s", got, c.text)
		}
		if n := c.a.Network(); n.String() != c.network {
			t.Errorf("%v: network %v, want %s", c.a, n, c.network)
		}
		if id := c.a.NetworkID(); id.Cmp(c.id) != 0 {
			t.Errorf("%v: number %x, want %x", c.a, id, c.id)
		}
		for _, ip := range strings.Fields(c.in) {
			if !c.a.InNetwork(netip.MustParseAddr(ip)) {
				t.Errorf("%s is not in %v", ip, c.a)
			}
		}
		for _, ip := range strings.Fields(c.out) {
			if c.a.InNetwork(netip.MustParseAddr(ip)) {
				t.Errorf("%s is in %v", ip, c.a)
			}
		}
		if own := c.a.Prefix.Addr(); !c.a.Owns(own) || c.a.Owns(own.Next()) || c.a.Owns(netip.Addr{}) {
			t.Errorf("%v owns its neighbour, or not itself", c.a)
		}
	}
	var zero Addr
	if zero.InNetwork(netip.Addr{}) || zero.Owns(netip.Addr{}) || zero.NetworkID().Sign() != 0 {
		t.Error("the zero address has a network")
	}
	if n := addr("192.168.193.5/24").PrefixLen(); n != 24 {
		t.Error(n)
	}
}

func TestDeviceAddresses(t *testing.T) {
	d := Device{Name: "eth0", Index: 4, Addrs: []Addr{addr("fe80::5/64"), addr("192.0.2.2/24"), addr("198.51.100.1/28"), addr("fd00::2/64"), addr("fd00::3/64")}}
	ip := netip.MustParseAddr
	if !d.InNetwork(ip("198.51.100.14")) || d.InNetwork(ip("198.51.100.16")) || d.Owns(ip("198.51.100.14")) || !d.Owns(ip("::ffff:198.51.100.1")) {
		t.Error("networks and addresses are mixed up")
	}
	if !d.InNetwork(ip("fe80::9%eth0")) || !d.Owns(ip("fe80::5%4")) || d.InNetwork(ip("fe80::9%eth1")) || d.Owns(ip("fe80::5%eth1")) {
		t.Error("zones")
	}
	if n := d.Network(); n.String() != "192.0.2.0/24" {
		t.Error(n)
	}
	if n := d.Networks6(); len(n) != 2 || n[0].String() != "fe80::/64" || n[1].String() != "fd00::/64" {
		t.Error(n)
	}
	if ok, err := d.InNetworkString("192.0.2.77"); !ok || err != nil {
		t.Error(ok, err)
	}
	var ae *AddrError
	if _, err := d.InNetworkString("192.0.2.777"); !errors.As(err, &ae) || ae.Text != "192.0.2.777" || ae.Unwrap() == nil {
		t.Error(err)
	}
}

func TestFlags(t *testing.T) {
	f := (Up | Running).with(Connected)
	if got := f.Strings(); !slices.Equal(got, []string{"Up", "Running", "Connected"}) || f.Connection() != Connected {
		t.Error(got)
	}
	f = (f&^Up | Wireless).with(Disconnected)
	if got := f.Strings(); !slices.Equal(got, []string{"Running", "Wireless", "Disconnected"}) {
		t.Error(got)
	}
	for c, word := range map[Connection]string{ConnectionUnknown: "unknown", Connected: "connected", Disconnected: "disconnected", NotApplicable: "not applicable"} {
		if got := (Up | Loopback | Running | Wireless).with(c); got.Connection() != c || c.String() != word || got&^connectionMask != 15 {
			t.Errorf("%v: %v", c, got)
		}
	}
	if w := Flags(0).Strings(); w == nil || len(w) != 0 {
		t.Error(w)
	}
}

func TestKind(t *testing.T) {
	for _, c := range []struct {
		kernel   string
		wireless bool
		arphrd   uint16
		name     string
		want     Kind
	}{
		{"", false, arphrdLoopback, "lo", KindLoopback},
		{"", false, arphrdEther, "eth0", KindEthernet},
		{"", true, arphrdEther, "eth1", KindWireless},
		{"", false, arphrdRadiotap, "mon0", KindWireless},
		{"bridge", false, arphrdEther, "eth7", KindBridge}, // the kernel's word beats the name
		{"bridge", false, arphrdEther, "docker0", KindDocker},
		{"bridge", false, arphrdEther, "br-0123456789ab", KindDocker},
		{"bridge", false, arphrdEther, "br-lan", KindBridge},
		{"bond", false, arphrdEther, "wlan0", KindBond},
		{"vlan", false, arphrdEther, "eth0.5", KindVLAN},
		{"veth", false, arphrdEther, "docker1", KindVirtual},
		{"dummy", false, arphrdEther, "d", KindVirtual},
		{"tun", false, arphrdEther, "tap0", KindVPN},
		{"wireguard", false, arphrdNone, "eth0", KindVPN},
		{"sit", false, arphrdSIT, "sit0", KindTunnel},
		{"", false, arphrdTunnel6, "x", KindTunnel},
		{"", false, arphrdPPP, "x", KindPPP},
		{"", false, arphrdRawIP, "x", KindMobile},
		{"", false, arphrdInfiniband, "x", KindInfiniband},
		{"vcan", false, arphrdCAN, "x", KindCAN},
		{"", false, arphrdNone, "tun3", KindVPN},
		{"new-kind", false, arphrdEther, "x", KindEthernet},
		{"", false, arphrdNone, "x", KindUnknown},
		{"", false, 0, "lo0", KindLoopback},
		{"", false, 0, "login", KindUnknown},
		{"", false, 0, "utun2", KindVPN},
		{"", false, 0, "bridge0", KindBridge},
		{"", false, 0, "br0", KindBridge},
		{"", false, 0, "wlp3s0", KindWireless},
		{"", false, 0, "enp3s0", KindEthernet},
	} {
		if got := kindOf(c.kernel, c.wireless, c.arphrd, c.name); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for _, k := range Kinds() {
		if got, err := ParseKind(k.String()); got != k || err != nil {
			t.Errorf("%v: %v, %v", k, got, err)
		}
	}
	if _, err := ParseKind("token ring"); err == nil || !strings.Contains(err.Error(), "bridge") {
		t.Error(err)
	}
	if !KindDocker.Is(KindBridge) || KindBridge.Is(KindDocker) || !KindVPN.Is(KindVPN) {
		t.Error("Is")
	}
}

func TestLinkTypeOf(t *testing.T) {
	for _, c := range []struct {
		arphrd, link uint16
		cooked       bool
	}{
		{1, packet.LinkEthernet, false}, {772, packet.LinkEthernet, false}, {0xfffe, packet.LinkRaw, false}, {801, packet.LinkIEEE80211, false},
		{802, packet.LinkPrism, false}, {803, packet.LinkRadiotap, false}, {512, packet.LinkLinuxSLL, true}, {32, packet.LinkLinuxSLL, true},
		{513, packet.LinkCHDLC, false}, {768, packet.LinkRaw, false}, {776, packet.LinkRaw, false}, {778, packet.LinkLinuxSLL, true},
		{769, packet.LinkLinuxSLL, true}, {519, packet.LinkLinuxSLL, true}, {280, 227, false}, {824, 253, true}, {804, 230, false}, {60000, packet.LinkLinuxSLL, true},
	} {
		if link, cooked := LinkTypeOf(c.arphrd); link != c.link || cooked != c.cooked {
			t.Errorf("%d: %d %v, want %d %v", c.arphrd, link, cooked, c.link, c.cooked)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"eth0", "br-0123456789ab", "a.b@c", "wäre", "...", "123456789012345"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "1234567890123456", "a/b", "a b", "a\tb", "eth0:1", ".", "..", "a\x00"} {
		var e *Error
		if err := CheckName(name); !errors.Is(err, ErrName) || !errors.As(err, &e) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestChoose(t *testing.T) {
	dev := func(name string, index int, f Flags, addrs ...Addr) Device {
		return Device{Name: name, Index: index, Flags: f, Addrs: addrs}
	}
	local := addr("fe80::1/64")
	local.Scope = ScopeLink
	lo := dev("lo", 1, Up|Running|Loopback, addr("127.0.0.1/8"), addr("10.9.9.9/32"))
	bare := dev("bare", 2, Up|Running)
	down := dev("down", 3, 0, addr("10.0.3.1/24"))
	unplugged := dev("unplugged", 4, Up, addr("10.0.4.1/24"))
	linkLocal := dev("local", 5, Up|Running, local)
	good := dev("good", 6, Up|Running, addr("10.0.6.1/24"))
	other := dev("other", 7, Up|Running, addr("10.0.7.1/24"))
	for _, c := range []struct {
		list   []Device
		routes []route
		want   string
		reason string
	}{
		{[]Device{lo, bare, down, unplugged, linkLocal, good, other}, nil, "good", "10.0.6.1"},
		{[]Device{lo, bare, down, unplugged, linkLocal}, nil, "unplugged", "no default route"},
		{[]Device{lo, bare, down, linkLocal}, nil, "local", "fe80::1"},
		{[]Device{lo, bare, down}, nil, "", ""},
		{nil, nil, "", ""},
		{[]Device{lo, good, other}, []route{{family: afINET6, index: 7, table: tableMain}}, "other", "IPv6"},
		{[]Device{lo, good, other}, []route{{family: afINET6, index: 6, table: tableMain}, {family: afINET, index: 7, table: tableMain, metric: 900}}, "other", "metric 900"},
		{[]Device{lo, good, other}, []route{{family: afINET, index: 6, table: tableMain, metric: 900}, {family: afINET, index: 7, table: tableMain, metric: 100}}, "other", "metric 100"},
		{[]Device{lo, good, other}, []route{{family: afINET, index: 6, table: 100}, {family: afINET, index: 7, table: tableMain, metric: 100}}, "other", "metric 100"},
		{[]Device{lo, good, other}, []route{{family: afINET, index: 7, table: 100}}, "other", "table 100"},
		{[]Device{lo, good, other}, []route{{family: afINET, index: 1, table: tableMain}, {family: afINET, index: 99, table: tableMain}, {family: afINET, index: 7, table: tableLocal}}, "good", "no default route"},
	} {
		d, reason, err := choose(c.list, c.routes)
		if d.Name != c.want || !strings.Contains(reason, c.reason) || (c.want == "") != errors.Is(err, ErrNotFound) {
			t.Errorf("%v: %q because %q, %v; want %q because %q", c.routes, d.Name, reason, err, c.want, c.reason)
		}
	}
}

func TestPreferred(t *testing.T) {
	list := []Device{{Name: "lo", Kind: KindLoopback, Flags: Up}, {Name: "e0", Kind: KindEthernet}, {Name: "w0", Kind: KindWireless, Flags: Up}, {Name: "docker0", Kind: KindDocker, Flags: Up}}
	for _, c := range []struct {
		kinds []Kind
		want  string
	}{{[]Kind{KindEthernet, KindWireless}, "w0"}, {[]Kind{KindBridge}, "docker0"}, {[]Kind{KindLoopback}, "lo"}, {[]Kind{KindEthernet}, ""}, {nil, ""}} {
		if d, _, ok := preferred(list, c.kinds); d.Name != c.want || ok != (c.want != "") {
			t.Errorf("%v: %q", c.kinds, d.Name)
		}
	}
}

func TestErrors(t *testing.T) {
	err := error(&Error{"eth9", StageFind, ErrNotFound})
	if err.Error() != "netif: find eth9: no such device" || !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	err = &Error{"", StageList, errors.New("x")}
	if err.Error() != "netif: list: x" {
		t.Error(err)
	}
	err = &Error{"eth0", StageOpen, ErrPermission}
	if !errors.Is(err, ErrPermission) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "CAP_NET_RAW") || !strings.Contains(err.Error(), "setcap") {
		t.Error(err)
	}
}

// TestThisMachine asks for the machine's own devices, as whoever runs it.
func TestThisMachine(t *testing.T) {
	list, err := List()
	if err != nil || len(list) == 0 {
		t.Skipf("no devices: %v", err)
	}
	names, err := Names()
	if err != nil || len(names) != len(list) {
		t.Errorf("%v, %v", names, err)
	}
	for _, d := range list {
		for _, text := range []string{d.Name} {
			if got, err := Resolve(text); got != d.Name || err != nil {
				t.Errorf("%s resolves to %q, %v", text, got, err)
			}
		}
		if err := d.Refresh(); err != nil {
			t.Error(err)
		}
		if err := CheckName(d.Name); err != nil {
			t.Log("only Linux has to agree: ", err)
		}
	}
	n := 0
	for d := range All() {
		if n++; d.Name == "" {
			t.Error("a device without a name")
		}
		break
	}
	if n != 1 {
		t.Error("All does not stop")
	}
	if d, reason, err := Default(); err == nil && (reason == "" || d.Flags&Loopback != 0) || err != nil && !errors.Is(err, ErrNotFound) {
		t.Errorf("default %s, %q, %v", d.Name, reason, err)
	}
	if _, err := ByName("no-such-device"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := Resolve(""); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if d, reason, err := Recommend(Policy{Device: list[0].Name}); d.Name != list[0].Name || reason == "" || err != nil {
		t.Error(d.Name, reason, err)
	}
	if _, _, err := Recommend(Policy{Device: "no-such-device"}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// TestNetworkScope: an address of the link alone is not the device's network if there is
// another.
func TestNetworkScope(t *testing.T) {
	local := addr("169.254.7.7/16")
	local.Scope = ScopeLink
	d := Device{Addrs: []Addr{addr("::1/128"), local, addr("192.0.2.2/24"), addr("198.51.100.1/28")}}
	if n := d.Network(); n.String() != "192.0.2.0/24" {
		t.Error(n)
	}
	d.Addrs = d.Addrs[:2]
	if n := d.Network(); n.String() != "169.254.0.0/16" {
		t.Error(n)
	}
}

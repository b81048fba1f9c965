package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pinyon/internal/nstest"
)

// TestInterfacesLive runs the command among devices that are known.
func TestInterfacesLive(t *testing.T) {
	ns := nstest.New(t)
	ns.IP("link add uplink type veth peer name v1")
	ns.IP("link set uplink alias the_uplink")
	ns.IP("addr add 192.0.2.2/24 broadcast 192.0.2.255 dev uplink")
	ns.IP("addr add 10.0.0.1 peer 10.0.0.2/32 dev uplink")
	ns.Up("uplink", "v1")
	ns.IP("route add default via 192.0.2.1 dev uplink")
	ns.IP("link add br0 type bridge")
	ns.Do(func() {
		out := want(t, 0, "", "interfaces")
		for _, part := range []string{"*  uplink ", "\n   v1 ", "Up,Running,Loopback", "Up,Running,Connected", "192.0.2.2/24\n", " 10.0.0.1 peer 10.0.0.2/32\n",
			"* default: IPv4 default route via 192.0.2.1\n"} {
			if !strings.Contains(out, part) {
				t.Errorf("no %q in\n%s", part, out)
			}
		}
		var list []interfaceStatus
		if err := json.Unmarshal([]byte(want(t, 0, "", "interfaces", "--json", "the_uplink")), &list); err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		i := list[0]
		if i.Name != "uplink" || i.Kind != "virtual" || i.KernelKind != "veth" || i.LinkType != 1 || i.Connection != "connected" || !i.Default {
			t.Errorf("%+v", i)
		}
		if w := (addressInfo{Address: "10.0.0.1", PrefixLen: 32, Network: "10.0.0.2/32", Peer: "10.0.0.2", Scope: "global"}); i.AddrInfo[0] != w && i.AddrInfo[1] != w {
			t.Errorf("%+v", i.AddrInfo)
		}
		if out := want(t, 0, "", "interfaces", "--type", "bridge"); !strings.Contains(out, "br0") || strings.Contains(out, "uplink") {
			t.Error(out)
		}
		ns.IP("link set br0 alias the_uplink")
		want(t, exitUsage, "means uplink, br0", "interfaces", "the_uplink")
		if out := want(t, 0, "", "status"); !strings.Contains(out, "- uplink (the_uplink): virtual, Up, Running, Connected, EN10MB (1), MTU 1500, ") {
			t.Error(out)
		}
	})
}

// TestStatusLive: whoever may not capture is told what to do about it.
func TestStatusLive(t *testing.T) {
	out := want(t, 0, "", "status")
	var s systemStatus
	if err := json.Unmarshal([]byte(want(t, 0, "", "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	if !s.BPF.Available || !strings.Contains(out, "bpf              OK") {
		t.Errorf("%+v\n%s", s.BPF, out)
	}
	if os.Geteuid() == 0 {
		if !s.Live || !strings.Contains(out, "live capture     OK") {
			t.Errorf("as root: %q\n%s", s.LiveReason, out)
		}
		return
	}
	if s.Live {
		t.Skip("this user may capture")
	}
	for _, text := range []string{out, s.LiveReason} {
		if !strings.Contains(text, "CAP_NET_RAW") || !strings.Contains(text, "sudo setcap cap_net_raw,cap_net_admin+ep $(command -v pinyon)") {
			t.Error(text)
		}
	}
}

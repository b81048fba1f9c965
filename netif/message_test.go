package netif

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// reply is a message of the kernel's.
func reply(typ uint16, body []byte) []byte {
	b := request(typ, 0, body)
	host.PutUint16(b[6:], 0)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

// linkBody is an ifinfomsg and attributes.
func linkBody(arphrd uint16, index int32, flags uint32, attrs ...[]byte) []byte {
	b := make([]byte, 16)
	host.PutUint16(b[2:], arphrd)
	host.PutUint32(b[4:], uint32(index))
	host.PutUint32(b[8:], flags)
	return append(b, slices.Concat(attrs...)...)
}

func attr(typ uint16, v ...byte) []byte    { return attribute(nil, typ, v) }
func attrText(typ uint16, s string) []byte { return attr(typ, append([]byte(s), 0)...) }
func attr32(typ uint16, n uint32) []byte   { return attr(typ, host.AppendUint32(nil, n)...) }
func nest(typ uint16, attrs ...[]byte) []byte {
	return attr(typ|0x8000, slices.Concat(attrs...)...)
}

func attrIP(typ uint16, s string) []byte { return attr(typ, netip.MustParseAddr(s).AsSlice()...) }

func addrBody(family, bits, scope uint8, index int32, attrs ...[]byte) []byte {
	b := append([]byte{family, bits, 0, scope}, host.AppendUint32(nil, uint32(index))...)
	return append(b, slices.Concat(attrs...)...)
}

func routeBody(family, bits, table uint8, flags uint32, attrs ...[]byte) []byte {
	b := append([]byte{family, bits, 0, 0, table, 3, 0, 1}, host.AppendUint32(nil, flags)...)
	return append(b, slices.Concat(attrs...)...)
}

func nextHop(flags uint8, index int32, attrs ...[]byte) []byte {
	inner := slices.Concat(attrs...)
	b := host.AppendUint16(nil, uint16(8+len(inner)))
	b = append(b, flags, 0)
	return append(host.AppendUint32(b, uint32(index)), inner...)
}

func stats(n int) []byte {
	var b []byte
	for i := range n {
		b = host.AppendUint64(b, uint64(i)+1<<40)
	}
	return b
}

var vlanLink = linkBody(1, 7, 0x11043, attrText(linkName, "eth0.5"), attr32(linkMTU, 1496), attr(linkAddress, 2, 0, 0, 0, 0, 5),
	attrText(linkAlias, "to the lab"), nest(linkInfo, attrText(linkInfoKind, "vlan"), nest(2, attr(1, 5, 0))),
	nest(linkPropList, attrText(linkAltName, "a-long-name-of-the-device"), attrText(linkAltName, "x")), attr(linkStats64, stats(25)...))

func TestParseLink(t *testing.T) {
	l, err := parseLink(vlanLink)
	want := link{index: 7, hardware: 1, flags: 0x11043, name: "eth0.5", alias: "to the lab", mtu: 1496, kind: "vlan",
		mac: []byte{2, 0, 0, 0, 0, 5}, altNames: []string{"a-long-name-of-the-device", "x"}, stats: stats(25)}
	if err != nil || !reflect.DeepEqual(l, want) {
		t.Errorf("%+v, %v; want %+v", l, err, want)
	}
	for _, b := range [][]byte{
		vlanLink[:15],
		append(slices.Clone(vlanLink), 1),
		linkBody(1, 7, 0, []byte{3, 0, 1, 0}),    // shorter than itself
		linkBody(1, 7, 0, []byte{9, 0, 1, 0, 1}), // longer than the message
		linkBody(1, 7, 0, attr(linkInfo, 200, 0, 1, 0)),
		linkBody(1, 7, 0, attr(linkPropList, 0, 0, 53, 0)),
	} {
		if _, err := parseLink(b); !errors.Is(err, ErrMessage) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func TestParseAddr(t *testing.T) {
	ip := netip.MustParseAddr
	for _, c := range []struct {
		body []byte
		want Addr
	}{
		{addrBody(afINET, 24, 0, 4, attrIP(addrAddress, "192.0.2.2"), attrIP(addrLocal, "192.0.2.2"), attrIP(addrBroadcast, "192.0.2.255")),
			Addr{Prefix: netip.MustParsePrefix("192.0.2.2/24"), Broadcast: ip("192.0.2.255")}},
		{addrBody(afINET, 32, 253, 4, attrIP(addrAddress, "10.0.0.2"), attrIP(addrLocal, "10.0.0.1")),
			Addr{Prefix: netip.MustParsePrefix("10.0.0.1/32"), Peer: ip("10.0.0.2"), Scope: ScopeLink}},
		{addrBody(afINET6, 64, 253, 4, attrIP(addrAddress, "fe80::1")),
			Addr{Prefix: netip.MustParsePrefix("fe80::1/64"), Scope: ScopeLink}},
		{addrBody(afINET6, 128, 0, 4, attrIP(addrAddress, "2001:db8::2"), attrIP(addrLocal, "2001:db8::1")),
			Addr{Prefix: netip.MustParsePrefix("2001:db8::1/128"), Peer: ip("2001:db8::2")}},
	} {
		index, a, ok, err := parseAddr(c.body)
		if index != 4 || !ok || err != nil || a != c.want {
			t.Errorf("%d %+v %v %v; want %+v", index, a, ok, err, c.want)
		}
	}
	if _, _, ok, err := parseAddr(addrBody(17, 0, 0, 4)); ok || err != nil {
		t.Errorf("another family: %v %v", ok, err)
	}
	for _, b := range [][]byte{
		{2, 24}, addrBody(afINET, 24, 0, 4), addrBody(afINET, 33, 0, 4, attrIP(addrLocal, "10.0.0.1")),
		addrBody(afINET, 24, 0, 4, attr(addrLocal, 10, 0, 0)), addrBody(afINET, 24, 0, 4, attrIP(addrLocal, "::1")),
	} {
		if _, _, ok, err := parseAddr(b); ok || !errors.Is(err, ErrMessage) {
			t.Errorf("%x: %v %v", b, ok, err)
		}
	}
}

func TestParseRoute(t *testing.T) {
	gw := attrIP(routeGateway, "192.0.2.1")
	for _, c := range []struct {
		name string
		body []byte
		want string // empty: no default route
	}{
		{"plain", routeBody(afINET, 0, tableMain, 0, attr32(routeTable, 254), attr32(routeOIF, 4), gw), "4 IPv4 default route via 192.0.2.1"},
		{"metric", routeBody(afINET6, 0, tableMain, 0, attr32(routeOIF, 4), attrIP(routeGateway, "fe80::1"), attr32(routeMetric, 1024)), "4 IPv6 default route via fe80::1, metric 1024"},
		{"device", routeBody(afINET, 0, tableMain, 0, attr32(routeOIF, 9)), "9 IPv4 default route"},
		{"table", routeBody(afINET, 0, 0, 0, attr32(routeTable, 51820), attr32(routeOIF, 9)), "9 IPv4 default route, table 51820"},
		{"via IPv6", routeBody(afINET, 0, tableMain, 0, attr32(routeOIF, 4), attr(routeVia, append(host.AppendUint16(nil, afINET6), netip.MustParseAddr("fe80::9").AsSlice()...)...)), "4 IPv4 default route via fe80::9"},
		{"two hops", routeBody(afINET, 0, tableMain, 0, attr(routeMulti, slices.Concat(nextHop(1, 3, attrIP(routeGateway, "10.0.0.1")), nextHop(0, 5, gw), nextHop(0, 6))...)), "5 IPv4 default route via 192.0.2.1"},
		{"no hop", routeBody(afINET, 0, tableMain, 0, attr(routeMulti, nextHop(16, 3)...)), ""},
		{"network", routeBody(afINET, 24, tableMain, 0, attr32(routeOIF, 4)), ""},
		{"link down", routeBody(afINET, 0, tableMain, 16, attr32(routeOIF, 4)), ""},
		{"cached", routeBody(afINET6, 0, tableMain, 0x200, attr32(routeOIF, 4)), ""},
		{"blackhole", append([]byte{afINET, 0, 0, 0, 254, 3, 0, 6}, attr32(0, 0)[:4]...), ""},
		{"no device", routeBody(afINET, 0, tableMain, 0), ""},
	} {
		r, ok, err := parseRoute(c.body)
		got := ""
		if ok {
			got = string(rune('0'+r.index)) + " " + r.reason()
		}
		if got != c.want || err != nil && c.name != "blackhole" {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	for _, b := range [][]byte{{2}, routeBody(afINET, 0, 254, 0, attr(routeMulti, 7, 0)), routeBody(afINET, 0, 254, 0, attr(routeMulti, 7, 0, 0, 0, 0, 0, 0, 0)),
		routeBody(afINET, 0, 254, 0, attr(routeMulti, nextHop(0, 3, []byte{2, 0, 0, 0})...))} {
		if _, ok, err := parseRoute(b); ok || !errors.Is(err, ErrMessage) {
			t.Errorf("%x: %v %v", b, ok, err)
		}
	}
}

func TestParseCounters(t *testing.T) {
	const b = 1 << 40
	want := Counts{RxPackets: b, TxPackets: b + 1, RxBytes: b + 2, TxBytes: b + 3, RxErrors: b + 4, TxErrors: b + 5, RxDropped: b + 6,
		TxDropped: b + 7, RxFIFO: b + 14, RxMissed: b + 15, RxNoHandler: b + 23}
	if c, err := parseCounters(stats(25)); err != nil || c != want {
		t.Errorf("%+v, %v", c, err)
	}
	want.RxNoHandler = 0 // a kernel before 4.6
	if c, err := parseCounters(stats(23)); err != nil || c != want {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := parseCounters(stats(22)); !errors.Is(err, ErrMessage) {
		t.Error(err)
	}
}

func TestNextMessage(t *testing.T) {
	b := slices.Concat(reply(msgNewLink, vlanLink), reply(msgDone, []byte{0, 0, 0, 0}))
	m, rest, err := nextMessage(b)
	if err != nil || m.typ != msgNewLink || len(m.body) != len(vlanLink) {
		t.Errorf("%+v, %v", m, err)
	}
	if m, rest, err = nextMessage(rest); err != nil || m.typ != msgDone || len(rest) != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	for n := range headerLen {
		if _, _, err := nextMessage(b[:n]); !errors.Is(err, ErrMessage) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, _, err := nextMessage(b[:headerLen+3]); !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), "in 19") {
		t.Error(err)
	}
}

// FuzzMessages: whatever a socket says, parsing ends, stays inside the bytes and gives
// addresses that are addresses.
func FuzzMessages(f *testing.F) {
	f.Add(slices.Concat(reply(msgNewLink, vlanLink), reply(msgDone, []byte{0, 0, 0, 0})))
	f.Add(reply(msgNewAddr, addrBody(afINET, 32, 253, 4, attrIP(addrAddress, "10.0.0.2"), attrIP(addrLocal, "10.0.0.1"))))
	f.Add(reply(msgNewAddr, addrBody(afINET6, 64, 253, 4, attrIP(addrAddress, "fe80::1"))))
	f.Add(reply(msgNewRt, routeBody(afINET, 0, tableMain, 0, attr32(routeOIF, 4), attr(routeMulti, nextHop(0, 5)...))))
	f.Add(reply(msgError, []byte{0xed, 0xff, 0xff, 0xff}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			m, rest, err := nextMessage(b)
			if err != nil {
				return
			}
			if len(rest)+headerLen+len(m.body) > len(b) {
				t.Fatalf("%d of %d bytes left behind %d", len(rest), len(b), len(m.body))
			}
			b = rest
			if l, err := parseLink(m.body); err == nil {
				if c, err := parseCounters(l.stats); err != nil && c != (Counts{}) {
					t.Error("counters beside an error")
				}
				if len(l.name)+len(l.alias)+len(l.kind)+len(l.mac) > len(m.body) {
					t.Errorf("more than there was: %+v", l)
				}
				kindOf(l.kind, false, l.hardware, l.name)
			}
			if _, a, ok, err := parseAddr(m.body); ok && (err != nil || !a.Prefix.IsValid() || !a.InNetwork(a.Prefix.Addr()) || !a.Owns(a.Prefix.Addr())) {
				t.Errorf("%+v, %v", a, err)
			}
			if r, ok, err := parseRoute(m.body); ok && (err != nil || r.index <= 0) {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

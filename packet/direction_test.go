package packet

import (
	"net/netip"
	"testing"
)

func TestDirection(t *testing.T) {
	me, you, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	group, all := netip.MustParseAddr("224.0.0.251"), netip.MustParseAddr("255.255.255.255")
	own := func(a netip.Addr) bool { return a == me }
	for _, c := range []struct {
		typ      Type
		src, dst netip.Addr
		own      func(netip.Addr) bool
		want     Direction
	}{
		{TypeOutgoing, me, you, own, Up},
		{TypeOutgoing, other, you, own, Up}, // forwarded by this machine, on its way out
		{TypeOutgoing, me, me, own, Local},
		{TypeHost, me, me, own, Local},
		{TypeHost, you, me, own, Down},
		{TypeHost, you, me, nil, Down},
		{TypeBroadcast, you, all, own, Down},
		{TypeMulticast, you, group, own, Down},
		{TypeHost, netip.Addr{}, netip.Addr{}, own, Down}, // LLDP, say
		{TypeOtherHost, you, other, own, Forwarded},
		{TypeUnknown, me, you, own, Up},
		{TypeUnknown, you, me, own, Down},
		{TypeUnknown, me, me, own, Local},
		{TypeUnknown, you, other, own, Forwarded}, // a neighbour is not this machine
		{TypeUnknown, you, group, own, Down},
		{TypeUnknown, you, all, own, Down},
		{TypeUnknown, me, group, own, Up},
		{TypeUnknown, netip.Addr{}, netip.Addr{}, own, Unknown},
		{TypeUnknown, me, you, nil, Unknown},
	} {
		if got := DirectionOf(c.typ, c.src, c.dst, c.own); got != c.want {
			t.Errorf("%d %v > %v: %v; want %v", c.typ, c.src, c.dst, got, c.want)
		}
	}
}

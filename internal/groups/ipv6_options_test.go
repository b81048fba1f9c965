package groups

import (
	"testing"

	"pinyon/packet"
)

func flowLabelled(v uint32) func(*packet.Packet) { return func(p *packet.Packet) { p.FlowLabel = v } }

func TestIPv6Labels(t *testing.T) {
	var ps []packet.Packet
	for range 3 {
		ps = append(ps, netPacket(false, v6, flowLabelled(0x12345), tos(0xb8)), netPacket(true, v6, flowLabelled(0x0abcd), tos(0xb8)))
	}
	wantCells(t, netRow(t, true, ps...),
		"ipv6_packet_count", 6, "ipv4_packet_count", 0, "ipv6_flow_label", 74565, "ipv6_flow_label_unique_count", 2,
		"ipv6_flow_label_changes", 0, "ipv6_traffic_class", 184, "ipv6_traffic_class_unique_count", 1,
		"ipv6_dscp", 46, "ipv6_ecn", 0, "ipv6_ratio", 1.0, "is_ipv6_only", 1)
	f, b := func(v uint32) packet.Packet { return netPacket(false, v6, flowLabelled(v)) }, func(v uint32) packet.Packet { return netPacket(true, v6, flowLabelled(v)) }
	for _, c := range []struct {
		ps           []packet.Packet
		first        int
		all, changes int
	}{
		{[]packet.Packet{f(0)}, 0, 1, 0},
		{[]packet.Packet{f(5), b(5)}, 5, 1, 0},
		{[]packet.Packet{f(5), f(4), f(5), b(4)}, 5, 2, 1},
		{[]packet.Packet{f(0xfffff), f(1), b(1), b(2), b(1), f(2), f(3)}, 0xfffff, 4, 3 + 1},
	} {
		wantCells(t, netRow(t, true, c.ps...), "ipv6_flow_label", c.first, "ipv6_flow_label_unique_count", c.all, "ipv6_flow_label_changes", c.changes)
	}
}

func TestIPv6LabelLimit(t *testing.T) {
	var ps []packet.Packet
	for i := range uint32(1500) {
		ps = append(ps, netPacket(false, v6, flowLabelled(i*7919&0xfffff)), netPacket(true, v6, flowLabelled(i)))
	}
	got := netRow(t, true, ps...)
	wantCells(t, got, "ipv6_flow_label_changes", 2*1023)
	if n := got["ipv6_flow_label_unique_count"].(int64); n <= 1024 || n > 2048 {
		t.Errorf("%d labels in both directions", n)
	}
}

// TestIPv6Alone: the traffic class is there when ip_extended is not asked for.
func TestIPv6Alone(t *testing.T) {
	n := newNetRun(t, false, "ipv6_options")
	p := netPacket(false, v6, tos(0x0b))
	n.packet(&p)
	wantCells(t, n.cells()[0], "ipv6_traffic_class", 11, "ipv6_dscp", 2, "ipv6_ecn", 3)
}

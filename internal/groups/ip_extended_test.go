package groups

import (
	"testing"

	"pinyon/packet"
)

func ttl(v uint8) func(*packet.Packet)    { return func(p *packet.Packet) { p.TTL = v } }
func tos(v uint8) func(*packet.Packet)    { return func(p *packet.Packet) { p.TOS = v } }
func ipID(v uint16) func(*packet.Packet)  { return func(p *packet.Packet) { p.IPID = v } }
func ipFlag(v uint8) func(*packet.Packet) { return func(p *packet.Packet) { p.IPFlags = v } }

func TestIPTTL(t *testing.T) {
	for _, c := range []struct {
		ttl           uint8
		initial, hops int
	}{{0, 64, 64}, {1, 64, 63}, {64, 64, 0}, {65, 128, 63}, {128, 128, 0}, {129, 255, 126}, {240, 255, 15}, {255, 255, 0}} {
		wantCells(t, netRow(t, true, netPacket(false, ttl(c.ttl)), netPacket(false, ttl(1))),
			"ip_ttl_fwd_initial_est", c.initial, "ip_ttl_fwd_hops_est", c.hops)
	}
	wantCells(t, netRow(t, true, netPacket(false, ttl(60)), netPacket(true, ttl(0)), netPacket(false, ttl(61)), netPacket(false, ttl(60))),
		"ip_ttl_fwd_min", 60, "ip_ttl_fwd_max", 61, "ip_ttl_fwd_mean", 181.0/3, "ip_ttl_fwd_changes", 1,
		"ip_ttl_bwd_min", 0, "ip_ttl_bwd_max", 0, "ip_ttl_bwd_mean", 0.0, "ip_ttl_bwd_changes", 0)
	wantCells(t, netRow(t, true, netPacket(false, v6, ttl(255)), netPacket(true, v6, ttl(63))),
		"ip_ttl_fwd_initial_est", 255, "ip_ttl_bwd_max", 63, "ip_version", 6)
}

func TestIPToS(t *testing.T) {
	wantCells(t, netRow(t, true, netPacket(false, tos(0xb8)), netPacket(true, tos(0xb8))),
		"ip_tos_value", 184, "ip_tos_unique_count", 1, "ip_dscp", 46, "ip_ecn", 0)
	wantCells(t, netRow(t, true, netPacket(false, tos(0xff)), netPacket(true, tos(0x2b)), netPacket(true, tos(0x2b))),
		"ip_tos_value", 0x2b, "ip_tos_unique_count", 2, "ip_dscp", 10, "ip_ecn", 3)
}

func TestIPFlags(t *testing.T) {
	wantCells(t, netRow(t, true, netPacket(false, ipFlag(1)), netPacket(true, ipFlag(4)), netPacket(true, ipFlag(6)), netPacket(true)),
		"ip_flags", 7, "ip_df_count", 1, "ip_df_ratio", 0.25)
}

func TestIPIDGaps(t *testing.T) {
	ids := func(bwd bool, vs ...uint16) (ps []packet.Packet) {
		for _, v := range vs {
			ps = append(ps, netPacket(bwd, ipID(v)))
		}
		return ps
	}
	for _, c := range []struct {
		fwd, bwd []uint16
		want     int
	}{
		{[]uint16{65535, 0, 5}, nil, 1},
		{[]uint16{5, 5, 6}, []uint16{1000, 1001}, 0},
		{[]uint16{5, 4}, nil, 1}, // a step back
		{[]uint16{5, 7}, []uint16{9, 12, 13, 20}, 3},
		{[]uint16{9}, []uint16{1}, 0},
	} {
		// In turn, so that the other direction's lie between.
		f, b := ids(false, c.fwd...), ids(true, c.bwd...)
		var ps []packet.Packet
		for i := range max(len(f), len(b)) {
			if i < len(f) {
				ps = append(ps, f[i])
			}
			if i < len(b) {
				ps = append(ps, b[i])
			}
		}
		wantCells(t, netRow(t, true, ps...), "ip_id_gaps", c.want)
	}
}

package groups

import (
	"testing"

	"pinyon/packet"
)

// optionArea gives a segment the option area, read as from the wire.
func optionArea(area ...byte) func(*packet.Packet) {
	return func(p *packet.Packet) {
		frame := []byte{0x45, 0, 0, byte(40 + len(area)), 0, 0, 0, 0, p.TTL, packet.ProtoTCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}
		tcp := make([]byte, 20, 20+len(area))
		tcp[12] = byte(20+len(area)) << 2
		frame = append(append(frame, tcp...), area...)
		var d packet.Decoder
		q := *p
		if !d.Decode(&packet.Frame{Data: frame, Wire: uint32(len(frame)), Link: 101}, &q) {
			panic("BUG: frame of a test not decoded")
		}
		p.Has |= q.Has
		p.Options, p.MSS, p.WindowScale, p.SACKBlocks, p.TSval, p.TSecr, p.MPTCPSubtype = q.Options, q.MSS, q.WindowScale, q.SACKBlocks, q.TSval, q.TSecr, q.MPTCPSubtype
	}
}

func TestOptionTimestamps(t *testing.T) {
	ts := func(dir int, val, ecr uint32) segment {
		return segment{dir: dir, flags: ack, edit: stamped(val, ecr)}
	}
	wantCells(t, tcpCells(t, ts(0, 4294967290, 0), ts(0, 10, 0)), "tcp_ts_fwd_diff", 16, "tcp_ts_fwd_first", 4294967290, "tcp_ts_fwd_last", 10)
	wantCells(t, tcpCells(t, ts(0, 100, 0), ts(0, 99, 0)), "tcp_ts_fwd_diff", 0)
	wantCells(t, tcpCells(t, ts(0, 100, 0), ts(0, 130, 0), ts(0, 120, 0)), "tcp_ts_fwd_diff", 20)
	wantCells(t, tcpCells(t, ts(1, 0, 0), ts(1, 1<<31-1, 0), ts(1, 1<<32-2, 0), ts(1, 5, 0)), "tcp_ts_bwd_diff", 1<<32+5)
	// Without ACK the echo is void; a segment without the option is passed over.
	wantCells(t, tcpCells(t, segment{flags: syn, edit: stamped(5, 77)}, segment{flags: ack}, ts(0, 6, 0), ts(0, 7, 9)),
		"tcp_ts_fwd_first", 5, "tcp_ts_fwd_last", 7, "tcp_ts_fwd_diff", 2, "tcp_ts_ecr_fwd_first", 0, "tcp_options_pkt_count", 3, "tcp_options_bitmap", 8)
	wantCells(t, tcpNulls(t, segment{flags: syn, edit: stamped(0, 77)}),
		"tcp_ts_fwd_present", 1, "tcp_ts_fwd_first", 0, "tcp_ts_fwd_last", 0, "tcp_ts_fwd_diff", nil, "tcp_ts_ecr_fwd_first", nil, "tcp_ts_bwd_present", 0, "tcp_ts_bwd_last", nil)
}

func TestOptionOffers(t *testing.T) {
	all := optionArea(2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 0, 0)
	wantCells(t, tcpCells(t, segment{flags: syn, edit: all}, segment{flags: syn, edit: optionArea(2, 4, 1, 1, 3, 3, 1, 0)}, segment{dir: 1, flags: synAck, edit: optionArea(2, 4, 2, 24)}),
		"tcp_mss_fwd", 1460, "tcp_ws_fwd", 7, "tcp_sack_permitted_fwd", 1, "tcp_mss_bwd", 536, "tcp_ws_bwd", 0, "tcp_sack_permitted_bwd", 0,
		"tcp_options_bitmap", 7, "tcp_options_pkt_count", 3)
	// Outside SYN the three are void, but the segment has options all the same.
	wantCells(t, tcpNulls(t, segment{flags: ack, edit: all}),
		"tcp_mss_fwd", nil, "tcp_ws_fwd", nil, "tcp_sack_permitted_fwd", 0, "tcp_options_bitmap", 0, "tcp_options_pkt_count", 1)
	// Fast Open, MD5, AO and unknown options count; padding does not.
	wantCells(t, tcpCells(t, segment{flags: ack, edit: optionArea(34, 2, 0, 0)}, segment{flags: ack, edit: optionArea(1, 1, 1, 0)}, segment{flags: ack, edit: optionArea(253, 4, 0, 0)}),
		"tcp_options_pkt_count", 2)
}

func TestOptionSACK(t *testing.T) {
	two := []byte{5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1, 1}
	one := []byte{5, 10, 0, 0, 0, 1, 0, 0, 0, 2}
	wantCells(t, tcpCells(t, segment{flags: ack, edit: optionArea(two...)}), "tcp_sack_blocks_total", 2, "tcp_options_pkt_count", 1)
	wantCells(t, tcpCells(t, segment{flags: ack, edit: optionArea(append(one, two...)...)}, segment{dir: 1, flags: ack, edit: optionArea(two...)}),
		"tcp_sack_blocks_total", 5, "tcp_options_pkt_count", 2)
}

func TestMPTCP(t *testing.T) {
	mp := func(third byte) func(*packet.Packet) {
		return optionArea(30, 12, third, 0x81, 1, 2, 3, 4, 5, 6, 7, 8)
	}
	open := func(fwd, bwd func(*packet.Packet)) []segment {
		return []segment{{flags: syn, edit: fwd}, {dir: 1, flags: synAck, edit: bwd}}
	}
	tests := []struct {
		name                                string
		in                                  []segment
		detected, fwd, bwd, count, stat, is int
	}{
		{"both capable", open(mp(0), mp(0)), 1, 1, 1, 2, 15, 1},
		{"both join", open(mp(0x10), mp(0x10)), 1, 0, 0, 2, 1, 1},
		{"one capable", open(mp(0), nil), 1, 1, 0, 1, 3, 0},
		{"the other capable", open(nil, mp(0)), 1, 0, 1, 1, 5, 0},
		{"capable and join", open(mp(0), mp(0x10)), 1, 1, 0, 2, 3, 0},
		{"data sequence signal", []segment{{flags: ack, edit: mp(0x20)}}, 1, 0, 0, 1, 1, 0},
		{"capable without SYN", []segment{{flags: ack, edit: mp(0)}, {dir: 1, flags: ack, edit: mp(0)}}, 1, 0, 0, 2, 1, 0},
		{"too short for a subtype", open(optionArea(30, 2, 0, 0), optionArea(30, 2, 0, 0)), 1, 0, 0, 2, 1, 0},
		{"two options in a segment", []segment{{flags: ack, edit: optionArea(30, 4, 0x20, 0, 30, 4, 0x30, 0)}}, 1, 0, 0, 1, 1, 0},
		{"none", open(nil, nil), 0, 0, 0, 0, 0, 0},
	}
	for _, tt := range tests {
		got := tcpCells(t, tt.in...)
		for name, want := range map[string]int{"mptcp_detected": tt.detected, "mptcp_capable_fwd": tt.fwd, "mptcp_capable_bwd": tt.bwd, "mptcp_option_count": tt.count, "mptcp_stat": tt.stat, "is_mptcp": tt.is} {
			if got[name] != int64(want) {
				t.Errorf("%s: %s = %v, want %d", tt.name, name, got[name], want)
			}
		}
	}
}

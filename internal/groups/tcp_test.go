package groups

import (
	"testing"

	"pinyon/feature"
	"pinyon/internal/vectors"
	"pinyon/packet"
)

// vectorCells is the row of captured frames that are one flow.
func vectorCells(t *testing.T, frames []packet.Frame) map[string]any {
	t.Helper()
	run := newTCPRun(t, false)
	var d packet.Decoder
	var p packet.Packet
	var client uint16
	for i := range frames {
		if !d.Decode(&frames[i], &p) {
			t.Fatalf("frame %d is not IP", i+1)
		}
		if i == 0 {
			client = p.SrcPort
		}
		dir := 0
		if p.SrcPort != client {
			dir = 1
		}
		run.packet(dir, &p)
	}
	return run.cells()
}

// TestTCPConversation holds the columns of a whole connection: handshake, two exchanges,
// close.
func TestTCPConversation(t *testing.T) {
	wantCells(t, vectorCells(t, vectors.V1x()),
		"tcp_is_tcp", true, "tcp_syn_count", 1, "tcp_synack_count", 1, "tcp_fin_count", 2, "tcp_rst_count", 0,
		"tcp_ack_count", 12, "tcp_psh_count", 4, "tcp_urg_count", 0, "tcp_ece_count", 0, "tcp_cwr_count", 0,
		"tcp_complete_handshake", true, "tcp_graceful_close", true, "tcp_reset_close", false,
		"tcp_syn_ratio", 2.0/13, "tcp_fin_ratio", 2.0/13, "tcp_rst_ratio", 0.0, "tcp_psh_ratio", 4.0/13,
		"tcp_data_packets", 6, "tcp_ack_only_packets", 3, "tcp_flags_anomaly", false,
		"tcp_initiator_syn", true, "tcp_responder_synack", true,
		"tcp_fstat", 95, "tcp_flags_agg", 27, "tcp_flags_fwd", 27, "tcp_flags_bwd", 27,

		"tcp_isn_fwd", 1000, "tcp_isn_bwd", 5000,
		"tcp_seq_fwd_bytes_sent", 1050, "tcp_seq_fwd_retrans", 0, "tcp_seq_fwd_gaps", 0, "tcp_seq_fwd_ooo", 0,
		"tcp_seq_bwd_bytes_sent", 3629, "tcp_seq_bwd_retrans", 0, "tcp_seq_bwd_gaps", 0, "tcp_seq_bwd_ooo", 0,
		"tcp_ack_fwd_count", 6, "tcp_ack_fwd_dup", 0, "tcp_ack_bwd_count", 6, "tcp_ack_bwd_dup", 0,
		"tcp_total_retrans", 0, "tcp_total_ooo", 0, "tcp_total_dup_acks", 0, "tcp_retrans_ratio", 0.0,

		"tcp_init_win_fwd", 64240, "tcp_init_win_bwd", 65160, "tcp_win_scale_fwd", 7, "tcp_win_scale_bwd", 7,
		"tcp_win_fwd_min", 480, "tcp_win_fwd_max", 64240, "tcp_win_fwd_mean", 9604.285714285714, "tcp_win_fwd_zero_count", 0,
		"tcp_win_bwd_min", 501, "tcp_win_bwd_max", 65160, "tcp_win_bwd_mean", 11277.5, "tcp_win_bwd_zero_count", 0,
		"tcp_win_fwd_up_count", 2, "tcp_win_fwd_down_count", 1, "tcp_win_fwd_change_count", 3,
		"tcp_win_bwd_up_count", 0, "tcp_win_bwd_down_count", 1, "tcp_win_bwd_change_count", 1,
		"tcp_scaled_win_fwd_max", 502*128, "tcp_scaled_win_bwd_max", 65160, "tcp_zero_win_ratio", 0.0,

		"tcp_mss_fwd", 1460, "tcp_mss_bwd", 1460, "tcp_ws_fwd", 7, "tcp_ws_bwd", 7,
		"tcp_sack_permitted_fwd", 1, "tcp_sack_permitted_bwd", 1, "tcp_sack_blocks_total", 0,
		"tcp_ts_fwd_present", 1, "tcp_ts_fwd_first", 100, "tcp_ts_fwd_last", 591, "tcp_ts_fwd_diff", 491, "tcp_ts_ecr_fwd_first", 900,
		"tcp_ts_bwd_present", 1, "tcp_ts_bwd_first", 900, "tcp_ts_bwd_last", 1370, "tcp_ts_bwd_diff", 470, "tcp_ts_ecr_bwd_first", 100,
		"tcp_options_bitmap", 15, "tcp_options_pkt_count", 13,

		"mptcp_detected", 0, "mptcp_capable_fwd", 0, "mptcp_capable_bwd", 0, "mptcp_option_count", 0, "mptcp_stat", 0, "is_mptcp", 0,

		"tcp_rtt_handshake", 0.021, "tcp_rtt_min", 0.001, "tcp_rtt_max", 0.301, "tcp_rtt_mean", 0.047875,
		"tcp_rtt_samples", 8, "tcp_rtt_std", 0.09606565137966848, "tcp_rtt_jitter_avg", 0.10016666666666667,
		"tcp_rtt_ack_min", 0.0008, "tcp_rtt_ack_max", 0.02, "tcp_rtt_ack_mean", 0.01045,

		"tcp_fp_fwd", "t64240_1460_7_840e6a1d73a6", "tcp_fp_bwd", "t65160_1460_7_ec98291f0b85",
		"tcp_os_hint_fwd", "linux", "tcp_os_hint_bwd", "linux",
		"tcp_uptime_fwd", 2.777777777777778e-05, "tcp_uptime_bwd", 0.00025,
		"tcp_fp_fwd_window", 64240, "tcp_fp_fwd_ttl", 64, "tcp_fp_fwd_mss", 1460, "tcp_fp_fwd_ws", 7,
		"tcp_fp_bwd_window", 65160, "tcp_fp_bwd_ttl", 57, "tcp_fp_bwd_mss", 1460, "tcp_fp_bwd_ws", 7)
}

func TestTCPFlags(t *testing.T) {
	const xmas = fin | psh | urg
	tests := []struct {
		flags   uint16
		fstat   int
		anomaly bool
	}{
		{0, 0x80, true},
		{0x29, 0x88, true},
		{fin, 0x88, true},
		{fin | ack, 0x0c, false},
		{fin | ack | psh, 0x0c, false},
		{xmas | ack, 0x8c, true},
		{syn, 0x01, false},
		{syn | fin, 0x89, true},
		{syn | rst, 0xa1, true},
		{synAck, 0, false},
		{synAck | rst, 0xa0, true},
		{rst, 0x20, false},
		{rst | ack, 0x24, false},
		{ack, 0x04, false},
		{packet.AE, 0, false},
		{psh | urg, 0, false},
		{syn | packet.ECE | packet.CWR | packet.AE, 0x01, false},
	}
	for _, tt := range tests {
		got := tcpCells(t, segment{flags: tt.flags})
		if got["tcp_fstat"] != int64(tt.fstat) || got["tcp_flags_anomaly"] != tt.anomaly || got["tcp_flags_fwd"] != int64(tt.flags) || got["tcp_flags_agg"] != int64(tt.flags) || got["tcp_flags_bwd"] != int64(0) {
			t.Errorf("flags %#x: fstat %#x, anomaly %v, flags %v, %v; want %#x, %v", tt.flags, got["tcp_fstat"], got["tcp_flags_anomaly"], got["tcp_flags_agg"], got["tcp_flags_bwd"], tt.fstat, tt.anomaly)
		}
	}
}

func TestTCPCounts(t *testing.T) {
	// Every flag has its own count, whatever comes with it.
	wantCells(t, tcpCells(t, segment{flags: 0x1ff}),
		"tcp_syn_count", 0, "tcp_synack_count", 1, "tcp_fin_count", 1, "tcp_rst_count", 1, "tcp_ack_count", 1,
		"tcp_psh_count", 1, "tcp_urg_count", 1, "tcp_ece_count", 1, "tcp_cwr_count", 1, "tcp_flags_agg", 0x1ff)
	// A SYN with payload is data; an ACK with other flags than SYN, FIN, RST is an ACK only.
	wantCells(t, tcpCells(t,
		segment{flags: syn, n: 5},
		segment{flags: ack | psh | urg | packet.AE},
		segment{flags: ack | rst},
		segment{flags: ack | fin},
		segment{flags: psh}),
		"tcp_data_packets", 1, "tcp_ack_only_packets", 1, "tcp_fstat", 0x01|0x04|0x08|0x20|0x40)
	// The order of the handshake is not asked for, its sides are.
	wantCells(t, tcpCells(t, segment{dir: 1, flags: synAck}, segment{flags: syn}), "tcp_complete_handshake", true)
	wantCells(t, tcpCells(t, segment{flags: synAck}, segment{dir: 1, flags: syn}),
		"tcp_complete_handshake", false, "tcp_syn_count", 1, "tcp_synack_count", 1, "tcp_fstat", 0)
	wantCells(t, tcpCells(t, segment{flags: fin | ack}, segment{flags: fin | ack}), "tcp_graceful_close", false, "tcp_fin_count", 2)
	wantCells(t, tcpCells(t, segment{dir: 1, flags: fin | ack}, segment{flags: fin | ack}), "tcp_graceful_close", true)
	wantCells(t, tcpCells(t, segment{flags: syn}, segment{dir: 1, flags: rst | ack}), "tcp_reset_close", true, "tcp_rst_ratio", 0.5, "tcp_fstat", 0x25)
}

// TestTCPUndecoded: later fragments and cut headers are packets of the flow and nothing else.
func TestTCPUndecoded(t *testing.T) {
	later := func(p *packet.Packet) { p.Has = packet.HasFragment | packet.HasLaterFragment }
	wantCells(t, tcpNulls(t, segment{flags: syn}, segment{flags: 0x1ff, n: 100, edit: later}),
		"tcp_is_tcp", true, "tcp_syn_ratio", 0.5, "tcp_flags_agg", int(syn), "tcp_data_packets", 0, "tcp_win_fwd_min", 0)
	wantCells(t, tcpNulls(t, segment{n: 100, edit: later}),
		"tcp_is_tcp", true, "tcp_syn_count", 0, "tcp_complete_handshake", false, "tcp_fstat", 0,
		"tcp_isn_fwd", nil, "tcp_seq_fwd_bytes_sent", 0, "tcp_retrans_ratio", nil,
		"tcp_init_win_fwd", nil, "tcp_win_fwd_mean", nil, "tcp_win_fwd_up_count", 0, "tcp_zero_win_ratio", nil,
		"tcp_mss_fwd", nil, "tcp_sack_permitted_fwd", 0, "tcp_ts_fwd_present", 0, "tcp_ts_fwd_diff", nil, "tcp_options_bitmap", 0,
		"mptcp_detected", 0, "mptcp_stat", 0, "is_mptcp", 0,
		"tcp_rtt_handshake", nil, "tcp_rtt_samples", 0, "tcp_rtt_std", nil, "tcp_rtt_jitter_avg", nil, "tcp_rtt_ack_mean", nil,
		"tcp_fp_fwd", nil, "tcp_os_hint_fwd", nil, "tcp_uptime_fwd", nil, "tcp_fp_fwd_ttl", nil)
}

// TestTCPOther: in a flow of another protocol every column but the first is absent.
func TestTCPOther(t *testing.T) {
	for _, nulls := range []bool{false, true} {
		run := newTCPRun(t, nulls)
		run.entry.Key.Proto = packet.ProtoUDP
		run.packet(0, &packet.Packet{Proto: packet.ProtoUDP, Has: packet.HasTransport | packet.HasPorts, PayloadLen: 5})
		for name, v := range run.cells() {
			var want any
			switch {
			case name == "tcp_is_tcp":
				want = false
			case nulls:
			case name == "tcp_os_hint_fwd", name == "tcp_os_hint_bwd":
				want = "unknown"
			default:
				switch v.(type) {
				case int64:
					want = int64(0)
				case float64:
					want = 0.0
				case bool:
					want = false
				case string:
					want = ""
				}
			}
			if v != want {
				t.Errorf("nulls %v: %s = %v, want %v", nulls, name, v, want)
			}
		}
	}
}

// TestTCPTables holds names, order, kinds, units, profiles and privacy of all TCP columns.
func TestTCPTables(t *testing.T) {
	type column struct {
		name string
		kind feature.Kind
		unit feature.Unit
	}
	const (
		i, f, b, s = feature.Int, feature.Float, feature.Bool, feature.Text
		none       = feature.None
		cnt        = feature.Count
		ratio      = feature.Ratio
		bytes      = feature.Bytes
		sec        = feature.Seconds
		bitmap     = feature.Bitmap
	)
	groups := []struct {
		name    string
		profile feature.Profile
		columns []column
	}{
		{"tcp", feature.Core, []column{
			{"tcp_is_tcp", b, none}, {"tcp_syn_count", i, cnt}, {"tcp_synack_count", i, cnt}, {"tcp_fin_count", i, cnt},
			{"tcp_rst_count", i, cnt}, {"tcp_ack_count", i, cnt}, {"tcp_psh_count", i, cnt}, {"tcp_urg_count", i, cnt},
			{"tcp_ece_count", i, cnt}, {"tcp_cwr_count", i, cnt}, {"tcp_complete_handshake", b, none}, {"tcp_graceful_close", b, none},
			{"tcp_reset_close", b, none}, {"tcp_syn_ratio", f, ratio}, {"tcp_fin_ratio", f, ratio}, {"tcp_rst_ratio", f, ratio},
			{"tcp_psh_ratio", f, ratio}, {"tcp_data_packets", i, cnt}, {"tcp_ack_only_packets", i, cnt}, {"tcp_flags_anomaly", b, none},
			{"tcp_initiator_syn", b, none}, {"tcp_responder_synack", b, none}, {"tcp_fstat", i, bitmap}, {"tcp_flags_agg", i, bitmap},
			{"tcp_flags_fwd", i, bitmap}, {"tcp_flags_bwd", i, bitmap}}},
		{"tcp_sequence", feature.Extended, []column{
			{"tcp_isn_fwd", i, none}, {"tcp_isn_bwd", i, none},
			{"tcp_seq_fwd_bytes_sent", i, bytes}, {"tcp_seq_fwd_retrans", i, cnt}, {"tcp_seq_fwd_gaps", i, cnt}, {"tcp_seq_fwd_ooo", i, cnt},
			{"tcp_seq_bwd_bytes_sent", i, bytes}, {"tcp_seq_bwd_retrans", i, cnt}, {"tcp_seq_bwd_gaps", i, cnt}, {"tcp_seq_bwd_ooo", i, cnt},
			{"tcp_ack_fwd_count", i, cnt}, {"tcp_ack_fwd_dup", i, cnt}, {"tcp_ack_bwd_count", i, cnt}, {"tcp_ack_bwd_dup", i, cnt},
			{"tcp_total_retrans", i, cnt}, {"tcp_total_ooo", i, cnt}, {"tcp_total_dup_acks", i, cnt}, {"tcp_retrans_ratio", f, none}}},
		{"tcp_window", feature.Extended, []column{
			{"tcp_init_win_fwd", i, none}, {"tcp_init_win_bwd", i, none}, {"tcp_win_scale_fwd", i, none}, {"tcp_win_scale_bwd", i, none},
			{"tcp_win_fwd_min", i, none}, {"tcp_win_fwd_max", i, none}, {"tcp_win_fwd_mean", f, none}, {"tcp_win_fwd_zero_count", i, cnt},
			{"tcp_win_bwd_min", i, none}, {"tcp_win_bwd_max", i, none}, {"tcp_win_bwd_mean", f, none}, {"tcp_win_bwd_zero_count", i, cnt},
			{"tcp_win_fwd_up_count", i, cnt}, {"tcp_win_fwd_down_count", i, cnt}, {"tcp_win_fwd_change_count", i, cnt},
			{"tcp_win_bwd_up_count", i, cnt}, {"tcp_win_bwd_down_count", i, cnt}, {"tcp_win_bwd_change_count", i, cnt},
			{"tcp_scaled_win_fwd_max", i, bytes}, {"tcp_scaled_win_bwd_max", i, bytes}, {"tcp_zero_win_ratio", f, ratio}}},
		{"tcp_options", feature.Extended, []column{
			{"tcp_mss_fwd", i, bytes}, {"tcp_mss_bwd", i, bytes}, {"tcp_ws_fwd", i, none}, {"tcp_ws_bwd", i, none},
			{"tcp_sack_permitted_fwd", i, none}, {"tcp_sack_permitted_bwd", i, none}, {"tcp_sack_blocks_total", i, cnt},
			{"tcp_ts_fwd_present", i, none}, {"tcp_ts_fwd_first", i, none}, {"tcp_ts_fwd_last", i, none}, {"tcp_ts_fwd_diff", i, none}, {"tcp_ts_ecr_fwd_first", i, none},
			{"tcp_ts_bwd_present", i, none}, {"tcp_ts_bwd_first", i, none}, {"tcp_ts_bwd_last", i, none}, {"tcp_ts_bwd_diff", i, none}, {"tcp_ts_ecr_bwd_first", i, none},
			{"tcp_options_bitmap", i, bitmap}, {"tcp_options_pkt_count", i, cnt}}},
		{"tcp_mptcp", feature.Experimental, []column{
			{"mptcp_detected", i, none}, {"mptcp_capable_fwd", i, none}, {"mptcp_capable_bwd", i, none},
			{"mptcp_option_count", i, cnt}, {"mptcp_stat", i, bitmap}, {"is_mptcp", i, none}}},
		{"tcp_rtt", feature.Extended, []column{
			{"tcp_rtt_handshake", f, sec}, {"tcp_rtt_min", f, sec}, {"tcp_rtt_max", f, sec}, {"tcp_rtt_mean", f, sec}, {"tcp_rtt_samples", i, cnt},
			{"tcp_rtt_std", f, sec}, {"tcp_rtt_jitter_avg", f, sec}, {"tcp_rtt_ack_min", f, sec}, {"tcp_rtt_ack_max", f, sec}, {"tcp_rtt_ack_mean", f, sec}}},
		{"tcp_fingerprint", feature.Experimental, []column{
			{"tcp_fp_fwd", s, none}, {"tcp_fp_bwd", s, none}, {"tcp_os_hint_fwd", s, none}, {"tcp_os_hint_bwd", s, none},
			{"tcp_uptime_fwd", f, feature.Hours}, {"tcp_uptime_bwd", f, feature.Hours},
			{"tcp_fp_fwd_window", i, bytes}, {"tcp_fp_fwd_ttl", i, feature.Hops}, {"tcp_fp_fwd_mss", i, bytes}, {"tcp_fp_fwd_ws", i, none},
			{"tcp_fp_bwd_window", i, bytes}, {"tcp_fp_bwd_ttl", i, feature.Hops}, {"tcp_fp_bwd_mss", i, bytes}, {"tcp_fp_bwd_ws", i, none}}},
	}
	private := map[string]bool{"tcp_os_hint_fwd": true, "tcp_os_hint_bwd": true, "tcp_uptime_fwd": true, "tcp_uptime_bwd": true}
	for _, g := range groups {
		var got []feature.Desc
		for _, d := range All() {
			if d.Group == g.name && !d.Optional {
				got = append(got, d)
			}
		}
		if len(got) != len(g.columns) {
			t.Errorf("%s has %d columns, want %d", g.name, len(got), len(g.columns))
			continue
		}
		for k, want := range g.columns {
			d := got[k]
			if d.Name != want.name || d.Kind != want.kind || d.Unit != want.unit || d.Profile != g.profile {
				t.Errorf("%s column %d is %s, %v, %q, %s; want %+v, %s", g.name, k, d.Name, d.Kind, d.Unit, d.Profile, want, g.profile)
			}
			if d.Nullable != (d.Name != "tcp_is_tcp") || (d.Privacy == feature.Sensitive) != private[d.Name] {
				t.Errorf("%s: nullable %v, privacy %v", d.Name, d.Nullable, d.Privacy)
			}
		}
	}
}

package groups_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"net/netip"
	"testing"

	"pinyon/column"
	"pinyon/flow"
	"pinyon/internal/cryptopan"
	"pinyon/internal/engine"
	"pinyon/internal/groups"
	"pinyon/internal/vectors"
	"pinyon/packet"
	"pinyon/source"
)

// memory hands out frames in memory.
type memory struct {
	source.Tally
	frames []packet.Frame
	i      int
}

func (s *memory) Next(f *packet.Frame) error {
	if s.i == len(s.frames) {
		return io.EOF
	}
	*f = s.frames[s.i]
	s.i++
	f.Number = uint64(s.i)
	s.Count(f)
	return nil
}

func (s *memory) Close() error { return nil }

func options() *groups.Options {
	return &groups.Options{
		Addresses: true, Ports: true, FlowID: true, BurstThreshold: 50e6, EntropyBytes: 256, ListLength: 6,
		ExactSamples: 1 << 22, SampleMemory: 1 << 30, Shards: engine.Shards,
	}
}

// rows runs frames through the engine.
func rows(t *testing.T, o *groups.Options, frames []packet.Frame) []column.Row {
	t.Helper()
	plan, err := groups.NewPlan(o)
	if err != nil {
		t.Fatal(err)
	}
	var rs []column.Row
	run := engine.New(&engine.Options{Plan: plan, Flow: flow.Options{Timeout: 60e9}, Rate: 1, Workers: 1})
	for b, err := range run.Batches(context.Background(), []engine.Input{{Name: "memory", Open: func() (source.Source, error) { return &memory{frames: frames}, nil }}}) {
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Check(); err != nil {
			t.Error(err)
		}
		c := b.Clone()
		for i := range c.Rows {
			rs = append(rs, c.Row(i))
		}
	}
	return rs
}

// check holds columns of a row against values: integers, bools and text exactly, floats to
// 1e-12 relative.
func check(t *testing.T, name string, r column.Row, want map[string]any) {
	t.Helper()
	for col, w := range want {
		if r.Schema().Index(col) < 0 {
			t.Errorf("%s: no column %s", name, col)
			continue
		}
		switch got := r.Value(col).(type) {
		case float64:
			f, ok := w.(float64)
			if !ok {
				f = float64(w.(int))
			}
			if got != f && !(math.Abs(got-f) <= 1e-12*math.Abs(f)) {
				t.Errorf("%s: %s = %v; want %v", name, col, got, f)
			}
		case int64:
			if n, ok := w.(int); !ok || got != int64(n) {
				t.Errorf("%s: %s = %d; want %v", name, col, got, w)
			}
		case []float64:
			equal(t, name, col, got, w.([]float64))
		case []int64:
			equal(t, name, col, got, w.([]int64))
		default:
			if got != w {
				t.Errorf("%s: %s = %v; want %v", name, col, got, w)
			}
		}
	}
}

func equal[T int64 | float64](t *testing.T, name, col string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %s = %v; want %v", name, col, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %s = %v; want %v", name, col, got, want)
			return
		}
	}
}

func TestVectors(t *testing.T) {
	inf := math.Inf(1)
	o := options()
	o.Sequences, o.SPLT = true, true
	for _, v := range []struct {
		name   string
		frames []packet.Frame
		want   map[string]any
	}{
		{"V1", vectors.V1(), map[string]any{
			"flow_id": "afbe9a93598761d356a33403ba8fa20d", "src_ip": "10.0.0.5", "dst_ip": "192.0.2.10", "src_port": 51000, "dst_port": 443,
			"dst_port_class": "https", "dst_port_class_num": 1, "protocol": 6, "start_time": 100, "end_time": 100.491, "time_first": 100, "time_last": 100.491,
			"duration": 0.491, "total_packets": 13, "packets_fwd": 7, "packets_bwd": 6, "total_bytes": 5371, "bytes_fwd": 1422, "bytes_bwd": 3949,
			"payload_bytes_fwd": 1050, "payload_bytes_bwd": 3629, "payload_bytes_total": 4679,
			"packets_ratio": 1.1666666666666667, "bytes_ratio": 0.36009116231957455, "packets_per_second": 26.476578411405296,
			"bytes_per_second": 10938.900203665988, "avg_packet_size": 413.15384615384613, "flow_stat": 79, "hdr_desc": "ETH-IP-TCP", "num_hdrs": 3,

			"iat_min": 0.0002, "iat_max": 0.3, "iat_mean": 0.040916666666666664, "iat_std": 0.08281837390069642, "iat_median": 0.0115,
			"iat_fwd_min": 0.004, "iat_fwd_max": 0.321, "iat_fwd_mean": 0.08183333333333333, "iat_fwd_std": 0.11178463917531584, "iat_fwd_median": 0.021,
			"iat_bwd_min": 0.0002, "iat_bwd_max": 0.3, "iat_bwd_mean": 0.094, "iat_bwd_std": 0.1117318933876984, "iat_bwd_median": 0.025,
			"burstiness_index": 2.02407431121865, "burstiness_index_fwd": 1.3660037373765683, "burstiness_index_bwd": 1.188637163698919,
			"iat_sum": 0.491, "iat_p25": 0.001, "iat_p75": 0.02, "iat_p90": 0.0956, "iat_p99": 0.27844,
			"burst_count": 3, "avg_burst_packets": 4.333333333333333, "avg_burst_duration": 0.029, "max_burst_packets": 7, "idle_count": 2,
			"avg_idle_duration": 0.202, "max_idle_duration": 0.3, "first_response_time": 0.02,
			"iat_sequence":       []float64{0.02, 0.001, 0.004, 0.02, 0.0002, 0.0008},
			"timestamp_sequence": []float64{0, 0.02, 0.021, 0.025, 0.045, 0.0452},
			"splt_lengths":       []int64{60, 60, 52, 569, 1500, 1500}, "splt_times": []float64{0, 0.02, 0.001, 0.004, 0.02, 0.0002},
			"splt_directions": []int64{1, -1, 1, 1, -1, -1}, "pkt_len_sequence": []int64{60, -60, 52, 569, -1500, -1500},

			"pkt_len_min": 52, "pkt_len_max": 1500, "pkt_len_mean": 413.15384615384613, "pkt_len_std": 509.4027945551454, "pkt_len_median": 60,
			"pkt_len_p25": 52, "pkt_len_p75": 585, "pkt_len_p90": 1317,
			"pkt_len_fwd_min": 52, "pkt_len_fwd_max": 585, "pkt_len_fwd_mean": 203.14285714285714, "pkt_len_fwd_std": 236.5021465148307, "pkt_len_fwd_median": 52,
			"pkt_len_bwd_min": 52, "pkt_len_bwd_max": 1500, "pkt_len_bwd_mean": 658.1666666666666, "pkt_len_bwd_std": 620.8774480970907, "pkt_len_bwd_median": 418.5,
			"payload_len_min": 0, "payload_len_max": 1448, "payload_len_mean": 359.9230769230769, "payload_len_std": 510.2635007882559,
			"payload_len_fwd_mean": 150, "payload_len_fwd_std": 237.20937105073594, "payload_len_bwd_mean": 604.8333333333334, "payload_len_bwd_std": 622.167827483514,
			"packets_with_payload": 6, "packets_with_payload_fwd": 2, "packets_with_payload_bwd": 4, "header_only_ratio": 0.5384615384615384,
			"pkt_len_variance": 259491.2071005917, "dominant_pkt_size": 52, "dominant_pkt_ratio": 0.38461538461538464,
			"l7_bytes_fwd": 1050, "l7_bytes_bwd": 3629, "l7_bytes_total": 4679, "l7_pkt_min_fwd": 517, "l7_pkt_max_fwd": 533, "l7_pkt_min_bwd": 200, "l7_pkt_max_bwd": 1448,
			"pkt_asymmetry": 0.07692307692307693, "byte_asymmetry": -0.47048966672872833,

			"pkt_size_variance": 259491.2071005917, "pkt_size_cv": 1.232961520986202, "dominant_size_mode": 52, "dominant_size_ratio": 0.38461538461538464,
			"unique_size_count": 6, "size_entropy": 0.9074994274322401, "iat_variance": 0.0068588830555555555, "iat_cv": 2.02407431121865,
			"is_constant_size": false, "is_constant_rate": false, "tor_cell_count": 2, "tor_cell_ratio": 0.15384615384615385, "is_tor_like": false,
			"burst_padding_ratio": 0.12884006702662446, "burst_overhead_bytes": 692, "avg_burst_payload_efficiency": 0.7670408796849144, "padding_score": 0,

			"entropy_payload": 6.1371987351738495, "entropy_initiator": 5.25, "entropy_responder": 5.25, "entropy_ratio": 1,
			"byte_distribution_uniformity": 0.986328125, "printable_ratio": 0.3671875, "null_ratio": 0, "high_byte_ratio": 0.4375, "payload_bytes_sampled": 512,

			"tor_confidence": 0, "likely_tor": false, "vpn_confidence": 0, "vpn_type": "", "likely_vpn": false,
			"doh_confidence": 0, "likely_doh": false, "traffic_type": "unknown",
		}},
		{"V2", vectors.V2(), map[string]any{
			"flow_id": "221993bad31aa89c5db97819d0c7e2e6", "dst_port_class": "dynamic", "dst_port_class_num": 3, "duration": 0,
			"total_packets": 1, "packets_fwd": 1, "packets_bwd": 0, "total_bytes": 78, "bytes_fwd": 78, "bytes_bwd": 0,
			"payload_bytes_fwd": 50, "payload_bytes_bwd": 0, "payload_bytes_total": 50, "packets_ratio": 1, "bytes_ratio": 78,
			"packets_per_second": 1, "bytes_per_second": 78, "avg_packet_size": 78, "flow_stat": 0, "hdr_desc": "ETH-IP-UDP", "num_hdrs": 3,
			"iat_min": 0, "iat_sum": 0, "iat_p99": 0, "burstiness_index": 0, "burst_count": 0, "avg_burst_packets": 0, "avg_burst_duration": 0,
			"max_burst_packets": 0, "idle_count": 0, "avg_idle_duration": 0, "max_idle_duration": 0, "first_response_time": 0,
			"pkt_len_min": 78, "pkt_len_max": 78, "pkt_len_mean": 78, "pkt_len_std": 0, "pkt_len_median": 78, "pkt_len_fwd_median": 78, "pkt_len_bwd_max": 0,
			"payload_len_mean": 50, "payload_len_min": 50, "pkt_asymmetry": 1, "byte_asymmetry": 1, "pkt_len_variance": 0,
			"splt_lengths": []int64{78, 0, 0, 0, 0, 0}, "splt_directions": []int64{1, 0, 0, 0, 0, 0}, "iat_sequence": make([]float64, 6),
			"pkt_size_variance": 0, "pkt_size_cv": 0, "dominant_size_mode": 78, "dominant_size_ratio": 1, "unique_size_count": 1, "size_entropy": 0,
			"iat_variance": 0, "iat_cv": 0, "is_constant_size": true, "is_constant_rate": false, "tor_cell_count": 0, "tor_cell_ratio": 0, "is_tor_like": false,
			"burst_padding_ratio": 0, "burst_overhead_bytes": 0, "avg_burst_payload_efficiency": 1, "padding_score": 0.5,
			"entropy_payload": 5.038562939644917, "entropy_initiator": 5.038562939644917, "entropy_responder": 0, "entropy_ratio": inf,
			"byte_distribution_uniformity": 0, "printable_ratio": 0.38, "null_ratio": 0, "high_byte_ratio": 0.4, "payload_bytes_sampled": 50,
			"tor_confidence": 0, "likely_tor": false, "vpn_confidence": 0.15, "vpn_type": "", "likely_vpn": false,
			"doh_confidence": 0, "likely_doh": false, "traffic_type": "unknown",
		}},
		{"V3", vectors.V3(), map[string]any{
			"iat_mean": 0.1, "iat_std": 0, "burst_count": 5, "max_burst_packets": 1, "idle_count": 4, "avg_burst_duration": 0,
			"pkt_size_variance": 0, "pkt_size_cv": 0, "dominant_size_mode": 586, "dominant_size_ratio": 1, "unique_size_count": 1, "size_entropy": 0,
			"iat_variance": 0, "iat_cv": 0, "is_constant_size": true, "is_constant_rate": true, "tor_cell_count": 5, "tor_cell_ratio": 1, "is_tor_like": true,
			"burst_padding_ratio": 0.08873720136518772, "burst_overhead_bytes": 260, "avg_burst_payload_efficiency": 0.9112627986348123, "padding_score": 1,
			"entropy_payload": 6.1371987351738495, "entropy_initiator": 5.25, "entropy_responder": 5.25, "entropy_ratio": 1,
			"byte_distribution_uniformity": 0.986328125, "printable_ratio": 0.3515625, "null_ratio": 0, "high_byte_ratio": 0.4375, "payload_bytes_sampled": 512,
			"tor_confidence": 0.2, "likely_tor": false, "vpn_confidence": 0, "vpn_type": "", "likely_vpn": false,
			"doh_confidence": 0, "likely_doh": false, "traffic_type": "unknown",
		}},
	} {
		rs := rows(t, o, v.frames)
		if len(rs) != 1 {
			t.Errorf("%s: %d rows; want 1", v.name, len(rs))
			continue
		}
		check(t, v.name, rs[0], v.want)
	}
	splt := rows(t, o, vectors.V1())[0].Value("splt").([]column.Triple)
	if want := (column.Triple{Length: 60, Gap: 0.02, Direction: -1}); len(splt) != 6 || splt[1] != want {
		t.Errorf("splt = %v", splt)
	}
}

func TestHashes(t *testing.T) {
	o := options()
	o.Anonymize = true
	check(t, "no salt", rows(t, o, vectors.V1())[0], map[string]any{"src_ip": "0546412d61ba57f1", "dst_ip": "6d99cbd08fc6c99c", "flow_id": "afbe9a93598761d356a33403ba8fa20d"})
	o.Salt = "pinyon"
	check(t, "salt", rows(t, o, vectors.V1())[0], map[string]any{"src_ip": "e3e327c708856ac2", "dst_ip": "08f62f09af3c53f2", "flow_id": "f6af277670ff8f4132c61bb13e6f27f2"})
}

// TestPrefixes: the key is the salt's digits, or made of the salt; flow_id stays the hash.
func TestPrefixes(t *testing.T) {
	o := options()
	o.Anonymize, o.Prefixes = true, true
	addrs := func(salt string) (netip.Addr, netip.Addr, string) {
		o.Salt = salt
		r := rows(t, o, vectors.V1())[0]
		return netip.MustParseAddr(r.Value("src_ip").(string)), netip.MustParseAddr(r.Value("dst_ip").(string)), r.Value("flow_id").(string)
	}
	key := sha256.Sum256([]byte("pinyon"))
	c := cryptopan.New(key)
	src, dst, id := addrs("pinyon")
	if src != c.Addr(netip.MustParseAddr("10.0.0.5")) || dst != c.Addr(netip.MustParseAddr("192.0.2.10")) || id != "f6af277670ff8f4132c61bb13e6f27f2" {
		t.Errorf("salt: %s %s %s", src, dst, id)
	}
	if s, d, _ := addrs(hex.EncodeToString(key[:])); s != src || d != dst {
		t.Errorf("key in hexadecimal digits: %s %s, want %s %s", s, d, src, dst)
	}
	if s, d, _ := addrs(""); s == src || d == dst {
		t.Errorf("no salt: %s %s", s, d)
	}
}

package groups_test

import (
	"cmp"
	"net/netip"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/internal/gen"
	"pinyon/packet"
)

// TestConnection is six flows among four hosts: packets 125 ms apart, first the forward ones
// of 100 bytes, then the backward ones of 1000.
func TestConnection(t *testing.T) {
	host := func(n byte, port uint16) *gen.Host {
		return &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, n}, Addr: netip.AddrFrom4([4]byte{10, 0, 0, n}), Port: port, TTL: 64}
	}
	var fs []packet.Frame
	for i, f := range []struct {
		src, dst byte
		port     uint16
		start    float64
		fwd, bwd int
	}{{1, 2, 80, 0, 3, 2}, {1, 2, 80, 0.5, 1, 1}, {1, 3, 80, 1.4, 2, 0}, {2, 3, 443, 2, 1, 4}, {3, 4, 22, 2.2, 2, 2}, {2, 1, 443, 9, 1, 1}} {
		c, s := host(f.src, uint16(40001+i)), host(f.dst, f.port)
		for k := range f.fwd + f.bwd {
			p := gen.TCP{IP: gen.IP{Src: c, Dst: s}, Flags: packet.ACK, Payload: make([]byte, 60)}
			if k >= f.fwd {
				p = gen.TCP{IP: gen.IP{Src: s, Dst: c}, Flags: packet.ACK, Payload: make([]byte, 960)}
			}
			data := p.Append(nil)
			fs = append(fs, packet.Frame{Data: data, Wire: uint32(len(data)), Link: 1, TS: 100e9 + int64(f.start*1e9) + int64(k)*125e6})
		}
	}
	slices.SortStableFunc(fs, func(a, b packet.Frame) int { return cmp.Compare(a.TS, b.TS) })

	o := options()
	o.Groups, o.Temporal = []string{"flow_meta", "connection"}, true
	byPort := map[int64]column.Row{}
	for _, r := range rows(t, o, fs) {
		byPort[r.Int("src_port")-40000] = r
	}
	third := 1.0 / 3
	for n, want := range map[int64]map[string]any{
		1: {"conn_src_unique_dsts": 2, "conn_dst_unique_srcs": 1, "conn_src_out_degree": 2, "conn_dst_in_degree": 1, "conn_src_dst_flows": 2, "conn_src_port_flows": 3,
			"conn_src_total_flows": 3, "conn_dst_total_flows": 2, "conn_src_total_packets": 6, "conn_src_total_bytes": 600, "conn_dst_total_packets": 4,
			"conn_dst_total_bytes": 400, "conn_src_unique_ports": 1, "conn_src_betweenness": 0, "conn_dst_betweenness": 0, "conn_src_clustering": 1,
			"conn_dst_clustering": 1, "conn_src_community": 0, "conn_dst_community": 0, "conn_same_community": true,
			"conn_src_flow_rate": 1.9672131147540983, "conn_temporal_spread": 0.5792715732327589, "conn_burst_connections": 2},
		3: {"conn_src_dst_flows": 1, "conn_src_port_flows": 3, "conn_dst_unique_srcs": 2, "conn_dst_total_packets": 3, "conn_dst_betweenness": third,
			"conn_dst_clustering": third, "conn_src_community": 0, "conn_dst_community": 1, "conn_same_community": false},
		4: {"conn_src_port_flows": 2, "conn_src_total_flows": 2, "conn_src_total_packets": 2, "conn_src_total_bytes": 200, "conn_dst_total_bytes": 300,
			"conn_src_flow_rate": 0.2807017543859649, "conn_temporal_spread": 3.5, "conn_burst_connections": 1},
		5: {"conn_src_unique_dsts": 1, "conn_src_betweenness": third, "conn_dst_betweenness": 0, "conn_src_community": 1, "conn_dst_community": 1,
			"conn_same_community": true, "conn_src_flow_rate": 2.6666666666666665, "conn_temporal_spread": 0},
	} {
		check(t, "flow "+string(rune('0'+n)), byPort[n], want)
	}

	o.GraphMode, o.Temporal = true, false
	r := rows(t, o, fs)[0]
	if r.Schema().Index("conn_src_betweenness") >= 0 || r.Schema().Index("conn_src_flow_rate") >= 0 || r.Schema().Index("conn_src_unique_ports") < 0 {
		t.Error("columns of the graph without the graph")
	}
}

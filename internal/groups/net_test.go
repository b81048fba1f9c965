package groups

import (
	"math"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// netRun sends packets through one flow table into rows, for the tests of the groups that
// read link, network and ICMP headers.
type netRun struct {
	plan  *Plan
	mem   *Memory
	pool  flow.Pool[State]
	table *flow.Table[State]
	obs   flow.Obs
}

func newNetRun(tb testing.TB, nulls bool, groups ...string) *netRun {
	tb.Helper()
	p, err := NewPlan(&Options{Groups: groups, Nulls: nulls, BurstThreshold: 50e6, ListLength: 10, Shards: 1})
	if err != nil {
		tb.Fatal(err)
	}
	n := &netRun{plan: p, mem: NewMemory(p)}
	n.mem.Use(&Shard{Each: func(func(*State)) {}})
	n.table = flow.NewTable(flow.Options{Timeout: math.MaxInt64 / 4}, &n.pool)
	return n
}

var netGroups = []string{"mac", "ip_extended", "ipv6_options", "icmp"}

func (n *netRun) packet(p *packet.Packet) {
	var k flow.Key
	swapped := flow.MakeKey(&k, p, false)
	e, _ := n.table.Step(&k, k.Hash(1, 2), swapped, p, p.TS, &n.obs)
	e.State.Update(n.mem, &n.obs)
}

// rows ends the flows.
func (n *netRun) rows() []*Row {
	n.table.Flush()
	var rows []*Row
	for _, i := range n.table.Ended {
		r := new(Row)
		r.Fill(n.mem, n.pool.At(i), i, 0)
		rows = append(rows, r)
		n.pool.Put(i)
	}
	n.table.Ended = n.table.Ended[:0]
	return rows
}

// cells ends the flows and returns their rows by column name; a null is nil.
func (n *netRun) cells() []map[string]any {
	var out []map[string]any
	for _, r := range n.rows() {
		out = append(out, rowCells(n, r))
	}
	return out
}

// rowCells is one row by column name.
func rowCells(n *netRun, r *Row) map[string]any {
	b := column.New(n.plan.Schema, 1)
	NewWriter(n.plan).Write(b, []*Row{r})
	out := make(map[string]any)
	for j := range b.Cols {
		c := &b.Cols[j]
		var v any
		switch c.Field.Kind {
		case feature.Int:
			v = c.Ints[0]
		case feature.Float:
			v = c.Floats[0]
		case feature.Bool:
			v = c.Bool(0)
		case feature.Text:
			v = string(c.Text(0))
		}
		if !c.IsValid(0) {
			v = nil
		}
		out[c.Field.Out] = v
	}
	return out
}

// netRow is the one row of ps.
func netRow(t *testing.T, nulls bool, ps ...packet.Packet) map[string]any {
	t.Helper()
	n := newNetRun(t, nulls, netGroups...)
	for i := range ps {
		n.packet(&ps[i])
	}
	rows := n.cells()
	if len(rows) != 1 {
		t.Fatalf("%d rows, want 1", len(rows))
	}
	return rows[0]
}

// wantCells compares some cells with "name value name value ...".
func wantCells(t *testing.T, got map[string]any, pairs ...any) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		name, want := pairs[i].(string), pairs[i+1]
		if v, ok := want.(int); ok {
			want = int64(v)
		}
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s = %v (%T), want %v (%T)", name, v, v, want, want)
		}
	}
}

var netA, netB = [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}

// netPacket is an Ethernet IPv4 UDP packet, forward if !bwd.
func netPacket(bwd bool, edit ...func(p *packet.Packet)) packet.Packet {
	p := packet.Packet{
		Src: [16]byte{10, 0, 0, 5}, Dst: [16]byte{192, 0, 2, 10}, SrcPort: 5353, DstPort: 443,
		Proto: packet.ProtoUDP, IPVersion: 4, TTL: 64, TotalLen: 60,
		SrcMAC: netA, DstMAC: netB, EthType: 0x0800,
		Has: packet.HasSrcMAC | packet.HasDstMAC | packet.HasEthType | packet.HasPorts,
	}
	if bwd {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
		p.SrcMAC, p.DstMAC = p.DstMAC, p.SrcMAC
	}
	for _, f := range edit {
		f(&p)
	}
	return p
}

func v6(p *packet.Packet) {
	p.IPVersion, p.EthType, p.IPFlags, p.IPID = 6, 0x86dd, 0, 0
}

// conversation is a TCP connection of 13 packets: handshake, two requests and answers, both
// FINs. Payload goes with ToS 2.
func conversation() []packet.Packet {
	bwd := []int{0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0}
	payload := []uint32{0, 0, 0, 517, 1448, 1448, 0, 533, 533, 200, 0, 0, 0}
	ms := []int64{0, 20e6, 21e6, 25e6, 45e6, 45.2e6, 46e6, 150e6, 170e6, 470e6, 471e6, 490e6, 491e6}
	var ps []packet.Packet
	id := uint16(100)
	for i, b := range bwd {
		p := netPacket(b == 1, func(p *packet.Packet) {
			p.Proto, p.SrcPort, p.DstPort = packet.ProtoTCP, 51000, 443
			if b == 1 {
				p.SrcPort, p.DstPort, p.TTL = 443, 51000, 57
			} else {
				p.IPID = id
				id++
			}
			p.IPFlags = 2
			p.TS = 100e9 + ms[i]
			p.PayloadLen, p.TotalLen = payload[i], 52+payload[i]
			if payload[i] > 0 {
				p.TOS = 2
			}
		})
		ps = append(ps, p)
	}
	return ps
}

func TestNetConversation(t *testing.T) {
	wantCells(t, netRow(t, false, conversation()...),
		"mac_src", "02:00:00:00:00:01", "mac_dst", "02:00:00:00:00:02", "mac_eth_type", 2048,
		"mac_vlan_id", 0, "mac_vlan_count", 0, "mac_unique_src_count", 2, "mac_unique_dst_count", 2,
		"mac_stat", 3, "mac_broadcast_count", 0, "mac_multicast_count", 0,
		"ip_ttl_fwd_min", 64, "ip_ttl_fwd_max", 64, "ip_ttl_fwd_mean", 64.0, "ip_ttl_fwd_changes", 0,
		"ip_ttl_bwd_min", 57, "ip_ttl_bwd_max", 57, "ip_ttl_bwd_mean", 57.0, "ip_ttl_bwd_changes", 0,
		"ip_ttl_fwd_initial_est", 64, "ip_ttl_fwd_hops_est", 0,
		"ip_tos_value", 0, "ip_tos_unique_count", 2, "ip_dscp", 0, "ip_ecn", 0,
		"ip_flags", 2, "ip_df_count", 13, "ip_df_ratio", 1.0, "ip_version", 4, "ip_id_gaps", 0,
		"ipv6_packet_count", 0, "ipv4_packet_count", 13, "ipv6_flow_label", 0,
		"ipv6_flow_label_unique_count", 0, "ipv6_flow_label_changes", 0, "ipv6_traffic_class", 0,
		"ipv6_traffic_class_unique_count", 0, "ipv6_dscp", 0, "ipv6_ecn", 0, "ipv6_ratio", 0.0, "is_ipv6_only", 0,
		"icmp_packet_count", 0, "icmp_echo_request_count", 0, "icmp_unique_type_codes", 0,
		"icmp_dominant_type", -1, "icmp_dominant_type_count", 0, "icmp_echo_success_ratio", 0.0,
		"icmp_seq_min", 0, "icmp_seq_max", 0, "icmp_seq_gaps", 0, "icmp_stat", 0, "icmp_ratio", 0.0,
		"is_icmp_only", false)
}

// TestNetNulls: with nulls wanted, what was never seen is null, and counts, sums and bools
// are not.
func TestNetNulls(t *testing.T) {
	bare := netPacket(false, func(p *packet.Packet) { p.Has = packet.HasPorts })
	wantCells(t, netRow(t, true, bare),
		"mac_src", nil, "mac_dst", nil, "mac_eth_type", nil, "mac_vlan_id", nil,
		"mac_vlan_count", 0, "mac_unique_src_count", 0, "mac_unique_dst_count", 0, "mac_stat", 0,
		"mac_broadcast_count", 0, "mac_multicast_count", 0,
		"ip_ttl_fwd_min", 64, "ip_ttl_bwd_min", nil, "ip_ttl_bwd_max", nil, "ip_ttl_bwd_mean", nil, "ip_ttl_bwd_changes", nil,
		"ip_tos_value", 0, "ip_version", 4, "ip_id_gaps", 0,
		"ipv6_packet_count", 0, "ipv4_packet_count", 1, "ipv6_flow_label", nil, "ipv6_flow_label_unique_count", 0,
		"ipv6_flow_label_changes", 0, "ipv6_traffic_class", nil, "ipv6_traffic_class_unique_count", 0,
		"ipv6_dscp", nil, "ipv6_ecn", nil, "ipv6_ratio", 0.0, "is_ipv6_only", 0,
		"icmp_packet_count", nil, "icmp_dominant_type", nil, "icmp_stat", nil, "icmp_ratio", nil, "is_icmp_only", false)
	wantCells(t, netRow(t, true, netPacket(false, v6)),
		"ip_ttl_fwd_min", 64, "ip_tos_value", nil, "ip_dscp", nil, "ip_ecn", nil, "ip_flags", nil,
		"ip_tos_unique_count", 0, "ip_df_count", 0, "ip_df_ratio", 0.0, "ip_version", 6,
		"ipv6_flow_label", 0, "ipv6_traffic_class", 0, "ipv6_ratio", 1.0)
	fragment := netPacket(false, func(p *packet.Packet) {
		p.Proto, p.SrcPort, p.DstPort, p.Has = packet.ProtoICMP, 0, 0, packet.HasFragment|packet.HasLaterFragment
	})
	wantCells(t, netRow(t, true, fragment),
		"icmp_packet_count", 0, "icmp_echo_request_count", 0, "icmp_unique_type_codes", 0,
		"icmp_dominant_type", nil, "icmp_dominant_type_count", 0, "icmp_echo_success_ratio", nil, "icmp_unique_ids", 0,
		"icmp_seq_min", nil, "icmp_seq_max", nil, "icmp_seq_gaps", 0, "icmp_stat", 0, "icmp_ratio", 0.0, "is_icmp_only", false)
	wantCells(t, netRow(t, false, netPacket(false, v6)), "ip_version", 6, "ip_flags", 0, "mac_vlan_id", 0, "ip_ttl_bwd_mean", 0.0)
}

// TestNetTables holds the columns against the list: order, name, kind (i, f, b, t), unit,
// and whether they may be null.
func TestNetTables(t *testing.T) {
	const want = `
mac mac_src t ? sensitive|mac_dst t ? sensitive|mac_eth_type i ?|mac_vlan_id i ? sensitive|mac_vlan_count i count
mac_unique_src_count i count|mac_unique_dst_count i count|mac_stat i|mac_broadcast_count i count|mac_multicast_count i count
ip_extended ip_ttl_fwd_min i ?|ip_ttl_fwd_max i ?|ip_ttl_fwd_mean f ?|ip_ttl_fwd_changes i ?
ip_ttl_bwd_min i ?|ip_ttl_bwd_max i ?|ip_ttl_bwd_mean f ?|ip_ttl_bwd_changes i ?
ip_ttl_fwd_initial_est i ?|ip_ttl_fwd_hops_est i ?|ip_tos_value i ?|ip_tos_unique_count i|ip_dscp i ?|ip_ecn i ?
ip_flags i ?|ip_df_count i|ip_df_ratio f|ip_version i ? 4|ip_id_gaps i
ipv6_options ipv6_packet_count i count|ipv4_packet_count i count|ipv6_flow_label i ?|ipv6_flow_label_unique_count i count
ipv6_flow_label_changes i count|ipv6_traffic_class i ?|ipv6_traffic_class_unique_count i count|ipv6_dscp i ?|ipv6_ecn i ?
ipv6_ratio f|is_ipv6_only i
icmp icmp_packet_count i packets ?|icmp_echo_request_count i packets ?|icmp_echo_reply_count i packets ?
icmp_dest_unreachable_count i packets ?|icmp_time_exceeded_count i packets ?|icmp_unique_type_codes i ?
icmp_dominant_type i ? -1|icmp_dominant_type_count i packets ?|icmp_echo_success_ratio f ?|icmp_unique_ids i ?
icmp_seq_min i ?|icmp_seq_max i ?|icmp_seq_gaps i ?|icmp_stat i ?|icmp_ratio f ?|is_icmp_only b`
	profile := map[string]feature.Profile{
		"mac": feature.Experimental, "ip_extended": feature.Extended,
		"ipv6_options": feature.Experimental, "icmp": feature.Experimental,
	}
	var lines []string
	group := ""
	for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
		if first, rest, _ := strings.Cut(line, " "); profile[first] != "" {
			group, line = first, rest
		}
		for _, s := range strings.Split(line, "|") {
			lines = append(lines, group+" "+s)
		}
	}
	i := 0
	for _, d := range All() {
		if profile[d.Group] == "" {
			continue
		}
		got := d.Group + " " + d.Name + " " + map[feature.Kind]string{feature.Int: "i", feature.Float: "f", feature.Bool: "b", feature.Text: "t"}[d.Kind]
		if d.Unit != "" {
			got += " " + string(d.Unit)
		}
		if d.Nullable {
			got += " ?"
		}
		switch {
		case d.MissingInt == 4:
			got += " 4"
		case d.MissingInt == -1:
			got += " -1"
		}
		if d.Privacy != feature.Safe {
			got += " " + d.Privacy.String()
		}
		if i >= len(lines) || got != lines[i] {
			t.Fatalf("column %d: %s", i, got)
		}
		if d.Profile != profile[d.Group] || !strings.HasSuffix(d.Doc, ".") {
			t.Errorf("%s: profile %s, doc %q", d.Name, d.Profile, d.Doc)
		}
		i++
	}
	if i != len(lines) {
		t.Errorf("%d columns, want %d", i, len(lines))
	}
}

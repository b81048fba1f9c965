package groups

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pinyon/packet"
)

// netModel is what the columns of one flow should be, worked out from all its packets kept,
// with maps.
type netModel struct{ ps []packet.Packet }

func (m netModel) bwd(i int) bool { return m.ps[i].Src != m.ps[0].Src }

// each calls f with the packets of one direction, or of both (2).
func (m netModel) each(dir int, f func(p *packet.Packet)) {
	for i := range m.ps {
		if dir == 2 || m.bwd(i) == (dir == 1) {
			f(&m.ps[i])
		}
	}
}

// values are the distinct values of get, ascending; get says whether there is one.
func (m netModel) values(dir int, get func(p *packet.Packet) (int64, bool)) []int64 {
	set := make(map[int64]bool)
	m.each(dir, func(p *packet.Packet) {
		if v, ok := get(p); ok {
			set[v] = true
		}
	})
	var s []int64
	for v := range set {
		s = append(s, v)
	}
	slices.Sort(s)
	return s
}

func has(bit packet.Has, get func(p *packet.Packet) int64) func(p *packet.Packet) (int64, bool) {
	return func(p *packet.Packet) (int64, bool) { return get(p), p.Has&bit != 0 }
}

func word(b [6]byte) (v int64) {
	for _, x := range b {
		v = v<<8 | int64(x)
	}
	return v
}

func (m netModel) count(f func(p *packet.Packet) bool) (n int64) {
	m.each(2, func(p *packet.Packet) {
		if f(p) {
			n++
		}
	})
	return n
}

// first and last of an ascending list; nil if it is empty.
func ends(s []int64) (lo, hi any) {
	if len(s) == 0 {
		return nil, nil
	}
	return s[0], s[len(s)-1]
}

func (m netModel) mac(c map[string]any) {
	src := has(packet.HasSrcMAC, func(p *packet.Packet) int64 { return word(p.SrcMAC) })
	dst := has(packet.HasDstMAC, func(p *packet.Packet) int64 { return word(p.DstMAC) })
	vlans := m.values(2, has(packet.HasVLAN, func(p *packet.Packet) int64 { return int64(p.VLAN) }))
	first, stat := &m.ps[0], int64(0)
	c["mac_src"], c["mac_dst"], c["mac_eth_type"] = nil, nil, nil
	if first.Is(packet.HasSrcMAC) {
		c["mac_src"] = fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", first.SrcMAC[0], first.SrcMAC[1], first.SrcMAC[2], first.SrcMAC[3], first.SrcMAC[4], first.SrcMAC[5])
		stat |= 1
	}
	if first.Is(packet.HasDstMAC) {
		c["mac_dst"] = fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", first.DstMAC[0], first.DstMAC[1], first.DstMAC[2], first.DstMAC[3], first.DstMAC[4], first.DstMAC[5])
		stat |= 2
	}
	if first.Is(packet.HasEthType) {
		c["mac_eth_type"] = int64(first.EthType)
	}
	if len(m.values(0, src)) > 1 || len(m.values(1, src)) > 1 {
		stat |= 4
	}
	if len(m.values(0, dst)) > 1 || len(m.values(1, dst)) > 1 {
		stat |= 8
	}
	if len(vlans) > 0 {
		stat |= 16
	}
	c["mac_stat"] = stat
	c["mac_vlan_id"], _ = ends(vlans)
	c["mac_vlan_count"] = int64(len(vlans))
	c["mac_unique_src_count"] = int64(len(m.values(2, src)))
	c["mac_unique_dst_count"] = int64(len(m.values(2, dst)))
	all := [6]byte{255, 255, 255, 255, 255, 255}
	c["mac_broadcast_count"] = m.count(func(p *packet.Packet) bool {
		return p.Is(packet.HasDstMAC) && p.DstMAC == all || !p.Is(packet.HasDstMAC) && p.PacketType == packet.TypeBroadcast
	})
	c["mac_multicast_count"] = m.count(func(p *packet.Packet) bool {
		return p.Is(packet.HasDstMAC) && p.DstMAC != all && p.DstMAC[0]&1 == 1 || !p.Is(packet.HasDstMAC) && p.PacketType == packet.TypeMulticast
	})
}

func (m netModel) ip(c map[string]any) {
	v4 := m.ps[0].IPVersion == 4
	gaps := int64(0)
	for dir, d := range []string{"fwd", "bwd"} {
		ttls := m.values(dir, has(^packet.Has(0), func(p *packet.Packet) int64 { return int64(p.TTL) }))
		n, sum, last := 0, 0, 0
		m.each(dir, func(p *packet.Packet) {
			if n == 0 && dir == 0 {
				est := int64(255)
				for _, e := range []int64{128, 64} {
					if int64(p.TTL) <= e {
						est = e
					}
				}
				c["ip_ttl_fwd_initial_est"], c["ip_ttl_fwd_hops_est"] = est, est-int64(p.TTL)
			}
			if step := (int(p.IPID) - last + 65536) % 65536; n > 0 && v4 && step > 1 {
				gaps++
			}
			n, sum, last = n+1, sum+int(p.TTL), int(p.IPID)
		})
		c["ip_ttl_"+d+"_min"], c["ip_ttl_"+d+"_max"] = ends(ttls)
		c["ip_ttl_"+d+"_mean"], c["ip_ttl_"+d+"_changes"] = nil, nil
		if n > 0 {
			c["ip_ttl_"+d+"_mean"], c["ip_ttl_"+d+"_changes"] = float64(sum)/float64(n), int64(len(ttls)-1)
		}
	}
	c["ip_id_gaps"] = gaps
	classes := m.values(2, has(^packet.Has(0), func(p *packet.Packet) int64 { return int64(p.TOS) }))
	mine, other := []string{"ip_tos_value", "ip_tos_unique_count", "ip_dscp", "ip_ecn"}, []string{"ipv6_traffic_class", "ipv6_traffic_class_unique_count", "ipv6_dscp", "ipv6_ecn"}
	if !v4 {
		mine, other = other, mine
	}
	c[mine[0]], c[mine[1]], c[mine[2]], c[mine[3]] = classes[0], int64(len(classes)), classes[0]/4, classes[0]%4
	c[other[0]], c[other[1]], c[other[2]], c[other[3]] = nil, int64(0), nil, nil
	df := m.count(func(p *packet.Packet) bool { return p.IPFlags&2 != 0 })
	c["ip_df_count"], c["ip_df_ratio"], c["ip_flags"] = df, float64(df)/float64(len(m.ps)), nil
	if v4 {
		flags := int64(0)
		m.each(2, func(p *packet.Packet) { flags |= int64(p.IPFlags) })
		c["ip_flags"] = flags
	}
	c["ip_version"] = int64(m.ps[0].IPVersion)
}

func (m netModel) ipv6(c map[string]any) {
	n := int64(len(m.ps))
	if m.ps[0].IPVersion == 4 {
		c["ipv6_packet_count"], c["ipv4_packet_count"], c["ipv6_ratio"], c["is_ipv6_only"] = int64(0), n, 0.0, int64(0)
		c["ipv6_flow_label"], c["ipv6_flow_label_unique_count"], c["ipv6_flow_label_changes"] = nil, int64(0), int64(0)
		return
	}
	c["ipv6_packet_count"], c["ipv4_packet_count"], c["ipv6_ratio"], c["is_ipv6_only"] = n, int64(0), 1.0, int64(1)
	label := has(^packet.Has(0), func(p *packet.Packet) int64 { return int64(p.FlowLabel) })
	c["ipv6_flow_label"] = int64(m.ps[0].FlowLabel)
	c["ipv6_flow_label_unique_count"] = int64(len(m.values(2, label)))
	c["ipv6_flow_label_changes"] = int64(max(len(m.values(0, label)), 1)-1) + int64(max(len(m.values(1, label)), 1)-1)
}

func (m netModel) icmp(c map[string]any) {
	p0 := &m.ps[0]
	c["is_icmp_only"] = false
	if !(p0.IPVersion == 4 && p0.Proto == 1 || p0.IPVersion == 6 && p0.Proto == 58) {
		for i := range icmpTable[:len(icmpTable)-1] {
			c[icmpTable[i].Name] = nil
		}
		return
	}
	types := func(v4, v6 uint8) int64 {
		return m.count(func(p *packet.Packet) bool {
			return p.Is(packet.HasICMP) && (p.IPVersion == 4 && p.ICMPType == v4 || p.IPVersion == 6 && p.ICMPType == v6)
		})
	}
	n := m.count(func(p *packet.Packet) bool { return p.Is(packet.HasICMP) })
	kinds := []int64{types(8, 128), types(0, 129), types(3, 1), types(11, 3), types(5, 137)}
	stat, rest := int64(0), n
	for i, k := range kinds {
		if rest -= k; k > 0 {
			stat |= 1 << i
		}
	}
	if rest > 0 {
		stat |= 32
	}
	c["icmp_packet_count"], c["icmp_stat"], c["icmp_ratio"] = n, stat, float64(n)/float64(len(m.ps))
	c["is_icmp_only"] = n == int64(len(m.ps))
	c["icmp_echo_request_count"], c["icmp_echo_reply_count"] = kinds[0], kinds[1]
	c["icmp_dest_unreachable_count"], c["icmp_time_exceeded_count"] = kinds[2], kinds[3]
	c["icmp_echo_success_ratio"] = nil
	if kinds[0] > 0 {
		c["icmp_echo_success_ratio"] = float64(kinds[1]) / float64(kinds[0])
	}
	c["icmp_unique_type_codes"] = int64(len(m.values(2, has(packet.HasICMP, func(p *packet.Packet) int64 { return int64(p.ICMPType)*256 + int64(p.ICMPCode) }))))
	c["icmp_dominant_type"], c["icmp_dominant_type_count"] = nil, int64(0)
	m.each(2, func(p *packet.Packet) {
		if k := types(p.ICMPType, p.ICMPType); p.Is(packet.HasICMP) && k > c["icmp_dominant_type_count"].(int64) {
			c["icmp_dominant_type"], c["icmp_dominant_type_count"] = int64(p.ICMPType), k
		}
	})
	c["icmp_unique_ids"] = int64(len(m.values(2, has(packet.HasICMPEcho, func(p *packet.Packet) int64 { return int64(p.ICMPID) }))))
	seqs := m.values(2, has(packet.HasICMPEcho, func(p *packet.Packet) int64 { return int64(p.ICMPSeq) }))
	c["icmp_seq_min"], c["icmp_seq_max"] = ends(seqs)
	runs := int64(0)
	for _, v := range seqs {
		if !slices.Contains(seqs, (v+65535)%65536) {
			runs++
		}
	}
	c["icmp_seq_gaps"] = max(runs-1, 0)
}

// randomFlow makes the packets of flow number i, with all that may vary varying.
func randomFlow(r *rand.Rand, i int) []packet.Packet {
	v6 := r.IntN(2) == 0
	icmp := r.IntN(3) > 0
	wild := r.IntN(3) // how much varies
	var ps []packet.Packet
	for range 1 + r.IntN(40) {
		p := netPacket(len(ps) > 0 && r.IntN(2) == 0, func(p *packet.Packet) { p.Src[1], p.IPVersion = byte(i), 4 })
		p.Src[1], p.Dst[1] = byte(i), byte(i)
		pick := func(n int) int {
			if r.IntN(4) < wild {
				return r.IntN(n)
			}
			return 0
		}
		p.TTL, p.TOS = uint8(64+pick(100)), uint8(pick(256))
		p.SrcMAC[5] += byte(pick(5))
		p.DstMAC[0] += byte(pick(2))
		if pick(6) == 1 {
			p.DstMAC = [6]byte{255, 255, 255, 255, 255, 255}
		}
		p.PacketType = packet.Type(pick(6))
		p.Has &^= packet.Has(pick(8))
		if pick(3) > 0 {
			p.Has |= packet.HasVLAN
			p.VLAN = uint16(pick(4096))
		}
		if v6 {
			p.IPVersion, p.FlowLabel = 6, uint32(pick(5))
		} else {
			p.IPFlags, p.IPID = uint8(pick(8)), uint16(pick(65536))
		}
		if icmp {
			p.SrcPort, p.DstPort, p.Proto = 0, 0, packet.ProtoICMP
			if v6 {
				p.Proto = packet.ProtoICMPv6
			}
			if pick(4) != 1 {
				p.Has |= packet.HasICMP
				p.ICMPType, p.ICMPCode = []uint8{8, 0, 3, 11, 5, 128, 129, 1, 137, 200, 77}[pick(11)], uint8(pick(3))
				if pick(2) == 0 {
					p.Has |= packet.HasICMPEcho
					p.ICMPID, p.ICMPSeq = uint16(pick(4)), uint16(65530+pick(12))
				}
			}
		}
		ps = append(ps, p)
	}
	return ps
}

// TestNetModel compares many random flows, interleaved, with the model.
func TestNetModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		n := newNetRun(t, true, netGroups...)
		var flows [][]packet.Packet
		for i := range 20 {
			flows = append(flows, randomFlow(r, i))
		}
		for k := range 40 {
			for _, ps := range flows {
				if k < len(ps) {
					n.packet(&ps[k])
				}
			}
		}
		// Rows come by latest packet, models by flow: find them by the addresses' second byte.
		got := make(map[byte]map[string]any)
		for _, row := range n.rows() {
			got[row.Key.A[1]] = rowCells(n, row)
		}
		for i, ps := range flows {
			want := make(map[string]any)
			m := netModel{ps}
			m.mac(want)
			m.ip(want)
			m.ipv6(want)
			m.icmp(want)
			if len(want) != len(n.plan.Schema.Fields) {
				t.Fatalf("the model has %d columns, the schema %d", len(want), len(n.plan.Schema.Fields))
			}
			for name, w := range want {
				if g := got[byte(i)][name]; g != w {
					t.Fatalf("round %d flow %d: %s = %v, want %v", round, i, name, g, w)
				}
			}
		}
		p := &n.mem.netPools
		if live := p.links.Live() + p.labels.Live() + p.icmp.Live() + p.typeCounts.Live() + p.lists16.Live() + p.bits16.Live(); live != 0 {
			t.Fatalf("%d objects not given back", live)
		}
	}
}

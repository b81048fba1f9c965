package groups

import (
	"testing"

	"pinyon/packet"
)

func icmpMessage(bwd bool, typ, code uint8) packet.Packet {
	return netPacket(bwd, func(p *packet.Packet) {
		p.Proto, p.SrcPort, p.DstPort, p.Has = packet.ProtoICMP, 0, 0, packet.HasICMP
		p.ICMPType, p.ICMPCode = typ, code
	})
}

func echo(bwd bool, id, seq uint16) packet.Packet {
	p := icmpMessage(bwd, 8, 0)
	if bwd {
		p.ICMPType = 0
	}
	p.Has |= packet.HasICMPEcho
	p.ICMPID, p.ICMPSeq = id, seq
	return p
}

func icmp6Message(bwd bool, typ uint8) packet.Packet {
	p := icmpMessage(bwd, typ, 0)
	p.Proto, p.IPVersion = packet.ProtoICMPv6, 6
	return p
}

func TestICMPEcho(t *testing.T) {
	var ps []packet.Packet
	for i := range uint16(5) {
		ps = append(ps, echo(false, 1234, i+1))
		if i < 3 {
			ps = append(ps, echo(true, 1234, i+1))
		}
	}
	wantCells(t, netRow(t, true, ps...),
		"icmp_packet_count", 8, "icmp_echo_request_count", 5, "icmp_echo_reply_count", 3, "icmp_dest_unreachable_count", 0,
		"icmp_time_exceeded_count", 0, "icmp_unique_type_codes", 2, "icmp_dominant_type", 8, "icmp_dominant_type_count", 5,
		"icmp_echo_success_ratio", 0.6, "icmp_unique_ids", 1, "icmp_seq_min", 1, "icmp_seq_max", 5, "icmp_seq_gaps", 0,
		"icmp_stat", 3, "icmp_ratio", 1.0, "is_icmp_only", true)
	wantCells(t, netRow(t, true, echo(false, 1, 1), echo(false, 1, 2), echo(false, 2, 5)), "icmp_seq_gaps", 1, "icmp_unique_ids", 2)
	wantCells(t, netRow(t, true, echo(false, 1, 65534), echo(false, 1, 65535), echo(false, 1, 0), echo(false, 1, 1)),
		"icmp_seq_min", 0, "icmp_seq_max", 65535, "icmp_seq_gaps", 0)
	wantCells(t, netRow(t, true, echo(false, 1, 0), echo(true, 1, 0)), "icmp_dominant_type", 8, "icmp_dominant_type_count", 1, "icmp_echo_success_ratio", 1.0)
	wantCells(t, netRow(t, true, echo(true, 1, 0), echo(false, 1, 0)), "icmp_dominant_type", 0)
	wantCells(t, netRow(t, true, echo(true, 1, 0)), "icmp_echo_success_ratio", nil, "icmp_echo_reply_count", 1, "icmp_stat", 2)
	wantCells(t, netRow(t, true, echo(false, 1, 0), echo(true, 1, 0), echo(true, 1, 0)), "icmp_echo_success_ratio", 2.0)
}

func TestICMPErrors(t *testing.T) {
	wantCells(t, netRow(t, true, icmpMessage(false, 3, 1), icmpMessage(false, 3, 3), icmpMessage(false, 11, 0), icmpMessage(false, 5, 1), icmpMessage(false, 9, 0)),
		"icmp_packet_count", 5, "icmp_dest_unreachable_count", 2, "icmp_time_exceeded_count", 1, "icmp_unique_type_codes", 5,
		"icmp_dominant_type", 3, "icmp_dominant_type_count", 2, "icmp_echo_success_ratio", nil,
		"icmp_unique_ids", 0, "icmp_seq_min", nil, "icmp_stat", 4+8+16+32)
	cut := icmpMessage(false, 0, 0)
	cut.Has = 0
	wantCells(t, netRow(t, true, icmpMessage(false, 3, 1), cut, cut, cut), "icmp_packet_count", 1, "icmp_ratio", 0.25, "is_icmp_only", false)
}

func TestICMPv6(t *testing.T) {
	wantCells(t, netRow(t, true, icmp6Message(false, 128), icmp6Message(true, 129), icmp6Message(true, 129), icmp6Message(true, 1), icmp6Message(true, 3)),
		"icmp_echo_request_count", 1, "icmp_echo_reply_count", 2, "icmp_dest_unreachable_count", 1, "icmp_time_exceeded_count", 1,
		"icmp_dominant_type", 129, "icmp_stat", 15, "is_icmp_only", true)
	// Neighbour solicitation, packet too big, and numbers that mean something in ICMP only.
	wantCells(t, netRow(t, true, icmp6Message(false, 135), icmp6Message(false, 2), icmp6Message(false, 8), icmp6Message(false, 0), icmp6Message(false, 11)),
		"icmp_stat", 32, "icmp_packet_count", 5)
	wantCells(t, netRow(t, true, icmp6Message(false, 137)), "icmp_stat", 16)
	// Protocol 58 in IPv4 is none of the two.
	odd := netPacket(false, func(p *packet.Packet) { p.Proto, p.Has = packet.ProtoICMPv6, 0 })
	wantCells(t, netRow(t, true, odd), "icmp_packet_count", nil, "is_icmp_only", false)
}

// TestICMPManyTypes: more types than fit inline keep their counts and their order.
func TestICMPManyTypes(t *testing.T) {
	var ps []packet.Packet
	for round := range 2 {
		for typ := 255; typ >= 0; typ-- {
			if round == 0 || typ != 255 {
				ps = append(ps, icmpMessage(false, uint8(typ), uint8(round)))
			}
		}
	}
	wantCells(t, netRow(t, true, ps...), "icmp_packet_count", 511, "icmp_dominant_type", 254, "icmp_dominant_type_count", 2,
		"icmp_unique_type_codes", 511, "icmp_stat", 63)
}

func TestICMPAllSequences(t *testing.T) {
	var ps []packet.Packet
	for i := range 1 << 16 {
		ps = append(ps, echo(false, uint16(i), uint16(i*40503)))
	}
	wantCells(t, netRow(t, true, ps...), "icmp_unique_ids", 65536, "icmp_seq_min", 0, "icmp_seq_max", 65535, "icmp_seq_gaps", 0)
}

func FuzzSet16(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 5}, uint16(0), uint16(1))
	f.Add([]byte{255, 255, 0, 0}, uint16(6000), uint16(40503))
	f.Add([]byte{}, uint16(4097), uint16(2))
	m := &Memory{}
	f.Fuzz(func(t *testing.T, b []byte, many, step uint16) {
		var s set16
		seen := make(map[uint16]bool)
		add := func(v uint16) {
			s.add(m, v)
			seen[v] = true
			if int(s.n) != len(seen) {
				t.Fatalf("%d numbers, want %d", s.n, len(seen))
			}
		}
		for i := range many { // a run of numbers, to get beyond the small sets
			add(i * step)
		}
		for ; len(b) >= 2; b = b[2:] {
			add(uint16(b[0])<<8 | uint16(b[1]))
		}
		want := numbers{n: uint32(len(seen))}
		first := true
		for v := range seen {
			if first || v < want.min {
				want.min = v
			}
			want.max = max(want.max, v)
			first = false
			if !seen[v-1] {
				want.runs++
			}
		}
		if len(seen) > 0 {
			want.runs = max(want.runs, 1)
		}
		if got := s.finish(m); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if n := m.netPools.lists16.Live() + m.netPools.bits16.Live(); n != 0 {
			t.Fatalf("%d objects not given back", n)
		}
	})
}

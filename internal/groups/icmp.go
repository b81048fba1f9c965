package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// Pings and error messages: types and codes, how many echo requests were answered, gaps in
// the sequence numbers (RFC 792, RFC 4443). An ICMP packet is one whose type was captured;
// later fragments are none. Packets quoted in error messages are not looked at. Ports are
// 0, so all ICMP between two addresses is one flow.
var icmpTable = []Feature{
	count("icmp_packet_count", feature.PacketsUnit, "ICMP packets.", func(r *Row) int64 { return int64(r.icmpSets.packets) }),
	count("icmp_echo_request_count", feature.PacketsUnit, "Echo requests.", func(r *Row) int64 { return int64(r.icmpSets.kinds[icmpEchoRequest]) }),
	count("icmp_echo_reply_count", feature.PacketsUnit, "Echo replies.", func(r *Row) int64 { return int64(r.icmpSets.kinds[icmpEchoReply]) }),
	count("icmp_dest_unreachable_count", feature.PacketsUnit, "Messages that a destination cannot be reached.", func(r *Row) int64 { return int64(r.icmpSets.kinds[icmpUnreachable]) }),
	count("icmp_time_exceeded_count", feature.PacketsUnit, "Messages that the time or the fragments of a packet ran out.", func(r *Row) int64 { return int64(r.icmpSets.kinds[icmpTimeExceeded]) }),
	count("icmp_unique_type_codes", feature.None, "Distinct pairs of type and code.", func(r *Row) int64 { return int64(r.icmpSets.pairs.n) }),
	count("icmp_dominant_type", feature.None, "Most frequent type; of several, the one seen first.", func(r *Row) int64 {
		if r.icmpSets.packets == 0 {
			return none
		}
		return int64(r.icmpSets.dominant)
	}).missing(-1),
	count("icmp_dominant_type_count", feature.PacketsUnit, "Packets of that type.", func(r *Row) int64 { return int64(r.icmpSets.dominantN) }),
	float("icmp_echo_success_ratio", feature.None, "Echo replies over echo requests; above 1 if requests are missing.", func(r *Row) float64 {
		k := &r.icmpSets.kinds
		if k[icmpEchoRequest] == 0 {
			return absent
		}
		return ratio(k[icmpEchoReply], k[icmpEchoRequest])
	}).null(),
	count("icmp_unique_ids", feature.None, "Distinct identifiers.", func(r *Row) int64 { return int64(r.icmpSets.ids.n) }),
	count("icmp_seq_min", feature.None, "Smallest sequence number.", func(r *Row) int64 { return r.icmpSeq(r.icmpSets.seqs.min) }).null(),
	count("icmp_seq_max", feature.None, "Largest sequence number.", func(r *Row) int64 { return r.icmpSeq(r.icmpSets.seqs.max) }).null(),
	count("icmp_seq_gaps", feature.None, "Holes in the sequence numbers, which go on at 0 after 65535.", func(r *Row) int64 { return int64(max(r.icmpSets.seqs.runs, 1) - 1) }),
	count("icmp_stat", feature.None, "Bitmap of the messages seen: echo request 1, reply 2, unreachable 4, time exceeded 8, redirect 16, other 32.", func(r *Row) int64 {
		stat := int64(0)
		for k, n := range r.icmpSets.kinds {
			if n > 0 {
				stat |= 1 << k
			}
		}
		return stat
	}),
	float("icmp_ratio", feature.None, "Share of ICMP packets.", func(r *Row) float64 { return ratio(r.icmpSets.packets, r.Packets) }),
	flag("is_icmp_only", "All packets are ICMP packets.", func(r *Row) bool { return r.icmpSets.packets > 0 && r.icmpSets.packets == r.Packets }).everywhere(),
}

// Kinds of messages, by their bit in icmp_stat.
const (
	icmpEchoRequest = iota
	icmpEchoReply
	icmpUnreachable
	icmpTimeExceeded
	icmpRedirect
	icmpOther
	icmpKinds
)

// icmpKind is the kind of a type number, which means another thing in either version.
func icmpKind(version, typ uint8) int {
	if version == 6 {
		switch typ {
		case 128:
			return icmpEchoRequest
		case 129:
			return icmpEchoReply
		case 1:
			return icmpUnreachable
		case 3:
			return icmpTimeExceeded
		case 137:
			return icmpRedirect
		}
		return icmpOther
	}
	switch typ {
	case 8:
		return icmpEchoRequest
	case 0:
		return icmpEchoReply
	case 3:
		return icmpUnreachable
	case 11:
		return icmpTimeExceeded
	case 5:
		return icmpRedirect
	}
	return icmpOther
}

// icmp is a flow's icmpFlow, which only ICMP flows have.
type icmp struct{ at uint32 }

// icmpFlow counts the messages of one flow.
type icmpFlow struct {
	types           types
	pairs, ids, seq set16
}

func (a *icmp) update(m *Memory, o *flow.Obs) {
	var t *icmpFlow
	if a.at == 0 {
		a.at, t = m.netPools.icmp.Get()
		*t = icmpFlow{}
	} else {
		t = m.netPools.icmp.At(a.at)
	}
	t.types.add(m, o.ICMPType)
	t.pairs.add(m, uint16(o.ICMPType)<<8|uint16(o.ICMPCode))
	if o.Has&packet.HasICMPEcho != 0 {
		t.ids.add(m, o.ICMPID)
		t.seq.add(m, o.ICMPSeq)
	}
}

// icmpSets are what an ICMP flow's messages come to.
type icmpSets struct {
	packets          uint32
	kinds            [icmpKinds]uint32
	dominantN        uint32
	dominant         uint8
	pairs, ids, seqs numbers
}

func (s *icmpSets) finish(m *Memory, r *Row) {
	*s = icmpSets{}
	if r.icmp.at == 0 {
		return
	}
	t := m.netPools.icmp.At(r.icmp.at)
	t.types.each(m, func(typ uint8, n uint32) {
		s.packets += n
		s.kinds[icmpKind(r.Key.Version, typ)] += n
		if n > s.dominantN {
			s.dominant, s.dominantN = typ, n
		}
	})
	t.types.finish(m)
	s.pairs, s.ids, s.seqs = t.pairs.finish(m), t.ids.finish(m), t.seq.finish(m)
	m.netPools.icmp.Put(r.icmp.at)
}

// icmpSeq is v, or absent if no packet had a sequence number.
func (r *Row) icmpSeq(v uint16) int64 {
	if r.icmpSets.seqs.n == 0 {
		return none
	}
	return int64(v)
}

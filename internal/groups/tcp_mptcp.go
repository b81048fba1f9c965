package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// Whether the connection is part of Multipath TCP (RFC 8684, option 30). Which part it plays
// is said on SYNs: MP_CAPABLE opens the first subflow, MP_JOIN the others.
var tcpMPTCPTable = []Feature{
	mptcpBit("mptcp_detected", "1 if some segment has the Multipath TCP option.", func(t *tcpMPTCP) bool { return t.segments > 0 }),
	mptcpBit("mptcp_capable_fwd", "1 if a SYN of the initiator carries MP_CAPABLE.", func(t *tcpMPTCP) bool { return t.capable>>flow.Fwd&1 != 0 }),
	mptcpBit("mptcp_capable_bwd", "1 if a SYN of the responder carries MP_CAPABLE.", func(t *tcpMPTCP) bool { return t.capable>>flow.Bwd&1 != 0 }),
	count("mptcp_option_count", feature.Count, "Segments with the Multipath TCP option.", func(r *Row) int64 { return int64(r.mptcp.segments) }),
	count("mptcp_stat", feature.Bitmap, "1 the option was seen, 2 the initiator's SYN carries MP_CAPABLE, 4 the responder's, 8 both do.", func(r *Row) int64 { return r.mptcp.status() }),
	mptcpBit("is_mptcp", "1 if SYNs of both sides carry MP_CAPABLE, or of both MP_JOIN.", func(t *tcpMPTCP) bool {
		return t.capable == bothSides || t.join == bothSides
	}),
}

func mptcpBit(name, doc string, get func(*tcpMPTCP) bool) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 {
		if get(&r.mptcp) {
			return 1
		}
		return 0
	})
}

// Subtypes of the option (RFC 8684 section 8).
const (
	mpCapable = 0
	mpJoin    = 1
)

const bothSides = 1<<flow.Fwd | 1<<flow.Bwd

// tcpMPTCP counts the option. Bit d of a mask is set by a SYN of direction d.
type tcpMPTCP struct {
	segments uint32
	capable  uint8
	join     uint8
}

// update takes a segment with the option.
func (t *tcpMPTCP) update(o *flow.Obs) {
	t.segments++
	if o.TCPFlags&packet.SYN == 0 || o.Has&packet.HasMPTCPSubtype == 0 {
		return
	}
	switch o.MPTCPSubtype {
	case mpCapable:
		t.capable |= 1 << (o.Dir & 1)
	case mpJoin:
		t.join |= 1 << (o.Dir & 1)
	}
}

func (t *tcpMPTCP) status() int64 {
	if t.segments == 0 {
		return 0
	}
	s := int64(1 | t.capable<<1)
	if t.capable == bothSides {
		s |= 8
	}
	return s
}

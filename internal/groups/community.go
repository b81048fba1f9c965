package groups

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"

	"pinyon/flow"
	"pinyon/packet"
)

// Community ID, version 1 (Corelight's Community ID Flow Hashing): "1:" and the SHA-1, in
// base64, of seed, addresses, protocol and ports, the smaller end first. Zeek, Suricata and
// others write the same of the same flow. Protocols without ports are hashed without, ICMP with
// its type and the type that answers it, or its code where none does; such a message has one
// direction and keeps it. A flow here may hold ICMP of several types: its first packet counts.
var communityExtra = []Feature{
	text("community_id", "Community ID, version 1; of ICMP by the first packet.", communityID).null().on(optCommunity).private(),
}

// opener is what community_id needs of a flow's first packet beyond the key.
type opener struct {
	typ, code uint8
	icmp      bool // it is ICMP and has them
	ports     bool // it has ports, of its own or of its first fragment
}

func (a *opener) update(o *flow.Obs) {
	a.ports = o.Has&packet.HasPorts != 0 || o.SrcPort|o.DstPort != 0
	if o.Has&packet.HasICMP != 0 {
		a.typ, a.code, a.icmp = o.ICMPType, o.ICMPCode, true
	}
}

// icmpAnswers are pairs of ICMP types that belong together, and icmp6Answers those of ICMPv6;
// the specification took both from Zeek.
var (
	icmpAnswers  = [...][2]uint8{{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}}
	icmp6Answers = [...][2]uint8{{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}}
)

// answerOf is the type that answers one, or that one answers; ok is false if there is none.
func answerOf(proto, typ uint8) (other uint8, ok bool) {
	pairs := icmpAnswers[:]
	if proto == packet.ProtoICMPv6 {
		pairs = icmp6Answers[:]
	}
	for _, p := range pairs {
		switch typ {
		case p[0]:
			return p[1], true
		case p[1]:
			return p[0], true
		}
	}
	return 0, false
}

func communityID(dst []byte, r *Row) ([]byte, bool) {
	src, dest := r.src(), r.dst()
	sport, dport := r.srcPort(), r.dstPort()
	ports, oneWay := true, false
	switch r.Key.Proto {
	case packet.ProtoTCP, packet.ProtoUDP, packet.ProtoSCTP:
		ports = r.opener.ports // else a fragment whose first one was not seen
	case packet.ProtoICMP, packet.ProtoICMPv6:
		if !r.opener.icmp {
			return dst, false // a fragment, or cut
		}
		if r.core.firstDir() == flow.Bwd {
			src, dest = dest, src
		}
		other, ok := answerOf(r.Key.Proto, r.opener.typ)
		if !ok {
			other, oneWay = r.opener.code, true
		}
		sport, dport = uint16(r.opener.typ), uint16(other)
	default:
		ports = false
	}
	if c := src.Compare(dest); !oneWay && (c > 0 || c == 0 && sport > dport) {
		src, dest, sport, dport = dest, src, dport, sport
	}
	var room [2 + 16 + 16 + 2 + 4]byte
	b := binary.BigEndian.AppendUint16(room[:0], r.plan.seed)
	b = appendAddr(appendAddr(b, src), dest)
	b = append(b, r.Key.Proto, 0)
	if ports {
		b = binary.BigEndian.AppendUint16(b, sport)
		b = binary.BigEndian.AppendUint16(b, dport)
	}
	sum := sha1.Sum(b)
	return base64.StdEncoding.AppendEncode(append(dst, "1:"...), sum[:]), true
}

// appendAddr appends the 4 or 16 bytes of an address.
func appendAddr(b []byte, a netip.Addr) []byte {
	if a.Is4() {
		v := a.As4()
		return append(b, v[:]...)
	}
	v := a.As16()
	return append(b, v[:]...)
}

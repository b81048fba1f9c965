package packet

// A Reason says why a frame gave no packet, or what was odd about one that did.
type Reason uint8

// The reasons. Up to EncapDepth they drop the frame, one reason a frame; the rest is
// information on a packet that counts, each at most once a packet (AMSDUSubframes: by the
// number of subframes).
const (
	readable         Reason = iota // no reason: the zero value
	UnknownLinkType                // link type that is not decoded
	L2Short                        // link, VLAN, MPLS or PPP header cut
	NonIP                          // nothing with an IP header; Counts.NonIP tells what
	IPv4BadHeader                  // under 20 bytes, version not 4, IHL < 5, or 0 < Total Length < IHL×4
	IPv6BadHeader                  // under 40 bytes, or version not 6
	EncapDepth                     // more than 8 headers between link and IP, or 16 MPLS labels
	ExtHeaderBad                   // IPv6 extension headers cut, or more than 16: no transport fields
	L4Short                        // transport header cut
	TCPBadOffset                   // TCP data offset < 5, or header longer than the datagram: ports only
	TunnelDepth                    // more than 4 nested IP headers: the fourth counts
	TunnelFragment                 // later fragment of a tunnelled datagram: outer addresses
	IPLenExceedsWire               // IP length field larger than what was on the wire, or than a length around it
	SnapLenCut                     // captured length below the wire length
	AMSDUSubframes                 // 802.11 subframes after the first of an A-MSDU, not decoded
	NumReasons                     // size of a table by Reason
)

var reasonNames = [NumReasons]string{
	readable:         "",
	UnknownLinkType:  "unknown_linktype",
	L2Short:          "l2_short",
	NonIP:            "non_ip",
	IPv4BadHeader:    "ipv4_bad_header",
	IPv6BadHeader:    "ipv6_bad_header",
	EncapDepth:       "encap_depth",
	ExtHeaderBad:     "ext_header_bad",
	L4Short:          "l4_short",
	TCPBadOffset:     "tcp_bad_offset",
	TunnelDepth:      "tunnel_depth",
	TunnelFragment:   "tunnel_fragment",
	IPLenExceedsWire: "ip_len_exceeds_wire",
	SnapLenCut:       "snaplen_cut",
	AMSDUSubframes:   "amsdu_subframes",
}

// String is the reason's name in logs and provenance.
func (r Reason) String() string {
	if r >= NumReasons {
		return ""
	}
	return reasonNames[r]
}

// Dropped reports whether a frame with this reason gave no packet.
func (r Reason) Dropped() bool { return r >= UnknownLinkType && r <= EncapDepth }

// Layers are the words of Layer, from the link up.
var Layers = []string{"link", "encapsulation", "network", "transport"}

// Layer is the layer whose decoder gave up, one of Layers; empty where none did: a frame without
// IP is none, nor is what was only noted.
func (r Reason) Layer() string {
	switch r {
	case UnknownLinkType, L2Short:
		return Layers[0]
	case EncapDepth, TunnelDepth:
		return Layers[1]
	case IPv4BadHeader, IPv6BadHeader, ExtHeaderBad:
		return Layers[2]
	case L4Short, TCPBadOffset:
		return Layers[3]
	}
	return ""
}

package groups

import (
	"pinyon/flow"
	"pinyon/packet"
	"pinyon/proto/tunnel"
)

// tunnelState is what a flow remembers of the forms of its messages.
type tunnelState struct {
	tunnel.Flow
	done bool // a TCP flow in which nothing more is looked for
}

// update takes a packet with payload. It is not called once the flow is done.
func (s *tunnelState) update(o *flow.Obs) {
	if o.Has&packet.HasTransport == 0 {
		return
	}
	switch o.Proto {
	case packet.ProtoUDP:
		s.Datagram(o.Dir, o.Payload, int(o.PayloadLen))
	case packet.ProtoTCP:
		s.done = !s.Segment(o.Dir, o.Payload, int(o.PayloadLen))
	}
}

// tunnelNames are the values of vpn_type.
var tunnelNames = [...]string{
	tunnel.ESP: "ipsec-esp", tunnel.IKE: "ipsec-ike", tunnel.L2TP: "l2tp", tunnel.PPTP: "pptp", tunnel.OpenVPN: "openvpn",
	tunnel.WireGuard: "wireguard", tunnel.Tinc: "tinc", tunnel.SoftEther: "softether", tunnel.Tailscale: "tailscale",
}

// protoL2TP is L2TP version 3 without UDP (RFC 3931 section 4.1.1).
const protoL2TP = 115

// vpnProven is the kind that a protocol number (ESP, AH also as a header that was passed, L2TP)
// or the form of messages proves; "" without.
func (r *Row) vpnProven() string {
	switch {
	case r.Key.Proto == packet.ProtoESP:
		return "ipsec-esp"
	case r.passedAH():
		return "ipsec-ah"
	case r.Key.Proto == protoL2TP:
		return "l2tp"
	}
	if k := r.tunnel.Proven(); k != tunnel.None {
		return tunnelNames[k]
	}
	if r.tunnel.Hinted() == tunnel.ESP && r.isUDP(portNATT) { // numbered as ESP is, on the port of RFC 3948
		return "ipsec-esp"
	}
	return ""
}

// portNATT is the port of IKE and ESP behind a translator (RFC 3948).
const portNATT = 4500

// vpnHints are rules that hold for other traffic too; together they stay below a yes.
var vpnHints = [...]rule{
	{25, func(r *Row) bool { return r.tunnel.Hinted() != tunnel.None }},
	{15, (*Row).onTunnelPort},
	{5, func(r *Row) bool { return 2*r.sizeStats.fullSized > r.n() }}, // bulk in packets of 1400 to 1500 bytes, as every download
}

// onTunnelPort reports whether a UDP port is customary for tunnels, at either end: OpenVPN's
// 1194, IKE's 500 and 4500 and L2TP's 1701 are IANA's, 51820 is that of WireGuard's examples.
func (r *Row) onTunnelPort() bool {
	return r.isUDP(1194) || r.isUDP(51820) || r.isUDP(500) || r.isUDP(portNATT) || r.isUDP(1701)
}

// isUDP reports whether the flow is UDP with a port at either end.
func (r *Row) isUDP(port uint16) bool {
	return r.Key.Proto == packet.ProtoUDP && r.hasPort(port)
}

// vpnFormed is the amount for a form that no other traffic has.
const vpnFormed = 90

func (r *Row) vpnScore() (score int, kind string) {
	if kind = r.vpnProven(); kind != "" {
		return vpnFormed, kind
	}
	return r.sum(vpnHints[:]), ""
}

package extract

import (
	"bytes"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// Guesses at Tor, VPN and DNS over HTTPS from sizes, ports, protocol numbers and the server
// name. A confidence is the sum of the rules that hold, in hundredths, at most 100; the
// rules and their weights are JoyfulJay's.
var fingerprintTable = allNeed(needSizes, []Feature{
	flag("likely_tor", "tor_confidence of at least 0.5.", func(r *Row) bool { return r.torScore() >= 50 }),
	float("tor_confidence", feature.None, "Sum of the rules for Tor, 0 to 1.", func(r *Row) float64 { return float64(r.torScore()) / 100 }),
	flag("likely_vpn", "vpn_confidence of at least 0.4.", func(r *Row) bool { s, _ := r.vpnScore(); return s >= 40 }),
	float("vpn_confidence", feature.None, "Sum of the rules for VPNs, 0 to 1.", func(r *Row) float64 { s, _ := r.vpnScore(); return float64(s) / 100 }),
	text("vpn_type", "Kind of VPN that the last matching rule names.", func(dst []byte, r *Row) ([]byte, bool) {
		_, kind := r.vpnScore()
		return append(dst, kind...), kind != ""
	}).null(),
	flag("likely_doh", "The server name is a known resolver's, or doh_confidence is at least 0.35.", func(r *Row) bool { s, named := r.dohScore(); return named || s >= 35 }),
	float("doh_confidence", feature.None, "Sum of the rules for DNS over HTTPS, 0 to 1.", func(r *Row) float64 { s, _ := r.dohScore(); return float64(s) / 100 }),
	text("traffic_type", "tor, vpn:KIND, vpn, doh, encrypted or unknown, the first that holds.", func(dst []byte, r *Row) ([]byte, bool) {
		if r.torScore() >= 50 {
			return append(dst, "tor"...), true
		}
		if s, kind := r.vpnScore(); s >= 40 {
			dst = append(dst, "vpn"...)
			if kind != "" {
				dst = append(append(dst, ':'), kind...)
			}
			return dst, true
		}
		if s, named := r.dohScore(); named || s >= 35 {
			return append(dst, "doh"...), true
		}
		if r.isTLS() || r.quic() != nil || r.ssh() != nil || r.Key.Proto == packet.ProtoESP {
			return append(dst, "encrypted"...), true
		}
		return append(dst, "unknown"...), true
	}),
})

// torPorts are where relays, directories, local proxies and fronts listen.
var torPorts = [...]uint16{443, 9001, 9030, 9050, 9051}

func (r *Row) torScore() int {
	s := 0
	if r.torRatio() > 0.7 {
		s += 40
	}
	if r.total() > 0 && r.sizeCV() < 0.1 {
		s += 30
	}
	for _, p := range torPorts {
		if r.dstPort() == p {
			s += 10
			break
		}
	}
	return s
}

// vpnRules are tried in order: amounts add up, a later kind replaces an earlier one. A port
// counts at either end.
var vpnRules = [...]struct {
	proto  uint8
	ports  [2]uint16 // one of them; 0 is none, both 0 any
	amount int
	kind   string
}{
	{packet.ProtoUDP, [2]uint16{1194}, 50, "openvpn"},        // IANA: openvpn
	{packet.ProtoUDP, [2]uint16{51820}, 50, "wireguard"},     // WireGuard's customary port
	{packet.ProtoESP, [2]uint16{}, 70, "ipsec-esp"},          // RFC 4303
	{packet.ProtoAH, [2]uint16{}, 70, "ipsec-ah"},            // RFC 4302
	{packet.ProtoUDP, [2]uint16{500, 4500}, 40, "ipsec-ike"}, // RFC 7296, RFC 3948
	{packet.ProtoUDP, [2]uint16{1701}, 40, "l2tp"},           // RFC 2661
}

func (r *Row) vpnScore() (score int, kind string) {
	for i := range vpnRules {
		v := &vpnRules[i]
		if r.Key.Proto != v.proto {
			continue
		}
		ok := v.ports == [2]uint16{}
		for _, p := range v.ports {
			ok = ok || p != 0 && (r.Key.APort == p || r.Key.BPort == p)
		}
		if ok {
			score += v.amount
			kind = v.kind
		}
	}
	if 2*r.sizeStats.fullSized > r.n() {
		score += 20
	}
	return min(score, 100), kind
}

// resolvers are the names of public DNS over HTTPS services; a name below one matches too.
var resolvers = [...]string{
	"cloudflare-dns.com", "dns.google", "dns.google.com", "doh.opendns.com", "dns.quad9.net",
	"doh.cleanbrowsing.org", "dns.adguard.com", "doh.dns.sb", "dns.nextdns.io",
}

// isResolver reports whether a server name is a known resolver's.
func isResolver(name []byte) bool {
	name = bytes.ToLower(bytes.TrimSuffix(name, []byte(".")))
	for _, r := range resolvers {
		if rest, ok := bytes.CutSuffix(name, []byte(r)); ok && (len(rest) == 0 || rest[len(rest)-1] == '.') {
			return true
		}
	}
	return false
}

// dohScore looks at TCP to port 443 only; named says that the server name is a resolver's.
func (r *Row) dohScore() (score int, named bool) {
	if r.Key.Proto != packet.ProtoTCP || r.dstPort() != 443 {
		return 0, false
	}
	took := r.Last - r.First
	if isResolver(r.serverName()) {
		score = 60
		if took < 1e9 {
			score += 10
		}
		if r.Packets < 20 {
			score += 10
		}
		return score, true
	}
	f, b := int(r.core.n[flow.Fwd]), int(r.core.n[flow.Bwd])
	fBytes, bBytes := r.core.bytes[flow.Fwd], r.core.bytes[flow.Bwd]
	if r.Packets > 15 || f < 2 || b < 2 || max(f-b, b-f) > 3 || r.size.dir[flow.Fwd].lenMax > 600 || fBytes > 2000 || bBytes > 5000 {
		return 0, false
	}
	if 2*bBytes > fBytes && bBytes < 10*fBytes {
		score += 15
	}
	if took < 5e8 {
		score += 15
	}
	if f <= 6 && b <= 6 {
		score += 10
	}
	return score, false
}

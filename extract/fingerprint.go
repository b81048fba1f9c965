package extract

import (
	"bytes"
	"slices"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// Guesses at Tor, VPN and DNS over HTTPS from sizes, ports, protocol numbers and the server
// name. A confidence is the sum of the rules that hold, in hundredths, at most 100. The amounts
// are those of JoyfulJay 0.1.6, kept so that its columns stay comparable; what a confidence has
// been worth on flows of known kind is in docs/fingerprint.md.
var fingerprintTable = allNeed(needSizes, []Feature{
	flag("likely_tor", "tor_confidence of at least 0.5.", func(r *Row) bool { return r.torScore() >= likelyTor }),
	float("tor_confidence", feature.None, "Sum of the rules for Tor, 0 to 1.", func(r *Row) float64 { return float64(r.torScore()) / 100 }),
	flag("likely_vpn", "vpn_confidence of at least 0.4.", func(r *Row) bool { s, _ := r.vpnScore(); return s >= likelyVPN }),
	float("vpn_confidence", feature.None, "Sum of the rules for VPNs, 0 to 1.", func(r *Row) float64 { s, _ := r.vpnScore(); return float64(s) / 100 }),
	text("vpn_type", "Kind of VPN that the last matching rule names.", func(dst []byte, r *Row) ([]byte, bool) {
		_, kind := r.vpnScore()
		return append(dst, kind...), kind != ""
	}).null(),
	flag("likely_doh", "The server name is a known resolver's, or doh_confidence is at least 0.35.", func(r *Row) bool { s, named := r.dohScore(); return named || s >= likelyDoH }),
	float("doh_confidence", feature.None, "Sum of the rules for DNS over HTTPS, 0 to 1.", func(r *Row) float64 { s, _ := r.dohScore(); return float64(s) / 100 }),
	text("traffic_type", "tor, vpn:KIND, vpn, doh, encrypted or unknown, the first that holds.", func(dst []byte, r *Row) ([]byte, bool) {
		if r.torScore() >= likelyTor {
			return append(dst, "tor"...), true
		}
		if s, kind := r.vpnScore(); s >= likelyVPN {
			dst = append(dst, "vpn"...)
			if kind != "" {
				dst = append(append(dst, ':'), kind...)
			}
			return dst, true
		}
		if s, named := r.dohScore(); named || s >= likelyDoH {
			return append(dst, "doh"...), true
		}
		if r.isTLS() || r.quic() != nil || r.ssh() != nil || r.Key.Proto == packet.ProtoESP {
			return append(dst, "encrypted"...), true
		}
		return append(dst, "unknown"...), true
	}),
})

// From these confidences on, in hundredths, the yes/no columns say yes.
const (
	likelyTor = 50
	likelyVPN = 40
	likelyDoH = 35
)

// A rule adds an amount, in hundredths, to a confidence if it holds.
type rule struct {
	amount int
	holds  func(*Row) bool
}

// sum is the confidence that rules add up to.
func (r *Row) sum(rules []rule) (score int) {
	for i := range rules {
		if rules[i].holds(r) {
			score += rules[i].amount
		}
	}
	return min(score, 100)
}

// torRules look for cells. Tor sends cells of 514 bytes (tor-spec, link protocol 4; 512 before),
// by preference one a TLS record: with record, TCP and IP headers 580 to 600 bytes.
var torRules = [...]rule{
	{40, func(r *Row) bool { return r.torRatio() > 0.7 }},                     // tor-spec, section 3: cells have one size
	{30, func(r *Row) bool { return r.total() > 0 && r.sizeCV() < 0.1 }},      // the same, whatever the size
	{10, func(r *Row) bool { return slices.Contains(torPorts, r.dstPort()) }}, // Tor's manual, see torPorts
}

// torPorts: ORPort 9001 and DirPort 9030 are customary, 443 is what relays take to pass
// firewalls, SocksPort is 9050, and 9051 is the ControlPort (Tor's manual and sample torrc).
var torPorts = []uint16{443, 9001, 9030, 9050, 9051}

func (r *Row) torScore() int { return r.sum(torRules[:]) }

// vpnRules are tried in order: amounts add up, a later kind replaces an earlier one. A port
// counts at either end: who sent the first captured packet says little about who serves.
var vpnRules = [...]struct {
	rule
	kind string
}{
	{rule{50, func(r *Row) bool { return r.isUDP(1194) }}, "openvpn"},                    // IANA: openvpn
	{rule{50, func(r *Row) bool { return r.isUDP(51820) }}, "wireguard"},                 // wg(8): the port of its examples, and custom
	{rule{70, func(r *Row) bool { return r.Key.Proto == packet.ProtoESP }}, "ipsec-esp"}, // RFC 4303
	{rule{70, (*Row).passedAH}, "ipsec-ah"},                                              // RFC 4302
	{rule{40, func(r *Row) bool { return r.isUDP(500) || r.isUDP(4500) }}, "ipsec-ike"},  // RFC 7296 section 2, RFC 3948
	{rule{40, func(r *Row) bool { return r.isUDP(1701) }}, "l2tp"},                       // RFC 2661 section 8.1
	{rule{20, func(r *Row) bool { return 2*r.sizeStats.fullSized > r.n() }}, ""},         // bulk in packets of 1400 to 1500 bytes; every download is so, hence no kind and not enough alone
}

// isUDP reports whether the flow is UDP with a port at either end.
func (r *Row) isUDP(port uint16) bool {
	return r.Key.Proto == packet.ProtoUDP && (r.Key.APort == port || r.Key.BPort == port)
}

func (r *Row) vpnScore() (score int, kind string) {
	for i := range vpnRules {
		if v := &vpnRules[i]; v.holds(r) {
			score += v.amount
			if v.kind != "" {
				kind = v.kind
			}
		}
	}
	return min(score, 100), kind
}

// resolvers are the names of public DNS over HTTPS services, as their operators publish them; a
// name below one matches too.
var resolvers = [...]string{
	"cloudflare-dns.com",           // Cloudflare
	"dns.google", "dns.google.com", // Google
	"doh.opendns.com",       // Cisco
	"dns.quad9.net",         // Quad9
	"doh.cleanbrowsing.org", // CleanBrowsing
	"dns.adguard.com",       // AdGuard
	"doh.dns.sb",            // DNS.SB
	"dns.nextdns.io",        // NextDNS
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

// dohNamed are the rules for a flow whose server name is a resolver's. That it is short makes a
// lookup of it rather than a web page of the operator.
var dohNamed = [...]rule{
	{60, func(r *Row) bool { return true }}, // the name, see resolvers
	{10, func(r *Row) bool { return r.Last-r.First < 1e9 }},
	{10, func(r *Row) bool { return r.Packets < 20 }},
}

// dohShaped are the rules for a flow of unknown name that looksAsked: RFC 8484 makes a query and
// its answer one small request and response each. Only all three together are enough.
var dohShaped = [...]rule{
	{15, func(r *Row) bool { // an answer repeats its question
		f, b := r.core.bytes[flow.Fwd], r.core.bytes[flow.Bwd]
		return 2*b > f && b < 10*f
	}},
	{15, func(r *Row) bool { return r.Last-r.First < 5e8 }}, // a lookup is waited for
	{10, func(r *Row) bool { return r.core.n[flow.Fwd] <= 6 && r.core.n[flow.Bwd] <= 6 }},
}

// looksAsked is what a flow has to be for its shape to say anything of DNS over HTTPS: a few
// small packets, in turn.
func (r *Row) looksAsked() bool {
	f, b := int(r.core.n[flow.Fwd]), int(r.core.n[flow.Bwd])
	return r.Packets <= 15 && f >= 2 && b >= 2 && max(f-b, b-f) <= 3 &&
		r.size.dir[flow.Fwd].lenMax <= 600 && r.core.bytes[flow.Fwd] <= 2000 && r.core.bytes[flow.Bwd] <= 5000
}

// dohScore looks at TCP to port 443 only (RFC 8484 section 5: the https scheme); named says that
// the server name is a resolver's.
func (r *Row) dohScore() (score int, named bool) {
	switch {
	case r.Key.Proto != packet.ProtoTCP || r.dstPort() != 443:
		return 0, false
	case isResolver(r.serverName()):
		return r.sum(dohNamed[:]), true
	case r.looksAsked():
		return r.sum(dohShaped[:]), false
	}
	return 0, false
}

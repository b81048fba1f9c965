package groups

import (
	"pinyon/feature"
	"pinyon/packet"
)

// Guesses at Tor, VPN and DNS over HTTPS. A confidence is the sum of the rules that hold, in
// hundredths, at most 100; the files kind_tor.go, kind_vpn.go and kind_doh.go have the rules. It
// orders flows and is no probability: how often the columns were right on flows of known kind is
// in docs/fingerprint.md. What many flows have in common, a port, a shape, a size, never adds up to a yes.
var fingerprintTable = allNeed(needSizes|needTunnel|needCerts, []Feature{
	flag("likely_tor", "tor_confidence of at least 0.5. A guess: Tor's certificates, server names and cells can be imitated.", func(r *Row) bool { return r.kinds().tor >= likely }),
	float("tor_confidence", feature.None, "Sum of the rules for Tor, 0 to 1.", func(r *Row) float64 { return float64(r.kinds().tor) / 100 }),
	flag("likely_vpn", "vpn_confidence of at least 0.5: messages have the form of a tunnel's, whatever the port.", func(r *Row) bool { return r.kinds().vpn >= likely }),
	float("vpn_confidence", feature.None, "Sum of the rules for VPNs, 0 to 1.", func(r *Row) float64 { return float64(r.kinds().vpn) / 100 }),
	text("vpn_type", "Kind of VPN that the form of the messages names.", func(dst []byte, r *Row) ([]byte, bool) {
		kind := r.kinds().vpnType
		return append(dst, kind...), kind != ""
	}).null(),
	flag("likely_doh", "doh_confidence of at least 0.5: the server's name or address is a public resolver's, or messages of DNS go by in clear HTTP.", func(r *Row) bool { return r.kinds().doh >= likely }),
	float("doh_confidence", feature.None, "Sum of the rules for DNS over HTTPS, 0 to 1.", func(r *Row) float64 { return float64(r.kinds().doh) / 100 }),
	text("traffic_type", "tor, vpn:KIND, vpn, doh, encrypted or unknown, the first that holds.", func(dst []byte, r *Row) ([]byte, bool) {
		if r.kinds().tor >= likely {
			return append(dst, "tor"...), true
		}
		if k := r.kinds(); k.vpn >= likely {
			dst = append(dst, "vpn"...)
			if k.vpnType != "" {
				dst = append(append(dst, ':'), k.vpnType...)
			}
			return dst, true
		}
		if r.kinds().doh >= likely {
			return append(dst, "doh"...), true
		}
		if r.isTLS() || r.quic() != nil || r.ssh() != nil || r.Key.Proto == packet.ProtoESP {
			return append(dst, "encrypted"...), true
		}
		return append(dst, "unknown"...), true
	}),
})

// From this confidence on, in hundredths, the yes/no columns say yes.
const likely = 50

// kinds are the confidences of a row, in hundredths, worked out when the first column asks.
type kinds struct {
	known         bool
	tor, vpn, doh int
	vpnType       string
}

func (r *Row) kinds() *kinds {
	k := &r.guesses
	if !k.known {
		k.known, k.tor, k.doh = true, r.torScore(), r.dohScore()
		k.vpn, k.vpnType = r.vpnScore()
	}
	return k
}

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

package extract_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pinyon/internal/gen"
	"pinyon/packet"
)

// TestRecordedKinds runs the captures of testdata/fingerprint. What is missed is missed on
// purpose: a tunnel on another port has nothing that the rules look at.
func TestRecordedKinds(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"wireguard_51820":   {"likely_vpn": true, "vpn_confidence": 0.5, "vpn_type": "wireguard", "traffic_type": "vpn:wireguard", "likely_tor": false},
		"wireguard_443":     {"likely_vpn": false, "vpn_confidence": 0, "vpn_type": "", "traffic_type": "unknown"},
		"openvpn_udp_1194":  {"likely_vpn": true, "vpn_confidence": 0.5, "vpn_type": "openvpn", "traffic_type": "vpn:openvpn", "quic_detected": false},
		"openvpn_udp_53000": {"likely_vpn": false, "traffic_type": "unknown"},
		"openvpn_tcp_443":   {"likely_vpn": false, "likely_doh": false, "traffic_type": "unknown", "tls_detected": false},
		"ipsec_natt":        {"likely_vpn": true, "vpn_confidence": 0.4, "vpn_type": "ipsec-ike", "traffic_type": "vpn:ipsec-ike"},
		"cells_9001":        {"likely_tor": true, "tor_confidence": 0.5, "traffic_type": "tor"},
		"cells_443":         {"likely_tor": true, "tor_confidence": 0.5, "traffic_type": "tor", "likely_doh": false},
		"cells_slow_9001":   {"likely_tor": false, "tor_confidence": 0.1}, // as many acknowledgements as cells one way
		"doh_named":         {"likely_doh": true, "doh_confidence": 0.7, "traffic_type": "doh", "tls_sni": "cloudflare-dns.com"},
		"doh_one":           {"likely_doh": false, "doh_confidence": 0, "traffic_type": "encrypted"}, // a hello with ML-KEM is longer than 600 bytes
		"doh_many":          {"likely_doh": false, "doh_confidence": 0, "traffic_type": "encrypted"},
		"page_small":        {"likely_tor": false, "likely_vpn": false, "likely_doh": false, "traffic_type": "encrypted"},
		"page_large":        {"likely_tor": false, "likely_vpn": false, "likely_doh": false, "traffic_type": "encrypted"},
	} {
		for _, r := range rows(t, options(), framesOf(t, "fingerprint/"+name+".pcap")) {
			check(t, name, r, want)
		}
	}
}

// A packetOf is a packet of a flow to be made: its IP length, and who sent it.
type packetOf struct {
	size  int
	reply bool
}

// same are n packets of a size, in turn.
func same(n, size int) (all []packetOf) {
	for i := range n {
		all = append(all, packetOf{size, i%2 == 1})
	}
	return all
}

// flowTo makes a flow of a protocol between two ports, its packets a gap apart; TCP and UDP
// by their headers, others as the UDP frame with another number.
func flowTo(proto uint8, sport, dport uint16, gap time.Duration, packets []packetOf) (frames []packet.Frame) {
	ends := [2]gen.Host{
		{Addr: netip.MustParseAddr("10.0.0.1"), Port: sport, TTL: 64}, {Addr: netip.MustParseAddr("10.0.0.2"), Port: dport, TTL: 64},
	}
	for i, p := range packets {
		from, to := &ends[0], &ends[1]
		if p.reply {
			from, to = to, from
		}
		var b []byte
		if proto == packet.ProtoTCP {
			s := gen.TCP{IP: gen.IP{Src: from, Dst: to}, Flags: packet.ACK, Seq: uint32(i) * 2000, Payload: make([]byte, p.size-40)}
			b = s.Append(nil)
		} else {
			u := gen.UDP{IP: gen.IP{Src: from, Dst: to}, Payload: make([]byte, p.size-28)}
			b = u.Append(nil)
			b[23] = proto
		}
		frames = append(frames, packet.Frame{Data: b, Wire: uint32(len(b)), Link: 1, TS: 100e9 + int64(i)*int64(gap)})
	}
	return frames
}

// TestFingerprintRules tries every rule at its borders.
func TestFingerprintRules(t *testing.T) {
	const ms = time.Millisecond
	mixed := func(in, out int) []packetOf { return append(same(in, 590), same(out, 90)...) }
	asked := []packetOf{{300, false}, {300, true}, {120, false}, {120, true}}
	with := func(more ...packetOf) []packetOf { return append(asked[:4:4], more...) }
	for _, c := range []struct {
		name    string
		proto   uint8
		ports   [2]uint16
		gap     time.Duration
		packets []packetOf
		want    map[string]any
	}{
		// Tor
		{"one packet has no deviation", 17, [2]uint16{1, 2}, ms, same(1, 100), map[string]any{"tor_confidence": 0.3}},
		{"cells, one size", 6, [2]uint16{1, 8443}, ms, same(4, 590), map[string]any{"tor_confidence": 0.7, "likely_tor": true, "traffic_type": "tor"}},
		{"cells at the border", 6, [2]uint16{1, 8443}, ms, same(4, 600), map[string]any{"tor_confidence": 0.7}},
		{"beyond it", 6, [2]uint16{1, 8443}, ms, same(4, 601), map[string]any{"tor_confidence": 0.3}},
		{"below it", 6, [2]uint16{1, 8443}, ms, same(4, 579), map[string]any{"tor_confidence": 0.3}},
		{"seven of ten are not more than 0.7", 6, [2]uint16{1, 8443}, ms, mixed(7, 3), map[string]any{"tor_confidence": 0, "likely_tor": false}},
		{"eight of ten are", 6, [2]uint16{1, 9001}, ms, mixed(8, 2), map[string]any{"tor_confidence": 0.5, "likely_tor": true}},
		{"any protocol", 17, [2]uint16{1, 9050}, ms, mixed(8, 2), map[string]any{"tor_confidence": 0.5}},
		{"the initiator's port does not count", 6, [2]uint16{9001, 1}, ms, mixed(8, 2), map[string]any{"tor_confidence": 0.4, "likely_tor": false}},
		{"443 counts", 6, [2]uint16{1, 443}, ms, same(2, 1000), map[string]any{"tor_confidence": 0.4}},
		{"so do the directory's", 6, [2]uint16{1, 9030}, ms, mixed(1, 1), map[string]any{"tor_confidence": 0.1}},
		{"and the control port", 6, [2]uint16{1, 9051}, ms, mixed(1, 1), map[string]any{"tor_confidence": 0.1}},

		// VPN: either port
		{"OpenVPN", 17, [2]uint16{1, 1194}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.5, "vpn_type": "openvpn", "likely_vpn": true, "traffic_type": "vpn:openvpn"}},
		{"OpenVPN, answered first", 17, [2]uint16{1194, 1}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.5, "vpn_type": "openvpn"}},
		{"not over TCP", 6, [2]uint16{1, 1194}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0, "vpn_type": "", "likely_vpn": false}},
		{"WireGuard", 17, [2]uint16{1, 51820}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.5, "vpn_type": "wireguard"}},
		{"WireGuard, answered first", 17, [2]uint16{51820, 1}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.5, "vpn_type": "wireguard"}},
		{"IKE", 17, [2]uint16{1, 500}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.4, "vpn_type": "ipsec-ike", "likely_vpn": true}},
		{"NAT traversal, answered first", 17, [2]uint16{4500, 1}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.4, "vpn_type": "ipsec-ike"}},
		{"L2TP", 17, [2]uint16{1701, 1}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.4, "vpn_type": "l2tp"}},
		{"amounts add up, the last kind stays", 17, [2]uint16{1194, 500}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.9, "vpn_type": "ipsec-ike"}},
		{"no more than 1", 17, [2]uint16{1194, 51820}, ms, same(3, 1450), map[string]any{"vpn_confidence": 1, "vpn_type": "wireguard"}},
		{"ESP", packet.ProtoESP, [2]uint16{1, 2}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.7, "vpn_type": "ipsec-esp", "traffic_type": "vpn:ipsec-esp"}},
		{"AH", packet.ProtoAH, [2]uint16{1, 2}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.7, "vpn_type": "ipsec-ah"}},
		{"large packets alone", 6, [2]uint16{1, 2}, ms, append(same(3, 1400), same(2, 90)...), map[string]any{"vpn_confidence": 0.2, "vpn_type": "", "likely_vpn": false, "traffic_type": "unknown"}},
		{"half of them are not more than half", 6, [2]uint16{1, 2}, ms, append(same(2, 1500), same(2, 90)...), map[string]any{"vpn_confidence": 0}},
		{"beyond 1500", 6, [2]uint16{1, 2}, ms, same(2, 1501), map[string]any{"vpn_confidence": 0}},
		{"Tor goes before VPN", 17, [2]uint16{1, 1194}, ms, same(4, 590), map[string]any{"likely_tor": true, "likely_vpn": true, "traffic_type": "tor"}},

		// DoH without a name
		{"a lookup's shape", 6, [2]uint16{1, 443}, ms, asked, map[string]any{"doh_confidence": 0.4, "likely_doh": true, "traffic_type": "doh"}},
		{"another port", 6, [2]uint16{1, 8443}, ms, asked, map[string]any{"doh_confidence": 0, "likely_doh": false}},
		{"another protocol", 17, [2]uint16{1, 443}, ms, asked, map[string]any{"doh_confidence": 0}},
		{"the initiator's port", 6, [2]uint16{443, 1}, ms, asked, map[string]any{"doh_confidence": 0}},
		{"half a second", 6, [2]uint16{1, 443}, 167 * ms, asked, map[string]any{"doh_confidence": 0.25, "likely_doh": false}},
		{"a little less", 6, [2]uint16{1, 443}, 166 * ms, asked, map[string]any{"doh_confidence": 0.4}},
		{"a large request", 6, [2]uint16{1, 443}, ms, with(packetOf{601, false}), map[string]any{"doh_confidence": 0}},
		{"at the border", 6, [2]uint16{1, 443}, ms, with(packetOf{600, false}, packetOf{600, true}), map[string]any{"doh_confidence": 0.4}},
		{"one answer only", 6, [2]uint16{1, 443}, ms, []packetOf{{300, false}, {300, true}, {120, false}}, map[string]any{"doh_confidence": 0}},
		{"one request only", 6, [2]uint16{1, 443}, ms, []packetOf{{300, false}, {300, true}, {120, true}}, map[string]any{"doh_confidence": 0}},
		{"four more one way", 6, [2]uint16{1, 443}, ms, with(packetOf{60, true}, packetOf{60, true}, packetOf{60, true}, packetOf{60, true}), map[string]any{"doh_confidence": 0}},
		{"three more", 6, [2]uint16{1, 443}, ms, with(packetOf{60, true}, packetOf{60, true}, packetOf{60, true}), map[string]any{"doh_confidence": 0.4}},
		{"seven one way", 6, [2]uint16{1, 443}, ms, same(13, 100), map[string]any{"doh_confidence": 0.3, "likely_doh": false}},
		{"sixteen packets", 6, [2]uint16{1, 443}, ms, same(16, 100), map[string]any{"doh_confidence": 0}},
		{"2001 bytes asked", 6, [2]uint16{1, 443}, ms, append(same(6, 600), packetOf{201, false}), map[string]any{"doh_confidence": 0}},
		{"2000 bytes asked", 6, [2]uint16{1, 443}, ms, append(same(6, 600), packetOf{200, false}), map[string]any{"doh_confidence": 0.4}},
		{"5001 bytes answered", 6, [2]uint16{1, 443}, ms, with(packetOf{200, false}, packetOf{4581, true}), map[string]any{"doh_confidence": 0}},
		{"half of what was asked", 6, [2]uint16{1, 443}, ms, []packetOf{{200, false}, {100, true}, {200, false}, {100, true}}, map[string]any{"doh_confidence": 0.25}},
		{"ten times that", 6, [2]uint16{1, 443}, ms, []packetOf{{60, false}, {600, true}, {60, false}, {600, true}}, map[string]any{"doh_confidence": 0.25}},
	} {
		check(t, c.name, rows(t, options(), flowTo(c.proto, c.ports[0], c.ports[1], c.gap, c.packets))[0], c.want)
	}
}

// TestESPBehindOptions: the protocol is that behind the extension headers (RFC 8200).
func TestESPBehindOptions(t *testing.T) {
	b := append(make([]byte, 12), 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 0, 64)
	b = append(append(b, make([]byte, 15)...), 1)
	b = append(append(b, make([]byte, 15)...), 2)
	b = append(b, packet.ProtoESP, 0, 1, 4, 0, 0, 0, 0) // hop-by-hop options: PadN
	b = append(b, make([]byte, 16)...)
	f := packet.Frame{Data: b, Wire: uint32(len(b)), Link: 1, TS: 100e9}
	check(t, "IPv6", rows(t, options(), []packet.Frame{f})[0], map[string]any{"protocol": packet.ProtoESP, "vpn_type": "ipsec-esp", "vpn_confidence": 0.7})
}

// TestNamedResolver: a resolver's name is enough, however long the flow, and shortness adds.
func TestNamedResolver(t *testing.T) {
	frames := framesOf(t, "fingerprint/doh_named.pcap")
	stretched := framesOf(t, "fingerprint/doh_named.pcap")
	for i := range stretched {
		stretched[i].TS = 100e9 + int64(i)*1e8
	}
	short := frames[:19:19]
	o := options()
	o.Groups = []string{"fingerprint"} // the names are read even if the columns of tls are off
	check(t, "30 packets", rows(t, o, frames)[0], map[string]any{"doh_confidence": 0.7})
	check(t, "of some seconds", rows(t, o, stretched)[0], map[string]any{"doh_confidence": 0.6, "likely_doh": true})
	check(t, "19 packets", rows(t, o, short)[0], map[string]any{"doh_confidence": 0.8})
	renamed := framesOf(t, "fingerprint/doh_named.pcap")
	for i := range renamed {
		renamed[i].Data = []byte(strings.ReplaceAll(string(renamed[i].Data), "cloudflare-dns.com", "cloudflare-dns.org"))
	}
	check(t, "another name", rows(t, o, renamed)[0], map[string]any{"doh_confidence": 0, "likely_doh": false, "traffic_type": "encrypted"})
}

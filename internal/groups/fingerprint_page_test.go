package groups_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pinyon/internal/gen"
	"pinyon/packet"
)

// TestRecordedKinds runs the captures of testdata/fingerprint.
func TestRecordedKinds(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"wireguard_51820":   {"likely_vpn": true, "vpn_confidence": 0.9, "vpn_type": "wireguard", "traffic_type": "vpn:wireguard", "likely_tor": false},
		"wireguard_443":     {"likely_vpn": true, "vpn_confidence": 0.9, "vpn_type": "wireguard", "traffic_type": "vpn:wireguard"},
		"openvpn_udp_1194":  {"likely_vpn": true, "vpn_confidence": 0.9, "vpn_type": "openvpn", "traffic_type": "vpn:openvpn", "quic_detected": false},
		"openvpn_udp_53000": {"likely_vpn": true, "vpn_type": "openvpn", "traffic_type": "vpn:openvpn"},
		"openvpn_tcp_443":   {"likely_vpn": true, "likely_doh": false, "vpn_type": "openvpn", "tls_detected": true},
		"ipsec_natt":        {"likely_vpn": true, "vpn_confidence": 0.9, "vpn_type": "ipsec-ike", "traffic_type": "vpn:ipsec-ike"},
		"cells_9001":        {"likely_tor": false, "tor_confidence": 0.2, "likely_doh": false}, // cells of Tor's size alone
		"cells_443":         {"likely_tor": false, "tor_confidence": 0.2, "likely_doh": false},
		"cells_slow_9001":   {"likely_tor": false, "tor_confidence": 0}, // as many acknowledgements as cells one way
		"tor_private":       {"likely_tor": true, "traffic_type": "tor", "tls_version_str": "TLS 1.3"},
		"doh_named":         {"likely_doh": true, "doh_confidence": 0.7, "traffic_type": "doh", "tls_sni": "cloudflare-dns.com"},
		"doh_one":           {"likely_doh": false, "doh_confidence": 0, "traffic_type": "encrypted"}, // a name that no list has
		"doh_many":          {"likely_doh": false, "doh_confidence": 0, "traffic_type": "encrypted"},
		"page_small":        {"likely_tor": false, "likely_vpn": false, "likely_doh": false, "traffic_type": "encrypted"},
		"page_large":        {"likely_tor": false, "likely_vpn": false, "likely_doh": false, "traffic_type": "encrypted"},
	} {
		for _, r := range rows(t, options(), framesOf(t, "fingerprint/"+name+".pcap")) {
			check(t, name, r, want)
		}
	}
}

// TestPortsDoNotMatter: the recorded tunnels are told on any pair of ports, and from their middle on
// where messages are numbered in clear.
func TestPortsDoNotMatter(t *testing.T) {
	for name, kind := range map[string]string{
		"wireguard_51820": "wireguard", "openvpn_udp_1194": "openvpn", "openvpn_tcp_443": "openvpn", "ipsec_natt": "ipsec-ike",
	} {
		for _, ports := range [][2]uint16{{443, 443}, {53, 4242}, {9999, 80}} {
			frames := framesOf(t, "fingerprint/"+name+".pcap")
			for i := range frames {
				b := bytes.Clone(frames[i].Data)
				from, to := ports[0], ports[1]
				if b[29] == 2 { // 10.77.0.2, the server
					from, to = to, from
				}
				binary.BigEndian.PutUint16(b[34:], from)
				binary.BigEndian.PutUint16(b[36:], to)
				frames[i].Data = b
			}
			for _, r := range rows(t, options(), frames) {
				check(t, name, r, map[string]any{"likely_vpn": true, "vpn_type": kind})
			}
		}
	}
	frames := framesOf(t, "fingerprint/wireguard_51820.pcap")
	check(t, "WireGuard's middle", rows(t, options(), frames[6:])[0], map[string]any{"vpn_type": "wireguard"})
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

// TestFingerprintRules tries what goes by sizes, ports and protocol numbers, at its borders.
func TestFingerprintRules(t *testing.T) {
	const ms = time.Millisecond
	mixed := func(in, out int) []packetOf { return append(same(in, 590), same(out, 90)...) }
	asked := []packetOf{{300, false}, {300, true}, {120, false}, {120, true}}
	for _, c := range []struct {
		name    string
		proto   uint8
		ports   [2]uint16
		gap     time.Duration
		packets []packetOf
		want    map[string]any
	}{
		// Sizes of packets, where TLS was not seen
		{"cells", 6, [2]uint16{1, 8443}, ms, same(4, 590), map[string]any{"tor_confidence": 0.2, "likely_tor": false, "traffic_type": "unknown"}},
		{"at the border", 6, [2]uint16{1, 9001}, ms, same(4, 600), map[string]any{"tor_confidence": 0.2}},
		{"beyond it", 6, [2]uint16{1, 9001}, ms, same(4, 601), map[string]any{"tor_confidence": 0}},
		{"seven of ten are", 6, [2]uint16{1, 9001}, ms, mixed(7, 3), map[string]any{"tor_confidence": 0}},
		{"eight of ten are", 6, [2]uint16{1, 9001}, ms, mixed(8, 2), map[string]any{"tor_confidence": 0.2}},

		// Ports, and large packets: less than a yes, and no kind
		{"OpenVPN's port", 17, [2]uint16{1, 1194}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.15, "vpn_type": "", "likely_vpn": false, "traffic_type": "unknown"}},
		{"answered first", 17, [2]uint16{1194, 1}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.15}},
		{"not over TCP", 6, [2]uint16{1, 1194}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0}},
		{"two ports", 17, [2]uint16{1194, 51820}, ms, same(3, 1450), map[string]any{"vpn_confidence": 0.2, "likely_vpn": false}},
		{"large packets", 6, [2]uint16{1, 2}, ms, append(same(3, 1400), same(2, 90)...), map[string]any{"vpn_confidence": 0.05, "traffic_type": "unknown"}},
		{"half of them are not more than half", 6, [2]uint16{1, 2}, ms, append(same(2, 1500), same(2, 90)...), map[string]any{"vpn_confidence": 0}},
		{"ESP", packet.ProtoESP, [2]uint16{1, 2}, ms, mixed(1, 1), map[string]any{"vpn_confidence": 0.9, "vpn_type": "ipsec-esp", "traffic_type": "vpn:ipsec-esp"}},
		{"L2TP over IP", 115, [2]uint16{1, 2}, ms, mixed(1, 1), map[string]any{"vpn_type": "l2tp"}},

		// A lookup's shape without TLS says nothing
		{"a lookup's shape", 6, [2]uint16{1, 443}, ms, asked, map[string]any{"doh_confidence": 0, "likely_doh": false, "traffic_type": "unknown"}},
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
	check(t, "IPv6", rows(t, options(), []packet.Frame{f})[0], map[string]any{"protocol": packet.ProtoESP, "vpn_type": "ipsec-esp", "vpn_confidence": 0.9})
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

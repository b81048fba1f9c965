package groups_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"pinyon/packet"
)

func TestDNSFurther(t *testing.T) {
	udp := flowsOf(t, "dns_udp.pcap", 6)
	check(t, "A", udp[0], map[string]any{
		"dns_transport": "udp", "dns_query_count": 1, "dns_response_count": 1, "dns_unanswered_count": 0, "dns_rtt_us": 279,
		"dns_opcode": 0, "dns_query_class": 1, "dns_authoritative": true, "dns_authenticated": false, "dns_checking_disabled": false,
		"dns_edns": true, "dns_edns_udp_size": 1232, "dns_edns_do": false, "dns_edns_options": "10", "dns_edns_client_subnet": "",
		"dns_answers": "A:192.0.2.80", "dns_answer_ips": "192.0.2.80", "dns_cname_count": 0, "dns_nxdomain_count": 0, "dns_error_count": 0,
		"dns_query_len": 59, "dns_response_len": 63, "dns_qname_len": 16, "dns_qname_labels": 3, "dns_qname_max_label": 7,
		"dns_qname_entropy": 3.327819531114783, "dns_qname_digit_ratio": 0, "dns_distinct_qnames": 1, "dns_0x20": false,
		"dns_svcb_alpn": "", "dns_svcb_ech": false, "dns_encrypted": "",
	})
	check(t, "AAAA", udp[1], map[string]any{"dns_rtt_us": 118, "dns_answers": "AAAA:2001:db8::80", "dns_answer_ips": "2001:db8::80", "dns_response_len": 75})
	check(t, "MX", udp[2], map[string]any{"dns_rtt_us": 108, "dns_answers": "MX:10 mail.pinyon.example", "dns_answer_ips": "", "dns_qname_entropy": 3.238901256602631})
	check(t, "TXT", udp[3], map[string]any{"dns_rtt_us": 91, "dns_response_len": 261})
	check(t, "SRV", udp[4], map[string]any{"dns_rtt_us": 70, "dns_qname_len": 21, "dns_qname_labels": 4, "dns_qname_entropy": 3.630412660873998})
	check(t, "no such name", udp[5], map[string]any{
		"dns_rtt_us": 99, "dns_authoritative": false, "dns_answers": "", "dns_nxdomain_count": 1, "dns_error_count": 1, "dns_response_len": 48,
	})
	tcp := flowsOf(t, "dns_tcp.pcap", 2)
	check(t, "A over TCP", tcp[0], map[string]any{
		"dns_transport": "tcp", "dns_query_len": 59, "dns_response_len": 63, "dns_rtt_us": 471, "dns_answer_ips": "192.0.2.80",
	})
	check(t, "TXT over TCP", tcp[1], map[string]any{"dns_transport": "tcp", "dns_query_len": 60, "dns_response_len": 261, "dns_rtt_us": 389})
}

// TestEncryptedDNS moves a TLS and a QUIC capture to port 853.
func TestEncryptedDNS(t *testing.T) {
	for _, c := range []struct{ capture, want string }{{"tls13.pcap", "dot"}, {"http3.pcap", "doq"}} {
		frames := framesOf(t, c.capture)
		check(t, c.capture, rows(t, further(), frames)[0], map[string]any{"dns_encrypted": ""})
		movePort(frames, 443, 853)
		o := options()
		o.Features = []string{"dns_encrypted"}
		check(t, c.capture, rows(t, o, frames)[0], map[string]any{"dns_encrypted": c.want})
	}
}

// movePort puts what frames of Ethernet and IPv4 without options have on one port onto
// another.
func movePort(frames []packet.Frame, from, to uint16) {
	for i := range frames {
		b := frames[i].Data
		for _, at := range []int{34, 36} {
			if binary.BigEndian.Uint16(b[at:]) == from {
				binary.BigEndian.PutUint16(b[at:], to)
			}
		}
	}
}

// TestDNSOnAnyPort: resolvers on ports that are nobody's, or somebody else's, over UDP and
// TCP, have the same values as on 53.
func TestDNSOnAnyPort(t *testing.T) {
	for _, capture := range []string{"dns_udp.pcap", "dns_tcp.pcap"} {
		want := rows(t, further(), framesOf(t, capture))
		for _, port := range []uint16{54, 137, 443, 853, 5443, 8053, 50000} {
			frames := framesOf(t, capture)
			movePort(frames, 53, port)
			got := rows(t, further(), frames)
			if len(got) != len(want) {
				t.Fatalf("%s on %d: %d flows; want %d", capture, port, len(got), len(want))
			}
			for i := range got {
				for name, v := range want[i].Map() {
					if strings.HasPrefix(name, "dns_") && fmt.Sprint(got[i].Value(name)) != fmt.Sprint(v) {
						t.Errorf("%s on %d: %s is %v; want %v", capture, port, name, got[i].Value(name), v)
					}
				}
			}
		}
	}
}

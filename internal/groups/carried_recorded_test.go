package groups_test

import "testing"

// TestCarriedRecorded runs the captures of testdata/carried, which real programs made. Names
// and fingerprints are those that tshark 4.0.17 prints with the carriers' ports told to it,
// where it reads them; it reads neither tls-auth by SHA-256 nor RDP on that port.
func TestCarriedRecorded(t *testing.T) {
	const (
		curl, curlServer = "0149f47eabf9a20d0893e2a44e5a6323", "15af977ce25de452b96affa2addb1036" // OpenSSL 3.0 serves all but TDS
		openVPN          = "b0ec87ac7424dc3b841dacb72db22a21"
		openSSL          = "a3afc2c46ba4a7d7fbe1cfb7a3031c2f"
	)
	tls := func(transport, sni, ja3 string, offset int) map[string]any {
		return map[string]any{"tls_detected": true, "tls_transport": transport, "tls_sni": sni, "ja3_hash": ja3, "ja3s_hash": curlServer, "tls_start_offset": offset}
	}
	http := func(host string) map[string]any {
		return map[string]any{"http_detected": true, "http_host": host, "http_status": 200, "tls_detected": false}
	}
	for name, want := range map[string]map[string]any{
		"socks5_tls": tls("tcp", "pinyon.example", curl, 14), "socks5_name_tls": tls("tcp", "localhost", curl, 20), "socks5_password_tls": tls("tcp", "pinyon.example", curl, 28),
		"socks4_tls": tls("tcp", "pinyon.example", curl, 9), "proxy_v1_tls": tls("tcp", "pinyon.example", curl, 43), "proxy_v2_tls": tls("tcp", "pinyon.example", curl, 28),
		"connect_tls": tls("tcp", "localhost", curl, 112), "mysql": tls("tcp", "", "c12b4ccd5320bbb380ca1a9df90f771d", 36), "postgres": tls("tcp", "", "c216e752cae6f8755fd27f561d031636", 8),
		"starttls_smtp": tls("tcp", "pinyon.example", openSSL, 33), "rdp": tls("tcp", "127.0.0.1", openSSL, 39),
		"openvpn_tcp_none": tls("tcp", "", openVPN, 0), "openvpn_tcp_sha1": tls("tcp", "", openVPN, 0), "openvpn_tcp_sha256": tls("tcp", "", openVPN, 0),
		"openvpn_udp_none": tls("openvpn", "", openVPN, 0), "openvpn_udp_sha1": tls("openvpn", "", openVPN, 0), "openvpn_udp_sha256": tls("openvpn", "", openVPN, 0),
		"tds":         {"tls_detected": true, "ja3_hash": "e945f3fa877f3038e6ae8988e29a85be", "ja3s_hash": "e35df3e00ca4ef31d42b34bebaa2f86e", "tls_cert_count": 1},
		"socks5_http": http("127.0.0.1:8080"), "proxy_v1_http": http("127.0.0.1:7012"), "proxy_v2_http": http("127.0.0.1:7022"),
		"connect_http": {"http_detected": true, "http_method": "CONNECT", "http_host": "127.0.0.1:8080", "http_status": 200, "http_request_count": 2, "http_response_count": 2},
		"connect_ssh":  {"ssh_detected": true, "http_detected": true, "http_method": "CONNECT", "http_host": "127.0.0.1:2222"},
		"proxy_v1_h2c": {"http2_detected": true, "http2_preface_seen": true}, "proxy_v2_h2c": {"http2_detected": true, "http2_preface_seen": true},
	} {
		rs := rows(t, further(), framesOf(t, "carried/"+name+".pcap"))
		told := 0
		for _, r := range rs {
			if r.Int("payload_bytes_fwd") > 0 {
				told++
				check(t, name, r, want)
			}
		}
		if told != 1 {
			t.Errorf("%s: %d flows with payload", name, told)
		}
	}
}

package groups_test

import (
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/pcap"
)

// recordedFlow is the one flow of a capture in testdata, with every column.
func recordedFlow(t *testing.T, name string) column.Row {
	t.Helper()
	r, err := pcap.Open("../../testdata/" + name + ".pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []packet.Frame
	for f, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		f.Data = append([]byte(nil), f.Data...)
		frames = append(frames, f)
	}
	o := options()
	o.Groups = []string{"all", "extra"}
	rs := rows(t, o, frames)
	if len(rs) != 1 {
		t.Fatalf("%s: %d rows; want 1", name, len(rs))
	}
	return rs[0]
}

// TestTLSColumns holds recorded conversations against what tshark 4 says of them.
func TestTLSColumns(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"tls12": {
			"tls_transport": "tcp", "tls_start_offset": 0, "tls_client_hello_len": 217, "tls_client_hello_packets": 1, "tls_padding_len": 0,
			"tls_ciphers":    "c02c,c030,009f,cca9,cca8,ccaa,c02b,c02f,009e,c024,c028,006b,c023,c027,0067,c00a,c014,0039,c009,c013,0033,009d,009c,003d,003c,0035,002f,00ff",
			"tls_extensions": "0000,000b,000a,0010,0016,0017,000d", "tls_supported_versions": "", "tls_supported_groups": "001d,0017,001e,0019,0018", "tls_key_share_groups": "",
			"tls_signature_algorithms": "0403,0503,0603,0807,0808,0809,080a,080b,0804,0805,0806,0401,0501,0601,0303,0301,0302,0402,0502,0602",
			"tls_ec_point_formats":     "0,1,2", "tls_psk_modes": "", "tls_alpn_offered": "http/1.1", "tls_alpn_selected": "http/1.1", "tls_grease": false,
			"tls_server_extensions": "ff01,0000,000b,0010,0017", "tls_cipher_name": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "tls_hrr": false, "tls_kex_negotiated": true,
			"tls_pq_offered": false, "tls_ech": false, "tls_ech_type": -1, "tls_ech_config_id": -1, "tls_ems": true, "tls_downgrade_sentinel": 12,
			"tls_alert_client": -1, "tls_alert_server": -1, "tls_established": true, "tls_hello_rtt_us": 565,
			"tls_record_lengths": []int64{217, -112, -828, -300, -4, 37, 1, 40, -1, -40, 106, -5265, 26},
			"tls_record_types":   []int64{22, 22, 22, 22, 22, 22, 20, 22, 20, 22, 23, 23, 21},
			"tls_record_gaps_us": []int64{0, 565, 0, 0, 0, 629, 0, 0, 157, 0, 101, 117, 106}, "tls_history": "CsxknGIiDdL", "tls_all_ciphers_unassigned": false,
		},
		"tls13": {
			"tls_transport": "tcp", "tls_client_hello_len": 512, "tls_padding_len": 250, "tls_ciphers": "1302,1303,1301,00ff",
			"tls_extensions": "0000,000b,000a,0010,0016,0017,0031,000d,002b,002d,0033,0015", "tls_supported_versions": "0304", "tls_key_share_groups": "001d",
			"tls_supported_groups": "001d,0017,001e,0019,0018,0100,0101,0102,0103,0104", "tls_psk_modes": "1", "tls_alpn_selected": "",
			"tls_server_extensions": "002b,0033", "tls_cipher_name": "TLS_AES_256_GCM_SHA384", "tls_ems": false, "tls_established": true, "tls_hello_rtt_us": 685,
			"tls_record_lengths": []int64{512, -122, -1, -42, -848, -281, -69, 1, 69, -298, -298, 99, -5258, 19}, "tls_cert_version": 0, "tls_cert_sni_match": -1,
		},
		"http2": {"tls_client_hello_len": 512, "tls_alpn_offered": "h2,http/1.1", "tls_alpn_selected": "", "tls_server_extensions": "002b,0033", "tls_hello_rtt_us": 1152},
		"http3": {
			"tls_transport": "quic", "tls_client_hello_len": 1521, "tls_client_hello_packets": 2, "tls_ciphers": "1301,1302,1303",
			"tls_extensions":       "0000,000b,ff01,0017,0012,0039,0005,000a,000d,0032,0010,002b,0033",
			"tls_supported_groups": "11ec,11eb,11ed,001d,0017,0018,0019", "tls_key_share_groups": "11ec,001d", "tls_alpn_offered": "h3",
			"tls_server_extensions": "002b,0033", "tls_cipher_name": "TLS_AES_128_GCM_SHA256", "tls_kex_negotiated": true, "tls_pq_offered": true, "tls_pq_selected": true,
			"tls_hello_rtt_us": 1390, "tls_established": false, "tls_record_lengths": []int64{}, "tls_record_types": []int64{}, "tls_record_gaps_us": []int64{},
		},
	} {
		check(t, name, recordedFlow(t, name), want)
	}
}

// TestExtraTLSOrder holds names, units and privacy of the columns against their description.
func TestExtraTLSOrder(t *testing.T) {
	const want = `tls_transport|tls_start_offset bytes|tls_client_hello_len bytes|tls_client_hello_packets count|tls_padding_len bytes
tls_ciphers|tls_extensions|tls_supported_versions|tls_supported_groups|tls_key_share_groups|tls_signature_algorithms
tls_ec_point_formats|tls_psk_modes|tls_alpn_offered|tls_alpn_selected|tls_grease|tls_server_extensions|tls_cipher_name
tls_hrr|tls_kex_negotiated|tls_pq_offered|tls_pq_selected|tls_ech|tls_ech_type -1|tls_ech_kdf|tls_ech_aead|tls_ech_config_id -1
tls_ech_enc_len bytes|tls_ech_payload_len bytes|tls_esni|tls_ems|tls_ocsp_stapled|tls_client_cert_requested|tls_client_cert_count count
tls_ticket_lifetime s|tls_downgrade_sentinel|tls_alert_client -1|tls_alert_server -1|tls_established|tls_hello_rtt_us us
tls_record_lengths bytes|tls_record_types|tls_record_gaps_us us|tls_history|tls_all_ciphers_unassigned
tls_cert_sha256 *|tls_cert_sha1 *|tls_cert_subject *|tls_cert_issuer *|tls_cert_subject_cn *|tls_cert_issuer_cn *|tls_cert_issuer_org *
tls_cert_san_dns *|tls_cert_san_ip *|tls_cert_san_count count|tls_cert_wildcard|tls_cert_serial *|tls_cert_version
tls_cert_not_before s|tls_cert_not_after s|tls_cert_validity_days days|tls_cert_expired|tls_cert_days_left days|tls_cert_key_alg
tls_cert_key_bits bits|tls_cert_sig_alg|tls_cert_self_signed|tls_cert_is_ca|tls_cert_sct_count count|tls_cert_chain_ordered
tls_cert_top_issuer *|tls_cert_sni_match -1|tls_cert_oids
quic_alpn_offered|quic_dcid|quic_server_scid_len bytes|quic_version_server|quic_vn_versions|quic_token_len bytes
quic_retry_token_len bytes|quic_client_initial_size bytes|quic_crypto_frames count|quic_handshake_packets count
quic_0rtt_packets count|quic_short_packets count|quic_transport_params|quic_tp_max_idle_timeout ms -1
quic_tp_initial_max_data bytes -1|quic_tp_max_udp_payload bytes -1|quic_tp_active_cid_limit count -1|quic_user_agent *
quic_spin_transitions_fwd count|quic_spin_transitions_bwd count|quic_close_code -1|quic_hello_rtt_us us|quic_history
risk_tls_obsolete|risk_tls_weak_cipher|risk_tls_missing_sni|risk_tls_sni_ip|risk_tls_cert_expired|risk_tls_cert_self_signed
risk_tls_cert_mismatch|risk_tls_cert_long|risk_tls_fatal_alert|risk_nonstandard_port|risk_http_numeric_host
risk_http_cleartext_auth|risk_dns_large|risk_ssh_obsolete|risk_fully_encrypted`
	lines := strings.Split(strings.ReplaceAll(want, "\n", "|"), "|")
	on := false
	for _, d := range groups.All() {
		if on = on || d.Name == "tls_transport"; !on || d.Group != "tls" && d.Group != "quic" && d.Group != "risk" {
			continue
		}
		got := d.Name
		if d.Unit != feature.None {
			got += " " + string(d.Unit)
		}
		if d.MissingInt != 0 {
			got += " -1"
		}
		if d.Privacy != feature.Safe {
			got += " *"
		}
		if len(lines) == 0 || got != lines[0] || !d.Optional {
			t.Fatalf("column %q; want %q", got, lines[:min(1, len(lines))])
		}
		lines = lines[1:]
	}
	if len(lines) > 0 {
		t.Errorf("missing: %q", lines)
	}
}

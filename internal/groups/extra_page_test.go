package groups_test

import (
	"slices"
	"strings"
	"testing"

	"pinyon/feature"
	"pinyon/internal/groups"
)

// furtherColumns are the further columns of a group: name, kind and unit; an asterisk marks
// those that tell of persons.
var furtherColumns = map[string]string{
	"tcp": `tcp_syn_options string
tcp_synack_options string`,
	"http": `http_detected bool
http_method string
http_version_req string
http_host string *
http_uri string *
http_uri_len int64 bytes *
http_user_agent string *
http_referer string *
http_request_headers string
http_header_count int64 count
http_cookie bool
http_accept_language string
http_upgrade string
http_auth_scheme string
http_status int64
http_content_type string
http_server string
http_content_length int64 bytes
http_request_count int64 count
http_response_count int64 count
http_error_count int64 count
http_ttfb_us int64 us`,
	"http2": `http2_settings string
http2_initial_window_update int64 bytes
http2_ping_frames int64 count
http2_rst_stream_frames int64 count
http2_priority_frames int64 count
http2_continuation_frames int64 count`,
	"dns": `dns_transport string
dns_query_count int64 count
dns_response_count int64 count
dns_unanswered_count int64 count
dns_rtt_us int64 us
dns_opcode int64
dns_query_class int64
dns_authoritative bool
dns_authenticated bool
dns_checking_disabled bool
dns_edns bool
dns_edns_udp_size int64 bytes
dns_edns_do bool
dns_edns_options string
dns_edns_client_subnet string *
dns_answers string *
dns_answer_ips string *
dns_cname_count int64 count
dns_nxdomain_count int64 count
dns_error_count int64 count
dns_query_len int64 bytes
dns_response_len int64 bytes
dns_qname_len int64 bytes
dns_qname_labels int64 count
dns_qname_max_label int64 bytes
dns_qname_entropy float64 bits
dns_qname_digit_ratio float64
dns_distinct_qnames int64 count
dns_0x20 bool
dns_svcb_alpn string
dns_svcb_ech bool
dns_encrypted string`,
	"ssh": `ssh_hassh_string string
ssh_hassh_server_string string
ssh_client_banner string *
ssh_server_banner string *
ssh_server_prebanner_lines int64 count
ssh_kex_algorithms string
ssh_host_key_algorithms string
ssh_ciphers string
ssh_macs string
ssh_compressions string
ssh_kex_algorithms_server string
ssh_host_key_algorithms_server string
ssh_ciphers_server string
ssh_macs_server string
ssh_compressions_server string
ssh_kex_alg string
ssh_host_key_alg string
ssh_cipher_alg string
ssh_mac_alg string
ssh_compression_alg string
ssh_host_key_sha256 string
ssh_strict_kex bool
ssh_pq_kex bool
ssh_first_kex_follows bool
ssh_seg_mode_fwd int64 bytes
ssh_seg_mode_bwd int64 bytes
ssh_bare_acks_fwd int64 count
ssh_bare_acks_bwd int64 count
ssh_auth_success int64
ssh_auth_attempts int64 count`,
}

func TestFurtherColumns(t *testing.T) {
	all := groups.All()
	first := slices.IndexFunc(all, func(d feature.Desc) bool { return d.Name == "ja4" })
	got := map[string][]string{}
	for _, d := range all[first:] {
		if _, ok := furtherColumns[d.Group]; !ok {
			continue
		}
		words := []string{d.Name, d.Kind.String()}
		if d.Unit != feature.None {
			words = append(words, string(d.Unit))
		}
		if d.Privacy == feature.Sensitive {
			words = append(words, "*")
		}
		got[d.Group] = append(got[d.Group], strings.Join(words, " "))
		if !d.Optional || d.Profile != feature.NoProfile || d.Kind != feature.Bool && !d.Nullable {
			t.Errorf("%s: optional %v, profile %q, nullable %v", d.Name, d.Optional, d.Profile, d.Nullable)
		}
		wantMissing := int64(0)
		if d.Name == "http_content_length" || d.Name == "ssh_auth_success" {
			wantMissing = -1
		}
		if d.MissingInt != wantMissing || d.MissingText != "" {
			t.Errorf("%s: absent is %d, %q", d.Name, d.MissingInt, d.MissingText)
		}
	}
	for group, want := range furtherColumns {
		if lines := strings.Split(want, "\n"); !slices.Equal(got[group], lines) {
			t.Errorf("%s has\n%s\nwant\n%s", group, strings.Join(got[group], "\n"), want)
		}
	}
}

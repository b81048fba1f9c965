package groups_test

import (
	"slices"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/groups"
)

// alwaysThere are the groups of which columns have a value in every flow; of all others each
// column that is no flag may be absent.
var alwaysThere = []string{"flow_meta", "timing", "size", "padding", "fingerprint", "entropy", "mac", "ip_extended", "ipv6_options", "connection"}

// nulls are options with all columns, absent values as nulls.
func nulls() *groups.Options {
	o := further()
	o.Nulls = true
	return o
}

// TestAbsentIsNull: of flows that show a part of a protocol, what they do not show is null,
// and no zero, in every column of the protocol's groups. The wanted columns are those that
// are neither null nor flags.
func TestAbsentIsNull(t *testing.T) {
	query := "\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x07example\x00\x00\x01\x00\x01"
	empty := "\x00\x07\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x07example\x00\x00\x01\x00\x01"
	bare := "\x00\x07\x81\x85\x00\x00\x00\x00\x00\x00\x00\x00"
	udp := func(payloads ...string) []column.Row {
		var ds []datagram
		for i, p := range payloads {
			ds = append(ds, datagram{i & 1, []byte(p)})
		}
		return rows(t, nulls(), udpFrames(nil, 40000, 53, ds))
	}
	tcp := func(said ...utterance) []column.Row { return rows(t, nulls(), conversation(said)) }
	// Counts of what was said are never absent where the protocol is.
	const dnsCounts = " dns_query_count dns_response_count dns_unanswered_count dns_opcode dns_nxdomain_count dns_error_count dns_distinct_qnames dns_transport"
	const asked = " dns_query_name dns_query_type dns_query_type_str dns_query_class dns_qname_len dns_qname_labels dns_qname_max_label dns_qname_entropy dns_qname_digit_ratio"
	const answered = " dns_response_code dns_response_code_str dns_answer_count dns_authority_count dns_additional_count dns_cname_count dns_response_len"
	const httpCounts = " http_header_count http_request_count http_response_count http_error_count"
	for _, c := range []struct {
		name, prefix string
		rs           []column.Row
		want         string
	}{
		{"no DNS", "dns_", udp("hello"), ""},
		{"query", "dns_", udp(query), dnsCounts + asked + " dns_query_len"},
		{"response without answers", "dns_", udp(query, empty), dnsCounts + asked + answered + " dns_query_len dns_rtt_us"},
		{"response alone", "dns_", udp(empty), dnsCounts + asked + answered},
		{"response without question", "dns_", udp(bare), dnsCounts + answered},
		{"no HTTP", "http", tcp(utterance{0, "\x01\x02\x03"}), ""},
		{"request", "http_", tcp(utterance{0, "GET / HTTP/1.1\r\nA: b\r\n\r\n"}), httpCounts + " http_version http_method http_version_req http_uri http_uri_len http_request_headers"},
		{"reply", "http_", tcp(utterance{0, "HTTP/1.1 200 OK\r\n\r\n"}), httpCounts + " http_version http_status"},
		{"preface", "http2_", tcp(utterance{0, h2Preface}), ""},
		{"preface, of HTTP", "http_", tcp(utterance{0, h2Preface}), " http_version"},
		{"request of HTTP/2", "http_", tcp(utterance{0, h2Preface + h2Settings + "\x00\x00\x02\x01\x05\x00\x00\x00\x01\x82\x84"}), " http_version http_method http_version_req http_uri http_uri_len"},
		{"line of SSH", "ssh_", tcp(utterance{0, "SSH-2.0-a\r\n"}), " ssh_version ssh_client_software ssh_client_version ssh_kex_packets ssh_encrypted_packets ssh_client_banner ssh_server_prebanner_lines ssh_seg_mode_fwd ssh_bare_acks_fwd ssh_bare_acks_bwd ssh_auth_attempts"},
	} {
		want := strings.Fields(c.want)
		for i, f := range c.rs[0].Schema().Fields {
			if !strings.HasPrefix(f.Name, c.prefix) || f.Kind == feature.Bool {
				continue
			}
			if got := c.rs[0].At(i); (got != nil) != slices.Contains(want, f.Name) {
				t.Errorf("%s: %s is %v", c.name, f.Name, got)
			}
		}
	}
	for _, f := range udp(query)[0].Schema().Fields {
		if f.Kind != feature.Bool && !f.Nullable && !slices.Contains(alwaysThere, f.Group) {
			t.Errorf("%s.%s is never absent", f.Group, f.Name)
		}
	}
}

// TestAbsentOfTLS: times and lifetimes of what was not captured whole are null, and are there
// in the whole capture.
func TestAbsentOfTLS(t *testing.T) {
	frames := framesOf(t, "tls12.pcap")
	rs := rows(t, nulls(), frames)
	if rs[0].Value("tls_hello_rtt_us") == nil {
		t.Error("no time between the hellos")
	}
	var half = frames[:0:0]
	for _, f := range frames {
		if f.Data[26] == frames[0].Data[26] && f.Data[29] == frames[0].Data[29] { // of the client, by its IPv4 address
			half = append(half, f)
		}
	}
	r := rows(t, nulls(), half)[0]
	if r.Value("tls_hello_rtt_us") != nil || r.Value("tls_ticket_lifetime") != nil || r.Value("tls_sni") == nil {
		t.Errorf("of a client alone: %v, %v", r.Value("tls_hello_rtt_us"), r.Value("tls_ticket_lifetime"))
	}
}

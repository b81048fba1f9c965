package groups_test

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"pinyon/column"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/pcap"
)

// framesOf are the frames of a capture in testdata.
func framesOf(t *testing.T, name string) []packet.Frame {
	t.Helper()
	r, err := pcap.Open(filepath.Join("..", "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []packet.Frame
	for {
		var f packet.Frame
		switch err := r.Next(&f); {
		case err == io.EOF:
			return frames
		case err != nil:
			t.Fatal(err)
		}
		f.Data, f.Block = bytes.Clone(f.Data), nil
		frames = append(frames, f)
	}
}

// further are options with all columns.
func further() *groups.Options {
	o := options()
	o.Groups = []string{"all", "extra"}
	return o
}

// flowsOf runs a capture and expects a number of flows.
func flowsOf(t *testing.T, name string, want int) []column.Row {
	t.Helper()
	rs := rows(t, further(), framesOf(t, name))
	if len(rs) != want {
		t.Fatalf("%s: %d flows; want %d", name, len(rs), want)
	}
	return rs
}

// Values of the recorded captures are those that tshark shows.

func TestHTTPFurther(t *testing.T) {
	check(t, "http1", flowsOf(t, "http1.pcap", 1)[0], map[string]any{
		"http_detected": true, "http_method": "GET", "http_version_req": "1.1", "http_host": "pinyon.example",
		"http_uri": "/page", "http_uri_len": 5, "http_user_agent": "curl/7.88.1", "http_referer": "",
		"http_request_headers": "Host,User-Agent,Accept", "http_header_count": 3, "http_cookie": false,
		"http_accept_language": "", "http_upgrade": "", "http_auth_scheme": "",
		"http_status": 200, "http_content_type": "text/plain", "http_server": "nginx/1.22.1", "http_content_length": 5000,
		"http_request_count": 2, "http_response_count": 2, "http_error_count": 1, "http_ttfb_us": 100,
		"dns_encrypted": "", "ssh_auth_success": -1, "tcp_syn_options": "2-4-8-1-3",
	})
}

func TestHTTP2Further(t *testing.T) {
	check(t, "h2c", flowsOf(t, "h2c.pcap", 1)[0], map[string]any{
		"http2_settings": "3:100;4:33554432;2:0", "http2_initial_window_update": 33488897,
		"http2_ping_frames": 0, "http2_rst_stream_frames": 0, "http2_priority_frames": 0, "http2_continuation_frames": 0,
		"http_detected": false, "http_method": "GET", "http_version_req": "2", "http_host": "10.77.0.2:8080", "http_uri": "/page", "http_uri_len": 5,
		"http_user_agent": "curl/7.88.1", "http_status": 200, "http_content_type": "text/plain", "http_server": "nginx/1.22.1", "http_content_length": 5000,
		"http_request_headers": "", "http_header_count": 0, "http_cookie": false, "http_request_count": 0,
	})
}

// TestFurtherAlone asks for single columns: what they read is parsed and kept all the same.
func TestFurtherAlone(t *testing.T) {
	for _, c := range []struct {
		capture, column string
		want            any
	}{
		{"http1.pcap", "http_status", 200},
		{"h2c.pcap", "http_status", 200},
		{"h2c.pcap", "http_host", "10.77.0.2:8080"},
		{"h2c.pcap", "http2_settings", "3:100;4:33554432;2:0"},
		{"dns_udp.pcap", "dns_query_len", 59},
		{"ssh.pcap", "ssh_bare_acks_bwd", 7},
		{"ssh.pcap", "ssh_kex_alg", "sntrup761x25519-sha512"},
		{"ssh.pcap", "tcp_synack_options", "2-4-8-1-3"},
	} {
		o := options()
		o.Features = []string{c.column}
		check(t, c.capture, rows(t, o, framesOf(t, c.capture))[0], map[string]any{c.column: c.want})
	}
}

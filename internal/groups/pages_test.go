package groups_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/flow"
	"pinyon/internal/corpus"
	"pinyon/internal/engine"
	"pinyon/internal/gen"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// TestKnownCaptures holds single public captures against what is known of them, where they are.
func TestKnownCaptures(t *testing.T) {
	root := corpus.Dir()
	if root == "" {
		t.Skip("no corpus beside the repository")
	}
	for name, want := range map[string]map[string]any{
		"ja4/tls12.pcap":                        {"ja3_hash": "579ccef312d18482fc42e2b822ca2430", "tls_extension_count": 15},
		"ja4/tls-non-ascii-alpn.pcapng":         {"ja4": "t13d1516bd_8daaf6152771_e5627efa2ab1"},
		"ja4/ssh2.pcapng":                       {"ssh_hassh": "06046964c022c6407d15a27b12a6a4fb", "ssh_hassh_server": "699519fdcc30cbcd093d5cd01e4b1d56"},
		"zeek/tls__tls13draft16-ff52.a01.pcap":  {"ja3s_string": "32528,4867,13-40", "tls_version_str": "TLS 1.3 (draft 16)"},
		"zeek/dns__dns_extended_rcode.pcap":     {"dns_response_code": 16, "dns_response_code_str": "BADVERS"},
		"ja4/https-connect.pcap":                {"tls_start_offset": 84, "ja3_hash": "b288289af2999820648eb3ca4d8304c5"},
		"ja4/socks4-https.pcap":                 {"tls_detected": true, "ja3s_hash": "45c746ac8e66bbaef4f2ebd6e6cd82db"},
		"ndpi/haproxy.pcap":                     {"tls_start_offset": 51, "ja3_hash": "dda262729e5413660ec0e6a8d4279860"},
		"ndpi/http_ipv6.pcap":                   {"tls_alert_server": 112, "ja3s_hash": "389ed42c02ebecc32e73aa31def07e14", "tls_sni": "www.ntop.org"},
		"ndpi/quic-forcing-vn-with-data.pcapng": {"quic_ja3_hash": "86871fd0d48de0c82beec154cd3f1744"},
		"ndpi/http2.pcapng":                     {"http2_frame_count": 12, "http2_settings_frames": 4, "http2_window_update_frames": 3, "http2_headers_frames": 2, "http2_data_frames": 2, "http2_goaway_frames": 1, "http2_streams_estimate": 1, "http2_multiplexed": false, "http2_server_push": false},
	} {
		path := filepath.Join(root, name)
		if _, err := os.Stat(path); err != nil {
			t.Log("not there: ", name)
			continue
		}
		if !slices.ContainsFunc(rows(t, further(), readFrames(path)), func(r column.Row) bool { return has(r, want) }) {
			t.Errorf("%s: no flow with %v", name, want)
		}
	}
}

// has reports whether a row holds all values.
func has(r column.Row, want map[string]any) bool {
	for name, w := range want {
		if n, ok := w.(int); ok {
			w = int64(n)
		}
		if r.Value(name) != w {
			return false
		}
	}
	return true
}

// TestTLSRoles: the client is who says ClientHello, not who is seen first.
func TestTLSRoles(t *testing.T) {
	whole := flowsOf(t, "tls13.pcap", 1)[0]
	frames := framesOf(t, "tls13.pcap")
	if r := rows(t, further(), frames[1:])[0]; r.Int("src_port") != whole.Int("src_port") { // from the SYN-ACK on
		t.Errorf("of a SYN-ACK the initiator has port %d", r.Int("src_port"))
	}
	frames[2], frames[4] = frames[4], frames[2]
	late := rows(t, further(), frames[2:])[0] // from an ACK of the server on
	if late.Int("src_port") != 443 {
		t.Fatalf("initiator has port %d", late.Int("src_port"))
	}
	for _, name := range []string{"tls_detected", "tls_sni", "ja3_hash", "ja3s_hash", "ja4", "tls_version", "tls_cipher_suite", "tls_key_exchange_group"} {
		if late.Value(name) != whole.Value(name) {
			t.Errorf("%s is %v; want %v", name, late.Value(name), whole.Value(name))
		}
	}
}

// TestCutHello: of a hello that was not captured whole the name is told, and no fingerprint.
func TestCutHello(t *testing.T) {
	frames := framesOf(t, "tls13.pcap")
	for i := range frames {
		frames[i].Data = frames[i].Data[:min(len(frames[i].Data), 200)]
	}
	check(t, "snap length 200", rows(t, further(), frames)[0], map[string]any{
		"tls_detected": true, "tls_sni": "pinyon.example", "ja3_hash": "", "ja4": "", "ja3_string": "", "tls_npf": "", "tls_cipher_count": 0, "tls_extension_count": 0,
	})
}

// TestTLSOverUDP: TLS is sought over TCP only; a DNS query with an id of 0x16.. is none.
func TestTLSOverUDP(t *testing.T) {
	var hello []byte
	for _, f := range framesOf(t, "tls13.pcap") {
		if len(f.Data) > 500 {
			hello = f.Data[14+20+32:]
			break
		}
	}
	query := append([]byte{0x16, 0x03, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 1, 'a', 0, 0, 1, 0, 1)
	for name, b := range map[string][]byte{"hello": hello, "query": query} {
		u := gen.UDP{IP: gen.IP{Src: &gen.Host{Addr: netip.MustParseAddr("10.0.0.1"), Port: 5000}, Dst: &gen.Host{Addr: netip.MustParseAddr("10.0.0.2"), Port: 53}}, Payload: b}
		r := rows(t, further(), appendFrame(nil, u.Append(nil)))[0]
		check(t, name, r, map[string]any{"tls_detected": false, "ja3_hash": "", "tls_sni": "", "dns_detected": name == "query"})
	}
}

// TestPaddedACK: what Ethernet fills up with is no payload, however much it looks like SSH.
func TestPaddedACK(t *testing.T) {
	s := gen.TCP{IP: gen.IP{Src: &gen.Host{Addr: netip.MustParseAddr("10.0.0.1"), Port: 5000}, Dst: &gen.Host{Addr: netip.MustParseAddr("10.0.0.2"), Port: 22}}, Flags: packet.ACK}
	frames := appendFrame(nil, append(s.Append(nil), 0, 0, 0x20, 0x20, 0x20, 0x20))
	check(t, "padding", rows(t, further(), frames)[0], map[string]any{"ssh_detected": false, "ssh_kex_packets": 0, "ssh_encrypted_packets": 0, "payload_bytes_fwd": 0})
}

// TestHTTPVersion: what was spoken, as far as it shows.
func TestHTTPVersion(t *testing.T) {
	h2 := func(version uint16) (client, server *tls.Config) {
		return &tls.Config{ServerName: "a.example", InsecureSkipVerify: true, NextProtos: []string{"h2"}, MaxVersion: version}, &tls.Config{NextProtos: []string{"h2"}}
	}
	c, s := h2(tls.VersionTLS12)
	r, _, _ := handshake(t, c, s)
	check(t, "chosen in clear", r, map[string]any{"http2_detected": true, "http_version": "h2", "http2_frame_count": 0, "http2_preface_seen": false, "tls_alpn_selected": "h2"})
	c, s = h2(tls.VersionTLS13)
	r, _, _ = handshake(t, c, s)
	check(t, "chosen behind the curtain", r, map[string]any{"http2_detected": false, "http_version": "", "tls_alpn_offered": "h2", "tls_alpn_selected": ""})
	check(t, "http1", flowsOf(t, "http1.pcap", 1)[0], map[string]any{"http_version": "http/1.1", "http2_detected": false})
	check(t, "h2c", flowsOf(t, "h2c.pcap", 1)[0], map[string]any{"http_version": "h2", "http2_detected": true, "http2_preface_seen": true})
	check(t, "http3", flowsOf(t, "http3.pcap", 1)[0], map[string]any{"http_version": "h3", "http3_detected": true, "http2_detected": false})
	check(t, "tls", flowsOf(t, "tls13.pcap", 1)[0], map[string]any{"http_version": "", "http2_detected": false, "http2_frame_count": 0})
}

// TestCommunityWords: the other two algorithms put the four hosts of a chain together, and an
// unknown word is refused.
func TestCommunityWords(t *testing.T) {
	var frames []packet.Frame
	for i, e := range [][2]byte{{1, 2}, {1, 2}, {1, 3}, {2, 3}, {3, 4}, {2, 1}} {
		ends := [2]gen.Host{{Addr: netip.AddrFrom4([4]byte{10, 0, 0, e[0]}), Port: uint16(40000 + i)}, {Addr: netip.AddrFrom4([4]byte{10, 0, 0, e[1]}), Port: 80}}
		u := gen.UDP{IP: gen.IP{Src: &ends[0], Dst: &ends[1]}, Payload: binary.BigEndian.AppendUint32(nil, uint32(i))}
		frames = appendFrame(frames, u.Append(nil))
	}
	for _, word := range []string{"greedy", "label_propagation"} {
		o := options()
		o.Groups, o.Communities = []string{"connection"}, word
		for _, r := range rows(t, o, frames) {
			check(t, word, r, map[string]any{"conn_src_community": 0, "conn_dst_community": 0, "conn_same_community": true})
		}
	}
	o := options()
	o.Communities = "leiden"
	if _, err := groups.NewPlan(o); err == nil {
		t.Error("an unknown word was taken")
	}
}

// TestGraphOfHosts: a node may be an address or an address and port; every input has a graph of
// its own; and where betweenness was computed from some of the hosts only, the run says so.
func TestGraphOfHosts(t *testing.T) {
	var frames []packet.Frame
	for i, e := range [][2]byte{{1, 2}, {2, 3}, {3, 1}, {1, 3}} {
		ends := [2]gen.Host{{Addr: netip.AddrFrom4([4]byte{10, 0, 0, e[0]}), Port: uint16(40000 + i)}, {Addr: netip.AddrFrom4([4]byte{10, 0, 0, e[1]}), Port: uint16(80 + i)}}
		u := gen.UDP{IP: gen.IP{Src: &ends[0], Dst: &ends[1]}, Payload: []byte{1}}
		frames = appendFrame(frames, u.Append(nil))
	}
	run := func(o *groups.Options, inputs int) (rs []column.Row, approximated uint64) {
		o.Groups = []string{"connection"}
		plan, err := groups.NewPlan(o)
		if err != nil {
			t.Fatal(err)
		}
		ins := make([]engine.Input, inputs)
		for i := range ins {
			ins[i] = engine.Input{Name: "memory", Open: func() (source.Source, error) { return &memory{frames: frames}, nil }}
		}
		run := engine.New(&engine.Options{Plan: plan, Flow: flow.Options{Timeout: 60e9}, Rate: 1, Workers: 1})
		for b, err := range run.Batches(context.Background(), ins) {
			if err != nil {
				t.Fatal(err)
			}
			c := b.Clone()
			for i := range c.Rows {
				rs = append(rs, c.Row(i))
			}
		}
		return rs, run.Stats().BetweennessApproximated
	}
	rs, n := run(options(), 2)
	if len(rs) != 8 || n != 0 {
		t.Fatalf("%d rows, %d approximated", len(rs), n)
	}
	for i := range 4 {
		check(t, "second input", rs[4+i], map[string]any{
			"conn_src_total_flows": int(rs[i].Int("conn_src_total_flows")), "conn_dst_total_flows": int(rs[i].Int("conn_dst_total_flows")), "conn_src_dst_flows": 1,
		})
	}
	check(t, "addresses", rs[0], map[string]any{"conn_src_unique_dsts": 2, "conn_src_total_flows": 2})
	o := options()
	o.GraphPorts = true
	rs, _ = run(o, 1)
	for i := range rs {
		check(t, "addresses and ports", rs[i], map[string]any{"conn_src_unique_dsts": 1, "conn_src_total_flows": 1, "conn_dst_total_flows": 1, "conn_src_betweenness": 0})
	}
	o = options()
	o.MaxSources = 1
	if _, n = run(o, 3); n != 3 {
		t.Errorf("%d of 3 inputs are approximated", n)
	}
}

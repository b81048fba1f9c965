package groups_test

import (
	"maps"
	"net/netip"
	"testing"

	"pinyon/internal/gen"
	"pinyon/packet"
)

// An utterance is what one side of a connection says in one segment.
type utterance struct {
	dir int
	s   string
}

// conversation makes the segments of a connection to port 8080, as if captured in its middle.
func conversation(said []utterance) (frames []packet.Frame) {
	ends := [2]gen.Host{{Addr: netip.MustParseAddr("10.0.0.1"), Port: 40000}, {Addr: netip.MustParseAddr("10.0.0.2"), Port: 8080}}
	var seq [2]uint32
	for _, m := range said {
		s := gen.TCP{IP: gen.IP{Src: &ends[m.dir], Dst: &ends[1-m.dir]}, Flags: packet.ACK, Seq: seq[m.dir], Payload: []byte(m.s)}
		frames = appendFrame(frames, s.Append(nil))
		seq[m.dir] += uint32(len(m.s))
	}
	return frames
}

// Parts of conversations in HTTP/2.
const (
	h2Preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	h2Settings = "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
	h2ACK      = "\x00\x00\x00\x04\x01\x00\x00\x00\x00"
)

// TestUpgrade: HTTP/1.1 asks for h2c, is answered 101, and frames follow (RFC 7540 section
// 3.2, RFC 9110 section 7.8), whichever request asks in which words, and whatever was
// captured first.
func TestUpgrade(t *testing.T) {
	request := func(upgrade string) string {
		return "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\n" + upgrade + "HTTP2-Settings: AAMAAABk\r\n\r\n"
	}
	const answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
	const final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	headers := "\x00\x00\x01\x01\x05\x00\x00\x00\x01\x89" // 204
	behind := []utterance{{0, h2Preface + h2Settings}, {1, h2ACK + headers}, {0, h2ACK}}
	with := func(said ...utterance) []utterance { return append(said, behind...) }
	upgraded := map[string]any{"http2_detected": true, "http2_preface_seen": true, "http2_frame_count": 5, "http2_settings_frames": 4, "http2_headers_frames": 1,
		"http2_streams_estimate": 1, "http2_multiplexed": false, "http_version": "h2", "http2_settings": "3:100", "http_status": 204}
	refused := map[string]any{"http2_detected": false, "http2_frame_count": 0, "http_version": "http/1.1", "http_status": 200}
	plus := func(want map[string]any, name string, v any) map[string]any {
		want = maps.Clone(want)
		want[name] = v
		return want
	}
	for _, c := range []struct {
		name string
		said []utterance
		want map[string]any
	}{
		{"h2c", with(utterance{0, request("Upgrade: h2c\r\n")}, utterance{1, answer + h2Settings}), plus(upgraded, "http_upgrade", "h2c")},
		{"refused", with(utterance{0, request("Upgrade: h2c\r\n")}, utterance{1, final}), refused},
		{"a list", with(utterance{0, request("Upgrade: h2c, websocket\r\n")}, utterance{1, answer + h2Settings}), plus(upgraded, "http_upgrade", "h2c, websocket")},
		{"two lines", with(utterance{0, request("Upgrade: websocket\r\nupgrade: H2C\r\n")}, utterance{1, answer + h2Settings}), plus(upgraded, "http_upgrade", "websocket, H2C")},
		{"the second request", with(utterance{0, request("")}, utterance{1, final}, utterance{0, request("Upgrade: h2c\r\n")}, utterance{1, answer}, utterance{1, h2Settings}), plus(plus(upgraded, "http_request_count", 2), "http_status", 200)},
		{"from the answer on", with(utterance{1, answer + h2Settings}), plus(upgraded, "http_request_count", 0)},
		{"from the answer on, in two segments", with(utterance{1, answer[:30]}, utterance{1, answer[30:] + h2Settings}), upgraded},
		{"answer ahead of the request", []utterance{{1, answer + h2Settings}, {1, h2ACK + headers}, {0, request("Upgrade: h2c\r\n")}, {0, h2Preface + h2Settings}, {0, h2ACK}},
			plus(upgraded, "http_upgrade", "h2c")},
		{"all of the server ahead, the client in one segment", []utterance{{1, answer + h2Settings + h2ACK + headers}, {0, request("Upgrade: h2c\r\n") + h2Preface + h2Settings + h2ACK}},
			plus(upgraded, "http_upgrade", "h2c")},
		{"the answer alone", []utterance{{1, answer + h2Settings + h2ACK + headers}}, map[string]any{"http2_detected": true, "http2_frame_count": 3, "http_version": "h2"}},
		{"preface ahead of the answer", []utterance{{0, h2Preface + h2Settings}, {1, answer + h2Settings}, {1, h2ACK + headers}, {0, h2ACK}}, upgraded},
		{"preface ahead, with the request", []utterance{{0, request("Upgrade: h2c\r\n")}, {0, h2Preface + h2Settings}, {1, answer + h2Settings}, {1, h2ACK + headers}, {0, h2ACK}}, upgraded},
		{"ACK first", []utterance{{0, h2Preface + h2ACK + h2Settings}, {1, h2ACK + h2Settings}, {1, headers}}, upgraded},
		{"preface alone", []utterance{{0, h2Preface}}, map[string]any{"http2_detected": true, "http2_preface_seen": true, "http2_frame_count": 0, "http_version": "h2"}},
		{"broken preface", []utterance{{0, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"}, {1, h2Settings + h2ACK + headers}}, map[string]any{"http2_detected": false, "http2_preface_seen": false}},
		{"the server's frames first", []utterance{{1, h2Settings + h2ACK + headers}, {0, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"}}, map[string]any{"http2_detected": false}},
		{"another client", []utterance{{0, "hello\r\n"}, {1, h2Settings + h2ACK + headers}}, map[string]any{"http2_detected": false}},
		{"no client", []utterance{{1, h2Settings + h2ACK + headers}}, map[string]any{"http2_detected": true, "http2_preface_seen": false, "http2_frame_count": 3}},
	} {
		check(t, c.name, rows(t, further(), conversation(c.said))[0], c.want)
	}
}

package groups

import (
	"pinyon/feature"
	"pinyon/proto/http2"
)

// Whether a flow is HTTP/2 or HTTP/3 and, for cleartext HTTP/2, the mix of frames and
// streams. Inside TLS frames are ciphertext and only the negotiated protocol is known. RFC
// 9113, 9114.
var http2Table = []Feature{
	flag("http2_detected", "HTTP/2 preface or frames in clear, or ALPN h2 selected in a visible ServerHello.", func(r *Row) bool { return r.isHTTP2() }).everywhere(),
	flag("http3_detected", "The QUIC ClientHello offers h3.", func(r *Row) bool { return r.offersHTTP3() }).everywhere(),
	http2Flag("http2_preface_seen", "The client's whole preface was seen.", (*http2.Conn).PrefaceSeen),
	http2Count("http2_frame_count", "Frames of any type.", (*http2.Conn).FrameCount),
	http2Count("http2_data_frames", "DATA frames.", (*http2.Conn).DataFrames),
	http2Count("http2_headers_frames", "HEADERS frames.", (*http2.Conn).HeadersFrames),
	http2Count("http2_settings_frames", "SETTINGS frames, acknowledgements included.", (*http2.Conn).SettingsFrames),
	http2Count("http2_push_promise_frames", "PUSH_PROMISE frames from the server.", (*http2.Conn).PushPromiseFrames),
	http2Count("http2_goaway_frames", "GOAWAY frames.", (*http2.Conn).GoAwayFrames),
	http2Count("http2_window_update_frames", "WINDOW_UPDATE frames.", (*http2.Conn).WindowUpdateFrames),
	http2Count("http2_streams_estimate", "Streams with a HEADERS frame, and those the server promised.", (*http2.Conn).StreamsEstimate),
	http2Flag("http2_server_push", "The server promised a stream.", (*http2.Conn).ServerPush),
	http2Flag("http2_multiplexed", "Two streams or more.", (*http2.Conn).Multiplexed),
	text("http_version", "h3, h2, http/1.1 or http/1.0.", func(dst []byte, r *Row) ([]byte, bool) {
		switch {
		case r.offersHTTP3():
			return append(dst, "h3"...), true
		case r.isHTTP2():
			return append(dst, "h2"...), true
		case r.http1() != nil:
			return appended(dst, r.http1().AppendVersion(dst))
		}
		return dst, false
	}).null(),
}

// http2 is the flow's cleartext HTTP/2, or nil.
func (r *Row) http2() *http2.Conn { return r.parsers.HTTP2() }

func (r *Row) isHTTP2() bool { return r.http2() != nil || r.selectsHTTP2() }

func http2Flag(name, doc string, get func(*http2.Conn) bool) Feature {
	return flag(name, doc, func(r *Row) bool { c := r.http2(); return c != nil && get(c) }).everywhere()
}

// http2Count is absent where no frame was seen.
func http2Count(name, doc string, get func(*http2.Conn) int64) Feature {
	return count(name, feature.Count, doc, func(r *Row) int64 {
		if c := r.http2(); c != nil && c.FrameCount() > 0 {
			return get(c)
		}
		return none
	}).null()
}

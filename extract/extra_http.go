package extract

import (
	"pinyon/feature"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
)

// What was asked for in clear over HTTP/1, by which client, and how it was answered: of the
// first request and the first response of the flow; the counts are of all. RFC 9110, 9112.
var httpExtra = []Feature{
	flag("http_detected", "A request or status line of HTTP/1 was read.", func(r *Row) bool { return r.http1() != nil }).everywhere(),
	httpText("http_method", "Method of the first request, as sent.", (*http1.Conn).AppendMethod),
	httpText("http_version_req", "Its version, as 1.0 or 1.1.", (*http1.Conn).AppendVersionReq),
	httpText("http_host", "Its Host field in lower case, else the authority of a target in absolute form.", (*http1.Conn).AppendHost).private(),
	httpText("http_uri", "First 256 bytes of its target.", (*http1.Conn).AppendURI).private(),
	httpCount("http_uri_len", feature.Bytes, "Length of the whole target.", positive((*http1.Conn).URILen)).null().private(),
	httpText("http_user_agent", "Its first User-Agent.", (*http1.Conn).AppendUserAgent).private(),
	httpText("http_referer", "Its first Referer.", (*http1.Conn).AppendReferer).private(),
	httpText("http_request_headers", "Names of its header fields as sent and in order, joined by commas.", (*http1.Conn).AppendRequestHeaders),
	httpCount("http_header_count", feature.Count, "How many names that are.", (*http1.Conn).HeaderCount),
	httpFlag("http_cookie", "Cookie is among them.", (*http1.Conn).Cookie),
	httpText("http_accept_language", "First Accept-Language up to a comma or semicolon, in lower case.", (*http1.Conn).AppendAcceptLanguage),
	httpText("http_upgrade", "Upgrade field of a request that was answered 101.", (*http1.Conn).AppendUpgrade),
	httpText("http_auth_scheme", "First word of Authorization; the credential is not kept.", (*http1.Conn).AppendAuthScheme),
	httpCount("http_status", feature.None, "Status code of the first response from 200 on, else 101 if there was one.", positive((*http1.Conn).Status)).null(),
	httpText("http_content_type", "Content-Type of that response.", (*http1.Conn).AppendContentType),
	httpText("http_server", "Server field of that response.", (*http1.Conn).AppendServer),
	httpCount("http_content_length", feature.Bytes, "Content-Length of that response; -1 without.", func(c *http1.Conn) int64 {
		if n := c.ContentLength(); n >= 0 {
			return n
		}
		return none
	}).missing(-1),
	httpCount("http_request_count", feature.Count, "Requests.", (*http1.Conn).RequestCount),
	httpCount("http_response_count", feature.Count, "Responses with a status from 200 on.", (*http1.Conn).ResponseCount),
	httpCount("http_error_count", feature.Count, "Responses with a status from 400 on.", (*http1.Conn).ErrorCount),
	httpCount("http_ttfb_us", feature.Microseconds, "From the last byte of the first request's header to the first byte of the first response.", func(c *http1.Conn) int64 {
		us := c.TTFB()
		if us == 0 && (c.RequestCount() == 0 || c.ResponseCount() == 0) {
			return none
		}
		return us
	}).null(),
}

// How a cleartext HTTP/2 client opens, and the frames that http2Table leaves out.
var http2Extra = []Feature{
	text("http2_settings", "First SETTINGS of the client as id:value joined by semicolons, in the order sent.", func(dst []byte, r *Row) ([]byte, bool) {
		return appended(dst, r.http2().AppendSettings(dst))
	}).null(),
	http2Bytes("http2_initial_window_update", "Increment of the client's first WINDOW_UPDATE of the connection.", positive((*http2.Conn).InitialWindowUpdate)),
	http2Count("http2_ping_frames", "PING frames.", (*http2.Conn).PingFrames),
	http2Count("http2_rst_stream_frames", "RST_STREAM frames.", (*http2.Conn).RSTStreamFrames),
	http2Count("http2_priority_frames", "PRIORITY frames.", (*http2.Conn).PriorityFrames),
	http2Count("http2_continuation_frames", "CONTINUATION frames.", (*http2.Conn).ContinuationFrames),
}

// http1 is the flow's cleartext HTTP/1, or nil.
func (r *Row) http1() *http1.Conn {
	if x := r.parsers; x != nil && x.kept&parseHTTP1 != 0 {
		return x.http1
	}
	return nil
}

func httpFlag(name, doc string, get func(*http1.Conn) bool) Feature {
	return flag(name, doc, func(r *Row) bool { c := r.http1(); return c != nil && get(c) }).everywhere()
}

func httpCount(name string, unit feature.Unit, doc string, get func(*http1.Conn) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 { return get(r.http1()) })
}

func httpText(name, doc string, get func(*http1.Conn, []byte) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, get(r.http1(), dst)) }).null()
}

func http2Bytes(name, doc string, get func(*http2.Conn) int64) Feature {
	f := http2Count(name, doc, get)
	f.Unit = feature.Bytes
	return f
}

// positive makes 0, which get gives for what is not there, an absent value.
func positive[T any](get func(*T) int64) func(*T) int64 {
	return func(v *T) int64 {
		if n := get(v); n > 0 {
			return n
		}
		return none
	}
}

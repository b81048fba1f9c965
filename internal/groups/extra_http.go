package groups

import (
	"pinyon/feature"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
)

// What was asked for in clear over HTTP/1 or HTTP/2, by which client, and how it was
// answered: of the first request and the first response of the flow, over HTTP/2 those of
// its first stream; the counts are of all messages of HTTP/1. RFC 9110, 9112, 9113.
var httpExtra = []Feature{
	flag("http_detected", "A request or status line of HTTP/1 was read.", func(r *Row) bool { return r.http1() != nil }).everywhere(),
	httpAsked("http_method", "Method of the first request, as sent.", (*http1.Conn).AppendMethod, (*http2.Conn).AppendMethod),
	httpAsked("http_version_req", "Its version: 1.0, 1.1 or 2.", (*http1.Conn).AppendVersionReq, (*http2.Conn).AppendVersionReq),
	httpAsked("http_host", "Its Host field in lower case, else the authority of a target in absolute form, or a CONNECT's target.", (*http1.Conn).AppendHost, (*http2.Conn).AppendHost).private(),
	httpAsked("http_uri", "First 256 bytes of its target.", (*http1.Conn).AppendURI, (*http2.Conn).AppendURI).private(),
	count("http_uri_len", feature.Bytes, "Length of the whole target.", func(r *Row) int64 {
		if c := r.asked2(); c != nil {
			return positive((*http2.Conn).URILen)(c)
		}
		return r.count1(positive((*http1.Conn).URILen))
	}).null().private(),
	httpAsked("http_user_agent", "Its first User-Agent.", (*http1.Conn).AppendUserAgent, (*http2.Conn).AppendUserAgent).private(),
	httpAsked("http_referer", "Its first Referer.", (*http1.Conn).AppendReferer, (*http2.Conn).AppendReferer).private(),
	httpText("http_request_headers", "Names of its header fields as sent and in order, joined by commas.", (*http1.Conn).AppendRequestHeaders),
	httpCount("http_header_count", feature.Count, "How many names that are.", (*http1.Conn).HeaderCount),
	flag("http_cookie", "There is a Cookie field.", func(r *Row) bool {
		c, d := r.http1(), r.asked2()
		return c != nil && c.Cookie() || d != nil && d.Cookie()
	}).everywhere(),
	httpAsked("http_accept_language", "First Accept-Language up to a comma or semicolon, in lower case.", (*http1.Conn).AppendAcceptLanguage, (*http2.Conn).AppendAcceptLanguage),
	httpText("http_upgrade", "Upgrade field of a request that was answered 101.", (*http1.Conn).AppendUpgrade),
	httpAsked("http_auth_scheme", "First word of Authorization; the credential is not kept.", (*http1.Conn).AppendAuthScheme, (*http2.Conn).AppendAuthScheme),
	count("http_status", feature.None, "Status code of the first response from 200 on, which after an upgrade to h2c is that of stream 1; else 101 if there was one.", func(r *Row) int64 {
		if c := r.answered2(); c != nil {
			return c.Status()
		}
		return r.count1(positive((*http1.Conn).Status))
	}).null(),
	httpAnswered("http_content_type", "Content-Type of that response.", (*http1.Conn).AppendContentType, (*http2.Conn).AppendContentType),
	httpAnswered("http_server", "Server field of that response.", (*http1.Conn).AppendServer, (*http2.Conn).AppendServer),
	count("http_content_length", feature.Bytes, "Content-Length of that response; -1 without.", func(r *Row) int64 {
		n := int64(-1)
		if c := r.answered2(); c != nil {
			n = c.ContentLength()
		} else if c := r.http1(); c != nil {
			n = c.ContentLength()
		}
		if n < 0 {
			return none
		}
		return n
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
func (r *Row) http1() *http1.Conn { return r.parsers.HTTP1() }

// asked2 is the flow's HTTP/2 if the request of record is its: HTTP/1 has none.
func (r *Row) asked2() *http2.Conn {
	if c := r.http1(); c != nil && c.RequestCount() > 0 {
		return nil
	}
	if c := r.http2(); c != nil && c.HasRequest() {
		return c
	}
	return nil
}

// answered2 is the flow's HTTP/2 if the response of record is its: HTTP/1 has no final one.
func (r *Row) answered2() *http2.Conn {
	if c := r.http1(); c != nil && c.ResponseCount() > 0 {
		return nil
	}
	if c := r.http2(); c != nil && c.HasResponse() {
		return c
	}
	return nil
}

// isHTTP reports that there is a message of HTTP/1, or that one of HTTP/2 was read.
func (r *Row) isHTTP() bool { return r.http1() != nil || r.asked2() != nil || r.answered2() != nil }

// count1 is a number of the flow's HTTP/1, absent without.
func (r *Row) count1(get func(*http1.Conn) int64) int64 {
	if c := r.http1(); c != nil {
		return get(c)
	}
	return none
}

func httpCount(name string, unit feature.Unit, doc string, get func(*http1.Conn) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 { return r.count1(get) })
}

// httpText is a text that HTTP/1 alone has.
func httpText(name, doc string, get func(*http1.Conn, []byte) []byte) Feature {
	return httpEither(name, doc, get, nil, nil)
}

// httpAsked and httpAnswered are texts of the request and of the response of record.
func httpAsked(name, doc string, get func(*http1.Conn, []byte) []byte, get2 func(*http2.Conn, []byte) []byte) Feature {
	return httpEither(name, doc, get, (*Row).asked2, get2)
}

func httpAnswered(name, doc string, get func(*http1.Conn, []byte) []byte, get2 func(*http2.Conn, []byte) []byte) Feature {
	return httpEither(name, doc, get, (*Row).answered2, get2)
}

func httpEither(name, doc string, get func(*http1.Conn, []byte) []byte, which func(*Row) *http2.Conn, get2 func(*http2.Conn, []byte) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		if which != nil {
			if c := which(r); c != nil {
				return appended(dst, get2(c, dst))
			}
		}
		if c := r.http1(); c != nil {
			return appended(dst, get(c, dst))
		}
		return dst, false
	}).null()
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

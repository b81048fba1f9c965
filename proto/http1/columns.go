package http1

// The methods of this file are the columns of the group http, named after them. Append
// methods append the column's text and nothing if it is missing: bytes outside 0x20-0x7E,
// and the backslash, as \xhh.

// Detected is http_detected: a request or status line was read.
func (c *Conn) Detected() bool { return c.requests > 0 || c.hasReply }

// ClientDir is the direction of the requests; ok is false if no message told.
func (c *Conn) ClientDir() (dir int, ok bool) {
	for dir, d := range &c.sides {
		if d.role != unknown {
			if d.role == server {
				dir = 1 - dir
			}
			return dir, true
		}
	}
	return 0, false
}

// AppendVersion is HTTP/1's part of http_version: http/1.1 or http/1.0, of the first
// request, else of the first response.
func (c *Conn) AppendVersion(dst []byte) []byte {
	minor := c.first.minor
	if minor == 0 {
		minor = c.first.replyMinor
	}
	if minor == 0 {
		return dst
	}
	return append(append(dst, "http/1."...), minor)
}

// AppendMethod is http_method.
func (c *Conn) AppendMethod(dst []byte) []byte { return c.appendSpan(dst, c.first.method) }

// AppendVersionReq is http_version_req, as 1.1.
func (c *Conn) AppendVersionReq(dst []byte) []byte {
	if c.first.minor == 0 {
		return dst
	}
	return append(dst, '1', '.', c.first.minor)
}

// AppendHost is http_host in lower case: the Host field, else the authority of a target in
// absolute form, or the target of a CONNECT.
func (c *Conn) AppendHost(dst []byte) []byte {
	s := c.first.host
	if !s.ok {
		s = c.first.authority
	}
	n := len(dst)
	return lowerFrom(c.appendSpan(dst, s), n)
}

// AppendURI is http_uri: the first 256 bytes of the target.
func (c *Conn) AppendURI(dst []byte) []byte { return c.appendSpan(dst, c.first.uri) }

// Target is the first request's target as sent, cut as http_uri is. It is borrowed until
// the connection takes more bytes or is reset.
func (c *Conn) Target() []byte { return c.first.get(c.first.uri) }

// URILen is http_uri_len in bytes, of the whole target.
func (c *Conn) URILen() int64 { return int64(c.first.uriLen) }

// AppendUserAgent is http_user_agent.
func (c *Conn) AppendUserAgent(dst []byte) []byte { return c.appendSpan(dst, c.first.userAgent) }

// AppendReferer is http_referer.
func (c *Conn) AppendReferer(dst []byte) []byte { return c.appendSpan(dst, c.first.referer) }

// AppendRequestHeaders is http_request_headers: names as sent, joined by commas.
func (c *Conn) AppendRequestHeaders(dst []byte) []byte { return appendText(dst, c.first.names) }

// HeaderCount is http_header_count: names in that list.
func (c *Conn) HeaderCount() int64 { return c.first.count }

// Cookie is http_cookie: Cookie is among them.
func (c *Conn) Cookie() bool { return c.first.cookie }

// AppendAcceptLanguage is http_accept_language: up to the first comma or semicolon, in
// lower case.
func (c *Conn) AppendAcceptLanguage(dst []byte) []byte {
	n := len(dst)
	return lowerFrom(c.appendSpan(dst, c.first.language), n)
}

// AppendUpgrade is http_upgrade: the Upgrade value of a request answered 101.
func (c *Conn) AppendUpgrade(dst []byte) []byte {
	if !c.tunnel.upgraded {
		return dst
	}
	return appendText(dst, c.upgrade)
}

// H2C reports whether the connection was handed over to HTTP/2 in clear (RFC 7540, section
// 3.2): the 101's Upgrade field names it, among others or not and in letters of either case
// (RFC 9110, section 7.8); if it has none, the request's names nothing else.
func (c *Conn) H2C() bool {
	if c.tunnel.request == 0 {
		return false
	}
	if len(c.switched) > 0 {
		return hasProtocol(c.switched, "h2c")
	}
	return c.tunnel.upgraded && equalFold(trim(c.upgrade), "h2c")
}

// AppendAuthScheme is http_auth_scheme: the first word of Authorization, as sent.
func (c *Conn) AppendAuthScheme(dst []byte) []byte { return c.appendSpan(dst, c.first.authScheme) }

// Status is http_status of the first final response, 101 if there was that alone; 0 without
// either.
func (c *Conn) Status() int64 { return int64(c.first.status) }

// AppendContentType is http_content_type of that response.
func (c *Conn) AppendContentType(dst []byte) []byte { return c.appendSpan(dst, c.first.contentType) }

// ContentType is the value of http_content_type as sent, borrowed as Target is.
func (c *Conn) ContentType() []byte { return c.first.get(c.first.contentType) }

// AppendServer is http_server.
func (c *Conn) AppendServer(dst []byte) []byte { return c.appendSpan(dst, c.first.software) }

// ContentLength is http_content_length in bytes; -1 without a well-formed one.
func (c *Conn) ContentLength() int64 {
	if !c.first.hasLength {
		return -1
	}
	return c.first.length
}

// RequestCount is http_request_count.
func (c *Conn) RequestCount() int64 { return c.requests }

// ResponseCount is http_response_count: final responses, of status 200 and above.
func (c *Conn) ResponseCount() int64 { return c.responses }

// ErrorCount is http_error_count: final responses of status 400 and above.
func (c *Conn) ErrorCount() int64 { return c.failures }

// TTFB is http_ttfb_us in microseconds: the first response's first byte less the last of
// the first request's head; 0 unless there are both, in this order.
func (c *Conn) TTFB() int64 {
	if !c.hasHead || !c.hasReply {
		return 0
	}
	return max(c.replyTime-c.headEnd, 0) / 1000
}

func (c *Conn) appendSpan(dst []byte, s span) []byte { return appendText(dst, c.first.get(s)) }

// appendText appends b with bytes outside 0x20-0x7E, and the backslash, as \xhh.
func appendText(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	for _, ch := range b {
		if ch < 0x20 || ch > 0x7e || ch == '\\' {
			dst = append(dst, '\\', 'x', digits[ch>>4], digits[ch&15])
		} else {
			dst = append(dst, ch)
		}
	}
	return dst
}

// lowerFrom turns dst[n:] to lower case.
func lowerFrom(dst []byte, n int) []byte {
	for i := n; i < len(dst); i++ {
		dst[i] = lower(dst[i])
	}
	return dst
}

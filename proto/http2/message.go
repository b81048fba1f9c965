package http2

import "strings"

const maxURI = 256 // bytes of a path that are told

// The methods of this file are the columns of the group http, named after them, for
// requests and responses of HTTP/2. Append methods append the column's text and nothing if
// it is missing: bytes outside 0x20-0x7E, and the backslash, as \xhh.

// HasRequest reports whether the request of the client's first stream was read.
func (c *Conn) HasRequest() bool { return !c.upgraded && c.request.stream != 0 && c.PrefaceSeen() }

// HasResponse reports whether the final response to the first request was read.
func (c *Conn) HasResponse() bool {
	r := &c.response
	return r.stream != 0 && (c.first() == 0 || r.stream == c.first()) && c.counts(r.dir)
}

// AppendVersionReq is http_version_req: 2.
func (c *Conn) AppendVersionReq(dst []byte) []byte {
	if !c.HasRequest() {
		return dst
	}
	return append(dst, '2')
}

// What is said where nothing was read.
var (
	noRequest  request
	noResponse response
)

// asked is the request of record, an empty one without.
func (c *Conn) asked() *request {
	if !c.HasRequest() {
		return &noRequest
	}
	return &c.request
}

// answered is the response of record, an empty one without.
func (c *Conn) answered() *response {
	if !c.HasResponse() {
		return &noResponse
	}
	return &c.response
}

// AppendMethod is http_method.
func (c *Conn) AppendMethod(dst []byte) []byte { return appendText(dst, c.asked().method) }

// AppendHost is http_host in lower case: :authority, else the Host field.
func (c *Conn) AppendHost(dst []byte) []byte {
	s := c.asked().authority
	if s == "" {
		s = c.asked().host
	}
	return appendText(dst, strings.ToLower(s))
}

// AppendURI is http_uri: the first 256 bytes of :path.
func (c *Conn) AppendURI(dst []byte) []byte {
	s := c.asked().path
	return appendText(dst, s[:min(len(s), maxURI)])
}

// URILen is http_uri_len in bytes, of the whole path.
func (c *Conn) URILen() int64 { return int64(len(c.asked().path)) }

// AppendUserAgent is http_user_agent.
func (c *Conn) AppendUserAgent(dst []byte) []byte { return appendText(dst, c.asked().userAgent) }

// AppendReferer is http_referer.
func (c *Conn) AppendReferer(dst []byte) []byte { return appendText(dst, c.asked().referer) }

// Cookie is http_cookie: there is a Cookie field.
func (c *Conn) Cookie() bool { return c.asked().cookie }

// AppendAcceptLanguage is http_accept_language: up to the first comma or semicolon, in
// lower case.
func (c *Conn) AppendAcceptLanguage(dst []byte) []byte {
	s := c.asked().language
	if i := strings.IndexAny(s, ",;"); i >= 0 {
		s = s[:i]
	}
	return appendText(dst, strings.ToLower(strings.Trim(s, " \t")))
}

// AppendAuthScheme is http_auth_scheme: the first word of Authorization, as sent.
func (c *Conn) AppendAuthScheme(dst []byte) []byte {
	s := c.asked().authorization
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		s = s[:i]
	}
	return appendText(dst, s)
}

// Status is http_status; 0 without a response.
func (c *Conn) Status() int64 { return int64(c.answered().status) }

// AppendContentType is http_content_type of that response.
func (c *Conn) AppendContentType(dst []byte) []byte {
	return appendText(dst, c.answered().contentType)
}

// AppendServer is http_server.
func (c *Conn) AppendServer(dst []byte) []byte { return appendText(dst, c.answered().server) }

// ContentLength is http_content_length in bytes; -1 without a well-formed one.
func (c *Conn) ContentLength() int64 {
	if r := c.answered(); r.hasLength {
		return r.length
	}
	return -1
}

// appendText appends s with bytes outside 0x20-0x7E, and the backslash, as \xhh.
func appendText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '\\' {
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

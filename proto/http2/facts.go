package http2

import "strconv"

// A request is what the fields of the first one say, each at its first occurrence.
type request struct {
	stream                  uint32
	method, path, authority string
	host, userAgent         string
	referer, language       string
	authorization           string
	cookie                  bool
}

// Field takes a field of the block.
func (r *request) Field(name, value string) {
	switch name {
	case ":method":
		first(&r.method, value)
	case ":path":
		first(&r.path, value)
	case ":authority":
		first(&r.authority, value)
	case "host":
		first(&r.host, value)
	case "user-agent":
		first(&r.userAgent, value)
	case "referer":
		first(&r.referer, value)
	case "accept-language":
		first(&r.language, value)
	case "authorization":
		first(&r.authorization, value)
	case "cookie":
		r.cookie = true
	}
}

// A response is what those of the final response to it say.
type response struct {
	stream              uint32
	dir                 int
	status              int
	contentType, server string
	length              int64
	hasLength           bool
}

// Field takes a field of the block.
func (r *response) Field(name, value string) {
	switch name {
	case ":status":
		if n, ok := decimal(value); ok && len(value) == 3 && r.status == 0 {
			r.status = int(n)
		}
	case "content-type":
		first(&r.contentType, value)
	case "server":
		first(&r.server, value)
	case "content-length":
		if n, ok := decimal(value); ok && !r.hasLength {
			r.length, r.hasLength = n, true
		}
	}
}

func first(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// decimal reads digits and nothing else.
func decimal(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil
}

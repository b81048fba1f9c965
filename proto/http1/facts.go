package http1

import "bytes"

const maxURI = 256 // bytes of a target that are kept

// facts are the values of the first request and the response of record. Texts are spans of
// one buffer, which is at most three heads long.
type facts struct {
	text  []byte
	names []byte // of the request's header fields, joined by commas
	count int64  // of them

	minor      byte // digit of the request's HTTP/1.x; 0 without
	replyMinor byte // of the first response of any kind
	cookie     bool
	hasLength  bool
	status     int
	uriLen     int
	length     int64

	method, uri, host, authority      span
	userAgent, referer, language      span
	authScheme, contentType, software span
}

// A span is part of a text; ok if it was set, be it to nothing.
type span struct {
	from, to uint32
	ok       bool
}

func (f *facts) get(s span) []byte { return f.text[s.from:s.to] }

// set keeps the first value.
func (f *facts) set(s *span, v []byte) {
	if s.ok {
		return
	}
	from := len(f.text)
	f.text = append(f.text, v...)
	*s = span{uint32(from), uint32(len(f.text)), true}
}

func (f *facts) request(r requestLine) {
	f.minor, f.uriLen = r.minor, len(r.target)
	f.set(&f.method, r.method)
	f.set(&f.uri, r.target[:min(len(r.target), maxURI)])
	if a := authority(r.target); a != nil {
		f.set(&f.authority, a)
	} else if methodOf(r.method) == connect {
		f.set(&f.authority, r.target) // in authority form (RFC 9110 section 9.3.6)
	}
}

// response begins the response of record: the first final one, or until one is read the
// first 101, whose facts are then forgotten.
func (f *facts) response(code int) {
	f.status = code
	f.contentType, f.software = span{}, span{}
	f.length, f.hasLength = 0, false
}

// takeLength keeps a response's Content-Length.
func (f *facts) takeLength(m *message) {
	if m.first && m.length >= 0 {
		f.length, f.hasLength = m.length, true
	}
}

func (f *facts) requestField(name, value []byte) {
	if f.count > 0 {
		f.names = append(f.names, ',')
	}
	f.names = append(f.names, name...)
	f.count++
	switch {
	case equalFold(name, "host"):
		f.set(&f.host, value)
	case equalFold(name, "user-agent"):
		f.set(&f.userAgent, value)
	case equalFold(name, "referer"):
		f.set(&f.referer, value)
	case equalFold(name, "cookie"):
		f.cookie = true
	case equalFold(name, "accept-language"):
		if i := bytes.IndexAny(value, ",;"); i >= 0 {
			value = value[:i]
		}
		f.set(&f.language, trim(value))
	case equalFold(name, "authorization"):
		if i := bytes.IndexAny(value, " \t"); i >= 0 {
			value = value[:i]
		}
		f.set(&f.authScheme, value)
	}
}

func (f *facts) responseField(name, value []byte) {
	switch {
	case equalFold(name, "content-type"):
		f.set(&f.contentType, value)
	case equalFold(name, "server"):
		f.set(&f.software, value)
	}
}

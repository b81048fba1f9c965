// Package http1 reads HTTP/1 messages in cleartext (RFC 9112): request and status lines, a
// few header fields of the first of each, and counts of all. Bodies are passed over by
// Content-Length or chunked coding, so a Conn counts for as long as it is fed and its
// memory does not grow with the stream. It decodes no body and follows no content.
//
// A Conn is fed the bytes of the two directions of a TCP flow in stream order, in pieces of
// any size; where a piece ends changes nothing. Where CONNECT or an upgrade hands the
// stream to another protocol, it says at which offset. It knows neither flows nor packets.
package http1

import (
	"bytes"

	"pinyon/proto"
)

const (
	maxHead   = 64 << 10 // start line and header fields of a message
	maxMethod = 64       // bytes before the first blank; the longest registered method has 17
	maxBlanks = 16       // empty lines ahead of a connection's first message
)

// Looks is the first test of a direction, on the first bytes of its stream: whether they
// are, or may become, a request line or a status line. Empty lines ahead are passed over
// (RFC 9112, section 2.2).
func Looks(b []byte) proto.Verdict {
	for range maxBlanks {
		switch {
		case len(b) == 1 && b[0] == '\r':
			return proto.NeedMore
		case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
			b = b[2:]
		case len(b) > 0 && b[0] == '\n':
			b = b[1:]
		}
	}
	return looksLine(b)
}

// looksLine is Looks for bytes that begin with a line that is not empty.
func looksLine(b []byte) proto.Verdict {
	i := 0
	for i < len(b) && isToken[b[i]] {
		i++
	}
	if i > maxMethod {
		return proto.NotMine
	}
	if i == len(b) {
		return proto.NeedMore
	}
	if b[i] != ' ' && !(b[i] == '/' && string(b[:i]) == "HTTP") || i == 0 {
		return proto.NotMine
	}
	n := bytes.IndexByte(b, '\n')
	if n < 0 {
		if len(b) > maxHead || hasControl(b) {
			return proto.NotMine
		}
		return proto.NeedMore
	}
	line := trimEnd(b[:n])
	if _, ok := parseStatusLine(line); ok {
		return proto.Mine
	}
	if _, ok := parseRequestLine(line); ok {
		return proto.Mine
	}
	return proto.NotMine
}

// hasControl reports a byte that no start line holds, CR and HT left aside.
func hasControl(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\r' && c != '\t' {
			return true
		}
	}
	return false
}

// isToken holds the characters of a token (RFC 9110, section 5.6.2).
var isToken = func() (t [256]bool) {
	for c := range t {
		t[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		t[c] = true
	}
	return t
}()

package carrier

import (
	"bytes"

	"pinyon/internal/cursor"
	"pinyon/proto"
)

// proxyV2 is the signature of the binary PROXY protocol header (HAProxy's specification,
// section 2.2).
const proxyV2 = "\r\n\r\n\x00\r\nQUIT\n"

// maxProxyV1 is the longest text header, CRLF included (section 2.1).
const maxProxyV1 = 107

// proxyHeader is the length of the PROXY protocol header that b starts with. Behind the
// length of a binary one, its bytes need not be there.
func proxyHeader(b []byte) (n int, v proto.Verdict) {
	if prefixOf(b, proxyV2) {
		c := cursor.New(b)
		c.Skip(len(proxyV2))
		version, family, length := c.U8(), c.U8(), int(c.U16())
		switch at := len(proxyV2); {
		case len(b) > at && version>>4 != 2, len(b) > at && version&0xf > 1:
			return 0, proto.NotMine
		case len(b) > at+1 && (family>>4 > 3 || family&0xf > 2):
			return 0, proto.NotMine
		case c.Failed():
			return 0, proto.NeedMore
		}
		return 16 + length, proto.Mine
	}
	if !prefixOf(b, "PROXY ") {
		return 0, proto.NotMine
	}
	line := b[:min(len(b), maxProxyV1)]
	if i := bytes.IndexByte(line, '\n'); i > 0 && line[i-1] == '\r' {
		if !proxyWords(line[:i-1]) {
			return 0, proto.NotMine
		}
		return i + 1, proto.Mine
	} else if i >= 0 || len(line) == maxProxyV1 {
		return 0, proto.NotMine
	}
	return 0, proto.NeedMore
}

// proxyWords reports whether a line is a text header: PROXY, the protocol and, unless that is
// unknown, two addresses and two ports.
func proxyWords(line []byte) bool {
	rest := line[len("PROXY "):]
	if bytes.HasPrefix(rest, []byte("UNKNOWN")) {
		return len(rest) == len("UNKNOWN") || rest[len("UNKNOWN")] == ' '
	}
	return (bytes.HasPrefix(rest, []byte("TCP4 ")) || bytes.HasPrefix(rest, []byte("TCP6 "))) && bytes.Count(rest, []byte{' '}) == 4
}

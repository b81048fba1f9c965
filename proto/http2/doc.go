// Package http2 reads cleartext HTTP/2 (RFC 9113): with prior knowledge, or behind an HTTP/1.1
// upgrade to h2c (RFC 7540, section 3.2). Frames are counted and their bodies passed over, so
// a Conn counts for as long as it is fed and its memory does not grow with the stream. Of
// header fields it reads the request of the client's first stream and the response to it,
// where the blocks are seen from the first one on. It reads nothing inside TLS.
//
// A Conn is fed the bytes of the two directions of a TCP flow in stream order, in pieces of
// any size; where a piece ends changes nothing. After an upgrade it is Reset, told by
// Upgrade, and fed what follows the request and the header block of its 101 response. It
// knows neither flows nor packets.
package http2

import "pinyon/proto"

// Preface is what a client sends first (RFC 9113, section 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Looks is the first test of a direction, on the first bytes of its stream: the preface, or
// the header of a SETTINGS frame or its acknowledgement.
func Looks(b []byte) proto.Verdict {
	switch n := min(len(b), len(Preface)); {
	case n == 0:
		return proto.NeedMore
	case b[0] == Preface[0]:
		if string(b[:n]) != Preface[:n] {
			return proto.NotMine
		}
		if n < len(Preface) {
			return proto.NeedMore
		}
		return proto.Mine
	case b[0] != 0 || n > 3 && b[3] != typeSettings || n > 4 && b[4]&flagACK != 0 && (b[1] != 0 || b[2] != 0):
		return proto.NotMine
	case n < headerLen:
		return proto.NeedMore
	}
	if h := parseHeader(b); !h.opensDirection() {
		return proto.NotMine
	}
	return proto.Mine
}

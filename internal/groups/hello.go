package groups

import (
	"bytes"

	"pinyon/proto/quic"
	"pinyon/proto/tls"
)

// quicHello is the ClientHello of a QUIC flow, and the ServerHello of record: the first that
// is no HelloRetryRequest, or that if there is nothing else. Both are read when the flow ended
// from the CRYPTO bytes that its parsers hold.
type quicHello struct {
	tls.ClientHello
	ok       bool            // all of the ClientHello was there
	tags     quic.ClientTags // of Google QUIC's own handshake
	tagged   bool            // tags is valid
	server   tls.ServerHello
	serverAt int  // offset of server in the CRYPTO bytes; valid iff answered
	answered bool // server is valid
	retried  bool // there was a HelloRetryRequest
}

func (q *quicHello) finish(r *Row) {
	q.ok, q.tagged, q.answered, q.retried = false, false, false, false
	c := r.quic()
	if c == nil || c.Client() < 0 {
		return
	}
	hello := c.Crypto(c.Client())
	if q.tagged = q.tags.Parse(hello); q.tagged {
		return
	}
	q.ok = q.Parse(hello, false) && q.Complete
	b := c.Crypto(1 - c.Client())
	for at := 0; at < len(b); {
		var next tls.ServerHello
		if !next.Parse(b[at:]) {
			return
		}
		q.server, q.serverAt, q.answered = next, at, true
		if !next.Retry {
			return
		}
		q.retried = true
		at += 4 + next.Length
	}
}

// seen reports whether the flow is QUIC with a hello.
func (q *quicHello) seen() bool { return q.ok || q.answered }

func (q *quicHello) appendSNI(dst []byte) []byte {
	switch {
	case q.tagged:
		return tls.Escape(dst, q.tags.ServerName)
	case !q.ok:
		return dst
	}
	return tls.Escape(dst, q.ServerName)
}

func (q *quicHello) appendALPN(dst []byte) []byte {
	switch {
	case q.tagged:
		return tls.Escape(dst, q.tags.ALPN)
	case !q.ok:
		return dst
	}
	return tls.Escape(dst, q.ALPN.First())
}

// offersHTTP3 reports whether the hello offers h3, or h3- and a draft's number.
func (r *Row) offersHTTP3() bool {
	if !r.quicCH.ok {
		return false
	}
	for p := range r.quicCH.ALPN.All() {
		rest, ok := bytes.CutPrefix(p, []byte("h3"))
		if ok && (len(rest) == 0 || len(rest) > 1 && rest[0] == '-' && len(bytes.Trim(rest[1:], "0123456789")) == 0) {
			return true
		}
	}
	return false
}

func (r *Row) quicHello() *quicHello { return &r.quicCH }

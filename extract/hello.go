package extract

import (
	"bytes"

	"pinyon/proto/tls"
)

// quicHello is the ClientHello of a QUIC flow, read when the flow ended from the CRYPTO bytes
// that its parsers hold.
type quicHello struct {
	tls.ClientHello
	ok bool
}

func (q *quicHello) finish(r *Row) {
	q.ok = false
	c := r.quic()
	if c == nil || c.Client() < 0 {
		return
	}
	q.ok = q.Parse(c.Crypto(c.Client()), false) && q.Complete
}

func (q *quicHello) appendSNI(dst []byte) []byte {
	if !q.ok {
		return dst
	}
	return tls.Escape(dst, q.ServerName)
}

func (q *quicHello) appendALPN(dst []byte) []byte {
	if !q.ok {
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

package tls

import (
	"iter"

	"pinyon/internal/cursor"
)

// A Chain is the certificate list of a Certificate message of TLS 1.2 and below (RFC 5246
// section 7.4.2): three-byte lengths and DER, the sender's own certificate first. Borrowed.
type Chain []byte

// ParseChain reads a Certificate message, its four-byte header included; it may end anywhere.
// complete says whether the whole list was there.
func ParseChain(msg []byte) (chain Chain, complete bool) {
	c := cursor.New(msg)
	if c.U8() != typeCertificate {
		return nil, false
	}
	body := c.Part(int(c.U24()))
	whole := !c.Failed()
	c = cursor.New(body)
	chain = c.Part(int(c.U24()))
	return chain, whole && !c.Failed()
}

// All yields the certificates of non-zero length that are wholly there.
func (l Chain) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := cursor.New(l)
		for c.Len() > 0 {
			der := c.Bytes(int(c.U24()))
			if c.Failed() || len(der) > 0 && !yield(der) {
				return
			}
		}
	}
}

// Lengths counts the certificates wholly there, and the bytes of all and of the first.
func (l Chain) Lengths() (n, total, first int) {
	for der := range l.All() {
		if n == 0 {
			first = len(der)
		}
		n++
		total += len(der)
	}
	return n, total, first
}

// First is the sender's own certificate, the first wholly there; nil if there is none.
func (l Chain) First() []byte {
	for der := range l.All() {
		return der
	}
	return nil
}

// Last is the last certificate wholly there; nil if there is none.
func (l Chain) Last() []byte {
	var last []byte
	for der := range l.All() {
		last = der
	}
	return last
}

// Ordered reports whether there are two certificates or more, and the issuer of each is the
// subject of the next.
func (l Chain) Ordered() bool {
	var issuer []byte
	n := 0
	for der := range l.All() {
		cert, ok := ParseCertificate(der)
		if !ok || n > 0 && string(cert.SubjectDER) != string(issuer) {
			return false
		}
		issuer = cert.IssuerDER
		n++
	}
	return n >= 2
}

package groups

import (
	"bytes"
	"encoding/base64"
	"net/netip"

	"pinyon/flow"
	"pinyon/proto/tls"
)

// dohEvidence are the rules that say yes (RFC 8484), the surest first: the first that holds counts.
var dohEvidence = [...]rule{
	{80, (*Row).dohInClear},
	{60, func(r *Row) bool { return isResolver(r.webName()) }},
	{50, (*Row).toResolver},
}

// dohShort are added to these: what is short is a lookup rather than a web page of the operator.
var dohShort = [...]rule{
	{10, func(r *Row) bool { return r.Last-r.First < 1e9 }},
	{10, func(r *Row) bool { return r.Packets < 20 }},
}

// dohShaped are the rules for a flow of HTTP over TLS that looksAsked: a query and its answer are
// one small request and response each. Nearly every short TLS connection is so: they stay below a yes.
var dohShaped = [...]rule{
	{10, func(r *Row) bool { // an answer repeats its question
		f, b := r.core.bytes[flow.Fwd], r.core.bytes[flow.Bwd]
		return 2*b > f && b < 10*f
	}},
	{10, func(r *Row) bool { return r.Last-r.First < 5e8 }}, // a lookup is waited for
	{10, func(r *Row) bool { return r.core.n[flow.Fwd] <= 6 && r.core.n[flow.Bwd] <= 6 }},
}

// looksAsked is what a flow has to be for its shape to say anything of DNS over HTTPS: a few
// small packets, in turn.
func (r *Row) looksAsked() bool {
	f, b := int(r.core.n[flow.Fwd]), int(r.core.n[flow.Bwd])
	return r.Packets <= 15 && f >= 2 && b >= 2 && max(f-b, b-f) <= 3 &&
		r.size.dir[flow.Fwd].lenMax <= 600 && r.core.bytes[flow.Fwd] <= 2000 && r.core.bytes[flow.Bwd] <= 5000
}

func (r *Row) dohScore() int {
	for i := range dohEvidence {
		if dohEvidence[i].holds(r) {
			return min(dohEvidence[i].amount+r.sum(dohShort[:]), 100)
		}
	}
	if r.isWeb() && r.looksAsked() {
		return r.sum(dohShaped[:])
	}
	return 0
}

// isWeb reports whether a flow is TLS or QUIC that may carry HTTP: a client that offers protocols
// (RFC 7301) offers one of HTTP's, and one that offers none is not on the port of DNS over TLS.
func (r *Row) isWeb() bool {
	offers := r.hellos.ch.ALPN
	switch {
	case r.quic() != nil:
		return r.quicCH.ok && r.offersHTTP3()
	case !r.isTLS() || r.tls().Over() == tls.OverDTLS:
		return false
	case len(offers) == 0:
		return !r.hasPort(portDoT)
	}
	for p := range offers.All() {
		if string(p) == "h2" || bytes.HasPrefix(p, []byte("http/1.")) {
			return true
		}
	}
	return false
}

// webName is the server name that such a flow asks for; nil without.
func (r *Row) webName() []byte {
	switch {
	case !r.isWeb():
		return nil
	case r.quic() != nil:
		return r.quicCH.ServerName
	}
	return r.serverName()
}

// toResolver reports whether such a flow goes to an address of a resolver without a name that says
// otherwise: a client that knows the resolver by its address asks for no name, or for the address.
func (r *Row) toResolver() bool {
	name := r.webName()
	return r.isWeb() && (len(name) == 0 || isAddress(name)) && isResolverAddress(r.serverAddr())
}

// serverAddr is the address of the side that answered the ClientHello.
func (r *Row) serverAddr() netip.Addr {
	client := flow.Fwd
	if c := r.quic(); c != nil {
		client = max(c.Client(), 0)
	} else if s := r.tls(); s != nil {
		client = max(s.Client(), 0)
	}
	if client == flow.Fwd {
		return r.dst()
	}
	return r.src()
}

// dohInClear reports whether HTTP/1 without TLS says that it carries DNS, as behind a proxy that
// ends TLS: by the media type of RFC 8484 section 6, or by a query in the first request's target.
func (r *Row) dohInClear() bool {
	h := r.http1()
	if h == nil {
		return false
	}
	return dnsMedia(h.ContentType()) || dnsTarget(h.Target())
}

func dnsMedia(value []byte) bool {
	const media = "application/dns-message"
	if len(value) < len(media) {
		return false
	}
	value, _, _ = bytes.Cut(value, []byte(";"))
	value = bytes.Trim(value, " \t")
	return len(value) == len(media) && bytes.EqualFold(value, []byte(media))
}

// dnsTarget reports whether a target has the variable dns with the header of a query of one
// question in base64url (RFC 8484 section 4.1).
func dnsTarget(target []byte) bool {
	_, query, _ := bytes.Cut(target, []byte("?"))
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		value, ok := bytes.CutPrefix(pair, []byte("dns="))
		if !ok || len(value) < 16 {
			continue
		}
		var h [12]byte
		if n, err := base64.RawURLEncoding.Decode(h[:], value[:16]); err == nil && n == len(h) &&
			h[2]>>7 == 0 && h[4] == 0 && h[5] == 1 && h[6]|h[7]|h[8]|h[9] == 0 {
			return true
		}
	}
	return false
}

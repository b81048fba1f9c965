package groups

import (
	"pinyon/feature"
	"pinyon/proto/tls"
)

// Which TLS client and server software talk (JA3 and JA3S, by Salesforce), to which name,
// with which version, suite and key exchange, how long the certificate chain is, and whether
// the session was resumed. TLS over TCP and DTLS; RFC 8446, 5246, 9147. The server's
// certificate shows up to TLS 1.2.
var tlsTable = []Feature{
	flag("tls_detected", "A ClientHello or ServerHello was read.", (*Row).isTLS).everywhere(),
	count("tls_version", feature.None, "Version that the server chose, else the highest that the client offered.", func(r *Row) int64 { return valueIf(r.tls().Version() != 0, r.tls().Version()) }).null(),
	tlsText("tls_version_str", "Its name.", func(dst []byte, h *tlsHellos) []byte {
		if h.version == 0 {
			return dst
		}
		return append(dst, tls.VersionName(h.version)...)
	}),
	count("tls_cipher_suite", feature.None, "Suite that the server chose (IANA).", func(r *Row) int64 { return valueIf(r.hellos.server, r.hellos.sh.CipherSuite) }).null(),
	count("tls_cipher_count", feature.Count, "Suites that the client offered, reserved values (RFC 8701) left out.", func(r *Row) int64 { return valueIf(r.hellos.whole, uint32(r.hellos.ch.SuiteCount())) }).null(),
	count("tls_extension_count", feature.Count, "Extensions of the ClientHello, reserved values left out.", func(r *Row) int64 { return valueIf(r.hellos.printable(), uint32(r.hellos.ch.Extensions.Count())) }).null(),
	tlsText("tls_sni", "Server name that the client asked for, as sent.", func(dst []byte, h *tlsHellos) []byte { return tls.Escape(dst, h.ch.ServerName) }).private(),
	tlsText("tls_alpn", "First protocol that the client offered.", func(dst []byte, h *tlsHellos) []byte { return tls.Escape(dst, h.ch.ALPN.First()) }),
	tlsText("ja3_hash", "MD5 of version, suites, extensions, groups and point formats of the ClientHello.", func(dst []byte, h *tlsHellos) []byte {
		if !h.printable() {
			return dst
		}
		return tls.AppendJA3Hash(dst, &h.ch)
	}).private(),
	tlsText("ja3s_hash", "MD5 of version, suite and extensions of the ServerHello.", func(dst []byte, h *tlsHellos) []byte {
		if !h.server || !h.sh.Usable() {
			return dst
		}
		return tls.AppendJA3SHash(dst, &h.sh)
	}).private(),
	count("tls_handshake_packets", feature.Count, "Packets with the first byte of a handshake record.", func(r *Row) int64 { return int64(r.tls().HandshakePackets()) }),
	tlsCertificates("tls_cert_count", feature.Count, "Certificates in the server's first Certificate message.", func(n, _, _ int) int { return n }),
	tlsCertificates("tls_cert_total_length", feature.Bytes, "Length of all of them.", func(_, total, _ int) int { return total }),
	tlsCertificates("tls_cert_first_length", feature.Bytes, "Length of the first one.", func(_, _, first int) int { return first }),
	tlsCertificates("tls_cert_chain_length", feature.Count, "Same as tls_cert_count.", func(n, _, _ int) int { return n }),
	count("tls_session_id_len", feature.Bytes, "Length of the ClientHello's session id.", func(r *Row) int64 { return valueIf(r.hellos.client, uint32(len(r.hellos.ch.SessionID))) }).null(),
	tlsFlag("tls_session_ticket_ext", "The ClientHello has the session_ticket extension.", func(h *tlsHellos) bool { return h.ch.SessionTicket }),
	flag("tls_session_resumed", "The server took up an earlier session.", func(r *Row) bool { s := r.tls(); return s != nil && s.Resumed() }).everywhere(),
	tlsFlag("tls_psk_ext", "The ClientHello has the pre_shared_key extension.", func(h *tlsHellos) bool { return h.ch.PreSharedKey }),
	tlsFlag("tls_early_data_ext", "The ClientHello has the early_data extension.", func(h *tlsHellos) bool { return h.ch.EarlyData }),
	count("tls_key_exchange_group", feature.None, "Group of the key exchange (IANA), the server's choice if it was seen.", func(r *Row) int64 {
		k, _ := r.tls().KeyExchange()
		return valueIf(k.Group != 0, k.Group)
	}).null(),
	text("tls_key_exchange_group_name", "Its name.", func(dst []byte, r *Row) ([]byte, bool) {
		k, _ := r.tls().KeyExchange()
		return appended(dst, append(dst, k.Name()...))
	}).null(),
	count("tls_key_exchange_length", feature.Bits, "Length of the public value, or of the prime.", func(r *Row) int64 {
		k, _ := r.tls().KeyExchange()
		return valueIf(k.Bits != 0, uint32(k.Bits))
	}).null(),
}

// tls is the flow's session, or nil if it is not TLS.
func (r *Row) tls() *tls.Session { return r.parsers.TLS() }

func (r *Row) isTLS() bool { return r.tls() != nil }

// tlsHellos are the hellos of record, read when the flow ended; they borrow from its session.
type tlsHellos struct {
	ch             tls.ClientHello
	sh             tls.ServerHello
	version        uint16
	client, server bool // there is one
	whole          bool // the ClientHello is complete and makes sense
}

func (h *tlsHellos) finish(r *Row) {
	h.client, h.server, h.whole, h.version = false, false, false, 0
	s := r.tls()
	if s == nil {
		h.ch, h.sh = tls.ClientHello{}, tls.ServerHello{}
		return
	}
	h.ch, h.sh = tls.ClientHello{}, tls.ServerHello{}
	h.client, h.server = s.ClientHello(&h.ch), s.ServerHello(&h.sh)
	h.whole = h.client && (h.ch.Usable() || h.ch.IsV2())
	h.version = s.Version()
}

// printable reports whether the ClientHello can be fingerprinted.
func (h *tlsHellos) printable() bool { return h.whole && !h.ch.IsV2() }

// serverName is the name that the flow's ClientHello asks for; nil without.
func (r *Row) serverName() []byte { return r.hellos.ch.ServerName }

// selectsHTTP2 reports whether a visible ServerHello selects h2.
func (r *Row) selectsHTTP2() bool {
	return r.hellos.server && !tls.Is13(r.hellos.version) && string(r.hellos.sh.ALPN) == "h2"
}

func tlsText(name, doc string, get func(dst []byte, h *tlsHellos) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, get(dst, &r.hellos)) }).null()
}

func tlsFlag(name, doc string, get func(h *tlsHellos) bool) Feature {
	return flag(name, doc, func(r *Row) bool { return get(&r.hellos) }).everywhere()
}

func tlsCertificates(name string, unit feature.Unit, doc string, get func(n, total, first int) int) Feature {
	return count(name, unit, doc, func(r *Row) int64 { return int64(get(r.tls().Certificates())) })
}

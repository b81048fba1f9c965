package groups

import "pinyon/proto/tls"

// Fingerprints beyond JA3: JA4 of FoxIO (the TLS client method, BSD-3), and NPF of Cisco's
// mercury. All need a whole ClientHello.
var tlsPrints = []Feature{
	ja4("ja4", "JA4 of the ClientHello.", tls.JA4),
	ja4("ja4_r", "JA4 with the hashed lists in clear.", tls.JA4Raw),
	ja4("ja4_o", "JA4 with the lists in the order sent.", tls.JA4Original),
	ja4("ja4_ro", "The same in clear.", tls.JA4OrigRaw),
	tlsText("ja3_string", "What ja3_hash is the MD5 of.", func(dst []byte, h *tlsHellos) []byte {
		if !h.printable() {
			return dst
		}
		return tls.AppendJA3(dst, &h.ch)
	}).private(),
	tlsText("ja3s_string", "What ja3s_hash is the MD5 of.", func(dst []byte, h *tlsHellos) []byte {
		if !h.server || !h.sh.Usable() {
			return dst
		}
		return tls.AppendJA3S(dst, &h.sh)
	}).private(),
	text("tls_npf", "Network Protocol Fingerprint of the ClientHello, extensions sorted.", func(dst []byte, r *Row) ([]byte, bool) {
		if !r.hellos.printable() {
			return dst, false
		}
		return tls.AppendNPF(dst, &r.hellos.ch, r.tls().Over(), true), true
	}).null().private(),
}

// QUIC hellos by the same rules as those over TCP.
var quicPrints = []Feature{
	text("quic_ja3_hash", "JA3 hash of the QUIC ClientHello.", func(dst []byte, r *Row) ([]byte, bool) {
		if !r.quicCH.ok || !r.quicCH.Usable() {
			return dst, false
		}
		return tls.AppendJA3Hash(dst, &r.quicCH.ClientHello), true
	}).null().private(),
	text("quic_ja3s_hash", "JA3S hash of the QUIC ServerHello.", func(dst []byte, r *Row) ([]byte, bool) {
		if !r.quicCH.answered || !r.quicCH.server.Usable() {
			return dst, false
		}
		return tls.AppendJA3SHash(dst, &r.quicCH.server), true
	}).null().private(),
}

// ja4 is filled for TLS over TCP, DTLS and QUIC; in a flow that holds both of these for DTLS.
func ja4(name, doc string, form tls.Form) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		switch {
		case r.hellos.printable():
			return tls.AppendJA4(dst, &r.hellos.ch, r.tls().Over(), form), true
		case r.quicCH.ok && r.quicCH.Usable():
			return tls.AppendJA4(dst, &r.quicCH.ClientHello, tls.OverQUIC, form), true
		}
		return dst, false
	}).null().private()
}

package groups

import (
	"strconv"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/cursor"
	"pinyon/proto/tls"
)

// What the hellos offer and choose, and how the conversation went, for TLS over TCP, DTLS
// and QUIC alike; what needs records is of TCP and DTLS only. RFC 8446, 5246, 9147, 9849.
// Lists are of hexadecimal numbers in the order sent, values of RFC 8701 left out, and need
// a whole hello.
var tlsExtra = []Feature{
	text("tls_transport", "What carries TLS: tcp, dtls, quic, or openvpn for its control channel over UDP.", func(dst []byte, r *Row) ([]byte, bool) {
		switch s := r.tls(); {
		case s == nil:
			return append(dst, "quic"...), true
		case s.Over() == tls.OverDTLS:
			return append(dst, "dtls"...), true
		case r.parsers.InOpenVPN() && !r.isTCP():
			return append(dst, "openvpn"...), true
		}
		return append(dst, "tcp"...), true
	}).null(),
	sessionCount("tls_start_offset", feature.Bytes, "Bytes of the client's stream before TLS starts: of STARTTLS, CONNECT or SOCKS.", (*tls.Session).StartOffset),
	clientCount("tls_client_hello_len", feature.Bytes, "Length of the ClientHello with its header.", helloLen),
	count("tls_client_hello_packets", feature.Count, "Packets that carried it.", clientHelloPackets).null(),
	clientCount("tls_padding_len", feature.Bytes, "Length of its padding extension.", func(h *tls.ClientHello) int { return h.PaddingLen }),
	offered("tls_ciphers", "Suites offered.", func(dst []byte, h *tls.ClientHello) []byte { return h.CipherSuites.AppendHex(dst) }),
	offered("tls_extensions", "Extension types of the ClientHello.", func(dst []byte, h *tls.ClientHello) []byte { return h.Extensions.AppendHex(dst) }),
	offered("tls_supported_versions", "Versions offered in the extension for it.", func(dst []byte, h *tls.ClientHello) []byte { return h.SupportedVersions.AppendHex(dst) }),
	offered("tls_supported_groups", "Key exchange groups that the client supports.", func(dst []byte, h *tls.ClientHello) []byte { return h.SupportedGroups.AppendHex(dst) }),
	offered("tls_key_share_groups", "Groups of the client's key shares.", func(dst []byte, h *tls.ClientHello) []byte { return h.KeyShares.AppendHex(dst) }),
	offered("tls_signature_algorithms", "Signature schemes that the client accepts.", func(dst []byte, h *tls.ClientHello) []byte { return h.SignatureAlgorithms.AppendHex(dst) }),
	offered("tls_ec_point_formats", "Point formats that the client supports, decimal.", func(dst []byte, h *tls.ClientHello) []byte { return appendDecimals(dst, h.PointFormats) }),
	offered("tls_psk_modes", "Key exchange modes for pre-shared keys, decimal.", func(dst []byte, h *tls.ClientHello) []byte { return appendDecimals(dst, h.PSKModes) }),
	offered("tls_alpn_offered", `Application protocols offered, reserved ones left out, joined by commas; one inside a name is \x2c.`, func(dst []byte, h *tls.ClientHello) []byte { return h.ALPN.AppendText(dst) }),
	chosen("tls_alpn_selected", "Application protocol in the ServerHello; TLS 1.3 hides it.", func(dst []byte, h *tls.ServerHello) []byte {
		if tls.Is13(h.Selected()) {
			return dst
		}
		return tls.Escape(dst, h.ALPN)
	}),
	clientFlag("tls_grease", "The ClientHello has a value of RFC 8701.", (*tls.ClientHello).GREASE),
	chosen("tls_server_extensions", "Extension types of the ServerHello, those of RFC 8701 left out.", func(dst []byte, h *tls.ServerHello) []byte {
		if !h.Usable() {
			return dst
		}
		return h.Extensions.AppendHex(dst)
	}),
	chosen("tls_cipher_name", "Name of the suite that the server chose (IANA), else its number.", func(dst []byte, h *tls.ServerHello) []byte {
		return append(dst, tls.SuiteName(h.CipherSuite)...)
	}),
	flag("tls_hrr", "The server sent a HelloRetryRequest.", func(r *Row) bool {
		if s := r.tls(); s != nil {
			return s.Retried()
		}
		return r.quicCH.retried
	}).everywhere(),
	flag("tls_kex_negotiated", "The key exchange group is the server's choice.", func(r *Row) bool { _, ok := r.negotiated(); return ok }).everywhere(),
	clientFlag("tls_pq_offered", "The client offers a post-quantum key exchange.", (*tls.ClientHello).OffersPostQuantum),
	flag("tls_pq_selected", "The server chose a post-quantum key exchange.", func(r *Row) bool { g, _ := r.negotiated(); return tls.IsPostQuantum(g) }).everywhere(),
	clientFlag("tls_ech", "The ClientHello has the encrypted_client_hello extension; one sent for show looks the same.", func(h *tls.ClientHello) bool { return h.ECH.Present }),
	clientValue("tls_ech_type", feature.None, "Its type: 0 outer, 1 inner.", func(h *tls.ClientHello) int64 {
		return valueIf(h.ECH.Present && h.ECH.Type >= 0, int64(h.ECH.Type))
	}).missing(-1),
	clientValue("tls_ech_kdf", feature.None, "HPKE key derivation of an outer one.", func(h *tls.ClientHello) int64 { return valueIf(outer(h), int64(h.ECH.KDF)) }),
	clientValue("tls_ech_aead", feature.None, "HPKE cipher of an outer one.", func(h *tls.ClientHello) int64 { return valueIf(outer(h), int64(h.ECH.AEAD)) }),
	clientValue("tls_ech_config_id", feature.None, "Its configuration id.", func(h *tls.ClientHello) int64 {
		return valueIf(outer(h) && h.ECH.ConfigID >= 0, int64(h.ECH.ConfigID))
	}).missing(-1),
	clientValue("tls_ech_enc_len", feature.Bytes, "Length of its encapsulated key.", func(h *tls.ClientHello) int64 { return valueIf(outer(h), int64(h.ECH.EncLen)) }),
	clientValue("tls_ech_payload_len", feature.Bytes, "Length of its payload.", func(h *tls.ClientHello) int64 { return valueIf(outer(h), int64(h.ECH.PayloadLen)) }),
	clientFlag("tls_esni", "The ClientHello has the encrypted server name of drafts before that.", func(h *tls.ClientHello) bool { return h.ESNI }),
	flag("tls_ems", "Both hellos have extended_master_secret (RFC 7627).", func(r *Row) bool {
		c, s := r.anyClientHello(), r.anyServerHello()
		return c != nil && c.ExtendedMaster && s != nil && s.ExtendedMaster
	}).everywhere(),
	sessionFlag("tls_ocsp_stapled", "The server sent a CertificateStatus message in clear.", (*tls.Session).Stapled),
	sessionFlag("tls_client_cert_requested", "The server asked for a client certificate in clear.", (*tls.Session).CertificateRequested),
	sessionCount("tls_client_cert_count", feature.Count, "Certificates in the client's Certificate message.", func(s *tls.Session) int64 { return int64(s.ClientCertificates()) }),
	sessionCount("tls_ticket_lifetime", feature.Seconds, "Lifetime hint of a session ticket in clear.", func(s *tls.Session) int64 {
		if n, ok := s.TicketLifetime(); ok {
			return int64(n)
		}
		return none
	}),
	count("tls_downgrade_sentinel", feature.None, "12 or 11 if the server's random tells that it could have spoken TLS 1.3.", func(r *Row) int64 {
		h := r.anyServerHello()
		if h == nil {
			return none
		}
		return int64(h.Downgrade())
	}).null(),
	alertOf("tls_alert_client", "Last alert that the client sent in clear.", 0),
	alertOf("tls_alert_server", "Last alert that the server sent in clear.", 1),
	sessionFlag("tls_established", "Both sides sent application data or, up to TLS 1.2, finished the handshake.", (*tls.Session).Established),
	count("tls_hello_rtt_us", feature.Microseconds, "Time from the end of the ClientHello to the start of the ServerHello that answers it.", func(r *Row) int64 {
		ns, ok := r.quicHelloRTT()
		if s := r.tls(); s != nil {
			ns, ok = s.HelloRTT()
		}
		if !ok {
			return none
		}
		return ns / 1000
	}),
	recordList("tls_record_lengths", feature.Bytes, "Lengths of the first 32 records, negative from the server.", func(s *tls.Session, i int) int64 { return int64(s.Record(i).Length) }),
	recordList("tls_record_types", feature.None, "Their content types.", func(s *tls.Session, i int) int64 { return int64(s.Record(i).Type) }),
	recordList("tls_record_gaps_us", feature.Microseconds, "Time since the record before; 0 for the first.", func(s *tls.Session, i int) int64 {
		if i == 0 {
			return 0
		}
		return (s.Record(i).Time - s.Record(i-1).Time) / 1000
	}),
	text("tls_history", "A letter for each event, the client's in upper case: c and s hellos, j retry, x certificate, k and g key exchange, r certificate request, n hello done, y certificate verify, f finished, t ticket, u status, i cipher change, d data, l alert; 64 at most.", func(dst []byte, r *Row) ([]byte, bool) {
		s := r.tls()
		if s == nil {
			return dst, false
		}
		return appended(dst, s.AppendHistory(dst))
	}).null(),
	clientFlag("tls_all_ciphers_unassigned", "No suite offered is assigned: what only looks like TLS draws them at random.", (*tls.ClientHello).AllSuitesUnassigned),
}

// anyClientHello is the flow's ClientHello over any transport, or nil. In a flow that holds
// DTLS and QUIC all columns of this group speak of DTLS.
func (r *Row) anyClientHello() *tls.ClientHello {
	switch {
	case r.isTLS():
		if r.hellos.client {
			return &r.hellos.ch
		}
	case r.quicCH.ok:
		return &r.quicCH.ClientHello
	}
	return nil
}

// wholeClientHello is the same hello if nothing of it is missing.
func (r *Row) wholeClientHello() *tls.ClientHello {
	if h := r.anyClientHello(); h != nil && (h.Usable() || h.IsV2()) {
		return h
	}
	return nil
}

// anyServerHello is the ServerHello of record over any transport, or nil.
func (r *Row) anyServerHello() *tls.ServerHello {
	switch {
	case r.isTLS():
		if r.hellos.server {
			return &r.hellos.sh
		}
	case r.quicCH.answered:
		return &r.quicCH.server
	}
	return nil
}

// quicHelloRTT is the time in ns from the last byte of the client's message before the
// ServerHello to the first byte of that; ok is false if one is missing.
func (r *Row) quicHelloRTT() (rtt int64, ok bool) {
	if !r.quicCH.answered {
		return 0, false
	}
	c := r.quic()
	_, start, known := c.CryptoAt(1-c.Client(), r.quicCH.serverAt)
	if !known {
		return 0, false
	}
	b := cursor.New(c.Crypto(c.Client()))
	for b.Len() > 0 {
		typ := b.U8()
		b.Skip(int(b.U24()))
		if b.Failed() || typ != 1 {
			break
		}
		_, end, known := c.CryptoAt(c.Client(), b.At()-1)
		if !known || end > start {
			break
		}
		rtt, ok = start-end, true
	}
	return rtt, ok
}

// negotiated is the group that the server chose for the key exchange. ok is true with group 0
// too where the server chose a finite field of no name (RFC 5246 section 7.4.3).
func (r *Row) negotiated() (group uint16, ok bool) {
	if s := r.tls(); s != nil {
		k, ok := s.KeyExchange()
		if !ok || k.Group == 0 && !k.DH {
			return 0, false
		}
		return k.Group, true
	}
	if h := r.anyServerHello(); h != nil {
		return h.Group, h.Group != 0
	}
	return 0, false
}

func helloLen(h *tls.ClientHello) int {
	if h.IsV2() {
		return h.Length + 2
	}
	return h.Length + 4
}

func clientHelloPackets(r *Row) int64 {
	switch {
	case r.hellos.client:
		return int64(r.tls().ClientHelloPackets())
	case r.isTLS() || !r.quicCH.ok:
		return none
	}
	c := r.quic()
	_, n := c.CryptoFrames(c.Client(), 0, helloLen(&r.quicCH.ClientHello))
	return int64(n)
}

func outer(h *tls.ClientHello) bool { return h.ECH.Present && h.ECH.Type == 0 }

// appendDecimals appends numbers joined by commas.
func appendDecimals(dst, list []byte) []byte {
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(v), 10)
	}
	return dst
}

// offered is text of a ClientHello that is whole.
func offered(name, doc string, get func(dst []byte, h *tls.ClientHello) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		h := r.wholeClientHello()
		if h == nil {
			return dst, false
		}
		return appended(dst, get(dst, h))
	}).null()
}

// chosen is text of a ServerHello.
func chosen(name, doc string, get func(dst []byte, h *tls.ServerHello) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		h := r.anyServerHello()
		if h == nil {
			return dst, false
		}
		return appended(dst, get(dst, h))
	}).null()
}

func clientFlag(name, doc string, get func(*tls.ClientHello) bool) Feature {
	return flag(name, doc, func(r *Row) bool { h := r.anyClientHello(); return h != nil && get(h) }).everywhere()
}

func clientCount(name string, unit feature.Unit, doc string, get func(*tls.ClientHello) int) Feature {
	return clientValue(name, unit, doc, func(h *tls.ClientHello) int64 { return int64(get(h)) })
}

// clientValue is a number of a ClientHello, none included.
func clientValue(name string, unit feature.Unit, doc string, get func(*tls.ClientHello) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		if h := r.anyClientHello(); h != nil {
			return get(h)
		}
		return none
	}).null()
}

func sessionFlag(name, doc string, get func(*tls.Session) bool) Feature {
	return flag(name, doc, func(r *Row) bool { s := r.tls(); return s != nil && get(s) }).everywhere()
}

// sessionCount is 0 in QUIC, which has no records.
func sessionCount(name string, unit feature.Unit, doc string, get func(*tls.Session) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		if s := r.tls(); s != nil {
			return get(s)
		}
		return 0
	})
}

// alertOf is of the client (0) or the server (1).
func alertOf(name, doc string, side int) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 {
		s := r.tls()
		if s == nil || s.Client() < 0 {
			return none
		}
		v := s.Alert(s.Client() ^ side)
		return valueIf(v >= 0, int64(v))
	}).missing(-1)
}

// recordList is a number of each record listed; empty without TLS over TCP or DTLS.
func recordList(name string, unit feature.Unit, doc string, get func(s *tls.Session, i int) int64) Feature {
	return list(name, feature.IntList, unit, doc, func(c *column.Column, r *Row) {
		s := r.tls()
		if s == nil {
			return
		}
		for i := range s.Records() {
			c.Ints = append(c.Ints, get(s, i))
		}
	})
}

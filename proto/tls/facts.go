package tls

// Over is how the conversation is carried: OverTCP or OverDTLS; 0 if no start was found.
func (s *Session) Over() byte { return s.over }

// Client is the direction of the client, -1 if no hello was seen.
func (s *Session) Client() int { return int(s.client) }

// Detected reports whether a ClientHello or ServerHello was seen of which the part before
// the extensions could be read.
func (s *Session) Detected() bool { return len(s.clientHello) > 0 || len(s.serverHello) > 0 }

// ClientHello reads the ClientHello of record into h: the first one, or that which followed
// a HelloVerifyRequest. h borrows from s until Reset. false if there is none.
func (s *Session) ClientHello(h *ClientHello) bool {
	switch {
	case len(s.clientHello) == 0:
		return false
	case s.v2:
		return h.ParseV2(s.clientHello)
	}
	return h.Parse(s.clientHello, s.over == OverDTLS)
}

// ClientHelloBytes is the message ClientHello reads, its four-byte header included (an
// SSLv2-format one its two-byte record header); nil if there is none. Borrowed until Reset.
func (s *Session) ClientHelloBytes() []byte { return s.clientHello }

// ServerHello reads the ServerHello of record into h: the first that is no
// HelloRetryRequest, or the retry request if there is nothing else. h borrows from s until
// Reset. false if there is none.
func (s *Session) ServerHello(h *ServerHello) bool {
	return len(s.serverHello) > 0 && h.Parse(s.serverHello)
}

// ServerHelloBytes is the message ServerHello reads; nil if there is none. Borrowed until
// Reset.
func (s *Session) ServerHelloBytes() []byte { return s.serverHello }

// StartOffset is where in the client's stream TLS starts, in bytes; 0 without a client.
func (s *Session) StartOffset() int64 {
	if s.client < 0 || s.sides[s.client].state == sideSeeking {
		return 0
	}
	return s.sides[s.client].start
}

// ClientHelloPackets is how many packets carried the ClientHello of record.
func (s *Session) ClientHelloPackets() int { return s.clientMsg.Packets }

// HandshakePackets is how many packets hold the first byte of a handshake record, in clear
// or not.
func (s *Session) HandshakePackets() int { return s.packets }

// Retried reports whether a HelloRetryRequest was seen.
func (s *Session) Retried() bool { return s.retried }

// Version is what the server chose; without a ServerHello, the highest version that the
// client offered; 0 without either.
func (s *Session) Version() uint16 {
	if len(s.serverHello) > 0 {
		return s.version
	}
	var h ClientHello
	if !s.ClientHello(&h) {
		return 0
	}
	return h.MaxVersion()
}

// Resumed reports whether the server took up an earlier session: in TLS 1.3 by accepting a
// PSK; below by returning the client's session id, or by a ChangeCipherSpec before any of
// Certificate, ServerKeyExchange and ServerHelloDone. Where one of these or a
// ClientKeyExchange went by, the handshake was a full one, whatever id was returned (RFC 5246
// section 7.3).
func (s *Session) Resumed() bool {
	var sh ServerHello
	if !s.ServerHello(&sh) {
		return false
	}
	if Is13(s.version) {
		return sh.PreSharedKey
	}
	if s.sides[0].full || s.sides[1].full {
		return false
	}
	var ch ClientHello
	if len(sh.SessionID) > 0 && s.ClientHello(&ch) && string(sh.SessionID) == string(ch.SessionID) {
		return true
	}
	server := &s.sides[1-s.client]
	return server.ccs && server.early
}

// KeyExchange is what the keys were made with: the server's choice if it was captured
// (negotiated), else the client's first key share less GREASE. It is zero for key
// exchanges without a group.
func (s *Session) KeyExchange() (k KeyExchange, negotiated bool) {
	var sh ServerHello
	if s.ServerHello(&sh) {
		switch x, _ := exchangeOf(sh.CipherSuite); {
		case Is13(s.version) && sh.HasKeyShare:
			return KeyExchange{Group: sh.Group, Bits: PublicBits(sh.Group, sh.Public)}, true
		case Is13(s.version) && sh.Complete:
			return k, false
		case s.hasKex:
			return s.kex, true
		case !Is13(s.version) && (x == exchangeOther || s.Resumed()):
			return k, false
		}
	}
	var ch ClientHello
	if s.ClientHello(&ch) {
		group, public := ch.KeyShares.First()
		k = KeyExchange{Group: group, Bits: PublicBits(group, public)}
	}
	return k, false
}

// Certificates is how many certificates of the server's first Certificate message were
// wholly captured, and the bytes of their DER: of all and of the first. TLS 1.3 hides them.
func (s *Session) Certificates() (n, total, first int) {
	return s.certs.n, s.certs.total, s.certs.first
}

// Chain is the server's certificates, if KeepCertificates was set, and the packet that
// completed the message. Borrowed until Reset.
func (s *Session) Chain() (Chain, Mark) {
	chain, _ := ParseChain(s.chain)
	return chain, s.chainAt
}

// ClientCertificates is how many certificates the client's Certificate message held.
func (s *Session) ClientCertificates() int { return s.clientCerts }

// CertificateRequested reports whether the server asked for a client certificate in clear.
func (s *Session) CertificateRequested() bool { return s.asked }

// Stapled reports whether the server sent a CertificateStatus message in clear.
func (s *Session) Stapled() bool { return s.stapled }

// TicketLifetime is the lifetime hint in seconds of the last NewSessionTicket in clear; ok is
// false without one.
func (s *Session) TicketLifetime() (seconds uint32, ok bool) { return s.ticketLife, s.ticketSeen }

// Alert is the description of the last alert in clear that a direction sent, -1 without.
func (s *Session) Alert(dir int) int { return int(s.sides[dir].alert) }

// FatalAlert reports whether a fatal alert went by in clear.
func (s *Session) FatalAlert() bool { return s.sides[0].fatal || s.sides[1].fatal }

// Established reports whether both sides sent application data, or, up to TLS 1.2, both sent
// a ChangeCipherSpec followed by a handshake record.
func (s *Session) Established() bool {
	a, b := &s.sides[0], &s.sides[1]
	return a.data && b.data || a.ccsThen && b.ccsThen && !Is13(s.Version())
}

// HelloRTT is the time from the last byte of the ClientHello that the ServerHello of record
// answers to its first byte, in ns; ok is false if one is missing.
func (s *Session) HelloRTT() (ns int64, ok bool) {
	if len(s.serverHello) == 0 || s.nhellos == 0 {
		return 0, false
	}
	for i := 1; i >= 0; i-- {
		if s.helloEnds[i].Index < s.serverFirst.Index {
			return s.serverFirst.Time - s.helloEnds[i].Time, true
		}
	}
	return 0, false
}

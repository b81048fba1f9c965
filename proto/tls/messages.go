package tls

import "pinyon/internal/cursor"

// message takes in a handshake message in clear.
func (s *Session) message(dir int, m *Message) {
	letter := letterOf(m.Type)
	switch m.Type {
	case typeClientHello:
		s.sawClientHello(dir, m)
	case typeServerHello:
		if s.sawServerHello(dir, m) {
			letter = 'j'
		}
	case typeHelloVerifyRequest:
		s.verify = true
	case typeHelloRetryRequest:
		if int(s.client) == 1-dir && !s.realServer {
			s.retried = true
			s.sides[1-dir].stream.AfterRetry()
			letter = 'j'
		}
	case typeCertificate:
		s.sides[dir].full = true
		s.sawCertificate(dir, m)
	case typeServerKeyExchange:
		s.sides[dir].full = true
		if s.serves(dir) && !s.hasKex {
			s.kex, s.hasKex = ParseServerKeyExchange(m.Bytes, s.suite)
		}
	case typeServerHelloDone, typeClientKeyExchange:
		s.sides[dir].full = true
	case typeCertificateRequest:
		s.asked = s.asked || s.serves(dir)
	case typeCertificateStatus:
		s.stapled = s.stapled || s.serves(dir)
	case typeNewSessionTicket:
		if c := cursor.New(m.Bytes); s.serves(dir) {
			c.Skip(4)
			if life := c.U32(); !c.Failed() {
				s.ticketLife, s.ticketSeen = life, true
			}
		}
	}
	if letter != 0 {
		s.note(dir, letter)
	}
}

// cut takes in a message that never became complete.
func (s *Session) cut(dir int, m *Message) {
	switch m.Type {
	case typeClientHello:
		if len(s.clientHello) == 0 {
			s.sawClientHello(dir, m)
		}
	case typeServerHello:
		if !s.realServer {
			s.sawServerHello(dir, m)
		}
	case typeCertificate:
		s.sides[dir].full = true
		s.sawCertificate(dir, m)
	}
}

// serves reports whether dir is the server's direction and speaks TLS 1.2 or below.
func (s *Session) serves(dir int) bool {
	return int(s.client) == 1-dir && s.realServer && !Is13(s.version)
}

func (s *Session) sawClientHello(dir int, m *Message) {
	var h ClientHello
	if m.V2 && !h.ParseV2(m.Bytes) || !m.V2 && !h.Parse(m.Bytes, s.over == OverDTLS) {
		return
	}
	if s.client < 0 {
		s.client = int8(dir)
	}
	if int(s.client) != dir {
		return
	}
	if s.nhellos == 0 {
		s.helloEnds[0] = m.Last
	}
	s.helloEnds[1] = m.Last
	s.nhellos++
	if len(s.clientHello) > 0 && !s.replaces(&h) {
		return
	}
	s.verify = false
	s.clientHello = append(s.clientHello[:0], m.Bytes...)
	s.clientMsg = *m
	s.clientMsg.Bytes = nil
	s.v2 = m.V2
}

// replaces reports whether a later ClientHello takes the place of the one before: in DTLS,
// when the server only asked for a cookie. That h carries one tells it too.
func (s *Session) replaces(h *ClientHello) bool {
	if s.over != OverDTLS || s.retried || s.realServer {
		return false
	}
	var old ClientHello
	return s.verify || len(h.Cookie) > 0 && old.Parse(s.clientHello, true) && len(old.Cookie) == 0
}

// sawServerHello reports whether the message is a HelloRetryRequest.
func (s *Session) sawServerHello(dir int, m *Message) (retry bool) {
	var h ServerHello
	if !h.Parse(m.Bytes) {
		return false
	}
	if s.client < 0 {
		s.client = int8(1 - dir)
	}
	if int(s.client) == dir || s.realServer {
		return h.Retry
	}
	if h.Retry {
		s.retried = true
		s.sides[1-dir].stream.AfterRetry()
		if len(s.serverHello) > 0 {
			return true
		}
	}
	s.realServer = !h.Retry
	s.serverHello = append(s.serverHello[:0], m.Bytes...)
	s.serverFirst = m.First
	s.suite, s.version = h.CipherSuite, h.Selected()
	if s.version == VersionTLS13 && h.SupportedVersion == 0 {
		// A draft before the 16th, of which only the client says which one.
		var ch ClientHello
		if s.ClientHello(&ch) && ch.Draft != 0 {
			s.version = ch.Draft
		}
	}
	if s.over == OverDTLS && s.version == VersionDTLS13 {
		s.dtls[0].Bare()
		s.dtls[1].Bare()
	}
	if s.over == OverDTLS && s.realServer {
		s.connectionIDs(&h)
	}
	return h.Retry
}

// connectionIDs tells each direction how long the id is that the other side asked for; both
// must have asked (RFC 9146 section 3).
func (s *Session) connectionIDs(server *ServerHello) {
	var client ClientHello
	if !s.ClientHello(&client) {
		return
	}
	forServer, ok := server.Extensions.Get(ExtConnectionID)
	forClient, both := client.Extensions.Get(ExtConnectionID)
	if ok && both {
		s.dtls[s.client].ConnectionID(len(list8(forServer)))
		s.dtls[1-s.client].ConnectionID(len(list8(forClient)))
	}
}

func (s *Session) sawCertificate(dir int, m *Message) {
	if s.realServer && Is13(s.version) || s.client < 0 {
		return
	}
	chain, _ := ParseChain(m.Bytes)
	n, total, first := chain.Lengths()
	switch {
	case int(s.client) == dir:
		if s.clientCerts == 0 {
			s.clientCerts = n
		}
	case !s.hasChain:
		s.hasChain = true
		s.certs = certCounts{n, total, first}
		s.chainAt = m.Last
		if s.KeepCertificates {
			s.chain = append(s.chain[:0], m.Bytes...)
		}
	}
}

package tls

import (
	"bytes"
	"testing"

	"pinyon/proto"
)

// split cuts b into pieces whose lengths are drawn from seed.
func split(b, seed []byte) (pieces [][]byte) {
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if len(seed) > 0 {
			n = min(n, 1+int(seed[i%len(seed)]))
		}
		pieces = append(pieces, b[:n])
		b = b[n:]
	}
	return pieces
}

func seedStreams() [][]byte {
	v13 := ext(ExtSupportedVersions, u16s(VersionTLS13))
	return [][]byte{
		handshake(rfc8448Client), handshake(rfc8448Server),
		cat(handshake(testCH[:20]), handshake(testCH[20:]), record(20, []byte{1}), handshake(make([]byte, 40)), record(23, make([]byte, 9))),
		cat(record(21, []byte{1, 112}), handshake(testSH, message(typeServerHelloDone, nil))),
		cat(handshake(retryRequest(nil, 23)), record(20, []byte{1}), handshake(serverHello(VersionTLS12, nil, 0x1301, v13))),
		cat(v2Hello(VersionTLS10, 47), record(21, []byte{2, 40})),
		handshake(message(typeCertificate, vec24(vec24(make([]byte, 50))))),
	}
}

// FuzzStream: any bytes in any pieces give the same as all at once, within the bounds; a
// reused session is like a fresh one; a start test never changes its mind.
func FuzzStream(f *testing.F) {
	for _, b := range seedStreams() {
		f.Add(b, handshake(testSH), []byte{0, 3, 200})
	}
	reused := new(Session)
	f.Fuzz(func(t *testing.T, b, other, seed []byte) {
		var ref, cut Stream
		want := events(&ref, b, max(1, len(b)))
		for _, size := range []int{1, 1 + len(seed)} {
			cut.Reset()
			if got := events(&cut, b, size); got != want {
				t.Fatalf("%d bytes each:\n%swant\n%s", size, got, want)
			}
		}
		if len(cut.buf) > MaxHandshake+2 {
			t.Fatalf("%d bytes held", len(cut.buf))
		}
		for n := range min(len(b), 200) {
			if v := Start(b[:n]); v != proto.NeedMore && v != Start(b) {
				t.Fatalf("%v of %d bytes, %v of all", v, n, Start(b))
			}
		}

		var text [3]string
		for i, s := range []*Session{new(Session), reused, new(Session)} {
			s.Reset()
			for j, p := range split(b, seed) {
				s.Feed(0, p, Mark{Index: 2 * j})
			}
			for j, p := range split(other, seed) {
				s.Feed(1, p, Mark{Index: 2*j + 1})
			}
			s.Finish()
			text[i] = describe(s)
			if n := len(s.sides[0].pending); n > maxPending+256 {
				t.Fatalf("%d bytes pending", n)
			}
		}
		if text[0] != text[1] || text[0] != text[2] {
			t.Fatalf("fresh, reused and fresh session differ:\n%s\n%s\n%s", text[0], text[1], text[2])
		}
	})
}

// describe asks a session everything.
func describe(s *Session) string {
	var out bytes.Buffer
	var ch ClientHello
	var sh ServerHello
	if s.ClientHello(&ch) {
		out.Write(describeClient(&ch))
	}
	if s.ServerHello(&sh) {
		out.Write(AppendJA3S(nil, &sh))
		out.Write(AppendJA3SHash(nil, &sh))
		out.Write(Escape(nil, sh.ALPN))
	}
	out.Write(s.AppendHistory(nil))
	k, negotiated := s.KeyExchange()
	out.WriteString(k.Name())
	out.WriteString(VersionName(s.Version()))
	for i := range s.Records() {
		out.WriteByte(byte(s.Record(i).Length))
	}
	for _, b := range []bool{negotiated, s.Resumed(), s.Established(), s.Retried(), s.Stapled(), s.CertificateRequested(), s.FatalAlert()} {
		out.WriteString(map[bool]string{true: "y", false: "n"}[b])
	}
	n, total, first := s.Certificates()
	out.Write(appendNumbers(nil, []uint16{uint16(n), uint16(total), uint16(first), uint16(s.HandshakePackets()), uint16(s.Alert(0)), uint16(s.Alert(1)),
		uint16(s.ClientHelloPackets()), uint16(s.StartOffset()), uint16(ticket(s)), uint16(helloRTT(s))}, ' '))
	return out.String()
}

func describeClient(h *ClientHello) []byte {
	out := AppendJA3(nil, h)
	out = AppendJA3Hash(out, h)
	for form := JA4; form <= JA4OrigRaw; form++ {
		out = AppendJA4(out, h, OverTCP, form)
	}
	out = AppendNPF(out, h, OverTCP, true)
	out = AppendNPF(out, h, OverDTLS, false)
	out = Escape(out, h.ServerName)
	out = h.ALPN.AppendText(out)
	out = h.Extensions.AppendHex(out)
	out = h.KeyShares.AppendHex(out)
	if h.GREASE() || h.OffersPostQuantum() || h.AllSuitesUnassigned() || h.SuiteCount() > 3 {
		out = append(out, '!')
	}
	return out
}

// FuzzClientHello: no panic, and what a prefix shows the whole shows too.
func FuzzClientHello(f *testing.F) {
	f.Add(rfc8448Client, uint16(60), false)
	f.Add(testCH, uint16(90), false)
	f.Add(dtlsHello(VersionDTLS12, []byte("c"), []uint16{47}, sniExt("a"), alpnExt("h2")), uint16(70), true)
	f.Fuzz(func(t *testing.T, b []byte, cut uint16, dtls bool) {
		var h, p ClientHello
		ok := h.Parse(b, dtls)
		describeClient(&h)
		prefix := b[:min(int(cut), len(b))]
		if !p.Parse(prefix, dtls) {
			return
		}
		if !ok || p.Version != h.Version || !bytes.Equal(p.SessionID, h.SessionID) || !bytes.HasPrefix(h.CipherSuites, p.CipherSuites) ||
			!bytes.HasPrefix(h.Extensions, p.Extensions) || p.ServerName != nil && !bytes.Equal(p.ServerName, h.ServerName) ||
			p.ALPN.First() != nil && !bytes.Equal(p.ALPN.First(), h.ALPN.First()) ||
			p.SessionTicket && !h.SessionTicket || p.PreSharedKey && !h.PreSharedKey || p.EarlyData && !h.EarlyData || p.Usable() && !h.Usable() {
			t.Fatalf("prefix %+v\nwhole %+v", p, h)
		}
		h.ParseV2(b)
	})
}

// FuzzServerHello: no panic, and what a prefix shows the whole shows too.
func FuzzServerHello(f *testing.F) {
	f.Add(rfc8448Server, uint16(60), uint16(0xc02f))
	f.Add(retryRequest(nil, 23), uint16(80), uint16(0x009e))
	f.Add(message(typeServerKeyExchange, cat([]byte{3, 0, 23}, vec8(make([]byte, 65)))), uint16(9), uint16(0xc035))
	f.Fuzz(func(t *testing.T, b []byte, cut, suite uint16) {
		if k, ok := ParseServerKeyExchange(b, suite); ok && k.Name() == "" {
			t.Fatalf("no name for %+v", k)
		}
		var h, p ServerHello
		ok := h.Parse(b)
		AppendJA3SHash(nil, &h)
		if p.Parse(b[:min(int(cut), len(b))]) && (!ok || p.Version != h.Version || p.CipherSuite != h.CipherSuite || p.Retry != h.Retry ||
			!bytes.HasPrefix(h.Extensions, p.Extensions) || p.Usable() && !h.Usable()) {
			t.Fatalf("prefix %+v\nwhole %+v", p, h)
		}
	})
}

// FuzzDTLS: no panic, bounded memory, and a reused session is like a fresh one.
func FuzzDTLS(f *testing.F) {
	hello := dtlsHello(VersionDTLS12, nil, []uint16{0xc02b}, sniExt("a.example"))
	f.Add(dtlsRecord(0, 0, 1, hello, 0, -1), dtlsRecord(0, 0, 2, testSH, 0, -1), []byte{255})
	f.Add(cat(dtlsRecord(0, 0, 1, hello, 30, -1), dtlsRecord(0, 0, 1, hello, 0, 40)), dtlsPlain(21, 0, 1, []byte{2, 40}), []byte{80})
	f.Add(dtlsRecord(0, 0, 1, hello, 0, 70), cat(dtlsPlain(20, 0, 1, []byte{1}), dtlsPlain(22, 1, 0, make([]byte, 20))), []byte{255, 3})
	id := ext(ExtConnectionID, vec8([]byte("id")))
	sh := serverHello(VersionDTLS12, nil, 0x1301, id, ext(ExtSupportedVersions, u16s(VersionDTLS13)))
	f.Add(dtlsRecord(0, 0, 1, dtlsHello(VersionDTLS12, nil, []uint16{0x1301}, id), 0, -1),
		cat(dtlsRecord(0, 0, 2, sh, 0, -1), []byte("\x3eid\x00\x01\x00\x02ab"), []byte("\x19\xfe\xfd\x00\x01\x00\x00\x00\x00\x00\x00id\x00\x01a")), []byte{255})
	reused := new(Session)
	f.Fuzz(func(t *testing.T, b, other, seed []byte) {
		var text [2]string
		for i, s := range []*Session{new(Session), reused} {
			s.Reset()
			for j, p := range split(b, seed) {
				s.FeedDatagram(0, p, Mark{Index: 2 * j})
			}
			for j, p := range split(other, seed) {
				s.FeedDatagram(1, p, Mark{Index: 2*j + 1})
			}
			s.Finish()
			text[i] = describe(s)
			if s.dtls != nil && s.dtls[0].asm.held() > MaxHandshake {
				t.Fatalf("%d bytes held", s.dtls[0].asm.held())
			}
		}
		if text[0] != text[1] {
			t.Fatalf("a reused session differs:\n%s\n%s", text[0], text[1])
		}
	})
}

// FuzzCertificate: no panic, whatever the bytes.
func FuzzCertificate(f *testing.F) {
	name := der(tagSequence, rdn(pair(AttributeCN, tagBMP, "\x00a"), pair("\x2a\x03", tagT61, "\xfc")))
	alg := der(tagSequence, der(tagOID, []byte(oidRSA)), []byte{5, 0})
	exts := der(tagExtensions, der(tagSequence,
		der(tagSequence, der(tagOID, []byte(oidSAN)), der(tagOctets, der(tagSequence, der(sanDNS, []byte("*.a")), der(sanIP, []byte{1, 2, 3, 4})))),
		der(tagSequence, der(tagOID, []byte(oidBasic)), der(tagBoolean, []byte{255}), der(tagOctets, der(tagSequence, der(tagBoolean, []byte{255})))),
		der(tagSequence, der(tagOID, []byte(oidSCT)), der(tagOctets, der(tagOctets, vec16(vec16([]byte{1, 2})))))))
	tbs := der(tagSequence, der(tagVersion, der(tagInteger, []byte{2})), der(tagInteger, []byte{9}), alg, name,
		der(tagSequence, der(tagUTCTime, []byte("200101000000Z")), der(tagTime, []byte("20500101000000Z"))), name,
		der(tagSequence, alg, der(tagBitString, []byte{0}, der(tagSequence, der(tagInteger, []byte{0, 0xc3}), der(tagInteger, []byte{3})))), exts)
	whole := der(tagSequence, tbs, alg, der(tagBitString, []byte{0, 1}))
	if c, ok := ParseCertificate(whole); !ok || !c.IsCA || c.SCTCount != 1 || c.KeyBits != 8 || c.SANCount() != 2 || !c.HasValidity {
		f.Fatalf("the seed is not read: %+v", c)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := ParseCertificate(b)
		if ok && (c.IssuerDER == nil || c.SubjectDER == nil) {
			t.Fatal("a certificate without names")
		}
		NameString(c.SubjectDER)
		NameAttribute(c.IssuerDER, AttributeO)
		c.AppendDNSNames(nil)
		c.AppendIPs(nil)
		c.AppendOIDs(nil)
		c.Matches("a.b")
		c.KeyAlgorithm()
		c.SignatureAlgorithm()
		c.Wildcard()
		chain, _ := ParseChain(b)
		if n, total, first := chain.Lengths(); total > len(b) || first > total || n > len(b) {
			t.Fatalf("%d certificates of %d bytes in %d", n, total, len(b))
		}
		chain.Ordered()
	})
}

// ticket and helloRTT are -1 for what is not there.
func ticket(s *Session) int64 {
	if n, ok := s.TicketLifetime(); ok {
		return int64(n)
	}
	return -1
}

func helloRTT(s *Session) int64 {
	if n, ok := s.HelloRTT(); ok {
		return n
	}
	return -1
}

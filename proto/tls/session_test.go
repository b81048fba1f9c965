package tls

import (
	"bytes"
	"slices"
	"testing"
)

var (
	testCH = clientHello(VersionTLS12, nil, []uint16{0xc02f, 0x2f}, sniExt("a.example"), shareExt(29, make([]byte, 32)))
	testSH = serverHello(VersionTLS12, nil, 0xc02f)
)

func handshake(messages ...[]byte) []byte { return record(RecordHandshake, cat(messages...)) }

// ServerHello and Certificate in one segment but separate records, or cut anywhere.
func TestSessionTLS12(t *testing.T) {
	certs := message(typeCertificate, vec24(cat(vec24(make([]byte, 700)), vec24(nil), vec24(make([]byte, 300)))))
	kex := message(typeServerKeyExchange, cat([]byte{3}, u16s(24), vec8(append([]byte{4}, make([]byte, 96)...)), make([]byte, 60)))
	flight := cat(handshake(testSH), handshake(certs[:500]), handshake(certs[500:], kex), handshake(message(typeServerHelloDone, nil)))
	ccs := record(RecordChangeCipherSpec, []byte{1})
	for _, cut := range []int{1, 7, 100, 536, len(flight) - 1} {
		s := run(c2s(handshake(testCH[:9])), c2s(handshake(testCH[9:])), s2c(flight[:cut]), s2c(flight[cut:]),
			c2s(handshake(message(typeClientKeyExchange, make([]byte, 66))), ccs, handshake(make([]byte, 40))),
			s2c(handshake(message(typeNewSessionTicket, cat([]byte{0, 0, 1, 44}, vec16(make([]byte, 9))))), ccs, handshake(make([]byte, 40))),
			c2s(record(RecordApplicationData, make([]byte, 99)), record(RecordApplicationData, make([]byte, 9))),
			s2c(record(RecordAlert, make([]byte, 26))))
		if got := string(s.AppendHistory(nil)); got != "CsxknGItiDl" {
			t.Errorf("cut at %d: history %s", cut, got)
		}
		if n, total, first := s.Certificates(); n != 2 || total != 1000 || first != 700 {
			t.Errorf("cut at %d: certificates %d %d %d", cut, n, total, first)
		}
		if k, ok := s.KeyExchange(); !ok || k.Name() != "secp384r1" || k.Bits != 384 {
			t.Errorf("cut at %d: key exchange %+v", cut, k)
		}
		if s.Version() != VersionTLS12 || s.Resumed() || !s.Established() || ticket(s) != 300 || s.ClientHelloPackets() != 2 || s.Alert(1) != -1 {
			t.Errorf("cut at %d: version %04x, resumed %v, established %v, ticket %d", cut, s.Version(), s.Resumed(), s.Established(), ticket(s))
		}
		first := int64(1000) // the message starts behind the record header
		if cut <= 5 {
			first = 2000
		}
		if helloRTT(s) != first {
			t.Errorf("cut at %d: %d ns between the hellos", cut, helloRTT(s))
		}
		want := 3
		if cut == len(flight)-1 {
			want = 2
		}
		if chain, at := s.Chain(); chain.Last() == nil || len(chain.Last()) != 300 || at.Index != want {
			t.Errorf("cut at %d: chain of %d bytes from %d", cut, len(chain), at.Index)
		}
	}
}

func TestSessionStart(t *testing.T) {
	hello := handshake(testCH)
	junk := func(n int) (all []segment) {
		for range n {
			all = append(all, c2s([]byte("x")))
		}
		return all
	}
	for _, c := range []struct {
		name     string
		segments []segment
		detected bool
		offset   int64
		client   int
	}{
		{"at once", []segment{c2s(hello)}, true, 0, 0},
		{"in single bytes", singles(hello), true, 0, 0},
		{"STARTTLS", []segment{s2c([]byte("220 hello\r\n")), c2s([]byte("STARTTLS\r\n")), c2s(hello[:2]), c2s(hello[2:])}, true, 10, 0},
		{"server first", []segment{s2c(handshake(testSH)), c2s(hello)}, true, 0, 0},
		{"client is direction 1", []segment{s2c(hello), c2s(handshake(testSH))}, true, 0, 1},
		{"server only", []segment{s2c(handshake(testSH))}, true, 0, 0},
		{"a start that was none", []segment{c2s([]byte{22, 3}), c2s(hello)}, true, 2, 0},
		{"in segment 64", append(junk(63), c2s(hello)), true, 63, 0},
		{"in segment 65", append(junk(64), c2s(hello)), false, 0, -1},
		{"in the middle of a segment", []segment{c2s([]byte("x"), hello)}, false, 0, -1},
	} {
		s := run(c.segments...)
		if s.Detected() != c.detected || s.StartOffset() != c.offset || s.Client() != c.client {
			t.Errorf("%s: detected %v at %d, client %d", c.name, s.Detected(), s.StartOffset(), s.Client())
		}
	}
	// Segments tested by the caller count.
	s := new(Session)
	s.Reset()
	s.Skip(0, 3, 100)
	if s.Feed(0, hello, Mark{}); s.StartOffset() != 100 || s.Ended(0) {
		t.Errorf("start at %d", s.StartOffset())
	}
	s.Reset()
	if s.Skip(0, 64, 100); !s.Ended(0) {
		t.Error("sought after 64 segments")
	}
}

func singles(b []byte) (all []segment) {
	for i := range b {
		all = append(all, c2s(b[i:i+1]))
	}
	return all
}

func TestSessionAlerts(t *testing.T) {
	warn, fail := record(RecordAlert, []byte{1, 112}), record(RecordAlert, []byte{2, 40})
	s := run(c2s(handshake(testCH)), s2c(warn, handshake(testSH)))
	if s.Alert(1) != 112 || s.Alert(0) != -1 || s.FatalAlert() || string(s.AppendHistory(nil)) != "Cls" {
		t.Errorf("alerts %d %d, history %s", s.Alert(0), s.Alert(1), s.AppendHistory(nil))
	}
	for _, s := range []*Session{run(c2s(handshake(testCH)), s2c(fail)), run(s2c(fail), c2s(handshake(testCH)))} {
		if s.Alert(1) != 40 || !s.FatalAlert() {
			t.Errorf("an alert in answer: %d", s.Alert(1))
		}
	}
	if s := run(s2c(fail)); s.Detected() || s.Alert(1) != -1 {
		t.Error("an alert alone is no TLS")
	}
}

func TestSessionRetry(t *testing.T) {
	second := clientHello(VersionTLS12, nil, []uint16{0x1301}, sniExt("second.example"))
	ccs := record(RecordChangeCipherSpec, []byte{1})
	real := serverHello(VersionTLS12, nil, 0x1302, ext(ExtSupportedVersions, u16s(VersionTLS13)), ext(ExtKeyShare, cat(u16s(24), vec16(append([]byte{4}, make([]byte, 96)...)))))
	s := run(c2s(handshake(testCH)), s2c(handshake(retryRequest(nil, 24)), ccs), c2s(ccs, handshake(second)), s2c(handshake(real)), c2s(record(23, nil)))
	var ch ClientHello
	var sh ServerHello
	if !s.ClientHello(&ch) || string(ch.ServerName) != "a.example" || !s.ServerHello(&sh) || sh.CipherSuite != 0x1302 || !s.Retried() {
		t.Errorf("hello %q, suite %04x", ch.ServerName, sh.CipherSuite)
	}
	if k, ok := s.KeyExchange(); !ok || k.Group != 24 || k.Bits != 384 {
		t.Errorf("key exchange %+v", k)
	}
	if got := string(s.AppendHistory(nil)); got != "CjiICsD" || helloRTT(s) != 1000 {
		t.Errorf("history %s, %d ns", got, helloRTT(s))
	}
	// A retry request alone is what there is.
	s = run(c2s(handshake(testCH)), s2c(handshake(retryRequest(nil, 24))))
	if k, ok := s.KeyExchange(); !ok || k.Group != 24 || k.Bits != 0 || s.Version() != VersionTLS13 {
		t.Errorf("key exchange %+v, version %04x", k, s.Version())
	}
}

func TestSessionResumed(t *testing.T) {
	id := bytes.Repeat([]byte{7}, 32)
	ch := handshake(clientHello(VersionTLS12, id, []uint16{0xc02f}, shareExt(29, make([]byte, 32))))
	ccs := record(RecordChangeCipherSpec, []byte{1})
	done := handshake(message(typeServerHelloDone, nil))
	v13 := ext(ExtSupportedVersions, u16s(VersionTLS13))
	for _, c := range []struct {
		name   string
		server []byte
		want   bool
	}{
		{"the client's session id", handshake(serverHello(VersionTLS12, id, 0xc02f)), true},
		{"another session id", cat(handshake(serverHello(VersionTLS12, id[1:], 0xc02f)), done, ccs), false},
		{"ticket", cat(handshake(serverHello(VersionTLS12, nil, 0xc02f)), ccs), true},
		{"full", cat(handshake(serverHello(VersionTLS12, nil, 0xc02f)), done, ccs), false},
		{"full with the client's session id", cat(handshake(serverHello(VersionTLS12, id, 0xc02f), message(typeCertificate, vec24(vec24(make([]byte, 50)))), message(typeServerHelloDone, nil)), ccs), false},
		{"full with the client's session id, cut in the certificate", handshake(serverHello(VersionTLS12, id, 0xc02f), message(typeCertificate, vec24(vec24(make([]byte, 50))))[:20]), false},
		{"pre-shared key without certificate", cat(handshake(serverHello(VersionTLS12, id, 0x00a8), message(typeServerHelloDone, nil)), ccs), false},
		{"TLS 1.3 with the client's session id", cat(handshake(serverHello(VersionTLS12, id, 0x1301, v13)), ccs), false},
		{"TLS 1.3 with a PSK", handshake(serverHello(VersionTLS12, id, 0x1301, v13, ext(ExtPreSharedKey, u16s(0)))), true},
		{"no ServerHello", nil, false},
	} {
		s := run(segment{0, ch}, s2c(c.server))
		if s.Resumed() != c.want {
			t.Errorf("%s: %v", c.name, s.Resumed())
		}
		if k, negotiated := s.KeyExchange(); c.server == nil && (k.Group != 29 || k.Bits != 256 || negotiated) || c.want && k.Group != 0 {
			t.Errorf("%s: key exchange %+v", c.name, k)
		}
	}
}

// TestResumedClientKeyExchange: a client that sends a ClientKeyExchange resumes nothing, also
// where of the server's messages only the ServerHello was captured.
func TestResumedClientKeyExchange(t *testing.T) {
	id := bytes.Repeat([]byte{7}, 32)
	s := run(c2s(handshake(clientHello(VersionTLS12, id, []uint16{47}))), s2c(handshake(serverHello(VersionTLS12, id, 47))),
		c2s(handshake(message(typeClientKeyExchange, make([]byte, 130)))))
	if s.Resumed() {
		t.Error("resumed")
	}
}

// Records stand in the order of the packets they start in, whatever came late.
func TestSessionRecords(t *testing.T) {
	s := new(Session)
	s.Reset()
	s.Feed(0, handshake(testCH), Mark{Index: 0, Time: 5})
	s.Feed(1, handshake(testSH), Mark{Index: 1, Time: 7})
	s.Feed(1, record(23, make([]byte, 3)), Mark{Index: 4, Time: 20})
	late := cat(record(23, make([]byte, 1)), record(23, make([]byte, 2)))
	s.Feed(0, late[:8], Mark{Index: 2, Time: 9}) // the second header is split
	s.Feed(0, late[8:], Mark{Index: 3, Time: 11})
	var got []int
	for i := range s.Records() {
		got = append(got, s.Record(i).Length)
	}
	if want := []int{len(testCH), -len(testSH), 1, 2, -3}; !slices.Equal(got, want) {
		t.Errorf("records %v, want %v", got, want)
	}
	if r := s.Record(3); r.Time != 9 || r.Type != 23 {
		t.Errorf("record 3: %+v", r)
	}
	for i := range 100 {
		s.Feed(i%2, record(23, make([]byte, 100)), Mark{Index: 10 + i})
	}
	if s.Records() != maxRecords || len(s.AppendHistory(nil)) != maxHistory {
		t.Errorf("%d records, history of %d", s.Records(), len(s.AppendHistory(nil)))
	}
}

// A cut hello tells the name; a cut Certificate message its whole certificates.
func TestSessionCut(t *testing.T) {
	s := run(c2s(handshake(testCH)[:len(testCH)-5]))
	var ch ClientHello
	if !s.ClientHello(&ch) || ch.Usable() || string(ch.ServerName) != "a.example" || s.HandshakePackets() != 1 {
		t.Errorf("%+v", ch)
	}
	certs := message(typeCertificate, vec24(cat(vec24(make([]byte, 700)), vec24(make([]byte, 300)))))
	s = run(c2s(handshake(testCH)), s2c(handshake(testSH), handshake(certs)[:900]))
	if n, total, first := s.Certificates(); n != 1 || total != 700 || first != 700 {
		t.Errorf("certificates %d %d %d", n, total, first)
	}
}

// A reused session is like a fresh one.
func TestSessionReset(t *testing.T) {
	s := run(s2c(handshake(testCH)), c2s(handshake(testSH), record(RecordAlert, []byte{2, 40})), s2c([]byte("broken")))
	s.Reset()
	if s.Detected() || s.Client() != -1 || s.Alert(0) != -1 || s.HandshakePackets() != 0 || s.Records() != 0 || s.Ended(1) || !s.KeepCertificates {
		t.Errorf("after Reset: %+v", s)
	}
	s.Feed(0, handshake(testCH), Mark{})
	if s.Client() != 0 || s.HandshakePackets() != 1 {
		t.Errorf("client %d", s.Client())
	}
	var none Session
	none.Reset()
	if none.Finish(); none.Detected() || none.Version() != 0 || none.Resumed() || none.Established() || helloRTT(&none) != -1 {
		t.Error("an empty session says something")
	}
}

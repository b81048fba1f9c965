package tls

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// dtlsRecord is a record of epoch 0 with a fragment of a message: bytes from ... to of its
// body, all that follow if to is negative.
func dtlsRecord(seq byte, number uint16, typ uint8, msg []byte, from, to int) []byte {
	body := msg[4:]
	if to < 0 {
		to = len(body)
	}
	frag := cat(msg[:4], u16s(number), []byte{byte(from >> 16), byte(from >> 8), byte(from)}, vec24(body[from:to]))
	frag[0] = typ
	return dtlsPlain(RecordHandshake, 0, seq, frag)
}

func dtlsPlain(typ uint8, epoch uint16, seq byte, body []byte) []byte {
	return cat([]byte{typ, 0xfe, 0xfd}, u16s(epoch), []byte{0, 0, 0, 0, 0, seq}, vec16(body))
}

func runDTLS(segments ...segment) *Session {
	s := new(Session)
	s.KeepCertificates = true
	s.Reset()
	for i, g := range segments {
		s.FeedDatagram(g.dir, g.b, Mark{Index: i, Time: int64(i) * 1000})
	}
	s.Finish()
	return s
}

func TestDTLS(t *testing.T) {
	first := dtlsHello(VersionDTLS12, nil, []uint16{0xc02b, 0xc02f}, sniExt("first.example"))
	second := dtlsHello(VersionDTLS12, []byte("cookie"), []uint16{0xc02b}, sniExt("second.example"))
	verify := message(typeHelloVerifyRequest, cat(u16s(VersionDTLS10), vec8([]byte("cookie"))))
	sh := serverHello(VersionDTLS12, nil, 0xc02b, ext(ExtExtendedMaster, nil))
	kex := message(typeServerKeyExchange, cat([]byte{3}, u16s(23), vec8(append([]byte{4}, make([]byte, 64)...)), make([]byte, 70)))
	done := message(typeServerHelloDone, nil)
	stun := unhex("0101 0000 2112a442 000102030405060708090a0b")
	n := len(kex) - 4
	s := runDTLS(
		c2s(stun), s2c(stun),
		c2s(dtlsRecord(0, 0, 1, first, 0, -1)),
		s2c(dtlsRecord(0, 0, 3, verify, 0, -1)),
		c2s(dtlsRecord(1, 1, 1, second, 40, -1)), // fragments out of order, one twice
		c2s(dtlsRecord(2, 1, 1, second, 40, -1)),
		c2s(dtlsRecord(3, 1, 1, second, 0, 50)),
		s2c(dtlsRecord(1, 1, 2, sh, 0, -1), dtlsRecord(2, 2, 12, kex, n-20, -1)),
		s2c(dtlsRecord(3, 2, 12, kex, 0, 30), dtlsRecord(4, 2, 12, kex, 25, n-10), dtlsRecord(5, 3, 14, done, 0, 0)),
		c2s(dtlsPlain(RecordChangeCipherSpec, 0, 4, []byte{1}), dtlsPlain(RecordHandshake, 1, 0, make([]byte, 40))),
		s2c(dtlsPlain(RecordChangeCipherSpec, 0, 6, []byte{1}), dtlsPlain(RecordHandshake, 1, 0, make([]byte, 40))),
		c2s(dtlsPlain(RecordApplicationData, 1, 1, make([]byte, 9))),
	)
	var ch ClientHello
	if !s.ClientHello(&ch) || string(ch.ServerName) != "second.example" || string(ch.Cookie) != "cookie" || s.Client() != 0 || s.Over() != OverDTLS {
		t.Errorf("hello %q, client %d", ch.ServerName, s.Client())
	}
	if got := string(s.AppendHistory(nil)); got != "CCsknIiD" {
		t.Errorf("history %s", got)
	}
	if k, ok := s.KeyExchange(); !ok || k.Group != 23 || k.Bits != 256 {
		t.Errorf("key exchange %+v", k)
	}
	if s.ClientHelloPackets() != 3 || s.HandshakePackets() != 9 || !s.Established() || s.Resumed() || s.Version() != VersionDTLS12 {
		t.Errorf("hello in %d packets, %d handshake packets, established %v", s.ClientHelloPackets(), s.HandshakePackets(), s.Established())
	}
	if s.Records() != 15 || s.Record(1).Length >= 0 || s.Record(0).Length <= 0 {
		t.Errorf("%d records", s.Records())
	}
}

// A hello after a HelloRetryRequest does not replace the first.
func TestDTLS13(t *testing.T) {
	first := dtlsHello(VersionDTLS12, nil, []uint16{0x1301}, sniExt("first.example"))
	second := dtlsHello(VersionDTLS12, nil, []uint16{0x1301}, sniExt("second.example"))
	retry := serverHelloRandom(VersionDTLS12, []byte(retryRandom), nil, 0x1301, ext(ExtSupportedVersions, u16s(VersionDTLS13)), ext(ExtKeyShare, u16s(24)))
	sh := serverHello(VersionDTLS12, nil, 0x1301, ext(ExtSupportedVersions, u16s(VersionDTLS13)), ext(ExtKeyShare, cat(u16s(24), vec16(make([]byte, 97)))))
	s := runDTLS(
		c2s(dtlsRecord(0, 0, 1, first, 0, -1)), s2c(dtlsRecord(0, 0, 2, retry, 0, -1)),
		c2s(dtlsRecord(1, 1, 1, second, 0, -1)), s2c(dtlsRecord(1, 1, 2, sh, 0, -1), []byte{0x2e, 0, 1, 0, 3, 1, 2, 3, 0x2a, 0, 0, 9, 9}),
		c2s([]byte{0x2e, 0, 1, 0, 2, 1, 2}),
	)
	var ch ClientHello
	if s.ClientHello(&ch); string(ch.ServerName) != "first.example" || !s.Retried() || s.Version() != VersionDTLS13 || !s.Established() {
		t.Errorf("hello %q, version %04x", ch.ServerName, s.Version())
	}
	if got := string(s.AppendHistory(nil)); got != "CjCsdD" {
		t.Errorf("history %s", got)
	}
}

// Connection ids precede what is encrypted: in the unified header of 1.3, in records of
// type 25 of 1.2. Each side says how long the ids are that it wants to get.
func TestDTLSConnectionID(t *testing.T) {
	id := func(s string) []byte { return ext(ExtConnectionID, vec8([]byte(s))) }
	unified := func(id string) []byte {
		return cat([]byte{0x3e}, []byte(id), []byte{0, 1}, vec16([]byte{1, 2, 3}))
	}
	hidden := func(id string) []byte {
		return cat([]byte{25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0}, []byte(id), vec16(make([]byte, 30)))
	}
	for _, c := range []struct {
		name             string
		client, server   []byte // extensions
		toServer, toHere []byte
		want             string
		established      bool
	}{
		{"1.3", id("here"), cat(id("a server"), ext(ExtSupportedVersions, u16s(VersionDTLS13))), unified("a server"), unified("here"), "CsDd", true},
		{"1.3, one way", id(""), cat(id("a server"), ext(ExtSupportedVersions, u16s(VersionDTLS13))), unified("a server"), []byte{0x2e, 0, 1, 0, 1, 9}, "CsDd", true},
		{"1.2", id("here"), id("a server"), hidden("a server"), hidden("here"), "CsDd", true},
		{"refused", id("here"), nil, hidden("a server"), hidden("here"), "Cs", false},
	} {
		s := runDTLS(
			c2s(dtlsRecord(0, 0, 1, dtlsHello(VersionDTLS12, nil, []uint16{0x1301}, c.client), 0, -1)),
			s2c(dtlsRecord(0, 0, 2, serverHello(VersionDTLS12, nil, 0x1301, c.server), 0, -1)),
			c2s(c.toServer, c.toServer), s2c(c.toHere),
		)
		if got := string(s.AppendHistory(nil)); got != c.want || s.Established() != c.established {
			t.Errorf("%s: history %s, established %v; want %s, %v", c.name, got, s.Established(), c.want, c.established)
		}
	}
}

// TestFragments: hellos in up to 128 fragments that arrive in any order, some twice, some over
// others, several to a datagram or not, read like those that come whole.
func TestFragments(t *testing.T) {
	r := rand.New(rand.NewPCG(64, 39))
	for round := range 300 {
		hello := dtlsHello(VersionDTLS12, nil, []uint16{0xc02b, uint16(round)}, sniExt("a.example"), ext(ExtPadding, make([]byte, r.IntN(3000))))
		server := serverHello(VersionDTLS12, nil, 0xc02b, ext(ExtExtendedMaster, nil), ext(ExtPadding, make([]byte, r.IntN(500))))
		whole := runDTLS(c2s(dtlsRecord(0, 0, 1, hello, 0, -1)), s2c(dtlsRecord(0, 0, 2, server, 0, -1)))
		var parts []segment
		for dir, msg := range [][]byte{hello, server} {
			n := len(msg) - 4
			cuts := []int{0, n}
			for range 1 + r.IntN(min(127, n-1)) {
				cuts = append(cuts, 1+r.IntN(n-1))
			}
			slices.Sort(cuts)
			for i := range len(cuts) - 1 {
				from, to := cuts[i], cuts[i+1]
				if from == to {
					continue
				}
				if r.IntN(8) == 0 { // over its neighbours
					from, to = max(0, from-r.IntN(20)), min(n, to+r.IntN(20))
				}
				for range 1 + r.IntN(8)/7 {
					parts = append(parts, segment{dir, dtlsRecord(0, 0, uint8(1+dir), msg, from, to)})
				}
			}
		}
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		for i := len(parts) - 1; i > 0; i-- {
			if parts[i].dir == parts[i-1].dir && r.IntN(3) == 0 {
				parts[i-1].b = cat(parts[i-1].b, parts[i].b)
				parts = slices.Delete(parts, i, i+1)
			}
		}
		s := runDTLS(parts...)
		if !bytes.Equal(s.ClientHelloBytes(), whole.ClientHelloBytes()) || !bytes.Equal(s.ServerHelloBytes(), whole.ServerHelloBytes()) || s.Client() != 0 {
			t.Fatalf("round %d: %d of %d bytes, %d of %d; client %d", round, len(s.ClientHelloBytes()), len(hello), len(s.ServerHelloBytes()), len(server), s.Client())
		}
	}
}

// What never ends is held within limits, and the prefix of a hello is told at the end.
func TestDTLSCut(t *testing.T) {
	hello := dtlsHello(VersionDTLS12, nil, []uint16{0xc02b}, sniExt("a.example"), ext(ExtPadding, make([]byte, 600)))
	s := runDTLS(c2s(dtlsRecord(0, 0, 1, hello, 0, 300)), c2s(dtlsRecord(0, 0, 1, hello, 400, 500)))
	var ch ClientHello
	if !s.ClientHello(&ch) || ch.Complete || string(ch.ServerName) != "a.example" {
		t.Errorf("%+v", ch)
	}
	huge := message(typeCertificate, make([]byte, 60000))
	var segments []segment
	segments = append(segments, c2s(dtlsRecord(0, 0, 1, hello, 0, -1)))
	for i := range uint16(40) {
		for from := 1; from < 59000; from += 15000 {
			segments = append(segments, s2c(dtlsRecord(0, i, typeCertificate, huge, from, from+1000)))
		}
	}
	s = runDTLS(segments...)
	if n := s.dtls[1].asm.held(); n > MaxHandshake {
		t.Errorf("%d bytes held", n)
	}
}

package tls

import (
	"slices"
	"testing"
)

func TestClientHelloRFC8448(t *testing.T) {
	var h ClientHello
	if !h.Parse(rfc8448Client, false) || !h.Usable() {
		t.Fatalf("not read: %+v", h)
	}
	if h.Version != VersionTLS12 || h.MaxVersion() != VersionTLS13 || h.Length != 192 || len(h.SessionID) != 0 {
		t.Errorf("version %04x, max %04x, length %d", h.Version, h.MaxVersion(), h.Length)
	}
	for _, c := range []struct{ what, got, want string }{
		{"name", string(h.ServerName), "server"},
		{"suites", string(h.CipherSuites.AppendHex(nil)), "1301,1303,1302"},
		{"extensions", string(h.Extensions.AppendHex(nil)), "0000,ff01,000a,0023,0033,002b,000d,002d,001c"},
		{"groups", string(h.SupportedGroups.AppendHex(nil)), "001d,0017,0018,0019,0100,0101,0102,0103,0104"},
		{"versions", string(h.SupportedVersions.AppendHex(nil)), "0304"},
		{"shares", string(h.KeyShares.AppendHex(nil)), "001d"},
		{"JA3", string(AppendJA3(nil, &h)), "771,4865-4867-4866,0-65281-10-35-51-43-13-45-28,29-23-24-25-256-257-258-259-260,"},
		{"JA4 in clear", string(AppendJA4(nil, &h, OverTCP, JA4Raw)), "t13d030900_1301,1302,1303_" +
			"000a,000d,001c,0023,002b,002d,0033,ff01_0403,0503,0603,0203,0804,0805,0806,0401,0501,0601,0201,0402,0502,0602,0202"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	if !h.SessionTicket || h.PreSharedKey || h.EarlyData || string(h.PSKModes) != "\x01" {
		t.Errorf("flags %+v", h)
	}
	if _, public := h.KeyShares.First(); len(public) != 32 {
		t.Errorf("public value of %d bytes", len(public))
	}
	// Without server_name and ALPN nothing else is missing; PSK, early data and ECH were.
	ech := cat([]byte{0}, u16s(1, 3), []byte{209}, vec16(make([]byte, 32)), vec16(make([]byte, 144)))
	m := clientHello(VersionTLS12, nil, []uint16{0x1301}, ext(ExtECH, ech), ext(ExtEarlyData, nil), ext(ExtPadding, make([]byte, 7)),
		ext(ExtExtendedMaster, nil), ext(ExtESNI, nil), ext(ExtPreSharedKey, nil))
	if !h.Parse(m, false) || !h.EarlyData || !h.PreSharedKey || !h.ExtendedMaster || !h.ESNI || h.PaddingLen != 7 ||
		h.ECH != (ECH{Present: true, Type: 0, KDF: 1, AEAD: 3, ConfigID: 209, EncLen: 32, PayloadLen: 144}) {
		t.Errorf("flags %+v", h)
	}
	m = clientHello(VersionTLS12, nil, []uint16{0x1301}, ext(ExtECH, []byte{1}))
	if !h.Parse(m, false) || h.ECH != (ECH{Present: true, Type: 1, ConfigID: -1}) || h.HasServerName {
		t.Errorf("inner ECH %+v", h.ECH)
	}
}

func TestClientHelloGREASE(t *testing.T) {
	m := clientHello(VersionTLS12, nil, []uint16{0x1a1a, 0x1301, 0x00ff, 0x5600, 0x0a1a},
		ext(0x2a2a, nil), ext(ExtSupportedGroups, vec16(u16s(0x3a3a, 29))), ext(ExtSupportedVersions, vec8(u16s(0xfafa, 0x0303, 0x0304))),
		ext(ExtKeyShare, vec16(cat(u16s(0x3a3a), vec16([]byte{0}), u16s(0x11ec), vec16(make([]byte, 1216))))),
		alpnExt("\x0a\x0a", "h2", "a b"))
	var h ClientHello
	if !h.Parse(m, false) || !h.Usable() {
		t.Fatal("not read")
	}
	if n := h.SuiteCount(); n != 4 { // 0x0a1a is no GREASE, signalling values count
		t.Errorf("%d suites", n)
	}
	if n := h.Extensions.Count(); n != 4 {
		t.Errorf("%d extensions", n)
	}
	if g, public := h.KeyShares.First(); g != 0x11ec || len(public) != 1216 || !h.OffersPostQuantum() {
		t.Errorf("first share %04x of %d bytes", g, len(public))
	}
	if got := string(h.ALPN.AppendText(nil)); got != `h2,a\x20b` {
		t.Errorf("protocols %s", got)
	}
	if h.MaxVersion() != VersionTLS13 || !h.GREASE() || h.AllSuitesUnassigned() {
		t.Errorf("version %04x, GREASE %v", h.MaxVersion(), h.GREASE())
	}
	if h.Parse(clientHello(VersionTLS12, nil, []uint16{0x1a1a, 0x0a1a}), false); !h.AllSuitesUnassigned() {
		t.Error("unassigned suites not told")
	}
}

// TestClientHelloCut: every prefix says what it shows and nothing else.
func TestClientHelloCut(t *testing.T) {
	m := clientHello(VersionTLS12, make([]byte, 32), []uint16{0x1301, 0xc02f}, ext(ExtSessionTicket, nil), sniExt("a.example"),
		alpnExt("h2", "http/1.1"), ext(ExtPreSharedKey, make([]byte, 40)))
	var whole, h ClientHello
	if !whole.Parse(m, false) || !whole.Usable() {
		t.Fatal("not read")
	}
	seen := 0
	for n := range m {
		ok := h.Parse(m[:n], false)
		if ok != (n >= 4+2+32+1+32) || h.Complete || h.Malformed || h.Usable() {
			t.Fatalf("%d bytes: ok %v, complete %v, malformed %v", n, ok, h.Complete, h.Malformed)
		}
		if h.ServerName != nil {
			seen++
			if string(h.ServerName) != "a.example" || !h.SessionTicket {
				t.Fatalf("%d bytes: name %q", n, h.ServerName)
			}
		}
		if p := h.ALPN.First(); p != nil && string(p) != "h2" {
			t.Fatalf("%d bytes: protocol %q", n, p)
		}
	}
	if seen == 0 {
		t.Error("the name is never seen in a cut hello")
	}
	if h.Parse(m[:len(m)-30], false); !h.PreSharedKey {
		t.Error("an extension whose body is cut is not told")
	}
}

func TestClientHelloMalformed(t *testing.T) {
	ok := clientHello(VersionTLS12, nil, []uint16{0x1301}, sniExt("a"))
	for name, m := range map[string][]byte{
		"extensions length": message(1, cat(ok[4:len(ok)-10-2], u16s(99), ok[len(ok)-10:])),
		"extension body":    clientHello(VersionTLS12, nil, []uint16{0x1301}, cat(u16s(10, 7), []byte{1})),
		"odd suites":        message(1, cat(u16s(0x0303), testRandom, []byte{0}, vec16([]byte{1, 2, 3}), []byte{1, 0})),
	} {
		var h ClientHello
		if !h.Parse(m, false) || !h.Complete || !h.Malformed || h.Usable() {
			t.Errorf("%s: complete %v, malformed %v", name, h.Complete, h.Malformed)
		}
	}
	var h ClientHello
	if h.Parse(serverHello(0x0303, nil, 47), false) || h.Parse(message(1, cat(u16s(0x0303), testRandom, vec8(make([]byte, 33)))), false) {
		t.Error("no ClientHello was read as one")
	}
}

func TestV2Hello(t *testing.T) {
	var h ClientHello
	m := v2Hello(VersionSSL30, 0x00002f, 0x010080, 0x000004)
	if !h.ParseV2(m) || !h.IsV2() || h.Usable() || h.Version != VersionSSL30 || h.SuiteCount() != 3 || len(h.Random) != 16 {
		t.Errorf("%+v", h)
	}
	if h.ParseV2(m[:len(m)-1]) {
		t.Error("a cut one was read")
	}
	s := run(segment{0, m}, s2c(record(RecordHandshake, serverHello(VersionTLS10, nil, 47))))
	if !s.Detected() || s.Version() != VersionTLS10 || s.Client() != 0 || !s.ClientHello(&h) || h.SuiteCount() != 3 {
		t.Errorf("session: version %04x, client %d", s.Version(), s.Client())
	}
	if s := run(segment{0, m}); s.Version() != VersionSSL30 {
		t.Errorf("version %04x", s.Version())
	}
}

func TestDuplicateExtensions(t *testing.T) {
	m := clientHello(VersionTLS12, nil, []uint16{47}, sniExt("first"), sniExt("second"))
	var h ClientHello
	if h.Parse(m, false); string(h.ServerName) != "first" {
		t.Errorf("name %q", h.ServerName)
	}
	// The first host_name counts, whatever stands before it.
	odd := ext(ExtServerName, vec16(cat([]byte{7}, vec16([]byte("x")), []byte{0}, vec16([]byte("host")))))
	if h.Parse(clientHello(VersionTLS12, nil, []uint16{47}, odd), false); string(h.ServerName) != "host" {
		t.Errorf("name %q", h.ServerName)
	}
	if !slices.Equal(h.Extensions.Append(nil), []uint16{0}) {
		t.Errorf("extensions %v", h.Extensions.Append(nil))
	}
}

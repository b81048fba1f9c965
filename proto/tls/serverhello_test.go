package tls

import (
	"crypto/sha256"
	"testing"
)

func TestServerHelloRFC8448(t *testing.T) {
	var h ServerHello
	if !h.Parse(rfc8448Server) || !h.Usable() {
		t.Fatal("not read")
	}
	if h.Version != VersionTLS12 || h.Selected() != VersionTLS13 || h.CipherSuite != 0x1301 || h.Group != 29 ||
		len(h.Public) != 32 || h.Retry || h.PreSharedKey || h.Length != 86 {
		t.Errorf("%+v", h)
	}
	if got := string(AppendJA3S(nil, &h)); got != "771,4865,51-43" {
		t.Errorf("JA3S %s", got)
	}
	for n := range rfc8448Server {
		if ok := h.Parse(rfc8448Server[:n]); ok != (n >= 4+2+32+1+2+1) || h.Usable() {
			t.Fatalf("%d bytes: %v", n, ok)
		}
	}
}

func TestRetry(t *testing.T) {
	sum := sha256.Sum256([]byte("HelloRetryRequest"))
	if string(sum[:]) != retryRandom {
		t.Fatalf("random %x", sum)
	}
	var h ServerHello
	if !h.Parse(retryRequest(nil, 24)) || !h.Retry || h.Group != 24 || h.Public != nil || h.Selected() != VersionTLS13 {
		t.Errorf("%+v", h)
	}
}

// Drafts of TLS 1.3 up to 21 have neither session id nor compression byte.
func TestServerHelloDraft(t *testing.T) {
	m := message(typeServerHello, cat(u16s(0x7f10), testRandom, u16s(0x1303),
		vec16(cat(ext(13, nil), ext(ExtKeyShareDraft, cat(u16s(24), vec16(append([]byte{4}, make([]byte, 96)...))))))))
	var h ServerHello
	if !h.Parse(m) || !h.Usable() || h.CipherSuite != 0x1303 || h.Group != 24 || PublicBits(h.Group, h.Public) != 384 {
		t.Errorf("%+v", h)
	}
	if got := string(AppendJA3S(nil, &h)); got != "32528,4867,13-40" {
		t.Errorf("JA3S %s", got)
	}
	if got := VersionName(h.Selected()); got != "TLS 1.3 (draft 16)" {
		t.Errorf("version %s", got)
	}
	// Draft 22 looks like 1.3.
	m = serverHello(0x7f16, make([]byte, 32), 0x1301)
	if !h.Parse(m) || h.CipherSuite != 0x1301 || len(h.SessionID) != 32 {
		t.Errorf("%+v", h)
	}
}

func TestDowngrade(t *testing.T) {
	for _, c := range []struct {
		end  string
		want int
	}{{"DOWNGRD\x01", 12}, {"DOWNGRD\x00", 11}, {"DOWNGRD\x02", 0}, {"DOWNGRE\x01", 0}} {
		var h ServerHello
		if h.Parse(serverHelloRandom(VersionTLS12, append(make([]byte, 24), c.end...), nil, 47)); h.Downgrade() != c.want {
			t.Errorf("%q: %d", c.end, h.Downgrade())
		}
	}
}

// TestEarlyDrafts: hellos of TLS 1.3 drafts before the 16th, whose ServerHello has the version of
// 1.3 or the draft's and no session id, alone and behind the HelloRetryRequest of its own type
// that drafts before 22 have. Hellos of RFC 8446 with an odd version are read as before.
func TestEarlyDrafts(t *testing.T) {
	share := ext(ExtKeyShareDraft, cat(u16s(29), vec16(make([]byte, 32))))
	short := func(version uint16, exts ...[]byte) []byte {
		b := cat(u16s(version), testRandom, u16s(0x1301))
		if len(exts) > 0 {
			b = cat(b, vec16(cat(exts...)))
		}
		return message(typeServerHello, b)
	}
	client := clientHello(VersionTLS13, nil, []uint16{0x1301}, sniExt("a.example"), ext(ExtDraftVersion, u16s(13)), ext(ExtKeyShareDraft, vec16(cat(u16s(29), vec16(make([]byte, 32))))))
	plain := clientHello(VersionTLS13, nil, []uint16{0x1301}, sniExt("a.example"))
	retry := message(typeHelloRetryRequest, cat(u16s(VersionTLS13, 0x1301, 23), vec16(nil)))
	for _, c := range []struct {
		name           string
		client, server []byte
		version        uint16
		group          uint16
		extensions     string
	}{
		{"draft named by the client", client, short(VersionTLS13, share), 0x7f0d, 29, "0028"},
		{"draft not named", plain, short(VersionTLS13, share), VersionTLS13, 29, "0028"},
		{"draft named by the server", client, short(0x7f0f, share), 0x7f0f, 29, "0028"},
		{"no extensions", client, short(VersionTLS13), 0x7f0d, 0, ""},
		{"a session id", plain, serverHello(VersionTLS13, []byte("sixteen bytes id"), 0x1301, ext(ExtExtendedMaster, nil)), VersionTLS13, 0, "0017"},
		{"no answer", client, nil, 0x7f0d, 29, ""},
	} {
		for _, retried := range []bool{false, true} {
			segments := []segment{c2s(record(RecordHandshake, c.client))}
			if retried {
				segments = append(segments, s2c(record(RecordHandshake, retry)), c2s(record(RecordHandshake, c.client)))
			}
			if c.server != nil {
				segments = append(segments, s2c(record(RecordHandshake, c.server)))
			}
			s := run(segments...)
			var ch ClientHello
			var sh ServerHello
			if !s.ClientHello(&ch) || s.ServerHello(&sh) != (c.server != nil) || s.Version() != c.version || s.Retried() != retried {
				t.Errorf("%s: version %04x, retried %v", c.name, s.Version(), s.Retried())
			}
			if c.server != nil && (sh.CipherSuite != 0x1301 || !sh.Usable() || string(sh.Extensions.AppendHex(nil)) != c.extensions) {
				t.Errorf("%s: suite %04x, extensions %s", c.name, sh.CipherSuite, sh.Extensions.AppendHex(nil))
			}
			if k, _ := s.KeyExchange(); k.Group != c.group {
				t.Errorf("%s: group %d", c.name, k.Group)
			}
		}
	}
}

package tls

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
)

func TestVersionName(t *testing.T) {
	for v, want := range map[uint16]string{
		0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3",
		0x7f00: "TLS 1.3 (draft 0)", 0x7fff: "TLS 1.3 (draft 255)", 0xfeff: "DTLS 1.0", 0xfefd: "DTLS 1.2",
		0xfefc: "DTLS 1.3", 0x0100: "DTLS 1.0 (pre-standard)", 0x0002: "SSL 2.0", 0x0305: "Unknown (0x0305)", 0xfefe: "Unknown (0xfefe)",
	} {
		if got := VersionName(v); got != want {
			t.Errorf("%04x: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[uint16]bool{0x0303: false, 0x0304: true, 0x7f12: true, 0xfb1a: true, 0xfefc: true, 0xfefd: false, 0xfeff: false, 0x0100: false} {
		if Is13(v) != want {
			t.Errorf("Is13(%04x) is not %v", v, want)
		}
	}
}

// TestOlder: the versions of either numbering in the order they were published, and the same
// from any list of them.
func TestOlder(t *testing.T) {
	ascending := []uint16{VersionSSL20, VersionSSL30, VersionTLS10, VersionDTLSPre, VersionTLS11, VersionDTLS10, VersionTLS12, VersionDTLS12, VersionTLS13, VersionDTLS13}
	for i, a := range ascending {
		for j, b := range ascending {
			if Older(a, b) != (i < j) {
				t.Errorf("Older(%04x, %04x) is not %v", a, b, i < j)
			}
			if got := List(u16s(0x0a0a, a, 0xfafa, b)).Newest(); got != ascending[max(i, j)] {
				t.Errorf("of %04x and %04x %04x is newest", a, b, got)
			}
		}
	}
	if got := List(u16s(0x0a0a, 0xfafa)).Newest(); got != 0 {
		t.Errorf("of GREASE %04x is newest", got)
	}
	if got := List(u16s(VersionTLS13, 0x7f1c, 0x7f17, VersionTLS12)).Newest(); got != 0x7f1c {
		t.Errorf("of drafts %04x is newest", got)
	}
}

// TestOffered13: a hello that offers DTLS 1.0 to 1.3 is one of 1.3, in JA4 too.
func TestOffered13(t *testing.T) {
	s := runDTLS(c2s(dtlsRecord(0, 0, 1, dtlsHello(VersionDTLS12, nil, []uint16{0x1301}, ext(ExtSupportedVersions, vec8(u16s(VersionDTLS10, VersionDTLS13, VersionDTLS12)))), 0, -1)))
	var h ClientHello
	if !s.ClientHello(&h) || s.Version() != VersionDTLS13 || VersionName(s.Version()) != "DTLS 1.3" {
		t.Fatalf("version %04x", s.Version())
	}
	if got := string(AppendJA4(nil, &h, OverDTLS, JA4)); got[:3] != "dd3" {
		t.Errorf("JA4 %s", got)
	}
}

func TestGroupName(t *testing.T) {
	for g, want := range map[uint16]string{
		0x15: "secp224r1", 0x16: "secp256k1", 0x17: "secp256r1", 0x18: "secp384r1", 0x19: "secp521r1", 0x1a: "brainpoolP256r1", 0x1b: "brainpoolP384r1",
		0x1c: "brainpoolP512r1", 0x1d: "x25519", 0x1e: "x448", 0x1f: "brainpoolP256r1tls13", 0x20: "brainpoolP384r1tls13",
		0x21: "brainpoolP512r1tls13", 0x29: "curveSM2", 0x100: "ffdhe2048", 0x101: "ffdhe3072", 0x102: "ffdhe4096", 0x103: "ffdhe6144", 0x104: "ffdhe8192",
		0x200: "MLKEM512", 0x201: "MLKEM768", 0x202: "MLKEM1024",
		0x11eb: "SecP256r1MLKEM768", 0x11ec: "X25519MLKEM768", 0x11ed: "SecP384r1MLKEM1024", 0x105: "unknown(0x0105)", 0x6399: "X25519Kyber768Draft00", 0x639a: "SecP256r1Kyber768Draft00", 0xff01: "unknown(0xff01)",
	} {
		if got := GroupName(g); got != want {
			t.Errorf("%04x: %s, want %s", g, got, want)
		}
	}
	for g, want := range map[uint16]bool{0x1d: false, 0x200: true, 0x203: false, 0x11eb: true, 0x11ee: true, 0x11ef: false, 0x6399: true, 0x639a: true} {
		if IsPostQuantum(g) != want {
			t.Errorf("IsPostQuantum(%04x) is not %v", g, want)
		}
	}
	// What the name says and what the flag says agree, for every number there is.
	for g := range 1 << 16 {
		name := GroupName(uint16(g))
		named := strings.Contains(name, "MLKEM") || strings.Contains(name, "Kyber") || strings.Contains(name, "CECPQ")
		if IsPostQuantum(uint16(g)) != named {
			t.Errorf("%04x is called %s, and IsPostQuantum is %v", g, name, !named)
		}
	}
}

// The table is sorted, and agrees with the standard library where that has a name.
func TestSuites(t *testing.T) {
	codes := make([]uint16, len(suites))
	for i := range suites {
		codes[i] = suites[i].code
		if name, ok := Suite(suites[i].code); !ok || name != suites[i].name {
			t.Errorf("%04x not found", suites[i].code)
		}
	}
	if !slices.IsSorted(codes) || len(slices.Compact(codes)) != len(suites) {
		t.Error("table is not sorted, or has a code twice")
	}
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if got := SuiteName(s.ID); got != s.Name {
			t.Errorf("%04x: %s, want %s", s.ID, got, s.Name)
		}
	}
	if got := SuiteName(0x0a0a); got != "0x0a0a" {
		t.Error(got)
	}
}

func TestGREASE(t *testing.T) {
	n := 0
	for v := range 1 << 16 {
		if IsGREASE(uint16(v)) {
			if v>>8 != v&0xff || v&0xf != 0xa {
				t.Errorf("%04x", v)
			}
			n++
		}
	}
	if n != 16 {
		t.Errorf("%d values", n)
	}
}

func TestEscape(t *testing.T) {
	if got := string(Escape([]byte(">"), []byte("a\\ ~\x7f\xe4!\x00"))); got != `>a\x5c\x20~\x7f\xe4!\x00` {
		t.Error(got)
	}
}

package tls

import (
	"strings"
	"testing"
)

func TestJA3(t *testing.T) {
	for _, c := range []struct {
		version              uint16
		suites, exts, groups []uint16
		formats              []uint8
		wantString, wantMD5  string
	}{
		{769, []uint16{47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}, []uint16{0, 10, 11}, []uint16{23, 24, 25}, []uint8{0},
			"769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0", "ada70206e40642a3e4461f35503241d5"},
		{769, []uint16{4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}, nil, nil, nil,
			"769,4-5-10-9-100-98-3-6-19-18-99,,,", "de350869b8c85de67a350c8d186f11e6"},
		{771, []uint16{0x0a0a, 0x0a1a, 0xfafa}, []uint16{0x1a1a, 0}, []uint16{0x2a2a}, nil, "771,2586,0,,", ""},
	} {
		got := JA3String(c.version, c.suites, c.exts, c.groups, c.formats)
		if got != c.wantString {
			t.Errorf("string %s, want %s", got, c.wantString)
		}
		if c.wantMD5 != "" && MD5Hex(got) != c.wantMD5 {
			t.Errorf("%s: hash %s, want %s", got, MD5Hex(got), c.wantMD5)
		}
		var exts [][]byte
		for _, e := range c.exts {
			switch e {
			case ExtSupportedGroups:
				exts = append(exts, ext(e, vec16(u16s(c.groups...))))
			case ExtECPointFormats:
				exts = append(exts, ext(e, vec8(c.formats)))
			default:
				exts = append(exts, ext(e, nil))
			}
		}
		var h ClientHello
		h.Parse(clientHello(c.version, nil, c.suites, exts...), false)
		if s := string(AppendJA3(nil, &h)); s != got {
			t.Errorf("of the hello %s, of the lists %s", s, got)
		}
		if s := string(AppendJA3Hash(nil, &h)); s != MD5Hex(got) {
			t.Errorf("hash of the hello %s", s)
		}
	}
}

func TestJA3S(t *testing.T) {
	var h ServerHello
	for _, c := range []struct {
		m    []byte
		want string
	}{
		{serverHello(769, nil, 47), "769,47,"},
		{serverHello(769, nil, 47, nil), "769,47,"},
		{serverHello(771, nil, 49199, ext(0x0a0a, nil), ext(65281, nil)), "771,49199,2570-65281"},
	} {
		h.Parse(c.m)
		if got := string(AppendJA3S(nil, &h)); got != c.want || string(AppendJA3SHash(nil, &h)) != MD5Hex(c.want) {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	if got := JA3SString(771, 4865, []uint16{51, 43}); got != "771,4865,51-43" {
		t.Error(got)
	}
}

func TestJA4(t *testing.T) {
	suites := []uint16{0x6a6a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35}
	exts := []uint16{0x9a9a, 0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0xd, 5, 0x23, 0x12, 0x2b, 0xff01, 0xb, 0xa, 0x15, 0x6a6a}
	schemes := []uint16{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}
	for _, c := range []struct {
		transport byte
		version   uint16
		alpn      string
		form      Form
		want      string
	}{
		{OverTCP, VersionTLS13, "h2", JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{OverQUIC, VersionTLS13, "h3", JA4, "q13d1516h3_8daaf6152771_e5627efa2ab1"},
		{OverTCP, VersionTLS13, "\xba\xad", JA4, "t13d1516bd_8daaf6152771_e5627efa2ab1"},
		{OverTCP, VersionTLS12, "http/1.1", JA4, "t12d1516h1_8daaf6152771_e5627efa2ab1"},
		{OverDTLS, VersionDTLS12, "", JA4, "dd2d151600_8daaf6152771_e5627efa2ab1"},
		{OverTCP, 0x7f17, "x", JA4, "t00d1516xx_8daaf6152771_e5627efa2ab1"},
		{OverTCP, VersionTLS11, "\n", JA4, "t11d15160a_8daaf6152771_e5627efa2ab1"},
		{OverTCP, VersionTLS13, "h2", JA4Raw, "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_" +
			"0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601"},
		{OverTCP, VersionTLS13, "h2", JA4OrigRaw, "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_" +
			"001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601"},
	} {
		if got := JA4String(c.transport, c.version, c.alpn, suites, exts, schemes, c.form); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	if suites[0] != 0x6a6a || exts[1] != 0x1b {
		t.Error("the caller's lists were changed")
	}
	// Nothing to hash is zeros; counts stop at 99; schemes of GREASE are left out.
	if got := JA4String(OverTCP, VersionSSL30, "", nil, []uint16{0}, nil, JA4); got != "ts3d000100_000000000000_000000000000" {
		t.Error(got)
	}
	if got := JA4String(OverTCP, VersionSSL20, "", make([]uint16, 120), nil, []uint16{0x0a0a}, JA4Raw); !strings.HasPrefix(got, "ts2i990000_0000,") ||
		!strings.HasSuffix(got, ",0000_") {
		t.Error(got)
	}
	if got := JA4String(OverTCP, VersionTLS12, "", nil, nil, []uint16{0x0403}, JA4OrigRaw); got != "t12i000000___0403" {
		t.Error(got)
	}
}

func TestNPF(t *testing.T) {
	m := clientHello(VersionTLS12, nil, []uint16{0xfafa, 0x1301}, ext(0x1a1a, []byte{0}), sniExt("a"),
		ext(ExtSupportedVersions, vec8(u16s(0x5a5a, 0x0304))), ext(ExtSupportedGroups, vec16(u16s(0x4a4a, 29))),
		ext(ExtECPointFormats, []byte{1, 0}), ext(ExtPadding, make([]byte, 9)))
	var h ClientHello
	h.Parse(m, false)
	for sorted, want := range map[bool]string{
		false: "tls/(0303)(0a0a1301)((0a0a)(0000)(002b0005040a0a0304)(000a000600040a0a001d)(000b00020100)(0015))",
		true:  "tls/1/(0303)(0a0a1301)[(0000)(000a000600040a0a001d)(000b00020100)(0015)(002b0005040a0a0304)(0a0a)]",
	} {
		if got := string(AppendNPF(nil, &h, OverTCP, sorted)); got != want {
			t.Errorf("sorted %v: %s, want %s", sorted, got, want)
		}
	}
	h.Parse(clientHello(VersionTLS10, nil, []uint16{4}), false)
	if got := string(AppendNPF([]byte("x "), &h, OverTCP, true)); got != "x tls/1/(0301)(0004)[]" {
		t.Error(got)
	}
	h.Parse(dtlsHello(VersionDTLS12, nil, []uint16{0xc02c}, ext(0x16, nil)), true)
	for sorted, want := range map[bool]string{false: "dtls/(fefd)(c02c)((0016))", true: "dtls/1/(fefd)(c02c)[(0016)]"} {
		if got := string(AppendNPF(nil, &h, OverDTLS, sorted)); got != want {
			t.Errorf("sorted %v: %s, want %s", sorted, got, want)
		}
	}
}

package tls

import (
	"testing"

	"pinyon/internal/allocs"
)

// browserHello is as long as a browser's with a post-quantum key share.
var browserHello = clientHello(VersionTLS12, make([]byte, 32),
	[]uint16{0x6a6a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35},
	ext(0x9a9a, nil), sniExt("www.example.org"), ext(ExtExtendedMaster, nil), ext(0xff01, []byte{0}),
	ext(ExtSupportedGroups, vec16(u16s(0x4a4a, 0x11ec, 29, 23, 24))), ext(ExtECPointFormats, vec8([]byte{0})), ext(ExtSessionTicket, nil),
	alpnExt("h2", "http/1.1"), ext(5, []byte{1, 0, 0, 0, 0}),
	ext(ExtSignatureAlgorithms, vec16(u16s(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))), ext(18, nil),
	ext(ExtKeyShare, vec16(cat(u16s(0x4a4a), vec16([]byte{0}), u16s(0x11ec), vec16(make([]byte, 1216)), u16s(29), vec16(make([]byte, 32))))),
	ext(ExtPSKModes, vec8([]byte{1})), ext(ExtSupportedVersions, vec8(u16s(0x5a5a, 0x0304, 0x0303))), ext(27, []byte{2, 0, 2}), ext(0x6a6a, []byte{0}))

func fingerprints(dst []byte, h *ClientHello) []byte {
	dst = AppendJA3Hash(dst, h)
	return AppendJA4(dst, h, OverTCP, JA4)
}

func TestAllocations(t *testing.T) {
	hello, answer := handshake(browserHello), cat(handshake(testSH), record(20, []byte{1}), record(23, make([]byte, 500)))
	s := new(Session)
	s.Reset()
	var h ClientHello
	room := make([]byte, 0, 256)
	http := []byte("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
	for name, f := range map[string]func(){
		"start test": func() { Start(hello); Start(http); StartDTLS(http) },
		"hello":      func() { h.Parse(browserHello, false) },
		"JA3, JA4":   func() { fingerprints(room, &h) },
		"lists": func() {
			h.Extensions.Count()
			h.KeyShares.First()
			h.ALPN.AppendText(room)
			h.Extensions.AppendHex(room)
			h.OffersPostQuantum()
			h.GREASE()
		},
		"session": func() {
			s.Reset()
			s.Feed(0, hello[:900], Mark{Index: 1})
			s.Feed(0, hello[900:], Mark{Index: 2})
			s.Feed(1, answer, Mark{Index: 3})
			s.Finish()
			s.KeyExchange()
			s.Resumed()
		},
	} {
		if name == "JA3, JA4" || name == "lists" {
			h.Parse(browserHello, false)
		}
		if n := allocs.PerRun(t, 100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for name, in := range map[string][]byte{
		"in=http":  []byte("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"),
		"in=hello": handshake(browserHello),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Start(in)
			}
		})
	}
}

func BenchmarkClientHello(b *testing.B) {
	room := make([]byte, 0, 256)
	var h ClientHello
	b.Run("do=parse", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(browserHello)))
		for b.Loop() {
			h.Parse(browserHello, false)
		}
	})
	b.Run("do=parse+ja3+ja4", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(browserHello)))
		for b.Loop() {
			h.Parse(browserHello, false)
			fingerprints(room, &h)
		}
	})
}

// BenchmarkSession is a handshake of TLS 1.3 and ten records of data, as segments bring them.
func BenchmarkSession(b *testing.B) {
	hello := handshake(browserHello)
	answer := cat(handshake(rfc8448Server), record(20, []byte{1}), record(23, make([]byte, 900)))
	data := record(23, make([]byte, 1300))
	s := new(Session)
	b.ReportAllocs()
	b.SetBytes(int64(len(hello) + len(answer) + 10*len(data)))
	for b.Loop() {
		s.Reset()
		s.Feed(0, hello[:1400], Mark{Index: 0})
		s.Feed(0, hello[1400:], Mark{Index: 1})
		s.Feed(1, answer, Mark{Index: 2})
		for i := range 10 {
			s.Feed(i&1, data, Mark{Index: 3 + i})
		}
	}
}

package tls

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
)

// The builders below write what the parsers read.

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func u16s(values ...uint16) []byte {
	var b []byte
	for _, v := range values {
		b = append(b, byte(v>>8), byte(v))
	}
	return b
}

func vec8(b []byte) []byte  { return append([]byte{byte(len(b))}, b...) }
func vec16(b []byte) []byte { return append(u16s(uint16(len(b))), b...) }
func vec24(b []byte) []byte { return append([]byte{byte(len(b) >> 16)}, vec16(b)...) }

func message(typ uint8, body []byte) []byte { return append([]byte{typ}, vec24(body)...) }

func record(typ uint8, body []byte) []byte {
	return cat([]byte{typ, 3, 3}, vec16(body))
}

func ext(typ uint16, body []byte) []byte { return cat(u16s(typ), vec16(body)) }

func sniExt(name string) []byte {
	return ext(ExtServerName, vec16(cat([]byte{0}, vec16([]byte(name)))))
}

func alpnExt(names ...string) []byte {
	var b []byte
	for _, n := range names {
		b = append(b, vec8([]byte(n))...)
	}
	return ext(ExtALPN, vec16(b))
}

var testRandom = bytes.Repeat([]byte{0x5a}, 32)

// clientHello is a ClientHello message; without extensions it has no extension block.
func clientHello(version uint16, id []byte, suites []uint16, exts ...[]byte) []byte {
	b := cat(u16s(version), testRandom, vec8(id), vec16(u16s(suites...)), []byte{1, 0})
	if len(exts) > 0 {
		b = append(b, vec16(cat(exts...))...)
	}
	return message(typeClientHello, b)
}

// dtlsHello is a ClientHello with a cookie.
func dtlsHello(version uint16, cookie []byte, suites []uint16, exts ...[]byte) []byte {
	return message(typeClientHello, cat(u16s(version), testRandom, []byte{0}, vec8(cookie),
		vec16(u16s(suites...)), []byte{1, 0}, vec16(cat(exts...))))
}

func serverHello(version uint16, id []byte, suite uint16, exts ...[]byte) []byte {
	return serverHelloRandom(version, testRandom, id, suite, exts...)
}

func serverHelloRandom(version uint16, random, id []byte, suite uint16, exts ...[]byte) []byte {
	b := cat(u16s(version), random, vec8(id), u16s(suite), []byte{0})
	if len(exts) > 0 {
		b = append(b, vec16(cat(exts...))...)
	}
	return message(typeServerHello, b)
}

func retryRequest(id []byte, group uint16) []byte {
	return serverHelloRandom(VersionTLS12, []byte(retryRandom), id, 0x1301,
		ext(ExtSupportedVersions, u16s(VersionTLS13)), ext(ExtKeyShare, u16s(group)))
}

func shareExt(group uint16, public []byte) []byte {
	return ext(ExtKeyShare, vec16(cat(u16s(group), vec16(public))))
}

// v2Hello is an SSLv2-format ClientHello record.
func v2Hello(version uint16, specs ...uint32) []byte {
	var s []byte
	for _, v := range specs {
		s = append(s, byte(v>>16), byte(v>>8), byte(v))
	}
	b := cat([]byte{1}, u16s(version, uint16(len(s)), 0, 16), s, testRandom[:16])
	return append([]byte{0x80 | byte(len(b)>>8), byte(len(b))}, b...)
}

// The hellos of the simple 1-RTT handshake in RFC 8448 section 3.
var (
	rfc8448Client = unhex(`
		01 00 00 c0 03 03 cb 34 ec b1 e7 81 63 ba 1c 38 c6 da cb 19 6a 6d ff a2 1a 8d 99 12 ec 18 a2
		ef 62 83 02 4d ec e7 00 00 06 13 01 13 03 13 02 01 00 00 91 00 00 00 0b 00 09 00 00 06 73 65
		72 76 65 72 ff 01 00 01 00 00 0a 00 14 00 12 00 1d 00 17 00 18 00 19 01 00 01 01 01 02 01 03
		01 04 00 23 00 00 00 33 00 26 00 24 00 1d 00 20 99 38 1d e5 60 e4 bd 43 d2 3d 8e 43 5a 7d ba
		fe b3 c0 6e 51 c1 3c ae 4d 54 13 69 1e 52 9a af 2c 00 2b 00 03 02 03 04 00 0d 00 20 00 1e 04
		03 05 03 06 03 02 03 08 04 08 05 08 06 04 01 05 01 06 01 02 01 04 02 05 02 06 02 02 02 00 2d
		00 02 01 01 00 1c 00 02 40 01`)
	rfc8448Server = unhex(`
		02 00 00 56 03 03 a6 af 06 a4 12 18 60 dc 5e 6e 60 24 9c d3 4c 95 93 0c 8a c5 cb 14 34 da c1
		55 77 2e d3 e2 69 28 00 13 01 00 00 2e 00 33 00 24 00 1d 00 20 c9 82 88 76 11 20 95 fe 66 76
		2b db f7 c6 72 e1 56 d6 cc 25 3b 83 3d f1 dd 69 b1 b0 4e 75 1f 0f 00 2b 00 02 03 04`)
)

// run feeds a Session segments in capture order, a microsecond apart, and finishes it.
func run(segments ...segment) *Session {
	s := new(Session)
	s.KeepCertificates = true
	s.Reset()
	for i, g := range segments {
		s.Feed(g.dir, g.b, Mark{Index: i, Time: int64(i) * 1000})
	}
	s.Finish()
	return s
}

// A segment is what one packet adds to a direction's stream.
type segment struct {
	dir int
	b   []byte
}

func c2s(parts ...[]byte) segment { return segment{0, cat(parts...)} }
func s2c(parts ...[]byte) segment { return segment{1, cat(parts...)} }

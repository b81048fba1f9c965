package tls

import (
	"slices"
	"strconv"
)

// Versions as they stand in hellos.
const (
	VersionSSL20   uint16 = 0x0002
	VersionSSL30   uint16 = 0x0300
	VersionTLS10   uint16 = 0x0301
	VersionTLS11   uint16 = 0x0302
	VersionTLS12   uint16 = 0x0303
	VersionTLS13   uint16 = 0x0304
	VersionDTLS10  uint16 = 0xfeff
	VersionDTLS12  uint16 = 0xfefd
	VersionDTLS13  uint16 = 0xfefc
	VersionDTLSPre uint16 = 0x0100 // OpenSSL's form before RFC 4347
)

// Is13 reports whether version v is TLS 1.3, a draft of it or DTLS 1.3: the handshake is
// encrypted from the ServerHello on.
func Is13(v uint16) bool {
	return v == VersionDTLS13 || v >= VersionTLS13 && v>>8 != 0xfe
}

// Older reports whether version a is older than b. The numbers of TLS rise, drafts of TLS 1.3
// being numbered above it; those of DTLS fall from 1.0 on (RFC 6347 section 4.1), which was
// made of TLS 1.1 as 1.2 of 1.2 and 1.3 of 1.3. Within one hello all are of one kind.
func Older(a, b uint16) bool { return rank(a) < rank(b) }

// rank is the place of a version among all: twice the number of TLS, and for DTLS one more
// than the TLS it was made of.
func rank(v uint16) int {
	switch v {
	case VersionDTLSPre:
		return 2*int(VersionTLS11) - 1
	case VersionDTLS10:
		return 2*int(VersionTLS11) + 1
	}
	if v>>8 == VersionDTLS12>>8 {
		return 2*(int(VersionTLS12)+int(VersionDTLS12)-int(v)) + 1
	}
	return 2 * int(v)
}

// VersionName is the text of a version: "TLS 1.2", "TLS 1.3 (draft 23)", "DTLS 1.0" and so
// on, else "Unknown (0xhhhh)".
func VersionName(v uint16) string {
	switch v {
	case VersionSSL20:
		return "SSL 2.0"
	case VersionSSL30:
		return "SSL 3.0"
	case VersionTLS10:
		return "TLS 1.0"
	case VersionTLS11:
		return "TLS 1.1"
	case VersionTLS12:
		return "TLS 1.2"
	case VersionTLS13:
		return "TLS 1.3"
	case VersionDTLS10:
		return "DTLS 1.0"
	case VersionDTLS12:
		return "DTLS 1.2"
	case VersionDTLS13:
		return "DTLS 1.3"
	case VersionDTLSPre:
		return "DTLS 1.0 (pre-standard)"
	}
	if v>>8 == 0x7f {
		return "TLS 1.3 (draft " + strconv.Itoa(int(v&0xff)) + ")"
	}
	return string(appendHex4([]byte("Unknown (0x"), v)) + ")"
}

// groups are names of the IANA registry "TLS Supported Groups", and of values that browsers
// and Cloudflare used before ML-KEM got its own, by code. postQuantum says that the exchange
// rests on a post-quantum one, alone or beside a curve.
var groups = [...]struct {
	code        uint16
	name        string
	postQuantum bool
}{
	{0x0015, "secp224r1", false},
	{0x0016, "secp256k1", false},
	{0x0017, "secp256r1", false},
	{0x0018, "secp384r1", false},
	{0x0019, "secp521r1", false},
	{0x001a, "brainpoolP256r1", false},
	{0x001b, "brainpoolP384r1", false},
	{0x001c, "brainpoolP512r1", false},
	{0x001d, "x25519", false},
	{0x001e, "x448", false},
	{0x001f, "brainpoolP256r1tls13", false},
	{0x0020, "brainpoolP384r1tls13", false},
	{0x0021, "brainpoolP512r1tls13", false},
	{0x0029, "curveSM2", false},
	{0x0100, "ffdhe2048", false},
	{0x0101, "ffdhe3072", false},
	{0x0102, "ffdhe4096", false},
	{0x0103, "ffdhe6144", false},
	{0x0104, "ffdhe8192", false},
	{0x0200, "MLKEM512", true},
	{0x0201, "MLKEM768", true},
	{0x0202, "MLKEM1024", true},
	{0x11eb, "SecP256r1MLKEM768", true},
	{0x11ec, "X25519MLKEM768", true},
	{0x11ed, "SecP384r1MLKEM1024", true},
	{0x11ee, "curveSM2MLKEM768", true},
	{0x4138, "CECPQ2", true},
	{0x6399, "X25519Kyber768Draft00", true},
	{0x639a, "SecP256r1Kyber768Draft00", true},
	{0xfe30, "X25519Kyber512Draft00", true},
	{0xfe31, "X25519Kyber768Draft00Old", true},
	{0xfe32, "P256Kyber768Draft00", true},
}

// GroupName is the name of a key exchange group, else "unknown(0xhhhh)".
func GroupName(g uint16) string {
	for i := range groups {
		if groups[i].code == g {
			return groups[i].name
		}
	}
	return string(appendHex4([]byte("unknown(0x"), g)) + ")"
}

// IsPostQuantum reports whether group g rests on a post-quantum key exchange, alone or
// beside a curve. Whatever it says yes to has a name.
func IsPostQuantum(g uint16) bool {
	for i := range groups {
		if groups[i].code == g {
			return groups[i].postQuantum
		}
	}
	return false
}

// isPointGroup reports whether the group's public values are points of a curve in short
// Weierstrass form, which an uncompressed encoding writes as 04, x, y (RFC 8422 section 5.4.1).
func isPointGroup(g uint16) bool {
	switch {
	case g >= 1 && g <= 0x1c, g >= 0x1f && g <= 0x21, g == 0x29, g == explicitPrime, g == explicitChar2:
		return true
	}
	return false
}

// Suite is the IANA name of a cipher suite; ok is false if it is not assigned.
func Suite(code uint16) (name string, ok bool) {
	i, ok := slices.BinarySearchFunc(suites[:], code, func(s struct {
		code uint16
		name string
	}, c uint16) int {
		return int(s.code) - int(c)
	})
	if !ok {
		return "", false
	}
	return suites[i].name, true
}

// SuiteName is the IANA name of a cipher suite, else "0xhhhh".
func SuiteName(code uint16) string {
	if name, ok := Suite(code); ok {
		return name
	}
	return string(appendHex4([]byte("0x"), code))
}

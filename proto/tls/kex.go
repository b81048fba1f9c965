package tls

import (
	"bytes"
	"crypto/sha256"
	"math/bits"
	"strconv"
	"strings"

	"pinyon/internal/cursor"
)

// NamedGroup codes for curves that ServerKeyExchange spells out (RFC 8422 section 5.1.1).
const (
	explicitPrime uint16 = 0xff01
	explicitChar2 uint16 = 0xff02
)

// A KeyExchange is what the key exchange of a handshake was made with.
type KeyExchange struct {
	Group uint16 // 0 if there is none, or a prime of no name
	Bits  int    // of the public value's number: see PublicBits; finite field: of the prime
	DH    bool   // finite field with a prime of no name
}

// Name is the group's name; "dh" and the bits for a prime of no name; "" without a group.
func (k KeyExchange) Name() string {
	switch {
	case k.DH:
		return "dh" + strconv.Itoa(k.Bits)
	case k.Group == 0:
		return ""
	}
	return GroupName(k.Group)
}

// PublicBits is the length in bits of a public value of a group; of an uncompressed point
// (04, x, y) that of one coordinate.
func PublicBits(group uint16, public []byte) int {
	if isPointGroup(group) && len(public) > 0 && public[0] == 4 {
		return 8 * (len(public) - 1) / 2
	}
	return 8 * len(public)
}

// exchange is how a suite of TLS 1.2 and below makes its keys.
type exchange uint8

const (
	exchangeOther exchange = iota // RSA, static DH and ECDH, SRP, export, unknown: no group
	exchangeDHE
	exchangeECDHE
)

// exchangeOf reads a suite's key exchange from its name. psk says that a PSK identity hint
// precedes the parameters. Export suites use keys too short to have a name.
func exchangeOf(suite uint16) (x exchange, psk bool) {
	name, ok := Suite(suite)
	if !ok {
		switch suite { // the ChaCha20 suites of drafts, never assigned
		case 0xcc13, 0xcc14:
			return exchangeECDHE, false
		case 0xcc15:
			return exchangeDHE, false
		}
		return exchangeOther, false
	}
	name, _, ok = strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	switch {
	case !ok || strings.Contains(name, "EXPORT"):
		return exchangeOther, false
	case strings.HasPrefix(name, "ECDHE_"), name == "ECDH_anon":
		return exchangeECDHE, strings.HasSuffix(name, "PSK")
	case strings.HasPrefix(name, "DHE_"), name == "DH_anon":
		return exchangeDHE, strings.HasSuffix(name, "PSK")
	case name == "PSK_DHE": // how RFC 6655 writes DHE_PSK
		return exchangeDHE, true
	}
	return exchangeOther, false
}

// ParseServerKeyExchange reads the parameters from a whole ServerKeyExchange message, header
// included, by the key exchange of the suite chosen (RFC 5246 section 7.4.3, RFC 8422
// section 5.4, RFC 4279, RFC 5489). ok is false if the suite has none or they are cut.
func ParseServerKeyExchange(msg []byte, suite uint16) (k KeyExchange, ok bool) {
	c := cursor.New(msg)
	if c.U8() != typeServerKeyExchange {
		return k, false
	}
	c = c.Vector24()
	x, psk := exchangeOf(suite)
	if psk {
		c.Vector16()
	}
	switch x {
	case exchangeECDHE:
		return curveParams(&c)
	case exchangeDHE:
		p := c.Vector16()
		g, public := c.Vector16(), c.Vector16()
		if c.Failed() || g.Len() == 0 || public.Len() == 0 {
			return k, false
		}
		return primeGroup(p.Rest())
	}
	return k, false
}

func curveParams(c *cursor.Cursor) (k KeyExchange, ok bool) {
	switch c.U8() {
	case 1: // prime, a, b, base, order, cofactor
		k.Group = explicitPrime
		skipVectors8(c, 6)
	case 2: // m, basis, its exponents, a, b, base, order, cofactor
		k.Group = explicitChar2
		c.Skip(2)
		switch c.U8() {
		case 1:
			skipVectors8(c, 1+5)
		case 2:
			skipVectors8(c, 3+5)
		default:
			return KeyExchange{}, false
		}
	case 3:
		k.Group = c.U16()
	default:
		return k, false
	}
	public := c.Vector8()
	if c.Failed() || public.Len() == 0 || k.Group == 0 {
		return KeyExchange{}, false
	}
	k.Bits = PublicBits(k.Group, public.Rest())
	return k, true
}

func skipVectors8(c *cursor.Cursor, n int) {
	for range n {
		c.Vector8()
	}
}

// primes are the finite field groups of RFC 7919: bytes of the prime, code, SHA-256 of it.
var primes = [...]struct {
	size int
	code uint16
	sum  string
}{
	{256, 0x0100, "9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966"},
	{384, 0x0101, "0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17"},
	{512, 0x0102, "4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e"},
	{768, 0x0103, "227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7"},
	{1024, 0x0104, "770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833"},
}

func primeGroup(p []byte) (k KeyExchange, ok bool) {
	p = bytes.TrimLeft(p, "\x00")
	if len(p) == 0 {
		return k, false
	}
	k.Bits = 8*(len(p)-1) + bits.Len8(p[0])
	for i := range primes {
		if primes[i].size != len(p) {
			continue
		}
		sum := sha256.Sum256(p)
		var text [64]byte
		if string(appendHex(text[:0], sum[:])) == primes[i].sum {
			k.Group = primes[i].code
			return k, true
		}
	}
	k.DH = true
	return k, true
}

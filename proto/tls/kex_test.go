package tls

import (
	"math/big"
	"testing"
)

// rfc7919 is the prime of so many bits: 2^b - 2^(b-64) + ([2^(b-130) e] + x) * 2^64 - 1.
func rfc7919(b uint, x int64) []byte {
	const guard = 128
	e, term := new(big.Int), new(big.Int).Lsh(big.NewInt(1), b-130+guard)
	for k := int64(1); term.Sign() > 0; k++ {
		e.Add(e, term)
		term.Div(term, big.NewInt(k))
	}
	e.Rsh(e, guard)
	one := big.NewInt(1)
	p := new(big.Int).Lsh(one, b)
	p.Sub(p, new(big.Int).Lsh(one, b-64))
	p.Add(p, e.Lsh(e.Add(e, big.NewInt(x)), 64))
	return p.Sub(p, one).Bytes()
}

func TestServerKeyExchange(t *testing.T) {
	dh := func(p []byte) []byte {
		return cat(vec16(p), vec16([]byte{2}), vec16(make([]byte, len(p))), make([]byte, 40))
	}
	curve := func(g uint16, n int) []byte {
		return cat([]byte{3}, u16s(g), vec8(append([]byte{4}, make([]byte, n-1)...)), make([]byte, 40))
	}
	hint := vec16([]byte("who are you"))
	p768 := append([]byte{0, 0x7f}, make([]byte, 95)...) // leading zero, then 95*8+7 bits
	for _, c := range []struct {
		name  string
		suite uint16
		body  []byte
		ok    bool
		group uint16
		bits  int
		text  string
	}{
		{"P-256", 0xc02f, curve(23, 65), true, 23, 256, "secp256r1"},
		{"P-521", 0xc02f, curve(25, 133), true, 25, 528, "secp521r1"},
		{"x25519 that starts 04", 0xc02f, curve(29, 32), true, 29, 256, "x25519"},
		{"draft ChaCha20", 0xcc13, curve(23, 65), true, 23, 256, "secp256r1"},
		{"ECDH_anon", 0xc018, curve(24, 97), true, 24, 384, "secp384r1"},
		{"ECDHE_PSK", 0xc035, cat(hint, curve(23, 65)), true, 23, 256, "secp256r1"},
		{"explicit prime curve", 0xc013, cat([]byte{1}, vec8(make([]byte, 32)), vec8([]byte{1}), vec8([]byte{1}), vec8(make([]byte, 65)), vec8([]byte{1}), vec8([]byte{1}),
			vec8(append([]byte{4}, make([]byte, 64)...))), true, explicitPrime, 256, "unknown(0xff01)"},
		{"explicit binary curve", 0xc013, cat([]byte{2, 0, 233, 1}, vec8([]byte{74}), vec8([]byte{1}), vec8([]byte{1}), vec8(make([]byte, 61)), vec8([]byte{1}), vec8([]byte{1}),
			vec8(append([]byte{4}, make([]byte, 60)...))), true, explicitChar2, 240, "unknown(0xff02)"},
		{"ffdhe2048", 0x009e, dh(rfc7919(2048, 560316)), true, 0x100, 2048, "ffdhe2048"},
		{"ffdhe3072", 0x009e, dh(rfc7919(3072, 2625351)), true, 0x101, 3072, "ffdhe3072"},
		{"ffdhe4096", 0x009e, dh(rfc7919(4096, 5736041)), true, 0x102, 4096, "ffdhe4096"},
		{"ffdhe6144", 0x009e, dh(rfc7919(6144, 15705020)), true, 0x103, 6144, "ffdhe6144"},
		{"ffdhe8192", 0x009e, dh(append([]byte{0}, rfc7919(8192, 10965728)...)), true, 0x104, 8192, "ffdhe8192"},
		{"own prime", 0x0033, dh(p768), true, 0, 767, "dh767"},
		{"DH_anon", 0x0034, dh(p768), true, 0, 767, "dh767"},
		{"DHE_PSK", 0x00aa, cat(hint, dh(p768)), true, 0, 767, "dh767"},
		{"PSK_DHE", 0xc0aa, cat(hint, dh(p768)), true, 0, 767, "dh767"},
		{"RSA", 0x002f, dh(p768), false, 0, 0, ""},
		{"RSA_PSK", 0x00ac, hint, false, 0, 0, ""},
		{"SRP", 0xc01d, dh(p768), false, 0, 0, ""},
		{"export", 0x0014, dh(p768), false, 0, 0, ""},
		{"cut", 0xc02f, curve(23, 65)[:30], false, 0, 0, ""},
		{"no prime", 0x0033, dh(nil), false, 0, 0, ""},
	} {
		k, ok := ParseServerKeyExchange(message(typeServerKeyExchange, c.body), c.suite)
		if ok != c.ok || k.Group != c.group || k.Bits != c.bits || k.Name() != c.text {
			t.Errorf("%s: %v %04x %d %q, want %v %04x %d %q", c.name, ok, k.Group, k.Bits, k.Name(), c.ok, c.group, c.bits, c.text)
		}
	}
}

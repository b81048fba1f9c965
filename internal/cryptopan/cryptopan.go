// Package cryptopan hides addresses and keeps their prefixes: two addresses that share their
// first n bits share the first n bits of what is written in their place (Xu, Fan, Ammar, Moon,
// "Prefix-Preserving IP Address Anonymization", ICNP 2002). IPv6 addresses are treated as the
// published one treats IPv4 addresses, over 128 bits.
package cryptopan

import (
	"crypto/aes"
	"crypto/cipher"
	"net/netip"
	"sync"
)

// KeySize is the length of a key in bytes: 16 are the AES-128 key, 16 make the padding.
const KeySize = 32

// A Cipher hides addresses under one key. Goroutines may share it.
type Cipher struct {
	block cipher.Block
	pad   [16]byte
}

// blocks lends what goes into the cipher and comes out of it; arguments of an interface's method
// would be allocated for every address otherwise.
var blocks = sync.Pool{New: func() any { return new([2][16]byte) }}

// New returns the cipher of a key.
func New(key [KeySize]byte) *Cipher {
	b, err := aes.NewCipher(key[:16])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	c := &Cipher{block: b}
	b.Encrypt(c.pad[:], key[16:])
	return c
}

// Addr returns what stands for an address. It is of the same family, and different for
// different addresses. An IPv4-mapped IPv6 address becomes the mapped form of what stands for the
// IPv4 address; a zone is left out.
func (c *Cipher) Addr(a netip.Addr) netip.Addr {
	switch {
	case a.Is4():
		b := a.As4()
		c.hide(b[:])
		return netip.AddrFrom4(b)
	case a.Is4In6():
		b := a.As16()
		c.hide(b[12:])
		return netip.AddrFrom16(b)
	case a.Is6():
		b := a.As16()
		c.hide(b[:])
		return netip.AddrFrom16(b)
	}
	return a
}

// hide replaces the bits of addr, at most 128 of them, by those that stand for them: bit i is
// turned over if the cipher says so of the i bits before it.
func (c *Cipher) hide(addr []byte) {
	in := blocks.Get().(*[2][16]byte)
	defer blocks.Put(in)
	in[0] = c.pad
	for i := range 8 * len(addr) {
		byt, bit := i/8, byte(0x80)>>(i%8)
		c.block.Encrypt(in[1][:], in[0][:])
		was := addr[byt] & bit
		addr[byt] ^= in[1][0] & 0x80 >> (i % 8)
		in[0][byt] = in[0][byt]&^bit | was
	}
}

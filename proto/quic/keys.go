package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
)

// salts are the Initial salts by suite (RFC 9001 section 5.2, RFC 9369 section 3.3.1, and
// their drafts).
var salts = [suiteUnknown][20]byte{
	suite1:      {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
	suite29:     {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
	suite23:     {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
	suite22:     {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a},
	suite2:      {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
	suite2Draft: {0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3},
	// Google's, of QUICHE's source.
	suiteQ50: {0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45},
	suiteT50: {0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10},
	suiteT51: {0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d},
}

// keys are the Initial keys of one client DCID. The ciphers are made when first needed.
type keys struct {
	version uint32
	suite   suite
	n       uint8 // bytes of dcid
	dcid    [maxID]byte
	secret  [32]byte // initial_secret
	client  protector
	server  protector
}

// A protector is what one side protects its Initial packets with (RFC 9001 section 5.1).
type protector struct {
	aead cipher.AEAD // nil: not made
	hp   cipher.Block
	iv   [12]byte
}

func newKeys(version uint32, row suite, dcid []byte) *keys {
	k := &keys{version: version, suite: row}
	k.n = uint8(copy(k.dcid[:], dcid))
	k.secret = mac(salts[row][:], k.dcid[:k.n])
	return k
}

// are reports whether k was made of version and dcid.
func (k *keys) are(version uint32, dcid []byte) bool {
	return k != nil && k.version == version && string(k.dcid[:k.n]) == string(dcid)
}

// drop gives up the ciphers, two kilobytes a side; they are made again if need be.
func (k *keys) drop() {
	if k != nil {
		k.client, k.server = protector{}, protector{}
	}
}

// of is the protector of the client or the server.
func (k *keys) of(server bool) *protector {
	p, label := &k.client, "client in"
	if server {
		p, label = &k.server, "server in"
	}
	if p.aead == nil {
		secret := expand(k.secret, "", label, 32)
		prefix := "quic "
		if k.suite == suite2 || k.suite == suite2Draft {
			prefix = "quicv2 "
		}
		p.set(expand(secret, prefix, "key", 16), expand(secret, prefix, "iv", 12), expand(secret, prefix, "hp", 16))
	}
	return p
}

// set takes the key, iv and hp from the start of its arguments.
func (p *protector) set(key, iv, hp [32]byte) {
	block, err := aes.NewCipher(key[:16])
	if err == nil {
		p.aead, err = cipher.NewGCM(block)
	}
	if err == nil {
		p.hp, err = aes.NewCipher(hp[:16])
	}
	if err != nil {
		panic("BUG: AES-128-GCM: " + err.Error()) // constant sizes
	}
	copy(p.iv[:], iv[:])
}

// expand is the first n bytes of HKDF-Expand-Label with an empty context (RFC 8446
// section 7.1), n at most 32: one HMAC.
func expand(secret [32]byte, prefix, label string, n uint16) [32]byte {
	var info [32]byte
	b := append(info[:0], byte(n>>8), byte(n), byte(6+len(prefix)+len(label)))
	b = append(append(append(b, "tls13 "...), prefix...), label...)
	return mac(secret[:], append(b, 0, 1))
}

// mac is HMAC-SHA-256 for a key of at most 64 bytes and a message of at most 32. crypto/hkdf
// gives the same at 87 allocations a connection and several times the time, this at none
// (BenchmarkInitial).
func mac(key, msg []byte) [32]byte {
	var in, out [96]byte
	copy(in[:64], key)
	out = in
	for i := range 64 {
		in[i] ^= 0x36
		out[i] ^= 0x5c
	}
	n := copy(in[64:], msg)
	sum := sha256.Sum256(in[:64+n])
	copy(out[64:], sum[:])
	return sha256.Sum256(out[:])
}

package quic

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	if err != nil {
		panic(err)
	}
	return b
}

func varint(b []byte, v uint64) []byte {
	switch {
	case v < 1<<6:
		return append(b, byte(v))
	case v < 1<<14:
		return binary.BigEndian.AppendUint16(b, uint16(v)|1<<14)
	case v < 1<<30:
		return binary.BigEndian.AppendUint32(b, uint32(v)|2<<30)
	}
	return binary.BigEndian.AppendUint64(b, v|3<<62)
}

// A long is a long-header packet to be built. The zero value with a version and a DCID is a
// client's Initial.
type long struct {
	version    uint32
	kind       kind
	dcid, scid string
	token      string
	keyID      string // the client's first DCID; "" means dcid
	keySalt    uint32 // a version whose keys are used; 0 means version
	server     bool
	number     uint32
	numberLen  int // 0 means 2
	frames     []byte
	size       int // of the packet: filled up with PADDING
	unfixed    bool
}

// bytes is the packet on the wire. Only Initial packets are really protected, the payload
// of others stands in for ciphertext.
func (p long) bytes() []byte {
	kinds := kinds1
	if p.version == Version2 || p.version == version2Draft {
		kinds = kinds2
	}
	first := byte(0x80)
	for bits, k := range kinds {
		if k == p.kind {
			first |= byte(bits) << 4
		}
	}
	if !p.unfixed {
		first |= 0x40
	}
	if p.numberLen == 0 {
		p.numberLen = 2
	}
	if p.kind != kindRetry {
		first |= byte(p.numberLen - 1)
	}
	b := binary.BigEndian.AppendUint32([]byte{first}, p.version)
	b = append(append(b, byte(len(p.dcid))), p.dcid...)
	b = append(append(b, byte(len(p.scid))), p.scid...)
	switch p.kind {
	case kindRetry:
		return append(append(b, p.token...), "0123456789abcdef"...)
	case kindInitial:
		b = append(varint(b, uint64(len(p.token))), p.token...)
	}
	payload := p.frames
	if n := p.size - len(b) - 2 - p.numberLen - 16 - len(payload); n > 0 {
		payload = append(payload[:len(payload):len(payload)], make([]byte, n)...)
	} else if len(payload) < 4 {
		payload = append(payload[:len(payload):len(payload)], 0, 0, 0, 0)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(p.numberLen+len(payload)+16)|1<<14)
	at := len(b)
	for i := p.numberLen - 1; i >= 0; i-- {
		b = append(b, byte(p.number>>(8*i)))
	}
	if p.kind != kindInitial {
		return append(append(b, payload...), "0123456789abcdef"...)
	}
	id, salt := p.keyID, p.keySalt
	if id == "" {
		id = p.dcid
	}
	if salt == 0 {
		salt = p.version
	}
	return protect(b, payload, at, p.number, suiteOf(salt), id, p.server)
}

// protect appends the protected payload to a header and protects that (RFC 9001 section 5),
// by crypto/hkdf.
func protect(header, payload []byte, at int, number uint32, row suite, dcid string, server bool) []byte {
	if row == suiteUnknown {
		return append(append(header, payload...), "0123456789abcdef"...)
	}
	must := func(b []byte, err error) []byte {
		if err != nil {
			panic(err)
		}
		return b
	}
	label := func(secret []byte, label string, n int) []byte {
		label = "tls13 " + label
		info := "\x00" + string(rune(n)) + string(rune(len(label))) + label + "\x00"
		return must(hkdf.Expand(sha256.New, secret, info, n))
	}
	secret := must(hkdf.Extract(sha256.New, []byte(dcid), salts[row][:]))
	side, prefix := "client in", "quic "
	if server {
		side = "server in"
	}
	if row == suite2 || row == suite2Draft {
		prefix = "quicv2 "
	}
	secret = label(secret, side, 32)
	block, _ := aes.NewCipher(label(secret, prefix+"key", 16))
	aead, _ := cipher.NewGCM(block)
	nonce := label(secret, prefix+"iv", 12)
	for i := range 4 {
		nonce[11-i] ^= byte(number >> (8 * i))
	}
	b := aead.Seal(header[:len(header):len(header)], nonce, payload, header)
	hp, _ := aes.NewCipher(label(secret, prefix+"hp", 16))
	var mask [16]byte
	hp.Encrypt(mask[:], b[at+4:])
	b[0] ^= mask[0] & 0x0f
	for i := at; i < len(header); i++ {
		b[i] ^= mask[1+i-at]
	}
	return b
}

func cryptoFrame(off int, data []byte) []byte {
	b := varint([]byte{frameCrypto}, uint64(off))
	return append(varint(b, uint64(len(data))), data...)
}

// crypto is a CRYPTO frame of the packet's version.
func (p long) crypto(off int, data []byte) []byte {
	b := cryptoFrame(off, data)
	if googleNumber(p.version) > 0 {
		b[0] = googleCrypto
	}
	return b
}

// ack is an ACK frame of it, for one packet.
func (p long) ack() []byte {
	if googleNumber(p.version) > 0 {
		return []byte{googleACK, 1, 0, 0, 1, 0}
	}
	return []byte{frameACK, 0, 0, 0, 0}
}

func (p long) ping() byte {
	if googleNumber(p.version) > 0 {
		return googlePing
	}
	return framePing
}

// negotiate is a Version Negotiation packet.
func negotiate(dcid, scid string, versions ...uint32) []byte {
	b := []byte{0x8a, 0, 0, 0, 0, byte(len(dcid))}
	b = append(append(b, dcid...), byte(len(scid)))
	b = append(b, scid...)
	for _, v := range versions {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// hellos are a ClientHello for name and the ServerHello that answers it, by crypto/tls.
func hellos(t testing.TB, name string) (client, server []byte) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(nil, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	initial := func(q *tls.QUICConn) (b []byte) {
		for {
			switch e := q.NextEvent(); {
			case e.Kind == tls.QUICNoEvent:
				return b
			case e.Kind == tls.QUICTransportParametersRequired:
				q.SetTransportParameters([]byte{1, 2, 0x40, 0x64})
			case e.Kind == tls.QUICWriteData && e.Level == tls.QUICEncryptionLevelInitial:
				b = append(b, e.Data...)
			}
		}
	}
	curves := []tls.CurveID{tls.X25519} // a hello that fits one packet
	c := tls.QUICClient(&tls.QUICConfig{TLSConfig: &tls.Config{ServerName: name, MinVersion: tls.VersionTLS13, NextProtos: []string{"h3"}, CurvePreferences: curves}})
	s := tls.QUICServer(&tls.QUICConfig{TLSConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h3"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}})
	defer c.Close()
	defer s.Close()
	c.SetTransportParameters([]byte{1, 2, 0x40, 0x64})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	client = initial(c)
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.HandleData(tls.QUICEncryptionLevelInitial, client); err != nil {
		t.Fatal(err)
	}
	return client, initial(s)
}

// A wire hands datagrams to a Conn, a millisecond apart.
type wire struct {
	Conn
	Scratch
	n uint32
}

func (w *wire) send(dir int, packets ...[]byte) bool {
	var b []byte
	for _, p := range packets {
		b = append(b, p...)
	}
	w.n++
	return w.Datagram(&w.Scratch, &Datagram{b, len(b), dir, w.n - 1, int64(w.n) * 1e6})
}

func (w *wire) letters() string { return string(w.AppendHistory(nil)) }

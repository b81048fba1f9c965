package extract_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// initial is an Initial packet of QUIC version 1 with one CRYPTO frame, protected by the keys of
// the client's first DCID (RFC 9001 section 5).
func initial(t *testing.T, server bool, first string, number, offset int, data []byte) []byte {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	expand := func(secret []byte, label string, n int) []byte {
		info := string([]byte{0, byte(n), byte(len("tls13 ") + len(label))}) + "tls13 " + label + "\x00"
		return must(hkdf.Expand(sha256.New, secret, info, n))
	}
	salt := must(hex.DecodeString("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"))
	side := map[bool]string{false: "client in", true: "server in"}[server]
	secret := expand(must(hkdf.Extract(sha256.New, []byte(first), salt)), side, 32)
	frames := binary.BigEndian.AppendUint16([]byte{6}, uint16(offset)|1<<14)
	frames = binary.BigEndian.AppendUint16(frames, uint16(len(data))|1<<14)
	frames = append(append(frames, data...), make([]byte, max(0, 1000-len(data)))...)
	dcid := first
	if server {
		dcid = "" // the client chose none for itself
	}
	head := append([]byte{0xc0, 0, 0, 0, 1, byte(len(dcid))}, dcid...)
	head = binary.BigEndian.AppendUint16(append(head, 0, 0), uint16(1+len(frames)+16)|1<<14)
	at := len(head)
	head = append(head, byte(number))
	block, _ := aes.NewCipher(expand(secret, "quic key", 16))
	aead, _ := cipher.NewGCM(block)
	nonce := expand(secret, "quic iv", 12)
	nonce[11] ^= byte(number)
	b := aead.Seal(head[:len(head):len(head)], nonce, frames, head)
	mask := make([]byte, 16)
	hp, _ := aes.NewCipher(expand(secret, "quic hp", 16))
	hp.Encrypt(mask, b[at+4:at+20])
	b[0] ^= mask[0] & 15
	b[at] ^= mask[1]
	return b
}

// helloMessage is a hello of TLS 1.3 with extensions that hold nothing but what they need.
func helloMessage(typ byte, random []byte, extensions []int) []byte {
	b := append(append([]byte{3, 3}, random...), 0)
	if typ == 1 {
		b = append(b, 0, 2, 0x13, 1, 1, 0)
	} else {
		b = append(b, 0x13, 1, 0)
	}
	var exts []byte
	for _, e := range extensions {
		body := []byte{}
		switch {
		case e == 43 && typ == 1:
			body = []byte{2, 3, 4}
		case e == 43:
			body = []byte{3, 4}
		}
		exts = binary.BigEndian.AppendUint16(exts, uint16(e))
		exts = append(binary.BigEndian.AppendUint16(exts, uint16(len(body))), body...)
	}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(exts))), exts...)
	return append([]byte{typ, 0, byte(len(b) >> 8), byte(len(b))}, b...)
}

// TestServerHelloOfRecord: over QUIC the fingerprint, extensions and suite of the server are
// those of its ServerHello, whether a HelloRetryRequest went before it or not, whether the
// client's hello is there in full or not; of the request only if nothing followed it.
func TestServerHelloOfRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(8446, 4))
	retryRandom := sha256.Sum256([]byte("HelloRetryRequest"))
	for round := range 60 {
		client := helloMessage(1, bytes.Repeat([]byte{1}, 32), []int{43, 13, 10})
		extensions := []int{43, 51, 41, 65000 + r.IntN(100)}
		r.Shuffle(len(extensions), func(i, j int) { extensions[i], extensions[j] = extensions[j], extensions[i] })
		server := helloMessage(2, bytes.Repeat([]byte{2}, 32), extensions)
		retry := helloMessage(2, retryRandom[:], []int{51, 43, 44})
		retried, answered, cut := round%2 == 1, round%3 != 0, round%5 == 0
		var stream []byte
		want := extensions
		if retried {
			stream = append(stream, retry...)
		}
		switch {
		case answered:
			stream = append(stream, server...)
		case retried:
			want = []int{51, 43, 44}
		default:
			want = nil
		}
		told := client
		if cut {
			told = client[:40]
		}
		ds := []datagram{{0, initial(t, false, "firstid!", 0, 0, told)}}
		for n, off := 0, 0; off < len(stream); n++ {
			k := min(1+r.IntN(len(stream)), len(stream)-off)
			ds = append(ds, datagram{1, initial(t, true, "firstid!", n, off, stream[off:off+k])})
			off += k
		}
		row := rows(t, further(), udpFrames(nil, 40000, 443, ds))[0]
		var hash, list string
		if want != nil {
			var dec, hex4 []string
			for _, e := range want {
				dec, hex4 = append(dec, fmt.Sprint(e)), append(hex4, fmt.Sprintf("%04x", e))
			}
			hash = fmt.Sprintf("%x", md5.Sum([]byte("771,4865,"+strings.Join(dec, "-"))))
			list = strings.Join(hex4, ",")
		}
		check(t, fmt.Sprintf("round %d", round), row, map[string]any{
			"quic_ja3s_hash": hash, "tls_server_extensions": list, "tls_hrr": retried,
		})
	}
}

package groups_test

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
	return initialOf(t, 1, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", 6, server, first, number, offset, data)
}

// initialOf is the same of another version with its own salt and type of the frame.
func initialOf(t *testing.T, version uint32, salted string, frame byte, server bool, first string, number, offset int, data []byte) []byte {
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
	salt := must(hex.DecodeString(salted))
	side := map[bool]string{false: "client in", true: "server in"}[server]
	secret := expand(must(hkdf.Extract(sha256.New, []byte(first), salt)), side, 32)
	frames := binary.BigEndian.AppendUint16([]byte{frame}, uint16(offset)|1<<14)
	frames = binary.BigEndian.AppendUint16(frames, uint16(len(data))|1<<14)
	frames = append(append(frames, data...), make([]byte, max(0, 1000-len(data)))...)
	dcid := first
	if server {
		dcid = "" // the client chose none for itself
	}
	head := append(binary.BigEndian.AppendUint32([]byte{0xc0}, version), byte(len(dcid)))
	head = append(head, dcid...)
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

// TestGoogleInitials: hellos in the Initial packets of Google QUIC, TLS in those of T050 and T051
// and tags in those of Q050, with the versions' salts as QUICHE has them.
func TestGoogleInitials(t *testing.T) {
	client := helloMessage(1, bytes.Repeat([]byte{1}, 32), []int{43, 13, 10})
	server := helloMessage(2, bytes.Repeat([]byte{2}, 32), []int{51, 43})
	talk := func(version uint32, salt string, frame byte, client, server []byte) []datagram {
		return []datagram{
			{0, initialOf(t, version, salt, frame, false, "firstid!", 0, 0, client)},
			{1, initialOf(t, version, salt, frame, true, "firstid!", 0, 0, server)},
		}
	}
	plain := rows(t, further(), udpFrames(nil, 40000, 443, talk(1, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", 6, client, server)))[0]
	for version, salt := range map[string]string{
		"T050": "7ff579e5acd072915580304c43a2367c60488310", "T051": "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",
	} {
		number := binary.BigEndian.Uint32([]byte(version))
		check(t, version, rows(t, further(), udpFrames(nil, 40000, 443, talk(number, salt, 8, client, server)))[0], map[string]any{
			"quic_version_str": "gQUIC " + version, "quic_ja3_hash": plain.Text("quic_ja3_hash"), "quic_ja3s_hash": plain.Text("quic_ja3s_hash"),
			"ja4": plain.Text("ja4"), "tls_server_extensions": "0033,002b", "quic_dcid": "6669727374696421", "quic_initial_packets": 2, "quic_crypto_frames": 1,
		})
	}
	tags := "CHLO\x03\x00\x00\x00SNI\x00\x09\x00\x00\x00UAID\x0f\x00\x00\x00ALPN\x16\x00\x00\x00a.exampleagent1h3-Q050"
	check(t, "Q050", rows(t, further(), udpFrames(nil, 40000, 443, talk(binary.BigEndian.Uint32([]byte("Q050")), "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45", 8, []byte(tags), []byte("REJ"))))[0], map[string]any{
		"quic_version_str": "gQUIC Q050", "quic_sni": "a.example", "quic_user_agent": "agent1", "quic_alpn": "h3-Q050", "quic_alpn_offered": "h3-Q050",
		"quic_ja3_hash": "", "ja4": "", "quic_crypto_frames": 1, "tls_detected": false, "quic_history": "ISi",
	})
}

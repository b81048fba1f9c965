package groups_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"pinyon/column"
	"pinyon/internal/gen"
	"pinyon/packet"
)

// TestDTLSColumns holds a conversation of openssl with a HelloVerifyRequest against what tshark
// says of it. The second hello, with the cookie, is the one of record.
func TestDTLSColumns(t *testing.T) {
	check(t, "dtls", recordedFlow(t, "dtls"), map[string]any{
		"tls_detected": true, "tls_version": 0xfefd, "tls_version_str": "DTLS 1.2", "tls_cipher_suite": 0xc030, "tls_sni": "pinyon.example", "tls_alpn": "webrtc",
		"ja3_hash": "096df697a18c538158d6a52abc65a0db", "ja3s_hash": "e0fa7acd03af071725a47e9c2d72017b",
		"ja4": "dd2d2808wc_d943125447b4_e7e480e5a997", "tls_transport": "dtls", "tls_client_hello_len": 249, "tls_client_hello_packets": 1,
		"tls_alpn_offered": "webrtc,c-webrtc", "tls_alpn_selected": "webrtc", "tls_server_extensions": "ff01,000b,0023,0010,0017",
		"tls_cipher_name": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "tls_hrr": false, "tls_ems": true, "tls_ticket_lifetime": 7200,
		"tls_handshake_packets": 13, "tls_established": true, "tls_hello_rtt_us": 476, "tls_history": "CCsxknGItilL", "tls_pq_offered": false,
		"tls_cert_count": 1, "tls_cert_total_length": 818, "tls_cert_subject_cn": "pinyon.example", "tls_key_exchange_group_name": "x25519",
		"tls_record_lengths": []int64{237, -35, 257, -86, -116, -215, -215, -215, -123, -79, -215, -38, -12, 45, 1, 48, -194, -1, -48, -26, 26},
		"tls_record_types":   []int64{22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 20, 22, 22, 20, 22, 21, 21},
		"tls_alert_client":   -1, "tls_alert_server": -1, // they are encrypted
		"risk_tls_missing_sni": false, "quic_detected": false,
	})
}

// TestRetryColumns holds a connection of quic-go that was sent back with a token against what
// tshark says of it. Keys change with the Retry, and the hello goes on where it was.
func TestRetryColumns(t *testing.T) {
	check(t, "http3_retry", recordedFlow(t, "http3_retry"), map[string]any{
		"quic_detected": true, "quic_retry_detected": true, "quic_initial_packets": 7, "quic_dcid": "28842274e0acd08fff6d2d7e181775", "quic_dcid_len": 15, "quic_scid_len": 4,
		"quic_token_len": 0, "quic_retry_token_len": 108, "quic_client_initial_size": 1280, "quic_server_scid_len": 4, "quic_handshake_packets": 3,
		"quic_ja3_hash": "aeb4a42cd7925b343b143434a712dd00", "quic_ja3s_hash": "f4febc55ea12b31ae17cfb7e614afda8", "quic_sni": "pinyon.example", "quic_alpn": "h3",
		"quic_hello_rtt_us": 425, "quic_history": "IISrrIiIishhoIHOoOoOoOoO", "tls_client_hello_len": 1521, "tls_client_hello_packets": 2,
		"tls_pq_offered": true, "tls_pq_selected": true, "http_version": "h3", "quic_0rtt_detected": false, "quic_vn_versions": "",
	})
}

// TestQUICRetryRequest: the ServerHello of a QUIC connection is that behind the
// HelloRetryRequest, as tshark shows both. The key share group and its fingerprint are of it.
func TestQUICRetryRequest(t *testing.T) {
	check(t, "http3_hrr", recordedFlow(t, "http3_hrr"), map[string]any{
		"quic_ja3_hash": "aeb4a42cd7925b343b143434a712dd00", "quic_ja3s_hash": "f4febc55ea12b31ae17cfb7e614afda8", "tls_server_extensions": "002b,0033",
		"tls_hrr": true, "tls_pq_offered": true, "tls_pq_selected": false, "tls_kex_negotiated": true, "tls_key_share_groups": "11ec,001d",
		"tls_cipher_name": "TLS_AES_128_GCM_SHA256", "quic_sni": "pinyon.example", "quic_history": "IISiisIIIihIHihoHOoOoOoO", "tls_transport": "quic",
	})
}

// A line is a connection between two ends that writes down what is sent, in order.
type line struct {
	mu   sync.Mutex
	sent []struct {
		dir int
		b   []byte
	}
}

type lineEnd struct {
	net.Conn
	*line
	dir int
}

func (e lineEnd) Write(b []byte) (int, error) {
	e.mu.Lock()
	e.sent = append(e.sent, struct {
		dir int
		b   []byte
	}{e.dir, bytes.Clone(b)})
	e.mu.Unlock()
	return e.Conn.Write(b)
}

// loopback is a connection whose ends do not wait for each other's reads, and give up.
func loopback(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		c.SetDeadline(time.Now().Add(30 * time.Second))
		t.Cleanup(func() { c.Close() })
	}
	return a, b
}

// handshake lets crypto/tls talk, and is the row of what was said, what both agreed on, and what
// the client wrote first.
func handshake(t *testing.T, client, server *tls.Config) (r column.Row, state tls.ConnectionState, hello []byte) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{client.ServerName, "public.example"}}
	der, err := x509.CreateCertificate(nil, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	var l line
	a, b := loopback(t)
	c, s := tls.Client(lineEnd{a, &l, 0}, client), tls.Server(lineEnd{b, &l, 1}, server)
	done := make(chan error, 1)
	go func() {
		// The ticket of TLS 1.3 needs a reader at the other end.
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("hello"))
		}
		done <- err
	}()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ends := [2]gen.Host{
		{Addr: netip.MustParseAddr("10.0.0.1"), Port: 40000, TTL: 64}, {Addr: netip.MustParseAddr("10.0.0.2"), Port: 443, TTL: 64},
	}
	var seq [2]uint32
	var frames []packet.Frame
	hello = l.sent[0].b
	for _, w := range l.sent {
		for len(w.b) > 0 {
			n := min(len(w.b), 1400)
			f := gen.TCP{IP: gen.IP{Src: &ends[w.dir], Dst: &ends[1-w.dir]}, Flags: packet.ACK, Seq: seq[w.dir], Payload: w.b[:n]}
			frames = appendFrame(frames, f.Append(nil))
			seq[w.dir] += uint32(n)
			w.b = w.b[n:]
		}
	}
	rs := rows(t, further(), frames)
	if len(rs) != 1 {
		t.Fatalf("%d rows", len(rs))
	}
	return rs[0], c.ConnectionState(), hello
}

// TestPostQuantum: a hybrid group is offered, and taken or not.
func TestPostQuantum(t *testing.T) {
	r, state, _ := handshake(t, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true}, &tls.Config{})
	if state.CurveID != tls.X25519MLKEM768 {
		t.Fatalf("crypto/tls took %v", state.CurveID)
	}
	check(t, "taken", r, map[string]any{
		"tls_pq_offered": true, "tls_pq_selected": true, "tls_key_exchange_group": 0x11ec, "tls_key_exchange_group_name": "X25519MLKEM768",
		"tls_key_exchange_length": 8 * (1088 + 32), "tls_kex_negotiated": true, "tls_client_hello_packets": 2, "tls_hrr": false, "tls_ech": false, "tls_ech_type": -1,
	})
	r, _, _ = handshake(t, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true}, &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}})
	check(t, "not taken", r, map[string]any{"tls_pq_offered": true, "tls_pq_selected": false, "tls_key_exchange_group": 29, "tls_key_exchange_length": 256, "tls_hrr": false})
	r, _, _ = handshake(t, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}}, &tls.Config{})
	check(t, "not offered", r, map[string]any{"tls_pq_offered": false, "tls_pq_selected": false, "tls_supported_groups": "001d,0017"})
}

// TestRetryRequest: the hello of record is the first one, the server's the one after its
// HelloRetryRequest.
func TestRetryRequest(t *testing.T) {
	client := &tls.Config{ServerName: "a.example", InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}
	r, state, _ := handshake(t, client, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}})
	if state.CurveID != tls.CurveP384 || !state.HelloRetryRequest {
		t.Fatalf("crypto/tls took %v, retry %v", state.CurveID, state.HelloRetryRequest)
	}
	plain, _, _ := handshake(t, client, &tls.Config{})
	check(t, "retry", r, map[string]any{
		"tls_hrr": true, "tls_key_exchange_group": 24, "tls_key_exchange_length": 384, "tls_kex_negotiated": true, "tls_key_share_groups": "001d",
		"tls_server_extensions": "002b,0033", "ja3_hash": plain.Text("ja3_hash"), "ja3s_hash": plain.Text("ja3s_hash"), "ja4": plain.Text("ja4"),
		"tls_history": "CjiICsdDd", "tls_session_resumed": false, "tls_cert_count": 0,
	})
	check(t, "none", plain, map[string]any{"tls_hrr": false, "tls_history": "CsidIDd"})
}

// echConfigs are a key of Encrypted Client Hello and the list that tells of it
// (RFC 9849 section 4; HPKE identifiers of RFC 9180: DHKEM X25519, HKDF-SHA256, AES-128-GCM).
func echConfigs(t *testing.T, id byte, public string) (list []byte, key tls.EncryptedClientHelloKey) {
	t.Helper()
	secret, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	point := secret.PublicKey().Bytes()
	body := []byte{id, 0, 0x20, 0, byte(len(point))}
	body = append(append(body, point...), 0, 4, 0, 1, 0, 1, 64, byte(len(public)))
	body = append(append(body, public...), 0, 0)
	config := binary.BigEndian.AppendUint16([]byte{0xfe, 0x0d}, uint16(len(body)))
	config = append(config, body...)
	list = append(binary.BigEndian.AppendUint16(nil, uint16(len(config))), config...)
	return list, tls.EncryptedClientHelloKey{Config: config, PrivateKey: secret.Bytes()}
}

// TestEncryptedHello: what shows is the outer hello.
func TestEncryptedHello(t *testing.T) {
	list, key := echConfigs(t, 77, "public.example")
	r, state, hello := handshake(t,
		&tls.Config{ServerName: "hidden.example", InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, EncryptedClientHelloConfigList: list},
		&tls.Config{MinVersion: tls.VersionTLS13, EncryptedClientHelloKeys: []tls.EncryptedClientHelloKey{key}})
	if !state.ECHAccepted {
		t.Fatal("crypto/tls did not take it")
	}
	check(t, "ECH", r, map[string]any{
		"tls_sni": "public.example", "tls_ech": true, "tls_ech_type": 0, "tls_ech_kdf": 1, "tls_ech_aead": 1, "tls_ech_config_id": 77, "tls_ech_enc_len": 32, "tls_esni": false,
	})
	// The extension ends with the payload: behind type, identifiers, and 32 bytes of enc.
	at := bytes.Index(hello, []byte{0, 0, 1, 0, 1, 77, 0, 32})
	if at < 4 || hello[at-4] != 0xfe || hello[at-3] != 0x0d {
		t.Fatal("no extension in the hello")
	}
	if n, want := r.Int("tls_ech_payload_len"), int64(binary.BigEndian.Uint16(hello[at-2:]))-8-32-2; n != want || n <= 16 {
		t.Errorf("payload of %d bytes; want %d", n, want)
	}
}

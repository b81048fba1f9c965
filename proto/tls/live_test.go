package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A tap writes down what both ends of a connection send, in the order they do.
type tap struct {
	mu  sync.Mutex
	all []segment
}

// A tapped end never waits for the other to read, as a pipe alone would have it.
type tapped struct {
	net.Conn
	tap   *tap
	dir   int
	queue chan []byte
}

func (l *tap) end(c net.Conn, dir int) tapped {
	t := tapped{c, l, dir, make(chan []byte, 100)}
	go func() {
		for b := range t.queue {
			c.Write(b)
		}
	}()
	return t
}

func (c tapped) Write(b []byte) (int, error) {
	b = bytes.Clone(b)
	c.tap.mu.Lock()
	c.tap.all = append(c.tap.all, segment{c.dir, b})
	c.tap.mu.Unlock()
	c.queue <- b
	return len(b), nil
}

// converse makes a connection, sends a few bytes each way and returns what went by.
func converse(t *testing.T, client, server *tls.Config) (state tls.ConnectionState, info tls.ClientHelloInfo, sent []segment) {
	t.Helper()
	var log tap
	a, b := net.Pipe()
	server = server.Clone()
	server.GetConfigForClient = func(i *tls.ClientHelloInfo) (*tls.Config, error) {
		info = *i
		return nil, nil
	}
	ends := [2]tapped{log.end(a, 0), log.end(b, 1)}
	c, s := tls.Client(ends[0], client), tls.Server(ends[1], server)
	end := make(chan error, 1)
	go func() {
		buf := make([]byte, 4)
		_, err := io.ReadFull(s, buf)
		if err == nil {
			_, err = s.Write(buf)
		}
		end <- err
	}()
	a.SetDeadline(time.Now().Add(30 * time.Second))
	b.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if err := <-end; err != nil {
		t.Fatal(err)
	}
	state = c.ConnectionState()
	for _, e := range ends {
		close(e.queue)
		e.Close()
	}
	return state, info, log.all
}

func identity(t *testing.T, key any, public any) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x80a1),
		Subject:      pkix.Name{CommonName: "live.example", Organization: []string{"Ex, Ample"}, Country: []string{"DE"}},
		DNSNames:     []string{"live.example", "*.Live.example"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 7), net.ParseIP("2001:db8::1")},
		NotBefore: time.Unix(1_700_000_000, 0), NotAfter: time.Unix(2_700_000_000, 0), // UTCTime and GeneralizedTime
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestLive compares what is read from real connections with what their ends know.
func TestLive(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecID, rsID := identity(t, ec, ec.Public()), identity(t, rs, rs.Public())
	tickets := tls.NewLRUClientSessionCache(9)
	tickets12 := tls.NewLRUClientSessionCache(9)
	server := &tls.Config{Certificates: []tls.Certificate{ecID, rsID}, MinVersion: tls.VersionTLS10, NextProtos: []string{"http/1.1"}}
	retry := server.Clone()
	retry.CurvePreferences = []tls.CurveID{tls.CurveP521}
	asks := server.Clone()
	asks.ClientAuth = tls.RequireAnyClientCert
	legacy := server.Clone()
	legacy.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	legacy.Certificates = []tls.Certificate{rsID}

	base := tls.Config{ServerName: "live.example", InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, NextProtos: []string{"h2", "http/1.1"}}
	with := func(f func(*tls.Config)) *tls.Config {
		c := base.Clone()
		f(c)
		return c
	}
	version := func(v uint16) *tls.Config { return with(func(c *tls.Config) { c.MaxVersion = v }) }
	for _, c := range []struct {
		name           string
		client, server *tls.Config
		history        string
	}{
		{"TLS 1.0", version(tls.VersionTLS10), server, "CsxknGIiDd"},
		{"TLS 1.1", version(tls.VersionTLS11), server, "CsxknGIiDd"},
		{"TLS 1.2", version(tls.VersionTLS12), server, "CsxknGIiDd"},
		{"RSA key exchange", with(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		}), legacy, "CsxnGIiDd"},
		{"client certificate", with(func(c *tls.Config) { c.MaxVersion, c.Certificates = tls.VersionTLS12, []tls.Certificate{ecID} }), asks, "CsxkrnXGYIiDd"},
		{"new ticket", with(func(c *tls.Config) { c.MaxVersion, c.ClientSessionCache = tls.VersionTLS12, tickets12 }), server, "CsxknGItiDd"},
		{"resumed", with(func(c *tls.Config) { c.MaxVersion, c.ClientSessionCache = tls.VersionTLS12, tickets12 }), server, ""},
		{"P-256 only", with(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP256} }), server, ""},
		{"TLS 1.3", &base, server, ""},
		{"retry", with(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP521} }), retry, ""},
		{"TLS 1.3 ticket", with(func(c *tls.Config) { c.ClientSessionCache = tickets }), server, ""},
		{"TLS 1.3 resumed", with(func(c *tls.Config) { c.ClientSessionCache = tickets }), server, ""},
	} {
		state, info, sent := converse(t, c.client, c.server)
		for _, size := range []int{1 << 20, 1, 100} {
			checkLive(t, c.name, size, sent, state, info, c.history)
		}
	}
}

func checkLive(t *testing.T, name string, size int, sent []segment, state tls.ConnectionState, info tls.ClientHelloInfo, history string) {
	t.Helper()
	var all []segment
	for _, g := range sent {
		for b := g.b; len(b) > 0; {
			n := min(size, len(b))
			all = append(all, segment{g.dir, b[:n]})
			b = b[n:]
		}
	}
	s := run(all...)
	var ch ClientHello
	var sh ServerHello
	if !s.ClientHello(&ch) || !s.ServerHello(&sh) || !ch.Usable() || !sh.Usable() {
		t.Errorf("%s: hellos not read", name)
		return
	}
	kex, negotiated := s.KeyExchange()
	got := []any{s.Version(), sh.CipherSuite, string(ch.ServerName), s.Resumed(), s.Retried(), kex.Group, s.Established()}
	want := []any{state.Version, state.CipherSuite, info.ServerName, state.DidResume, state.HelloRetryRequest, uint16(state.CurveID), true}
	for i := range got {
		if i == 5 && state.DidResume && state.Version < tls.VersionTLS13 {
			continue // a resumed session names the group of the first one
		}
		if got[i] != want[i] {
			t.Errorf("%s: fact %d is %v, want %v", name, i, got[i], want[i])
		}
	}
	if (kex.Group != 0) != negotiated {
		t.Errorf("%s: negotiated %v", name, negotiated)
	}
	var alpn []string
	for p := range ch.ALPN.All() {
		alpn = append(alpn, string(p))
	}
	if strings.Join(alpn, " ") != strings.Join(info.SupportedProtos, " ") {
		t.Errorf("%s: protocols %v, want %v", name, alpn, info.SupportedProtos)
	}
	if state.Version < tls.VersionTLS13 {
		if string(sh.ALPN) != state.NegotiatedProtocol {
			t.Errorf("%s: protocol %q, want %q", name, sh.ALPN, state.NegotiatedProtocol)
		}
		checkLiveChain(t, name, s, state)
	} else if n, _, _ := s.Certificates(); n != 0 {
		t.Errorf("%s: certificates in clear", name)
	}
	if !state.HelloRetryRequest { // info is of the second hello then
		var groups []uint16
		for _, g := range info.SupportedCurves {
			groups = append(groups, uint16(g))
		}
		if got, want := string(AppendJA3(nil, &ch)), JA3String(ch.Version, info.CipherSuites, info.Extensions, groups, info.SupportedPoints); got != want {
			t.Errorf("%s: JA3 %s, want %s", name, got, want)
		}
	}
	if got := string(s.AppendHistory(nil)); history != "" && got != history {
		t.Errorf("%s: history %s, want %s", name, got, history)
	}
}

func checkLiveChain(t *testing.T, name string, s *Session, state tls.ConnectionState) {
	t.Helper()
	if state.DidResume {
		return
	}
	chain, _ := s.Chain()
	peer := state.PeerCertificates[0]
	if n, total, first := s.Certificates(); n != 1 || total != len(peer.Raw) || first != total {
		t.Errorf("%s: certificates %d %d %d", name, n, total, first)
	}
	c, ok := ParseCertificate(chain.First())
	if !ok || string(c.Serial) != "\x80\xa1" || c.NotBefore != 1_700_000_000 || c.NotAfter != 2_700_000_000 || !c.SelfSigned() || !c.IsCA || c.Version != 3 {
		t.Errorf("%s: certificate %+v", name, c)
	}
	for _, x := range []struct{ what, got, want string }{
		{"subject", NameString(c.SubjectDER), peer.Subject.String()},
		{"common name", NameAttribute(c.SubjectDER, AttributeCN), "live.example"},
		{"names", string(c.AppendDNSNames(nil)), "live.example,*.live.example"},
		{"addresses", string(c.AppendIPs(nil)), "192.0.2.7,2001:db8::1"},
		{"algorithm", c.KeyAlgorithm(), map[x509.PublicKeyAlgorithm]string{x509.RSA: "rsa", x509.ECDSA: "ec"}[peer.PublicKeyAlgorithm]},
	} {
		if x.got != x.want {
			t.Errorf("%s: %s %s, want %s", name, x.what, x.got, x.want)
		}
	}
	if want := map[string]int{"rsa": 2048, "ec": 384}[c.KeyAlgorithm()]; c.KeyBits != want || c.SANCount() != 4 || !c.Wildcard() {
		t.Errorf("%s: %d bits, %d names", name, c.KeyBits, c.SANCount())
	}
	if !c.Matches("LIVE.example") || !c.Matches("a.live.example") || c.Matches("b.a.live.example") || c.Matches("example") {
		t.Errorf("%s: names do not match as they should", name)
	}
}

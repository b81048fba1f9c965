package remote

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Certificate is a pair of files, read again when they change.
type Certificate struct {
	cert, key string
	mu        sync.Mutex
	pair      *tls.Certificate
	stamps    [2]time.Time
	looked    time.Time
}

// OpenCertificate reads a certificate and its key, in PEM.
func OpenCertificate(cert, key string) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key}
	return c, c.Reload()
}

// Reload reads the files again. After an error the certificate stays as it was.
func (c *Certificate) Reload() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pair, c.stamps = &pair, c.times()
	return nil
}

func (c *Certificate) times() (t [2]time.Time) {
	for i, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil {
			t[i] = info.ModTime()
		}
	}
	return t
}

// get is the certificate for a handshake. It looks at the files once a second at most.
func (c *Certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) > time.Second {
		c.looked = now
		if at := c.times(); at != c.stamps {
			if pair, err := tls.LoadX509KeyPair(c.cert, c.key); err == nil {
				c.pair, c.stamps = &pair, at
			}
		}
	}
	return c.pair
}

// Pin is that of the certificate as it is now.
func (c *Certificate) Pin() Pin {
	pair := c.get()
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil
	}
	return pinOf(leaf)
}

func pinOf(c *x509.Certificate) Pin {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return sum[:]
}

// Server is the TLS configuration of a server: 1.2 or later, and certificates of clients that one
// of the authorities in the file clientCA signed, if it is not "".
func (c *Certificate) Server(clientCA string) (*tls.Config, error) {
	t := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
	if clientCA != "" {
		pool, err := readCA(clientCA)
		if err != nil {
			return nil, err
		}
		t.ClientCAs, t.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return t, nil
}

func readCA(path string) (*x509.CertPool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s: no certificate in it", path)
	}
	return pool, nil
}

// A Trust says which servers a client believes.
type Trust struct {
	CA        string // file of authorities; "" is the system's
	Insecure  bool   // any certificate
	Cert, Key string // the client's own, if the server wants one
}

// Client is the TLS configuration for a server. A pin takes the place of authorities and of the
// host's name.
func (t *Trust) Client(a *Address) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, ServerName: a.Host}
	if t.CA != "" {
		pool, err := readCA(t.CA)
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, errors.New("a certificate needs its key, and a key its certificate")
	}
	if t.Cert != "" {
		own, err := OpenCertificate(t.Cert, t.Key)
		if err != nil {
			return nil, err
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own.get(), nil }
	}
	switch {
	case a.Pin != nil:
		c.InsecureSkipVerify = true // the pin is looked at instead
		c.VerifyConnection = func(s tls.ConnectionState) error {
			if got := pinOf(s.PeerCertificates[0]); subtle.ConstantTimeCompare(got, a.Pin) != 1 {
				return &AuthError{fmt.Errorf("the server's key is another than the pinned one: %v", got)}
			}
			return nil
		}
	case t.Insecure:
		c.InsecureSkipVerify = true
	}
	return c, nil
}

// AutoCertificate opens the self-signed certificate in a directory, which it makes if it is not
// there, for ten years and these hosts. Clients know it by its Pin.
func AutoCertificate(dir string, hosts []string) (*Certificate, error) {
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if c, err := OpenCertificate(cert, key); err == nil {
		return c, nil
	} else if _, e := os.Stat(key); e == nil {
		return nil, err // a key that is there is never replaced
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "pinyon"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &priv.PublicKey, priv)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		path, kind string
		der        []byte
	}{{cert, "CERTIFICATE", der}, {key, "PRIVATE KEY", pkcs8}} {
		if err := os.WriteFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			return nil, err
		}
	}
	return OpenCertificate(cert, key)
}

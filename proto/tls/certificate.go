package tls

import (
	"bytes"
	"iter"
	"math/bits"

	"pinyon/internal/cursor"
)

// A Certificate is an X.509 certificate (RFC 5280) read leniently: a field that does not
// parse is zero, and nothing is verified. Every slice borrows the DER.
type Certificate struct {
	Version    int    // 1, 2 or 3
	Serial     []byte // content octets, leading zeros dropped
	IssuerDER  []byte // the Name, its header included
	SubjectDER []byte
	// Unix seconds, UTC; valid iff HasValidity.
	NotBefore, NotAfter int64
	HasValidity         bool
	KeyOID              []byte // content octets
	KeyBits             int    // RSA and DSA: of the modulus; curves: their size; 0 unknown
	SignatureOID        []byte // of signatureAlgorithm, content octets
	Extensions          []byte // content of the list of extensions
	SAN                 []byte // content of subjectAltName
	IsCA                bool   // basicConstraints cA
	SCTCount            int    // entries of the embedded SCT list (RFC 6962 section 3.3)
}

// OIDs by their content octets.
const (
	oidSAN    = "\x55\x1d\x11"
	oidBasic  = "\x55\x1d\x13"
	oidSCT    = "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"
	oidRSA    = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidRSAPSS = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidDSA    = "\x2a\x86\x48\xce\x38\x04\x01"
	oidEC     = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidEd     = "\x2b\x65\x70"
	oidEd448  = "\x2b\x65\x71"
)

// ParseCertificate reads one certificate. ok is false if not even issuer and subject could
// be found.
func ParseCertificate(der []byte) (cert Certificate, ok bool) {
	c := cursor.New(der)
	outer, _ := want(&c, tagSequence)
	c = cursor.New(outer)
	tbs, _ := want(&c, tagSequence)
	if alg, _ := want(&c, tagSequence); !c.Failed() {
		a := cursor.New(alg)
		cert.SignatureOID, _ = want(&a, tagOID)
	}

	c = cursor.New(tbs)
	cert.Version = 1
	if peekTag(&c) == tagVersion {
		v, _ := want(&c, tagVersion)
		a := cursor.New(v)
		if n, _ := want(&a, tagInteger); len(n) == 1 {
			cert.Version = int(n[0]) + 1
		}
	}
	serial, _ := want(&c, tagInteger)
	cert.Serial = bytes.TrimLeft(serial, "\x00")
	want(&c, tagSequence)
	_, cert.IssuerDER = want(&c, tagSequence)
	validity, _ := want(&c, tagSequence)
	_, cert.SubjectDER = want(&c, tagSequence)
	if c.Failed() {
		return Certificate{}, false
	}
	cert.readValidity(validity)
	key, _ := want(&c, tagSequence)
	cert.readKey(key)
	for c.Len() > 0 {
		tag, content, _ := element(&c)
		if tag == tagExtensions {
			a := cursor.New(content)
			cert.Extensions, _ = want(&a, tagSequence)
		}
	}
	cert.readExtensions()
	return cert, true
}

// SelfSigned reports whether issuer and subject are the same name.
func (c *Certificate) SelfSigned() bool { return bytes.Equal(c.IssuerDER, c.SubjectDER) }

// ValidityDays is the whole days from NotBefore to NotAfter, rounded down.
func (c *Certificate) ValidityDays() int64 { return floorDays(c.NotAfter - c.NotBefore) }

// DaysLeft is the whole days from a time in Unix seconds to NotAfter, rounded down.
func (c *Certificate) DaysLeft(unix int64) int64 { return floorDays(c.NotAfter - unix) }

// Expired reports whether a time in Unix seconds is outside the validity.
func (c *Certificate) Expired(unix int64) bool {
	return c.HasValidity && (unix < c.NotBefore || unix > c.NotAfter)
}

func floorDays(seconds int64) int64 {
	d := seconds / 86400
	if seconds%86400 < 0 {
		d--
	}
	return d
}

// KeyAlgorithm is rsa, ec, dsa, ed25519 or ed448, else the dotted OID; "" if unknown.
func (c *Certificate) KeyAlgorithm() string {
	switch string(c.KeyOID) {
	case oidRSA, oidRSAPSS:
		return "rsa"
	case oidEC:
		return "ec"
	case oidDSA:
		return "dsa"
	case oidEd:
		return "ed25519"
	case oidEd448:
		return "ed448"
	}
	return string(appendOID(nil, c.KeyOID))
}

// SignatureAlgorithm is the dotted OID of signatureAlgorithm.
func (c *Certificate) SignatureAlgorithm() string { return string(appendOID(nil, c.SignatureOID)) }

// ExtensionAll yields OID and value of every extension, content octets, in wire order.
func (c *Certificate) ExtensionAll() iter.Seq2[[]byte, []byte] {
	return func(yield func(oid, value []byte) bool) {
		l := cursor.New(c.Extensions)
		for l.Len() > 0 {
			ext, _ := want(&l, tagSequence)
			e := cursor.New(ext)
			oid, _ := want(&e, tagOID)
			if peekTag(&e) == tagBoolean {
				element(&e)
			}
			value, _ := want(&e, tagOctets)
			if l.Failed() || len(oid) > 0 && !yield(oid, value) {
				return
			}
		}
	}
}

func (c *Certificate) readExtensions() {
	for oid, value := range c.ExtensionAll() {
		v := cursor.New(value)
		switch string(oid) {
		case oidSAN:
			c.SAN, _ = want(&v, tagSequence)
		case oidBasic:
			s, _ := want(&v, tagSequence)
			b := cursor.New(s)
			ca, _ := want(&b, tagBoolean)
			c.IsCA = len(ca) == 1 && ca[0] != 0
		case oidSCT:
			o, _ := want(&v, tagOctets)
			l := cursor.New(o)
			scts := l.Vector16()
			n := 0
			for scts.Len() > 0 {
				scts.Vector16()
				n++
			}
			if !scts.Failed() {
				c.SCTCount = n
			}
		}
	}
}

func (c *Certificate) readKey(spki []byte) {
	s := cursor.New(spki)
	alg, _ := want(&s, tagSequence)
	a := cursor.New(alg)
	c.KeyOID, _ = want(&a, tagOID)
	switch string(c.KeyOID) {
	case oidRSA, oidRSAPSS:
		key, _ := want(&s, tagBitString)
		if len(key) > 0 {
			k := cursor.New(key[1:])
			seq, _ := want(&k, tagSequence)
			k = cursor.New(seq)
			n, _ := want(&k, tagInteger)
			c.KeyBits = bitLen(n)
		}
	case oidDSA:
		params, _ := want(&a, tagSequence)
		p := cursor.New(params)
		n, _ := want(&p, tagInteger)
		c.KeyBits = bitLen(n)
	case oidEC:
		curve, _ := want(&a, tagOID)
		c.KeyBits = curveBits(curve)
	case oidEd:
		c.KeyBits = 256
	case oidEd448:
		c.KeyBits = 456
	}
}

func bitLen(n []byte) int {
	n = bytes.TrimLeft(n, "\x00")
	if len(n) == 0 {
		return 0
	}
	return 8*(len(n)-1) + bits.Len8(n[0])
}

// curveBits is the field size of a named curve, 0 if it is not known (RFC 5480, RFC 5639).
func curveBits(oid []byte) int {
	switch string(oid) {
	case "\x2a\x86\x48\xce\x3d\x03\x01\x01": // secp192r1
		return 192
	case "\x2b\x81\x04\x00\x21": // secp224r1
		return 224
	case "\x2a\x86\x48\xce\x3d\x03\x01\x07", "\x2b\x81\x04\x00\x0a", // secp256r1, secp256k1
		"\x2b\x24\x03\x03\x02\x08\x01\x01\x07", "\x2a\x81\x1c\xcf\x55\x01\x82\x2d": // brainpoolP256r1, SM2
		return 256
	case "\x2b\x81\x04\x00\x22", "\x2b\x24\x03\x03\x02\x08\x01\x01\x0b": // secp384r1, brainpoolP384r1
		return 384
	case "\x2b\x24\x03\x03\x02\x08\x01\x01\x0d": // brainpoolP512r1
		return 512
	case "\x2b\x81\x04\x00\x23": // secp521r1
		return 521
	}
	return 0
}

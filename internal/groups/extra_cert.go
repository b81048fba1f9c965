package groups

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"

	"pinyon/feature"
	"pinyon/proto/tls"
)

// The server's certificate, the first that was wholly captured, and the chain above it, of
// TLS and DTLS up to 1.2; later versions hide it. It is read leniently and not verified: a
// field that does not parse is absent. RFC 5280, 6962.
var certExtra = allNeed(needCerts, []Feature{
	certText("tls_cert_sha256", "SHA-256 of the certificate.", func(dst []byte, c *rowCert) []byte {
		sum := sha256.Sum256(c.der)
		return hex.AppendEncode(dst, sum[:])
	}).private(),
	certText("tls_cert_sha1", "SHA-1 of the certificate.", func(dst []byte, c *rowCert) []byte {
		sum := sha1.Sum(c.der)
		return hex.AppendEncode(dst, sum[:])
	}).private(),
	certText("tls_cert_subject", "Subject's name (RFC 4514).", func(dst []byte, c *rowCert) []byte { return append(dst, tls.NameString(c.SubjectDER)...) }).private(),
	certText("tls_cert_issuer", "Issuer's name (RFC 4514).", func(dst []byte, c *rowCert) []byte { return append(dst, tls.NameString(c.IssuerDER)...) }).private(),
	certText("tls_cert_subject_cn", "Subject's first common name.", func(dst []byte, c *rowCert) []byte {
		return append(dst, tls.NameAttribute(c.SubjectDER, tls.AttributeCN)...)
	}).private(),
	certText("tls_cert_issuer_cn", "Issuer's first common name.", func(dst []byte, c *rowCert) []byte {
		return append(dst, tls.NameAttribute(c.IssuerDER, tls.AttributeCN)...)
	}).private(),
	certText("tls_cert_issuer_org", "Issuer's first organization.", func(dst []byte, c *rowCert) []byte {
		return append(dst, tls.NameAttribute(c.IssuerDER, tls.AttributeO)...)
	}).private(),
	certText("tls_cert_san_dns", `Host names it is for, in lower case, joined by commas; one inside a name is \x2c.`, func(dst []byte, c *rowCert) []byte { return c.AppendDNSNames(dst) }).private(),
	certText("tls_cert_san_ip", "Addresses it is for.", func(dst []byte, c *rowCert) []byte { return c.AppendIPs(dst) }).private(),
	certCount("tls_cert_san_count", feature.Count, "Subject alternative names of every kind.", func(c *rowCert) int64 { return int64(c.SANCount()) }),
	certFlag("tls_cert_wildcard", "It is for a host name that starts with an asterisk.", func(c *rowCert) bool { return c.Wildcard() }),
	certText("tls_cert_serial", "Serial number.", func(dst []byte, c *rowCert) []byte { return hex.AppendEncode(dst, c.Serial) }).private(),
	certCount("tls_cert_version", feature.None, "Version of the format: 1, 2 or 3.", func(c *rowCert) int64 { return int64(c.Version) }),
	certCount("tls_cert_not_before", feature.Seconds, "Start of the validity, Unix time.", func(c *rowCert) int64 { return valueIf(c.HasValidity, c.NotBefore) }),
	certCount("tls_cert_not_after", feature.Seconds, "End of the validity, Unix time.", func(c *rowCert) int64 { return valueIf(c.HasValidity, c.NotAfter) }),
	certCount("tls_cert_validity_days", feature.Days, "Whole days between them.", func(c *rowCert) int64 { return valueIf(c.HasValidity, c.ValidityDays()) }),
	certFlag("tls_cert_expired", "It was not valid when it was sent.", (*rowCert).expired),
	certCount("tls_cert_days_left", feature.Days, "Whole days that were left then.", func(c *rowCert) int64 { return valueIf(c.HasValidity, c.DaysLeft(c.sent)) }),
	certText("tls_cert_key_alg", "Kind of the public key: rsa, ec, dsa, ed25519, ed448, else its OID.", func(dst []byte, c *rowCert) []byte { return append(dst, c.KeyAlgorithm()...) }),
	certCount("tls_cert_key_bits", feature.Bits, "Length of the modulus, or size of the curve.", func(c *rowCert) int64 { return valueIf(c.KeyBits > 0, int64(c.KeyBits)) }),
	certText("tls_cert_sig_alg", "OID of the signature algorithm.", func(dst []byte, c *rowCert) []byte { return append(dst, c.SignatureAlgorithm()...) }),
	certFlag("tls_cert_self_signed", "Issuer and subject are the same name.", func(c *rowCert) bool { return c.SelfSigned() }),
	certFlag("tls_cert_is_ca", "It may sign certificates.", func(c *rowCert) bool { return c.IsCA }),
	certCount("tls_cert_sct_count", feature.Count, "Timestamps of Certificate Transparency logs in it.", func(c *rowCert) int64 { return int64(c.SCTCount) }),
	certFlag("tls_cert_chain_ordered", "There are several, and the issuer of each is the subject of the next.", func(c *rowCert) bool { return c.chain.Ordered() }),
	certText("tls_cert_top_issuer", "Issuer's name of the last certificate (RFC 4514).", func(dst []byte, c *rowCert) []byte {
		top, ok := tls.ParseCertificate(c.chain.Last())
		if !ok {
			return dst
		}
		return append(dst, tls.NameString(top.IssuerDER)...)
	}).private(),
	count("tls_cert_sni_match", feature.None, "1 if it is for the server name asked for, 0 if not, -1 if one of them is missing.", (*Row).certMatch).missing(-1),
	certText("tls_cert_oids", "Attribute types of issuer and subject and extension types, hex, the three lists between semicolons.", func(dst []byte, c *rowCert) []byte {
		if !c.ok {
			return dst
		}
		return c.AppendOIDs(dst)
	}),
})

// rowCert is the server's certificate of a flow that ended. It borrows from the session.
type rowCert struct {
	tls.Certificate
	der   []byte // nil without
	ok    bool   // der parses
	chain tls.Chain
	sent  int64 // when the packet that completed the message came, Unix seconds
}

func (c *rowCert) finish(r *Row) {
	*c = rowCert{}
	s := r.tls()
	if s == nil {
		return
	}
	chain, at := s.Chain()
	c.chain, c.der, c.sent = chain, chain.First(), floorSeconds(at.Time)
	if c.der != nil {
		c.Certificate, c.ok = tls.ParseCertificate(c.der)
	}
}

func (c *rowCert) expired() bool { return c.HasValidity && c.Expired(c.sent) }

// floorSeconds is ns in whole seconds, rounded down before 1970 too.
func floorSeconds(ns int64) int64 {
	s := ns / 1e9
	if ns%1e9 < 0 {
		s--
	}
	return s
}

// certMatch is 1 or 0 as the certificate is for the name asked for or not.
func (r *Row) certMatch() int64 {
	switch name := r.hellos.ch.ServerName; {
	case len(name) == 0 || !r.cert.ok:
		return none
	case r.cert.Matches(string(name)):
		return 1
	}
	return 0
}

// certText is absent without a certificate; digests need not understand it.
func certText(name, doc string, get func(dst []byte, c *rowCert) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		if r.cert.der == nil {
			return dst, false
		}
		return appended(dst, get(dst, &r.cert))
	}).null()
}

func certCount(name string, unit feature.Unit, doc string, get func(*rowCert) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		if !r.cert.ok {
			return none
		}
		return get(&r.cert)
	}).null()
}

func certFlag(name, doc string, get func(*rowCert) bool) Feature {
	return flag(name, doc, func(r *Row) bool { return r.cert.ok && get(&r.cert) }).everywhere()
}

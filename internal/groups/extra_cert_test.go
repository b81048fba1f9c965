package groups_test

import "testing"

// TestCertificateColumns holds a recorded certificate against what openssl x509 and
// sha256sum say of it.
func TestCertificateColumns(t *testing.T) {
	check(t, "tls12", recordedFlow(t, "tls12"), map[string]any{
		"tls_cert_sha256": "675beb8ccaed60e0acbf4f9193951dfc07ebc91ebc0d6d1429aef77d95baab00", "tls_cert_sha1": "d058f9026d137f2982431f6304b684a57dd4dd41",
		"tls_cert_subject": "CN=pinyon.example", "tls_cert_issuer": "CN=pinyon.example", "tls_cert_subject_cn": "pinyon.example", "tls_cert_issuer_cn": "pinyon.example",
		"tls_cert_issuer_org": "", "tls_cert_san_dns": "pinyon.example", "tls_cert_san_ip": "", "tls_cert_san_count": 1, "tls_cert_wildcard": false,
		"tls_cert_serial": "24a045473e7d0a37867dc8991d34657eb0b0c6a7", "tls_cert_version": 3, "tls_cert_not_before": 1795241395, "tls_cert_not_after": 1797833395,
		"tls_cert_validity_days": 30, "tls_cert_expired": false, "tls_cert_days_left": 29, "tls_cert_key_alg": "rsa", "tls_cert_key_bits": 2048,
		"tls_cert_sig_alg": "1.2.840.113549.1.1.11", "tls_cert_self_signed": true, "tls_cert_is_ca": true, "tls_cert_sct_count": 0,
		"tls_cert_chain_ordered": false, "tls_cert_top_issuer": "CN=pinyon.example", "tls_cert_sni_match": 1,
		"tls_cert_oids": "550403;550403;551d0e,551d23,551d13,551d11",
	})
}

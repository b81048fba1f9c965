package groups

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strings"

	"pinyon/flow"
	"pinyon/packet"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

// What somebody who watches a network wants to be told of. All but the last follow from
// other columns.
var riskExtra = []Feature{
	risk("risk_tls_obsolete", "The server chose a version below TLS 1.2 or DTLS 1.2.", func(r *Row) bool {
		return r.hellos.server && tls.Older(r.hellos.version, tls.VersionTLS12)
	}),
	risk("risk_tls_weak_cipher", "The server chose a suite without encryption or authentication, of export grade, or with RC2, RC4, DES or MD5.", func(r *Row) bool {
		h := r.anyServerHello()
		return h != nil && weakSuite(tls.SuiteName(h.CipherSuite))
	}),
	risk("risk_tls_missing_sni", "The ClientHello names no server; DTLS left out.", func(r *Row) bool {
		h := r.wholeClientHello()
		return h != nil && !h.HasServerName && (!r.isTLS() || r.tls().Over() != tls.OverDTLS)
	}),
	risk("risk_tls_sni_ip", "The server name is an address.", func(r *Row) bool {
		h := r.anyClientHello()
		return h != nil && isAddress(h.ServerName)
	}),
	risk("risk_tls_cert_expired", "The certificate was not valid when it was sent.", func(r *Row) bool { return r.cert.ok && r.cert.expired() }).needs(needCerts),
	risk("risk_tls_cert_self_signed", "Issuer and subject of the certificate are the same name.", func(r *Row) bool { return r.cert.ok && r.cert.SelfSigned() }).needs(needCerts),
	risk("risk_tls_cert_mismatch", "The certificate is not for the server name asked for.", func(r *Row) bool { return r.certMatch() == 0 }).needs(needCerts),
	risk("risk_tls_cert_long", "The certificate, no CA's, is of September 2020 or later and valid for more than 398 days.", func(r *Row) bool {
		c := &r.cert
		return c.ok && c.HasValidity && !c.IsCA && c.NotBefore >= longSince && c.ValidityDays() > longDays
	}).needs(needCerts),
	risk("risk_tls_fatal_alert", "A fatal alert went by in clear.", func(r *Row) bool { s := r.tls(); return s != nil && s.FatalAlert() }),
	risk("risk_nonstandard_port", "TLS, SSH, DNS, HTTP or QUIC with neither port one of its own.", (*Row).strangePort),
	risk("risk_http_numeric_host", "The first HTTP request is for an address.", func(r *Row) bool {
		var room [256]byte
		h := r.http1()
		return h != nil && isHostAddress(h.AppendHost(room[:0]))
	}),
	risk("risk_http_cleartext_auth", "The first HTTP request has a password in clear.", func(r *Row) bool {
		var room [64]byte
		h := r.http1()
		return h != nil && bytes.EqualFold(h.AppendAuthScheme(room[:0]), []byte("basic"))
	}),
	risk("risk_dns_large", "A response over UDP has more than 512 bytes to a query without EDNS.", func(r *Row) bool {
		f := r.dns()
		var room [16]byte
		return f != nil && f.IsQuery() && !f.EDNS() && f.ResponseLen() > 512 && string(f.AppendTransport(room[:0])) == "udp"
	}),
	risk("risk_ssh_obsolete", "SSH 1, or RC4, CBC, triple DES or the 1024-bit group 1 was agreed on.", func(r *Row) bool {
		s := r.ssh()
		return s != nil && obsoleteSSH(s)
	}),
	risk("risk_fully_encrypted", "No protocol was recognized and the client's first data looks like noise from its first byte on.", func(r *Row) bool {
		return r.first == firstNoise && !r.recognized()
	}).needs(needFirstData),
}

// Certificates of hosts issued since then may be valid for so long (CA/Browser Forum ballot
// SC31): 1 September 2020.
const (
	longSince = 1598918400
	longDays  = 398
)

// Ports at which protocols are expected.
var (
	portsTLS  = []uint16{443, 853, 465, 993, 995, 990, 636, 8443}
	portsSSH  = []uint16{22}
	portsDNS  = []uint16{53, 5353, 5355}
	portsHTTP = []uint16{80, 8080, 8000, 3128}
	portsQUIC = []uint16{443, 853}
)

func risk(name, doc string, get func(*Row) bool) Feature { return flag(name, doc, get).everywhere() }

func weakSuite(name string) bool {
	for _, part := range [...]string{"NULL", "EXPORT", "anon", "RC4", "RC2", "DES", "MD5"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func isAddress(name []byte) bool {
	if len(name) == 0 || len(name) > 45 {
		return false
	}
	_, err := netip.ParseAddr(string(name))
	return err == nil
}

// isHostAddress takes a port behind the address too.
func isHostAddress(host []byte) bool {
	if rest, ok := bytes.CutPrefix(host, []byte("[")); ok {
		addr, _, ok := bytes.Cut(rest, []byte("]"))
		return ok && isAddress(addr)
	}
	if isAddress(host) {
		return true
	}
	addr, _, _ := bytes.Cut(host, []byte(":"))
	return isAddress(addr)
}

// recognized reports whether a protocol was confirmed.
func (r *Row) recognized() bool {
	return r.isTLS() || r.ssh() != nil || r.dns() != nil || r.http1() != nil || r.http2() != nil || r.quic() != nil
}

func (r *Row) strangePort() bool {
	return r.isTLS() && !r.onPort(portsTLS) || r.ssh() != nil && !r.onPort(portsSSH) || r.dns() != nil && !r.onPort(portsDNS) ||
		(r.http1() != nil || r.http2() != nil) && !r.onPort(portsHTTP) || r.quic() != nil && !r.onPort(portsQUIC)
}

func obsoleteSSH(s *ssh.Session) bool {
	var room [128]byte
	if oldSSH(s.AppendClientVersion(room[:0])) || oldSSH(s.AppendServerVersion(room[:0])) {
		return true
	}
	if string(s.AppendKexAlg(room[:0])) == "diffie-hellman-group1-sha1" {
		return true
	}
	cipher := s.AppendCipherAlg(room[:0])
	return bytes.HasPrefix(cipher, []byte("arcfour")) || bytes.HasPrefix(cipher, []byte("3des")) || bytes.HasSuffix(cipher, []byte("-cbc"))
}

// oldSSH reports whether a protocol version is below 1.99, which servers of both say.
func oldSSH(version []byte) bool {
	return bytes.HasPrefix(version, []byte("1.")) && string(version) != "1.99"
}

// firstData is what the first data of a TCP client looks like.
type firstData uint8

const (
	firstUnseen firstData = iota
	firstPlain
	firstNoise
)

// update takes a packet of a TCP flow. started says whether the side that sent it had sent a SYN
// without ACK: others are no client.
func (f *firstData) update(o *flow.Obs, started bool) {
	if *f == firstUnseen && started && len(o.Payload) > 0 {
		*f = firstPlain
		if looksNoise(o.Payload) {
			*f = firstNoise
		}
	}
}

// looksNoise reports whether nothing about bytes tells them from random ones: the share of
// set bits, and runs of printable characters at the start or anywhere. These are what a
// censor was seen to go by (Wu et al., USENIX Security 2023).
func looksNoise(b []byte) bool {
	ones, rest := 0, b
	for ; len(rest) >= 8; rest = rest[8:] {
		ones += bits.OnesCount64(binary.LittleEndian.Uint64(rest))
	}
	for _, c := range rest {
		ones += bits.OnesCount8(c)
	}
	if mean := float64(ones) / float64(len(b)); mean <= 3.4 || mean >= 4.6 {
		return false
	}
	printable, run, start := 0, 0, len(b) >= 6
	for i, c := range b {
		if c < 0x20 || c > 0x7e {
			run = 0
			start = start && i >= 6
			continue
		}
		printable++
		if run++; run > 20 {
			return false
		}
	}
	return !start && 2*printable <= len(b)
}

// onPort reports whether one of the flow's ports is among the given.
func (r *Row) onPort(ports []uint16) bool {
	if r.Key.Proto != packet.ProtoTCP && r.Key.Proto != packet.ProtoUDP {
		return false
	}
	for _, p := range ports {
		if p == r.Key.APort || p == r.Key.BPort {
			return true
		}
	}
	return false
}

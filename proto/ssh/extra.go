package ssh

import (
	"bytes"
	"encoding/base64"
)

// The methods of this file are further columns, named after them. Texts are escaped; of a
// missing one nothing is appended.

// AppendClientBanner is ssh_client_banner: the identification line without its end.
func (s *Session) AppendClientBanner(dst []byte) []byte {
	if d := s.client(); d != nil {
		return appendText(dst, d.banner)
	}
	return dst
}

// AppendServerBanner is ssh_server_banner.
func (s *Session) AppendServerBanner(dst []byte) []byte {
	if d := s.server(); d != nil {
		return appendText(dst, d.banner)
	}
	return dst
}

// ServerPrebannerLines is ssh_server_prebanner_lines: lines before the server's
// identification (RFC 4253, section 4.2).
func (s *Session) ServerPrebannerLines() int64 {
	if d := s.server(); d != nil {
		return int64(d.preLines)
	}
	return 0
}

// AppendHASSHString is ssh_hassh_string, what AppendHASSH hashes.
func (s *Session) AppendHASSHString(dst []byte) []byte { return s.hasshText(dst, s.clientInit(), 0) }

// AppendHASSHServerString is ssh_hassh_server_string.
func (s *Session) AppendHASSHServerString(dst []byte) []byte {
	return s.hasshText(dst, s.serverInit(), 1)
}

func (s *Session) hasshText(dst []byte, k *kexInit, toClient int) []byte {
	if k == nil || int(k.n) <= ListCompressionCS+toClient {
		return dst
	}
	dst = append(appendText(dst, k.list(ListKex)), ';')
	dst = append(appendText(dst, k.list(ListCipherCS+toClient)), ';')
	dst = append(appendText(dst, k.list(ListMACCS+toClient)), ';')
	return appendText(dst, k.list(ListCompressionCS+toClient))
}

// AppendClientList is name-list i (ListKex and so on) of the client as sent: 0, 1, 2, 4
// and 6 are ssh_kex_algorithms, ssh_host_key_algorithms, ssh_ciphers, ssh_macs and
// ssh_compressions.
func (s *Session) AppendClientList(dst []byte, i int) []byte {
	if k := s.clientInit(); k != nil {
		return appendText(dst, k.list(i))
	}
	return dst
}

// AppendServerList is name-list i of the server: 0, 1, 3, 5 and 7 are the same columns
// with the ending _server.
func (s *Session) AppendServerList(dst []byte, i int) []byte {
	if k := s.serverInit(); k != nil {
		return appendText(dst, k.list(i))
	}
	return dst
}

// negotiated is the outcome for list i, borrowed; nil unless both sides sent it.
func (s *Session) negotiated(i int) []byte {
	c, v := s.clientInit(), s.serverInit()
	if c == nil || v == nil {
		return nil
	}
	if i == ListKex {
		return negotiate(c.list(i), v.list(i), isSignal)
	}
	return negotiate(c.list(i), v.list(i), nil)
}

// AppendKexAlg is ssh_kex_alg: the client's first method that the server knows too.
func (s *Session) AppendKexAlg(dst []byte) []byte { return appendText(dst, s.negotiated(ListKex)) }

// AppendHostKeyAlg is ssh_host_key_alg.
func (s *Session) AppendHostKeyAlg(dst []byte) []byte {
	return appendText(dst, s.negotiated(ListHostKey))
}

// AppendCipherAlg is ssh_cipher_alg, client to server.
func (s *Session) AppendCipherAlg(dst []byte) []byte {
	return appendText(dst, s.negotiated(ListCipherCS))
}

// AppendMACAlg is ssh_mac_alg, client to server; missing where the cipher needs none.
func (s *Session) AppendMACAlg(dst []byte) []byte {
	if isAEAD(s.negotiated(ListCipherCS)) {
		return dst
	}
	return appendText(dst, s.negotiated(ListMACCS))
}

// AppendCompressionAlg is ssh_compression_alg, client to server.
func (s *Session) AppendCompressionAlg(dst []byte) []byte {
	return appendText(dst, s.negotiated(ListCompressionCS))
}

// AppendHostKeySHA256 is ssh_host_key_sha256 as OpenSSH prints it: SHA256: and unpadded
// base64 of the SHA-256 of the server's host key. The key is the first field of the
// server's message 31, or of 33 where 31 is the group of a group exchange (RFC 4419).
func (s *Session) AppendHostKeySHA256(dst []byte) []byte {
	c, v := s.client(), s.server()
	if !v.speaks2(c) {
		return dst
	}
	k := &v.reply[1]
	if !k.ok {
		kex := s.negotiated(ListKex)
		if c != nil && c.sent34 || bytes.HasPrefix(kex, []byte("diffie-hellman-group-exchange-")) {
			return dst
		}
		if k = &v.reply[0]; !k.ok {
			return dst
		}
	}
	return base64.RawStdEncoding.AppendEncode(append(dst, "SHA256:"...), k.sum[:])
}

// StrictKex is ssh_strict_kex: both sides offer OpenSSH's strict key exchange.
func (s *Session) StrictKex() bool {
	c, v := s.clientInit(), s.serverInit()
	return c != nil && v != nil && contains(c.list(ListKex), []byte("kex-strict-c-v00@openssh.com")) &&
		contains(v.list(ListKex), []byte("kex-strict-s-v00@openssh.com"))
}

// PQKex is ssh_pq_kex: the negotiated method contains a post-quantum one.
func (s *Session) PQKex() bool { return isPostQuantum(s.negotiated(ListKex)) }

// FirstKexFollows is ssh_first_kex_follows: the client's first_kex_packet_follows.
func (s *Session) FirstKexFollows() bool {
	k := s.clientInit()
	return k != nil && k.follows()
}

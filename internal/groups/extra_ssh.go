package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/proto/ssh"
)

// What HASSH hashes.
var sshPrints = []Feature{
	sshText("ssh_hassh_string", "What ssh_hassh is the MD5 of.", (*ssh.Session).AppendHASSHString),
	sshText("ssh_hassh_server_string", "What ssh_hassh_server is the MD5 of.", (*ssh.Session).AppendHASSHServerString),
}

// Which software and algorithms the two sides offer and agree on, which host key the server
// shows, and what sizes of segments tell of the session and its authentication. RFC 4253,
// 4252.
var sshExtra = []Feature{
	sshText("ssh_client_banner", "Identification line of the client.", (*ssh.Session).AppendClientBanner).private(),
	sshText("ssh_server_banner", "Identification line of the server.", (*ssh.Session).AppendServerBanner).private(),
	sshCount("ssh_server_prebanner_lines", "Lines that the server sent before it.", (*ssh.Session).ServerPrebannerLines),

	sshList("ssh_kex_algorithms", "Key exchange methods that the client offers, as sent.", (*ssh.Session).AppendClientList, ssh.ListKex),
	sshList("ssh_host_key_algorithms", "Host key algorithms that the client offers.", (*ssh.Session).AppendClientList, ssh.ListHostKey),
	sshList("ssh_ciphers", "Ciphers that the client offers for what it sends.", (*ssh.Session).AppendClientList, ssh.ListCipherCS),
	sshList("ssh_macs", "MACs that the client offers for what it sends.", (*ssh.Session).AppendClientList, ssh.ListMACCS),
	sshList("ssh_compressions", "Compression methods that the client offers for what it sends.", (*ssh.Session).AppendClientList, ssh.ListCompressionCS),
	sshList("ssh_kex_algorithms_server", "Key exchange methods that the server offers, as sent.", (*ssh.Session).AppendServerList, ssh.ListKex),
	sshList("ssh_host_key_algorithms_server", "Host key algorithms that the server offers.", (*ssh.Session).AppendServerList, ssh.ListHostKey),
	sshList("ssh_ciphers_server", "Ciphers that the server offers for what it sends.", (*ssh.Session).AppendServerList, ssh.ListCipherSC),
	sshList("ssh_macs_server", "MACs that the server offers for what it sends.", (*ssh.Session).AppendServerList, ssh.ListMACSC),
	sshList("ssh_compressions_server", "Compression methods that the server offers for what it sends.", (*ssh.Session).AppendServerList, ssh.ListCompressionSC),

	sshText("ssh_kex_alg", "Key exchange method agreed on.", (*ssh.Session).AppendKexAlg),
	sshText("ssh_host_key_alg", "Host key algorithm agreed on.", (*ssh.Session).AppendHostKeyAlg),
	sshText("ssh_cipher_alg", "Cipher agreed on for what the client sends.", (*ssh.Session).AppendCipherAlg),
	sshText("ssh_mac_alg", "MAC agreed on for what the client sends; absent where the cipher needs none.", (*ssh.Session).AppendMACAlg),
	sshText("ssh_compression_alg", "Compression agreed on for what the client sends.", (*ssh.Session).AppendCompressionAlg),
	sshText("ssh_host_key_sha256", "Fingerprint of the server's host key, as OpenSSH prints it.", (*ssh.Session).AppendHostKeySHA256),
	sshFlag("ssh_strict_kex", "Both sides offer OpenSSH's strict key exchange.", (*ssh.Session).StrictKex),
	sshFlag("ssh_pq_kex", "The key exchange method agreed on contains a post-quantum one.", (*ssh.Session).PQKex),
	sshFlag("ssh_first_kex_follows", "The client sent a key exchange packet on a guess.", (*ssh.Session).FirstKexFollows),

	sshBytes("ssh_seg_mode_fwd", "Most frequent payload length of the initiator's data segments, the smallest of several.", flow.Fwd),
	sshBytes("ssh_seg_mode_bwd", "The same of the responder's.", flow.Bwd),
	sshCount("ssh_bare_acks_fwd", "Segments of the initiator without payload and with ACK as their only flag.", func(s *ssh.Session) int64 { return s.BareACKs[flow.Fwd] }).needs(needSegments),
	sshCount("ssh_bare_acks_bwd", "The same of the responder.", func(s *ssh.Session) int64 { return s.BareACKs[flow.Bwd] }).needs(needSegments),

	sshNumber("ssh_auth_success", "Guess by segment sizes: 1 the client was let in, 0 it was not, -1 unknown.", func(s *ssh.Session) int64 {
		if v := s.AuthSuccess(); v >= 0 {
			return v
		}
		return none
	}).missing(-1),
	sshCount("ssh_auth_attempts", "Guess at the number of attempts to log in.", (*ssh.Session).AuthAttempts),
}

func sshList(name, doc string, get func(s *ssh.Session, dst []byte, i int) []byte, i int) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, get(r.ssh(), dst, i)) }).null()
}

func sshBytes(name, doc string, dir int) Feature {
	return count(name, feature.Bytes, doc, func(r *Row) int64 {
		if n := r.ssh().SegMode(dir); n > 0 {
			return n
		}
		return none
	}).null().needs(needSegments)
}

func sshNumber(name, doc string, get func(*ssh.Session) int64) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 { return get(r.ssh()) })
}

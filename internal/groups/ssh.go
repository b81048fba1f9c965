package groups

import (
	"pinyon/feature"
	"pinyon/proto/ssh"
)

// Which SSH software runs on each side (banner), which implementation it really is (HASSH of
// the offered algorithms), and how much of the session is key exchange and how much is
// encrypted. RFC 4253; HASSH 1.1 by Salesforce.
var sshTable = []Feature{
	sshFlag("ssh_detected", "A side sent an SSH identification line.", (*ssh.Session).Detected),
	sshText("ssh_version", "Protocol version of the client, else of the server.", (*ssh.Session).AppendVersion),
	sshText("ssh_client_software", "First word of the client's software version.", (*ssh.Session).AppendClientSoftware).private(),
	sshText("ssh_server_software", "First word of the server's software version.", (*ssh.Session).AppendServerSoftware).private(),
	sshText("ssh_client_version", "Protocol version of the client, as 2.0 or 1.99.", (*ssh.Session).AppendClientVersion),
	sshText("ssh_server_version", "Protocol version of the server.", (*ssh.Session).AppendServerVersion),
	sshText("ssh_hassh", "MD5 of the client's key exchange, cipher, MAC and compression lists.", (*ssh.Session).AppendHASSH),
	sshText("ssh_hassh_server", "MD5 of the server's lists.", (*ssh.Session).AppendHASSHServer),
	sshCount("ssh_kex_packets", "Key exchange messages (20 to 49) up to each side's first NEWKEYS.", (*ssh.Session).KexPackets),
	sshCount("ssh_encrypted_packets", "Segments that bring new bytes behind their side's NEWKEYS.", (*ssh.Session).EncryptedPackets),
}

// ssh is the flow's session, or nil if it is not SSH.
func (r *Row) ssh() *ssh.Session { return r.parsers.SSH() }

func sshFlag(name, doc string, get func(*ssh.Session) bool) Feature {
	return flag(name, doc, func(r *Row) bool { s := r.ssh(); return s != nil && get(s) }).everywhere()
}

func sshCount(name, doc string, get func(*ssh.Session) int64) Feature {
	return count(name, feature.Count, doc, func(r *Row) int64 { return get(r.ssh()) })
}

func sshText(name, doc string, get func(*ssh.Session, []byte) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, get(r.ssh(), dst)) }).null()
}

// appended takes dst as it was and as an Append method left it: nothing appended is absent.
func appended(before, after []byte) ([]byte, bool) { return after, len(after) > len(before) }

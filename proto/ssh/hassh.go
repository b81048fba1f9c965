package ssh

import (
	"crypto/md5"
	"encoding/hex"
)

// AppendHASSHString appends what HASSH hashes: key exchange, cipher, MAC and compression
// name-lists as sent, joined by semicolons. The client's value has the lists client to
// server, the server's those server to client.
func AppendHASSHString(dst, kex, cipher, mac, compression []byte) []byte {
	dst = append(append(dst, kex...), ';')
	dst = append(append(dst, cipher...), ';')
	dst = append(append(dst, mac...), ';')
	return append(dst, compression...)
}

// HASSH is the MD5 of a string that AppendHASSHString made; it is written in lower-case
// hex. It identifies an implementation and protects nothing.
func HASSH(s []byte) [md5.Size]byte { return md5.Sum(s) }

// hasshString appends the string of the first three even (client) or odd (server) lists
// behind the first two; ok is false if one of the lists up to the last was not read.
func (k *kexInit) hasshString(dst []byte, toClient int) (_ []byte, ok bool) {
	if int(k.n) <= ListCompressionCS+toClient {
		return dst, false
	}
	return AppendHASSHString(dst, k.list(ListKex), k.list(ListCipherCS+toClient),
		k.list(ListMACCS+toClient), k.list(ListCompressionCS+toClient)), true
}

// appendHASSH appends the hash of the same; the string stands in dst for a moment, so
// that nothing is allocated once dst has grown.
func (k *kexInit) appendHASSH(dst []byte, toClient int) []byte {
	n := len(dst)
	dst, ok := k.hasshString(dst, toClient)
	if !ok {
		return dst
	}
	sum := HASSH(dst[n:])
	return hex.AppendEncode(dst[:n], sum[:])
}

// Package ssh reads the cleartext part of an SSH session: the identification lines, the
// key exchange up to NEWKEYS, and of what follows only how much there is (RFC 4253).
//
//	SSH-2.0-OpenSSH_9.6␍␊ │ KEXINIT │ key exchange │ NEWKEYS │ ciphertext
//
// A Session is fed the bytes of a TCP flow in stream order, each byte once, in pieces of
// any size; where a piece ends changes nothing. It reads no SSH-1 packets, decrypts
// nothing, and knows neither flows nor packets: who sent the SYN, and which segment
// delivered which bytes, is told to it.
package ssh

import "pinyon/proto"

// Limits of RFC 4253 and of memory.
const (
	maxLine     = 255     // identification line with its end, section 4.2
	maxPreLines = 50      // lines before it that a server may send
	maxPreBytes = 8 << 10 // and their bytes
	minPacket   = 5       // packet_length: four bytes of padding and its length
	maxPacket   = 35000   // packet_length, section 6.1
	maxStream   = 64 << 10
)

const prefix = "SSH-"

// Looks is the first test of a direction, on the first bytes of its stream. A direction
// that may be a server's (no SYN, or the other side sent it) can start with lines of its
// own, so everything but a NUL byte up to the first line's end needs more there.
func Looks(b []byte, server bool) proto.Verdict {
	n := min(len(b), len(prefix))
	if string(b[:n]) == prefix[:n] {
		return proto.NeedMore
	}
	if server && b[0] != 0 && (n < 2 || b[1] != 0) && (n < 4 || b[2] != 0 && b[3] != 0) {
		return proto.NeedMore
	}
	return proto.NotMine
}

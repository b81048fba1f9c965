package ssh

import (
	"bytes"
	"encoding/binary"
)

// The name-lists of KEXINIT in their order (RFC 4253, section 7.1). CS is client to
// server, SC server to client.
const (
	ListKex = iota
	ListHostKey
	ListCipherCS
	ListCipherSC
	ListMACCS
	ListMACSC
	ListCompressionCS
	ListCompressionSC
	ListLanguageCS
	ListLanguageSC
	lists
)

const cookieLen = 16

// A kexInit is the body of a side's first KEXINIT as far as it was read, behind the
// message number:
//
//	byte[16] cookie │ 10 × name-list │ boolean first_kex_packet_follows │ uint32 0
type kexInit struct {
	body []byte
	seen int32         // KEXINIT messages begun
	ends [lists]uint16 // ends of the complete lists in body; a packet is below 35,001 bytes
	n    uint8         // complete lists
}

func (k *kexInit) take(b []byte) {
	k.body = append(k.body, b...)
	for k.n < lists {
		at := k.start(int(k.n))
		if len(k.body) < at {
			return
		}
		size := uint64(binary.BigEndian.Uint32(k.body[at-4:]))
		if size > uint64(len(k.body)-at) {
			return
		}
		k.ends[k.n] = uint16(uint64(at) + size)
		k.n++
	}
}

// start is where list i starts, its length passed; valid for i up to n.
func (k *kexInit) start(i int) int {
	if i == 0 {
		return cookieLen + 4
	}
	return int(k.ends[i-1]) + 4
}

// list is name-list i as sent; nil if it was not read whole.
func (k *kexInit) list(i int) []byte {
	if i >= int(k.n) {
		return nil
	}
	return k.body[k.start(i):k.ends[i]]
}

func (k *kexInit) follows() bool {
	return k.n == lists && len(k.body) > int(k.ends[lists-1]) && k.body[k.ends[lists-1]] != 0
}

// contains reports whether a name-list holds a name.
func contains(list, name []byte) bool {
	for len(list) > 0 {
		var e []byte
		e, list, _ = bytes.Cut(list, []byte{','})
		if bytes.Equal(e, name) {
			return true
		}
	}
	return false
}

// negotiate is the first name of the client's list that the server's holds too (RFC 4253,
// section 7.1); names that skip reports are passed over. The result borrows from client.
func negotiate(client, server []byte, skip func([]byte) bool) []byte {
	for len(client) > 0 {
		var e []byte
		e, client, _ = bytes.Cut(client, []byte{','})
		if len(e) > 0 && !(skip != nil && skip(e)) && contains(server, e) {
			return e
		}
	}
	return nil
}

// isSignal reports names of the kex list that announce an extension and are no method
// (RFC 8308; strict key exchange of OpenSSH's PROTOCOL).
func isSignal(name []byte) bool {
	return bytes.HasPrefix(name, []byte("ext-info-")) || bytes.HasPrefix(name, []byte("kex-strict-"))
}

// isAEAD reports ciphers that authenticate by themselves, so that no MAC is negotiated.
func isAEAD(cipher []byte) bool {
	return bytes.HasSuffix(cipher, []byte("-gcm@openssh.com")) || string(cipher) == "chacha20-poly1305@openssh.com"
}

// postQuantum are the families of key encapsulation that methods name, alone or beside a
// curve: ML-KEM (FIPS 203) and Kyber, which it was made of; NTRU in all its forms, sntrup
// and ntrulpr of NTRU Prime among them; Classic McEliece, FrodoKEM, BIKE, HQC, Saber and
// NewHope of the trials before. SIKE is not one of them: it was broken.
var postQuantum = [...]string{
	"mlkem", "ml-kem", "kyber", "ntru", "mceliece", "frodo", "bike", "hqc", "saber", "newhope",
}

// isPostQuantum reports whether a key exchange method names one of these families. What is
// behind the @ says who defined the method, and nothing about it (RFC 4251, section 6).
func isPostQuantum(method []byte) bool {
	method, _, _ = bytes.Cut(method, []byte{'@'})
	for _, family := range postQuantum {
		for i := 0; i+len(family) <= len(method); i++ {
			if equalFold(method[i:i+len(family)], family) {
				return true
			}
		}
	}
	return false
}

// equalFold compares with a lower-case name, letters of ASCII without regard to case.
func equalFold(b []byte, lowerName string) bool {
	for i, c := range b {
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != lowerName[i] {
			return false
		}
	}
	return true
}

package tunnel

import "bytes"

// pptp reports whether a segment begins with a message of PPTP's control connection (RFC 2637
// section 2): length 2, type 1, the magic cookie, the control message's type, zero.
func (f *Flow) pptp(b []byte) bool {
	if len(b) < 12 || be16(b[2:]) != 1 || be32(b[4:]) != 0x1a2b3c4d || be16(b[8:])-1 > 14 || be16(b[10:]) != 0 {
		return false
	}
	f.prove(PPTP)
	return true
}

// tinc reports whether a segment is the greeting of tinc's meta connection: "0 NAME 17", with a
// minor version from 1.1 on. Both sides send it.
func (f *Flow) tinc(dir int, b []byte, size int) bool {
	if size > 64 || len(b) != size {
		return false
	}
	rest, ok := bytes.CutPrefix(b, []byte("0 "))
	if !ok {
		return false
	}
	name, version, ok := bytes.Cut(rest, []byte(" 17"))
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c != '_' && !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z') {
			return false
		}
	}
	if minor, ok := bytes.CutPrefix(version, []byte(".")); ok && len(minor) > 1 && len(minor) < 4 {
		version = bytes.TrimLeft(minor, "0123456789")
	}
	if string(version) != "\n" {
		return false
	}
	f.sides[dir].greeted = Tinc
	f.hint(Tinc)
	if f.sides[1-dir].greeted == Tinc {
		f.prove(Tinc)
	}
	return true
}

// softEther reports whether a datagram asks SoftEther's service for one's own address, an A, or
// answers: IP=192.0.2.1,PORT=50000.
func (f *Flow) softEther(dir int, b []byte, size int) bool {
	if size == 1 && b[0] == 'A' {
		f.sides[dir].greeted = SoftEther
		return true
	}
	rest, ok := bytes.CutPrefix(b, []byte("IP="))
	if !ok || f.sides[1-dir].greeted != SoftEther {
		return false
	}
	address, port, ok := bytes.Cut(rest, []byte(",PORT="))
	if !ok || len(port) == 0 || len(bytes.TrimLeft(port, "0123456789")) > 0 || len(address) < 7 || len(bytes.TrimLeft(address, "0123456789.")) > 0 {
		return false
	}
	f.prove(SoftEther)
	return true
}

// tailscaleMagic begins Tailscale's discovery messages: TS and a speech balloon. The sender's key
// of 32 bytes, a nonce of 24 and a sealed box follow.
const tailscaleMagic = "TS\xf0\x9f\x92\xac"

func (f *Flow) tailscale(b []byte, size int) bool {
	if len(b) < len(tailscaleMagic) || string(b[:len(tailscaleMagic)]) != tailscaleMagic || size < len(tailscaleMagic)+32+24+16 {
		return false
	}
	f.prove(Tailscale)
	return true
}

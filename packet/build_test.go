package packet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// Frames for the tests are put together from the inside out: each helper prepends its
// header to the bytes it is given. Addresses, ports and numbers are fixed, so that a test
// says only what it is about.

var (
	macA, macB = [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	v4A, v4B   = [4]byte{10, 0, 0, 1}, [4]byte{10, 0, 0, 2}
	innerA     = [4]byte{192, 168, 0, 1}
	innerB     = [4]byte{192, 168, 0, 2}
)

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// unhex reads hex digits; spaces are for the eye.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}

func be16(v int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func le16(v int) []byte    { return binary.LittleEndian.AppendUint16(nil, uint16(v)) }
func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// eth is macA to macB.
func eth(typ int, b []byte) []byte { return cat(macB[:], macA[:], be16(typ), b) }

// vlan is what follows an EtherType 8100: TCI and the next type.
func vlan(vid, typ int, b []byte) []byte { return cat(be16(vid), be16(typ), b) }

// label is one MPLS label.
func label(n int, bottom bool) []byte {
	w := uint32(n)<<12 | 64
	if bottom {
		w |= 0x100
	}
	return be32(w)
}

func ip4from(src, dst [4]byte, proto int, b []byte) []byte {
	return cat([]byte{0x45, 0x02}, be16(20+len(b)), be16(100), be16(0x4000), []byte{64, byte(proto), 0, 0}, src[:], dst[:], b)
}

// ip4 is v4A to v4B, DF, TTL 64, ToS 2, id 100.
func ip4(proto int, b []byte) []byte { return ip4from(v4A, v4B, proto, b) }

// inside is an IPv4 header with other addresses than ip4, for the inside of tunnels.
func inside(proto int, b []byte) []byte { return ip4from(innerA, innerB, proto, b) }

// ip6 is 2001:db8::1 to ::2, class B8, label 12345, hop limit 57.
func ip6(next int, b []byte) []byte {
	return cat(be32(0x6b812345), be16(len(b)), []byte{byte(next), 57},
		unhex("20010db8000000000000000000000001"), unhex("20010db8000000000000000000000002"), b)
}

// tcp is 1000 to 80, seq 7, ack 8, PSH ACK, window 502. Options are padded by the caller.
func tcp(opts, b []byte) []byte {
	return cat(be16(1000), be16(80), be32(7), be32(8), []byte{byte(5+len(opts)/4) << 4, 0x18}, be16(502), be32(0), opts, b)
}

func udp(src, dst int, b []byte) []byte {
	return cat(be16(src), be16(dst), be16(8+len(b)), be16(0), b)
}

// ah is an Authentication Header with a check value of n bytes.
func ah(next, n int) []byte {
	return cat([]byte{byte(next), byte(1 + n/4), 0, 0}, be32(0x1234), be32(1), make([]byte, n))
}

// set is a copy of b with other bytes from at on.
func set(b []byte, at int, v ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], v)
	return b
}

var timestamps = cat([]byte{1, 1, 8, 10}, be32(121), be32(900))

func frameOf(link uint16, b []byte) *Frame {
	return &Frame{Data: b, Wire: uint32(len(b)), Link: link, TS: 5e9, Number: 3, Iface: 1}
}

package flow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"pinyon/packet"
)

// A Key identifies a flow in a table: both endpoints in binary order, lower one first
// (ports break ties), protocol and IP version, since ::ffff:192.0.2.1 is not 192.0.2.1.
// It holds no pointer and is compared as a whole. 40 bytes.
type Key struct {
	A, B         [16]byte // IPv4 in the first four bytes
	APort, BPort uint16
	VLAN         uint16 // outermost VLAN id if the table keys on it, else 0
	Proto        uint8
	Version      uint8 // IP version, 4 or 6
}

// MakeKey makes the key of p's flow and reports whether the source is endpoint B.
// Where both ends are the same address and port the source is A.
func MakeKey(k *Key, p *packet.Packet, vlan bool) (swapped bool) {
	k.Proto, k.Version, k.VLAN = p.Proto, p.IPVersion, 0
	if vlan && p.Has&packet.HasVLAN != 0 {
		k.VLAN = p.VLAN
	}
	if less(p) {
		k.A, k.B, k.APort, k.BPort = p.Src, p.Dst, p.SrcPort, p.DstPort
		return false
	}
	k.A, k.B, k.APort, k.BPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	return true
}

// less reports whether the source is the lower endpoint, or equal to the other.
func less(p *packet.Packet) bool {
	if s, d := binary.BigEndian.Uint64(p.Src[:8]), binary.BigEndian.Uint64(p.Dst[:8]); s != d {
		return s < d
	}
	if s, d := binary.BigEndian.Uint64(p.Src[8:]), binary.BigEndian.Uint64(p.Dst[8:]); s != d {
		return s < d
	}
	return p.SrcPort <= p.DstPort
}

// Hash mixes the key with two seeds, by folded 128-bit products. With secret seeds
// nobody outside can aim at a bucket; with fixed ones it is the same everywhere.
func (k *Key) Hash(s0, s1 uint64) uint64 {
	a0, a1 := binary.LittleEndian.Uint64(k.A[:8]), binary.LittleEndian.Uint64(k.A[8:])
	b0, b1 := binary.LittleEndian.Uint64(k.B[:8]), binary.LittleEndian.Uint64(k.B[8:])
	rest := uint64(k.APort)<<48 | uint64(k.BPort)<<32 | uint64(k.VLAN)<<16 | uint64(k.Proto)<<8 | uint64(k.Version)
	h := fold(a0^s0, b0^s1^rest)
	if k.Version == 6 {
		h ^= fold(a1^s1, b1^s0^0x9e3779b97f4a7c15)
	}
	return fold(h^s0^0xa0761d6478bd642f, rest^s1^0xe7037ed1a0b428db)
}

// fold mixes a product with its factors: where one of them is 0, which whoever knows the seeds
// can bring about, the other still counts.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo ^ a ^ b
}

// AddrA is endpoint A's address.
func (k *Key) AddrA() netip.Addr { return k.addr(&k.A) }

// AddrB is endpoint B's address.
func (k *Key) AddrB() netip.Addr { return k.addr(&k.B) }

func (k *Key) addr(b *[16]byte) netip.Addr {
	if k.Version == 4 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16(*b)
}

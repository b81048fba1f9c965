// Package gen makes Ethernet frames and captures for tests and benchmarks: exact, without
// randomness that is not seeded, and without importing what they are meant to test.
package gen

import (
	"encoding/binary"
	"net/netip"
)

// A Host is one end of a conversation.
type Host struct {
	MAC  [6]byte
	Addr netip.Addr // IPv4 or IPv6; both ends of a frame are of one version
	Port uint16
	TTL  uint8 // TTL or hop limit
}

// An IP is what frames of every transport have in common.
type IP struct {
	Src, Dst *Host
	ID       uint16 // IPv4 only
	TOS      uint8  // ToS or traffic class
	DF       bool   // IPv4 only
}

// A TCP is one segment.
type TCP struct {
	IP
	Flags    uint16 // FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, AE 256
	Window   uint16 // unscaled
	Seq, Ack uint32
	Options  []byte // whole words, at most 40 bytes
	Payload  []byte
}

// A UDP is one datagram.
type UDP struct {
	IP
	Payload []byte
}

const (
	protoTCP = 6
	protoUDP = 17

	etherLen = 14
	ipv4Len  = 20
	ipv6Len  = 40
	tcpLen   = 20
	udpLen   = 8
)

// Append appends the segment as an Ethernet frame, checksums filled in, without padding.
func (t *TCP) Append(dst []byte) []byte {
	n := tcpLen + len(t.Options) + len(t.Payload)
	dst = t.IP.append(dst, protoTCP, n)
	at := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, t.Src.Port)
	dst = binary.BigEndian.AppendUint16(dst, t.Dst.Port)
	dst = binary.BigEndian.AppendUint32(dst, t.Seq)
	dst = binary.BigEndian.AppendUint32(dst, t.Ack)
	dst = binary.BigEndian.AppendUint16(dst, uint16(tcpLen+len(t.Options))/4<<12|t.Flags&0x1ff)
	dst = binary.BigEndian.AppendUint16(dst, t.Window)
	dst = append(dst, 0, 0, 0, 0) // checksum, urgent pointer
	dst = append(dst, t.Options...)
	dst = append(dst, t.Payload...)
	t.checksum(dst[at:], protoTCP, 16)
	return dst
}

// Append appends the datagram as an Ethernet frame, checksums filled in, without padding.
func (u *UDP) Append(dst []byte) []byte {
	n := udpLen + len(u.Payload)
	dst = u.IP.append(dst, protoUDP, n)
	at := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, u.Src.Port)
	dst = binary.BigEndian.AppendUint16(dst, u.Dst.Port)
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	dst = append(dst, 0, 0)
	dst = append(dst, u.Payload...)
	u.checksum(dst[at:], protoUDP, 6)
	return dst
}

// append appends the Ethernet and IP headers of a packet whose transport part is n bytes.
func (ip *IP) append(dst []byte, proto uint8, n int) []byte {
	dst = append(dst, ip.Dst.MAC[:]...)
	dst = append(dst, ip.Src.MAC[:]...)
	if ip.Src.Addr.Is4() {
		dst = append(dst, 0x08, 0x00)
		at := len(dst)
		dst = append(dst, 0x45, ip.TOS)
		dst = binary.BigEndian.AppendUint16(dst, uint16(ipv4Len+n))
		dst = binary.BigEndian.AppendUint16(dst, ip.ID)
		var df byte
		if ip.DF {
			df = 0x40
		}
		dst = append(dst, df, 0, ip.Src.TTL, proto, 0, 0)
		dst = append(dst, ip.Src.Addr.AsSlice()...)
		dst = append(dst, ip.Dst.Addr.AsSlice()...)
		binary.BigEndian.PutUint16(dst[at+10:], fold(sum(0, dst[at:])))
		return dst
	}
	dst = append(dst, 0x86, 0xdd, 0x60|ip.TOS>>4, ip.TOS<<4, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	dst = append(dst, proto, ip.Src.TTL)
	dst = append(dst, ip.Src.Addr.AsSlice()...)
	return append(dst, ip.Dst.Addr.AsSlice()...)
}

// checksum fills in the transport checksum at offset at of seg (RFC 9293 section 3.1,
// RFC 8200 section 8.1). UDP sends 0 as 0xffff.
func (ip *IP) checksum(seg []byte, proto uint8, at int) {
	s := uint32(proto) + uint32(len(seg))
	s = sum(s, ip.Src.Addr.AsSlice())
	s = sum(s, ip.Dst.Addr.AsSlice())
	c := fold(sum(s, seg))
	if c == 0 && proto == protoUDP {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(seg[at:], c)
}

// sum adds the 16-bit words of b; the last odd byte counts as the high one (RFC 1071).
func sum(s uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// SYNOptions are the options of a Linux SYN or SYN-ACK: MSS 1460, SACK permitted,
// timestamps, NOP, window scale 7. 20 bytes.
func SYNOptions(dst []byte, tsval, tsecr uint32) []byte {
	dst = append(dst, 2, 4, 1460>>8, 1460&0xff, 4, 2, 8, 10)
	dst = binary.BigEndian.AppendUint32(dst, tsval)
	dst = binary.BigEndian.AppendUint32(dst, tsecr)
	return append(dst, 1, 3, 3, 7)
}

// TimestampOptions are NOP, NOP, timestamps (RFC 7323 appendix A). 12 bytes.
func TimestampOptions(dst []byte, tsval, tsecr uint32) []byte {
	dst = append(dst, 1, 1, 8, 10)
	dst = binary.BigEndian.AppendUint32(dst, tsval)
	return binary.BigEndian.AppendUint32(dst, tsecr)
}

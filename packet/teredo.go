package packet

import "encoding/binary"

// teredo reads IPv6 over UDP (RFC 4380 section 5.1.1) behind an optional authentication
// (00 01) and origin indication (00 00), trailers of RFC 6081 behind it. The inner length must
// fill the datagram exactly.
//
// That is proof enough on Teredo's own port, where a client's address is as well, whatever
// follows the packet. On other ports one address must be a client's, in 2001::/32, as in every
// data packet, or the message must be one by which a client asks its server for an address,
// with the indications that such messages have.
func teredo(p *Packet, b []byte, datagram uint32, customary bool) ([]byte, uint8) {
	left, indicated := datagram, false
	if len(b) >= 4 && b[0] == 0 && b[1] == 1 {
		n := 4 + int(b[2]) + int(b[3]) + 9 // id, value; nonce and confirmation
		if len(b) < n || left < uint32(n) {
			return nil, 0
		}
		b, left, indicated = b[n:], left-uint32(n), true
	}
	if len(b) >= 8 && left >= 8 && b[0] == 0 && b[1] == 0 {
		b, left, indicated = b[8:], left-8, true
	}
	if len(b) < 40 || b[0]>>4 != 6 {
		return nil, 0
	}
	n := uint32(binary.BigEndian.Uint16(b[4:])) + 40
	client := isTeredo(b[8:]) || isTeredo(b[24:])
	filled := n == left || n < left && uint64(left) <= uint64(len(b)) && teredoTrailers(b[n:left])
	switch {
	case n > left:
		return nil, 0
	case customary && (filled || client):
	case filled && (client || indicated && isSolicitation(b)):
	default:
		return nil, 0
	}
	p.passed(EncapTeredo, 0)
	return b, 6
}

// isTeredo reports whether the IPv6 address at b[0] is a Teredo client's.
func isTeredo(b []byte) bool { return binary.BigEndian.Uint32(b) == 0x20010000 }

// isSolicitation reports whether the IPv6 packet at b[0] is a router solicitation or
// advertisement from a link-local address.
func isSolicitation(b []byte) bool {
	return len(b) > 40 && b[6] == ProtoICMPv6 && (b[40] == 133 || b[40] == 134) && binary.BigEndian.Uint16(b[8:])&0xffc0 == 0xfe80
}

// teredoTrailers reports whether b is made of trailers (RFC 6081 section 4): type and length,
// each a byte, and that many bytes.
func teredoTrailers(b []byte) bool {
	const nonce, alternateAddress, neighborDiscovery, randomPort = 1, 3, 4, 5
	for len(b) >= 2 {
		switch b[0] {
		case nonce, alternateAddress, neighborDiscovery, randomPort:
		default:
			return false
		}
		n := 2 + int(b[1])
		if n > len(b) {
			return false
		}
		b = b[n:]
	}
	return len(b) == 0
}

package packet

import "encoding/binary"

// gre reads a GRE header (RFC 2784, RFC 2890) and what it carries.
//
//	 0                   1                   2                   3
//	+-+-+-+-+-----------------+-----+-------------------------------+
//	|C|R|K|S|                 | ver | protocol                      |
//	+-+-+-+-+-----------------+-----+-------------------------------+
//	| checksum, key, sequence number: 4 bytes each, if C, K, S      |
//	+---------------------------------------------------------------+
func (d *Decoder) gre(p *Packet, b []byte) ([]byte, uint8) {
	const c, r, k, s = 0x8000, 0x4000, 0x2000, 0x1000
	if len(b) < 4 {
		return nil, 0
	}
	flags, typ := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if flags&7 == 1 {
		return d.pptp(p, b, flags, typ)
	}
	if flags&7 != 0 || flags&r != 0 {
		return nil, 0
	}
	n := 4
	if flags&c != 0 {
		n += 4
	}
	var key uint32
	if flags&k != 0 {
		if len(b) < n+4 {
			return nil, 0
		}
		key = binary.BigEndian.Uint32(b[n:])
		n += 4
	}
	if flags&s != 0 {
		n += 4
	}
	if len(b) < n {
		return nil, 0
	}
	b = b[n:]
	p.passed(EncapGRE, key)
	switch typ {
	case etherPPP:
		return within(d.pppHDLC(p, b))
	case etherERSPAN:
		if flags&s == 0 {
			p.passed(EncapERSPAN, 0) // type I has no header
			return within(d.ethernet(p, b))
		}
		return d.erspan(p, b, 8)
	case etherERSPAN3:
		n := 12
		if len(b) >= n && b[11]&1 != 0 { // O: platform-specific subheader
			n += 8
		}
		return d.erspan(p, b, n)
	}
	return d.carried(p, b, typ)
}

// carried reads what the EtherType of a tunnel's header announces.
func (d *Decoder) carried(p *Packet, b []byte, typ uint16) ([]byte, uint8) {
	switch {
	case typ == etherIPv4:
		return b, 4
	case typ == etherIPv6:
		return b, 6
	case typ < etherMin:
		return nil, 0
	}
	return within(d.etherType(p, b, typ))
}

// erspan skips an ERSPAN header of n bytes, type II or III: version, VLAN, 6 bits, session
// (10 bits) and what the type adds (draft-foschiano-erspan).
func (d *Decoder) erspan(p *Packet, b []byte, n int) ([]byte, uint8) {
	if len(b) < n {
		return nil, 0
	}
	p.passed(EncapERSPAN, uint32(binary.BigEndian.Uint16(b[2:])&0x3ff))
	return within(d.ethernet(p, b[n:]))
}

// pptp reads an enhanced GRE header (RFC 2637 section 4.1): payload length and call id,
// sequence number if S, acknowledgment if A; then PPP. The call id is the key.
func (d *Decoder) pptp(p *Packet, b []byte, flags, typ uint16) ([]byte, uint8) {
	const s, a = 0x1000, 0x0080
	n := 8
	if flags&s != 0 {
		n += 4
	}
	if flags&a != 0 {
		n += 4
	}
	if typ != etherPPP || len(b) < n {
		return nil, 0
	}
	p.passed(EncapGRE, uint32(binary.BigEndian.Uint16(b[6:])))
	d.bound(b[n:], uint32(binary.BigEndian.Uint16(b[4:])))
	return within(d.pppHDLC(p, b[n:]))
}

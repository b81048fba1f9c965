package filter

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// ident tests for what an identifier and its qualifiers name.
func (g *gen) ident(id *ident) *cond {
	if id.q.addr == addrUndef && id.kind != kMAC && id.kind != kARC {
		return g.fail(ErrSyntax, "syntax error: no qualifier to inherit")
	}
	switch id.kind {
	case kID:
		return g.name(id.text, id.q)
	case kNum:
		return g.number(id.num, id.q)
	case kHost:
		return g.dotted(id)
	case kHost6:
		return g.ipv6(id)
	case kMAC:
		if id.q.proto != protoLink || id.q.addr > addrHost {
			return g.fail(ErrQualifier, "a link-layer address needs ether host, src or dst")
		}
		return g.mac(parseMAC(id.text), id.q.dir)
	}
	return g.fail(ErrLinkType, "ARCnet is not supported")
}

// number tests for a bare number.
func (g *gen) number(v uint32, q qual) *cond {
	switch q.addr {
	case addrNone, addrHost, addrNet:
		switch q.proto {
		case protoDECnet:
			return g.decnet(v, q.dir)
		case protoLink:
			return g.fail(ErrQualifier, "a number is no link-layer address")
		}
		mask := uint32(1<<32 - 1)
		if q.addr == addrNet {
			// A short network number is the beginning of one.
			for v != 0 && v>>24 == 0 {
				v <<= 8
				mask <<= 8
			}
		}
		return g.host4(v, mask, q)
	case addrPort, addrPortRange:
		return g.portNumbers(v, v, q, anyTransport)
	case addrProto:
		if q.dir != dirNone {
			return g.fail(ErrQualifier, "a protocol has no direction")
		}
		return g.inside(v, q.proto)
	case addrProtoChain:
		return g.chain(v, q.proto)
	}
	return g.fail(ErrQualifier, "gateway needs a name")
}

// portNumbers tests for ports. transport is what their names say, if they are names.
func (g *gen) portNumbers(lo, hi uint32, q qual, transport uint32) *cond {
	switch want := insideOf[q.proto].number; {
	case q.proto == protoNone:
	case want != ipTCP && want != ipUDP && want != ipSCTP:
		return g.fail(ErrQualifier, "this protocol has no ports")
	case transport != anyTransport && transport != want:
		return g.fail(ErrQualifier, "a port of another protocol")
	default:
		transport = want
	}
	if lo > 65535 || hi > 65535 {
		return g.fail(ErrValue, "port over 65535")
	}
	return g.port(ports{lo, hi, q.addr == addrPortRange}, transport, q.dir)
}

// dotted tests for an IPv4 address, whole or its beginning, or a network.
func (g *gen) dotted(id *ident) *cond {
	q := id.q
	if q.addr >= addrPort && q.addr != addrGateway {
		return g.fail(ErrQualifier, "an address is no port or protocol")
	}
	if q.proto == protoDECnet && id.form == plain {
		area, node, ok := parseDECnet(id.text)
		if !ok {
			return g.fail(ErrValue, "bad DECnet address")
		}
		return g.decnet(area<<10&0xfc00|node&0x03ff, q.dir)
	}
	addr, bits, ok := parseDotted(id.text)
	if !ok {
		return g.fail(ErrValue, "bad IPv4 address")
	}
	mask := ^uint32(0) << (32 - bits)
	switch id.form {
	case withBits:
		if id.bits > 32 {
			return g.fail(ErrValue, "mask over 32 bits")
		}
		mask = prefixMask(id.bits)
	case withMask:
		if mask, _, ok = parseDotted(id.mask); !ok {
			return g.fail(ErrValue, "bad mask %q", id.mask)
		}
	}
	if addr&^mask != 0 {
		return g.fail(ErrValue, "bits set outside the mask")
	}
	switch {
	case id.form != plain && q.addr != addrNet:
		return g.fail(ErrQualifier, "a mask is for net only")
	case q.addr == addrGateway:
		return g.fail(ErrQualifier, "gateway needs a name")
	case q.proto == protoLink:
		return g.fail(ErrQualifier, "an IPv4 address is no link-layer address")
	}
	return g.host4(addr, mask, q)
}

// ipv6 tests for an IPv6 address or network.
func (g *gen) ipv6(id *ident) *cond {
	addr, err := netip.ParseAddr(id.text)
	if err != nil {
		return g.fail(ErrValue, "bad IPv6 address")
	}
	bits := uint32(128)
	if id.form == withBits {
		bits = id.bits
	}
	if bits > 128 {
		return g.fail(ErrValue, "mask over 128 bits")
	}
	if netip.PrefixFrom(addr, int(bits)).Masked().Addr() != addr {
		return g.fail(ErrValue, "bits set outside the mask")
	}
	if id.q.addr > addrNet {
		return g.fail(ErrQualifier, "an address is no port or protocol")
	}
	if id.q.addr != addrNet && bits != 128 {
		return g.fail(ErrQualifier, "a mask is for net only")
	}
	return g.host6(addr.As16(), bits, id.q)
}

// parseDotted reads decimal parts of at most 255; fewer than four are the first bytes.
func parseDotted(s string) (addr, bits uint32, ok bool) {
	var b [4]byte
	n := 0
	for part := range strings.SplitSeq(s, ".") {
		v := uint32(0)
		for i := range len(part) {
			if !isDigit(part[i]) || v > 25 {
				return 0, 0, false
			}
			v = v*10 + uint32(part[i]-'0')
		}
		if v > 255 || n == 4 {
			return 0, 0, false
		}
		b[n] = byte(v)
		n++
	}
	return binary.BigEndian.Uint32(b[:]), uint32(n) * 8, true
}

// parseDECnet reads area.node.
func parseDECnet(s string) (area, node uint32, ok bool) {
	a, n, ok := strings.Cut(s, ".")
	x, y := number(a), number(n)
	return x.num, y.num, ok && lenNum(a) == len(a) && lenNum(n) == len(n) && x.err == nil && y.err == nil
}

// parseMAC reads what the lexer takes for a link-layer address.
func parseMAC(s string) []byte {
	b := make([]byte, 0, 6)
	for i := 0; i < len(s); {
		if !isHex(s[i]) {
			i++
			continue
		}
		v := hexValue(s[i])
		if i++; i < len(s) && isHex(s[i]) {
			v = v<<4 | hexValue(s[i])
			i++
		}
		b = append(b, v)
	}
	return b
}

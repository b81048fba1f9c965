package filter

import (
	"encoding/binary"
	"math/rand/v2"

	"pinyon/packet"
)

// A maker builds frames at random out of a few addresses and ports, so that filters on
// these match some and miss some.
type maker struct {
	*rand.Rand
	tame bool // no computed numbers
}

func newMaker(seed uint64) maker { return maker{Rand: rand.New(rand.NewPCG(seed, 42))} }

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

func (m maker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return b
}

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func (m maker) mac() []byte {
	return pick(m, []byte{0, 1, 2, 3, 4, 5}, []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff},
		[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []byte{1, 0, 0x5e, 0, 0, 1})
}

func (m maker) ip4() []byte {
	return pick(m, []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}, []byte{192, 168, 1, 5}, []byte{192, 168, 1, 255},
		[]byte{224, 0, 0, 1}, []byte{255, 255, 255, 255}, []byte{172, 16, 0, 9}, []byte{0, 0, 0, 0})
}

func (m maker) ip6() []byte {
	return pick(m, []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		[]byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2},
		[]byte{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		[]byte{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
}

func (m maker) port() int { return pick(m, 22, 53, 80, 443, 8000, 8500, 9000, genevePort) }

// transport is the header and payload behind IP of a protocol.
func (m maker) transport(proto int, depth int) []byte {
	ports := join(be16(m.port()), be16(m.port()))
	switch proto {
	case ipTCP:
		b := join(ports, m.bytes(8), []byte{byte(pick(m, 5, 6, 8)) << 4, byte(pick(m, 0x02, 0x10, 0x12, 0x18, 0x11, 0x04, 0))}, m.bytes(6))
		return join(b, m.bytes(int(b[12]>>4)*4-20), pick(m, []byte("GET / HTTP/1.1\r\n"), []byte("POST"), nil, m.bytes(12)))
	case ipUDP:
		if depth > 0 && m.IntN(4) == 0 {
			opts := pick(m, 0, 0, 1, 2)
			head := join(be16(4000), be16(genevePort), m.bytes(4), []byte{byte(opts), 0})
			vni := []byte{0, 0, byte(pick(m, 1, 3, 7)), 0}
			if m.IntN(3) > 0 {
				return join(head, be16(etherBridged), vni, m.bytes(opts*4), m.ether(depth-1))
			}
			typ, pl := m.network(depth - 1)
			return join(head, be16(typ), vni, m.bytes(opts*4), pl)
		}
		return join(ports, m.bytes(4), m.bytes(m.IntN(20)))
	case ipICMP, ipICMPv6:
		return join([]byte{byte(pick(m, 0, 3, 8, 11, 128, 135)), 0}, m.bytes(10))
	case ipAH:
		return join([]byte{ipTCP, 4}, m.bytes(22), m.transport(ipTCP, depth))
	}
	return join(ports, m.bytes(m.IntN(30)))
}

// network is an EtherType and what it announces.
func (m maker) network(depth int) (int, []byte) {
	switch n := m.IntN(40); {
	case n < 16:
		proto := pick(m, ipTCP, ipTCP, ipTCP, ipUDP, ipUDP, ipSCTP, ipICMP, ipIGMP, ipESP, ipAH, 47, ipPIM, ipVRRP, ipIGRP, 89)
		ihl := pick(m, 5, 5, 5, 5, 6, 8)
		frag := pick(m, 0, 0, 0, 0, 0x2000, 0x4000, 0x2010, 0x00b9)
		head := join([]byte{0x40 | byte(ihl), 0}, be16(100), be16(m.IntN(65536)), be16(frag),
			[]byte{64, byte(proto)}, m.bytes(2), m.ip4(), m.ip4(), m.bytes(ihl*4-20))
		return etherIPv4, join(head, m.transport(proto, depth))
	case n < 26:
		proto := pick(m, ipTCP, ipTCP, ipUDP, ipUDP, ipSCTP, ipICMPv6, ipFragment, ipHopByHop, ipAH, ipESP, ipNone, ipPIM)
		head := join([]byte{0x60, 0, 0, 0}, be16(60), []byte{byte(proto), 64}, m.ip6(), m.ip6())
		switch proto {
		case ipFragment, ipHopByHop:
			inner := pick(m, ipTCP, ipUDP, ipICMPv6)
			return etherIPv6, join(head, []byte{byte(inner), 0}, m.bytes(6), m.transport(inner, depth))
		}
		return etherIPv6, join(head, m.transport(proto, depth))
	case n < 29:
		return pick(m, etherARP, etherRARP), join([]byte{0, 1, 8, 0, 6, 4, 0, byte(1 + m.IntN(4))}, m.mac(), m.ip4(), m.mac(), m.ip4())
	case n < 32 && depth > 0:
		typ, pl := m.network(depth - 1)
		return pick(m, etherVLAN, etherVLAN, etherQinQ, etherVLAN9100), join(be16(pick(m, 3, 5, 100, 0x2003)), be16(typ), pl)
	case n < 34 && depth > 0:
		_, pl := m.network(depth - 1)
		var labels []byte
		for i, k := 0, 1+m.IntN(2); i < k; i++ {
			bottom := byte(0)
			if i == k-1 {
				bottom = 1
			}
			labels = append(labels, 0, byte(pick(m, 0, 0x40)), byte(pick(m, 0x10, 0x20))|bottom, 64)
		}
		return etherMPLS, join(labels, pl)
	case n < 36 && depth > 0:
		typ, pl := m.network(depth - 1)
		return pick(m, etherPPPoES, etherPPPoES, etherPPPoED), join([]byte{0x11, 0}, be16(pick(m, 1, 7)), be16(len(pl)+2), be16(int(pppType(uint32(typ)))), pl)
	}
	return pick(m, etherDECnet, etherATalk, etherAARP, etherLAT, etherSCA, etherMOPDL, etherMOPRC, etherLoopback, etherIPX), m.bytes(40)
}

// llc is an 802.2 frame.
func (m maker) llc(depth int) []byte {
	if m.IntN(2) == 0 {
		typ, pl := m.network(depth)
		return join([]byte{sapSNAP, sapSNAP, 3}, pick(m, []byte{0, 0, 0}, []byte{8, 0, 7}), be16(typ), pl)
	}
	sap := pick(m, byte(sapISO), sapIP, sap8021D, sapIPX, sapNetBEUI, 0xff, 0x04)
	control := pick(m, byte(0), 1, 3, 5, 9, 0x63, 0x43, 0x0f, 0x6f, 0xe3, 0xaf, 0x87, 0x13)
	return join([]byte{sap, sap, control, byte(pick(m, nlpidISIS, nlpidCLNP, nlpidESIS)), 27, 1, 0, byte(15 + m.IntN(13))}, m.bytes(30))
}

func (m maker) ether(depth int) []byte {
	if m.IntN(6) == 0 {
		pl := m.llc(depth)
		return join(m.mac(), m.mac(), be16(len(pl)), pl)
	}
	typ, pl := m.network(depth)
	return join(m.mac(), m.mac(), be16(typ), pl)
}

func (m maker) wlan() []byte {
	c0 := byte(pick(m, 0x08, 0x08, 0x88, 0x88, 0x00, 0x80, 0x40, 0xb4, 0xc4, 0xd4, 0x48))
	c1 := byte(m.IntN(4)) | byte(pick(m, 0, 0, 0x40))
	b := join([]byte{c0, c1, 0, 0}, m.mac(), m.mac(), m.mac(), []byte{0, 0})
	if c0 == 0x88 {
		b = join(b, []byte{0, 0})
	}
	return join(b, m.llc(1))
}

// frame is one of a link type, sometimes cut and sometimes damaged, and its wire length.
func (m maker) frame(link uint16) ([]byte, uint32) {
	var b []byte
	switch layoutOf(link).kind {
	case linkEther:
		b = m.ether(2)
	case linkSLL:
		typ, pl := m.network(2)
		if m.IntN(8) == 0 {
			typ, pl = pick(m, sllLLC, sllNovell), m.llc(1)
		}
		b = join(be16(m.IntN(5)), be16(1), be16(6), m.bytes(8), be16(typ), pl)
	case linkTyped:
		typ, pl := m.network(2)
		if link == packet.LinkLinuxSLL2 {
			b = join(be16(typ), be16(0), be16(0), be16(1+m.IntN(3)), be16(1), []byte{byte(m.IntN(5)), 6}, m.bytes(8), pl)
		} else {
			b = join(m.bytes(int(layoutOf(link).typ)), be16(typ), pl)
		}
	case linkPPP:
		typ, pl := m.network(2)
		b = join(m.bytes(int(layoutOf(link).typ)), be16(int(pppType(uint32(typ)))), pl)
	case linkHDLC:
		typ, pl := m.network(2)
		b = join([]byte{0x0f, 0}, be16(pick(m, typ, typ, typ, 0xfefe)), pl)
	case linkFamily, linkFamilyBE:
		typ, pl := m.network(1)
		family := byte(pick(m, 24, 28, 30, 10, 7))
		if typ == etherIPv4 {
			family = 2
		}
		if layoutOf(link).kind == linkFamily {
			b = join([]byte{family, 0, 0, 0}, pl)
		} else {
			b = join([]byte{0, 0, 0, family}, pl)
		}
	case linkLLC:
		b = join(m.bytes(int(layoutOf(link).payload)), m.llc(1))
		if l := layoutOf(link); l.hasMAC {
			copy(b[l.src:], m.mac())
			copy(b[l.dst:], m.mac())
		}
	case linkWLAN:
		b = m.wlan()
		switch layoutOf(link).radio {
		case radioTap:
			present := pick(m, uint32(0), 2, 3, 0x80000003, 1)
			head := join([]byte{0, 0, byte(20 + m.IntN(3)), 0}, binary.LittleEndian.AppendUint32(nil, present), m.bytes(16))
			b = join(head[:head[2]], b)
		case radioAVS:
			b = join([]byte{0x80, 0x21, 0x10, 1, 0, 0, 0, 16}, m.bytes(8), b)
		case radioPrism:
			if m.IntN(2) == 0 {
				b = join([]byte{0x80, 0x21, 0x10, 1, 0, 0, 0, 16}, m.bytes(8), b)
			} else {
				b = join([]byte{0, 0, 0, 0x44}, m.bytes(140), b)
			}
		case radioPPI:
			b = join([]byte{0, 0, 8, 0, byte(pick(m, 105, 105, 1)), 0, 0, 0}, b)
		}
	default:
		_, b = m.network(1)
		b = join(m.bytes(int(layoutOf(link).payload)), b)
	}
	wire := uint32(len(b)) + uint32(pick(m, 0, 0, 0, 500, 1400))
	switch m.IntN(5) {
	case 0:
		b = b[:m.IntN(len(b)+1)]
	case 1:
		for range 1 + m.IntN(3) {
			b[m.IntN(len(b))] = byte(m.Uint32())
		}
	}
	return b, wire
}

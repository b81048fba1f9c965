package gen

// LINKTYPE_ values of the captures.
const (
	linkEthernet   = 1
	linkFrameRelay = 107
	linkIPv4       = 228
)

var families = []family{
	{"frelay", linkFrameRelay, exchange, []way{
		func(ip []byte) []byte { return join([]byte{0x18, 0x41, 3}, nlpidOf(ip), ip) },                   // DLCI 100
		func(ip []byte) []byte { return join([]byte{0x18, 0x41}, etherOf(ip), ip) },                      // Cisco's framing
		func(ip []byte) []byte { return join([]byte{0x00, 0x30, 0x32, 0x91, 3}, nlpidOf(ip), ip) },       // an address of 4 bytes
		func(ip []byte) []byte { return join([]byte{0x0c, 0x40, 0x91, 3}, nlpidOf(ip), ip) },             // of 3
		func(ip []byte) []byte { return join([]byte{0x18, 0x41, 3, 0, 0x80, 0, 0, 0}, etherOf(ip), ip) }, // SNAP
		func(ip []byte) []byte { return join([]byte{0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7}, bridged(ip)) },
	}},
	// The link type of IPv4 holds packets of both versions; tshark reads none but IPv6 in IPv6's.
	{"link_ipv4", linkIPv4, exchange, []way{func(ip []byte) []byte { return ip }}},

	{"ah", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return behind(ip, 51, ah) },
		func(ip []byte) []byte { return behind(behind(ip, 51, ah)[etherLen:], 51, ah) },
		func(ip []byte) []byte { return outer(51, ah(protoOf(ip)), ip) },                         // tunnel mode
		func(ip []byte) []byte { return outer6(51, ah(protoOf(ip)), ip) },                        // over IPv6
		func(ip []byte) []byte { return outer6(0, padded(51), ah(60), padded(protoOf(ip)), ip) }, // among others
		func(ip []byte) []byte { return outer(51, ah(50), u32(0x1234), u32(1), ip) },             // ESP behind it
	}},
	{"v6_headers", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return only6(ip, 0, padded) },
		func(ip []byte) []byte {
			return only6(ip, 43, func(next byte) []byte { return []byte{next, 0, 253, 0, 0, 0, 0, 0} })
		},
		func(ip []byte) []byte { return only6(ip, 60, padded) },
		func(ip []byte) []byte {
			return only6(ip, 44, func(next byte) []byte { return []byte{next, 0, 0, 0, 0, 0, 0, 9} })
		}, // atomic
		func(ip []byte) []byte {
			return only6(ip, 140, func(next byte) []byte { return []byte{next, 0, 0x80, 0, 0, 0, 0, 0} })
		},
		func(ip []byte) []byte { return only6(ip, 253, padded) },
		func(ip []byte) []byte { return only6(ip, 254, padded) },
		func(ip []byte) []byte { return only6(ip, 200, padded) },
		func(ip []byte) []byte { return only6(ip, 50, func(byte) []byte { return join(u32(0x1234), u32(1)) }) },
	}},

	{"port_tags", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return ether(u16(0x893f), []byte{0x20, 5, 1, 0x23, 1, 2}, etherOf(ip), ip) },
		func(ip []byte) []byte {
			return ether(u16(0x893f), []byte{0x20, 5, 0, 0x40, 0, 2}, u16(0x8100), u16(5), etherOf(ip), ip)
		},
		func(ip []byte) []byte { return ether(u16(0x8926), []byte{0x81, 0x23, 0x04, 0x56}, etherOf(ip), ip) },
		func(ip []byte) []byte {
			return ether(u16(0x8926), []byte{0x01, 0x23, 0x04, 0x56}, u16(0x8100), u16(5), etherOf(ip), ip)
		},
		func(ip []byte) []byte {
			return ether(u16(0x8100), u16(6), u16(0x893f), []byte{0x20, 5, 1, 0x23, 1, 2}, etherOf(ip), ip)
		},
	}},
	{"nsh", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return ether(u16(0x894f), nsh(1, nextOf(ip)), ip) },
		func(ip []byte) []byte { return ether(u16(0x894f), nsh(2, nextOf(ip)), ip) },
		func(ip []byte) []byte { return ether(u16(0x894f), nsh(1, 3), bridged(ip)) },
		func(ip []byte) []byte { return ether(u16(0x894f), nsh(2, 4), nsh(1, nextOf(ip)), ip) },
		func(ip []byte) []byte { return ether(u16(0x894f), nsh(2, 5), label, ip) },
		func(ip []byte) []byte { return ether(u16(0x8100), u16(5), u16(0x894f), nsh(1, nextOf(ip)), ip) },
	}},
	{"fabricpath", linkEthernet, exchange, []way{
		// tshark takes the last four bytes for a check sequence.
		func(ip []byte) []byte { return join(fabric, bridged(ip), make([]byte, 4)) },
		func(ip []byte) []byte { return join(fabric, tagged(ip), make([]byte, 4)) },
	}},
	{"pbb", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return ether(u16(0x88e7), u32(0x123), bridged(ip)) },
		func(ip []byte) []byte { return ether(u16(0x88a8), u16(7), u16(0x88e7), u32(0x123), tagged(ip)) },
	}},

	{"vxlan_gpe", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return outer(17, datagram(9, 4790, gpe(nextOf(ip)), ip)) },
		func(ip []byte) []byte { return outer(17, datagram(9, 4790, gpe(3), bridged(ip))) },
		func(ip []byte) []byte { return outer(17, datagram(9, 4790, gpe(3), tagged(ip))) },
		func(ip []byte) []byte { return outer(17, datagram(9, 4790, gpe(4), nsh(1, nextOf(ip)), ip)) },
		func(ip []byte) []byte { return outer(17, datagram(9, 4790, gpe(5), label, ip)) },
	}},
	{"erspan", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return outer(47, []byte{0, 0, 0x88, 0xbe}, bridged(ip)) },
		func(ip []byte) []byte { return outer(47, erspan2, bridged(ip)) },
		func(ip []byte) []byte { return outer(47, erspan2, tagged(ip)) },
		func(ip []byte) []byte { return outer(47, erspan3(0), bridged(ip)) },
		func(ip []byte) []byte { return outer(47, erspan3(1), make([]byte, 8), bridged(ip)) },
		func(ip []byte) []byte {
			return outer(47, erspan2, bridged(outer4(17, datagram(9, 4789, vxlan, bridged(ip)))))
		},
		func(ip []byte) []byte {
			return outer(17, datagram(9, 4789, vxlan, bridged(outer4(47, erspan2, bridged(ip)))))
		},
		func(ip []byte) []byte {
			return outer(47, erspan2, others, u16(0x8926), u32(0x81230456), etherOf(ip), ip)
		},
		func(ip []byte) []byte { return outer(47, erspan2, fabric, bridged(ip), make([]byte, 4)) }, // tshark takes the last bytes for a check sequence
		func(ip []byte) []byte {
			return outer(17, datagram(9, 4789, vxlan, others, u16(0x894f), nsh(1, nextOf(ip)), ip))
		},
		func(ip []byte) []byte { return outer(47, erspan2, others, u16(0x8847), label, ip) },
		func(ip []byte) []byte {
			return outer(47, erspan2, bridged(outer4(17, datagram(9, 4790, gpe(4), nsh(1, 3), bridged(ip)))))
		},
	}},
	{"geneve_types", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return outer(17, datagram(9, 6081, geneve(0x6558, 0), bridged(ip))) },
		func(ip []byte) []byte { return outer(17, datagram(9, 6081, geneve(0x6558, 8), tagged(ip))) },
		func(ip []byte) []byte { return outer(17, datagram(9, 6081, put(geneve(0, 4), 2, etherOf(ip)), ip)) },
		func(ip []byte) []byte { return outer(17, datagram(9, 6081, geneve(0x8847, 0), label, ip)) },
		func(ip []byte) []byte { return outer(17, datagram(9, 6081, geneve(0x894f, 0), nsh(2, nextOf(ip)), ip)) },
		func(ip []byte) []byte { return outer6(17, datagram(9, 6081, geneve(0x6558, 0), bridged(ip))) },
	}},
	{"gre_types", linkEthernet, exchange, []way{
		func(ip []byte) []byte { return outer(47, u16(0), etherOf(ip), ip) },
		func(ip []byte) []byte { return outer(47, u16(0), u16(0x8847), label, ip) },
		func(ip []byte) []byte { return outer(47, u16(0), u16(0x6558), bridged(ip)) },
		func(ip []byte) []byte { return outer(47, u16(0), u16(0x894f), nsh(1, nextOf(ip)), ip) },
		func(ip []byte) []byte { return outer(47, u16(0), u16(0x880b), []byte{0xff, 3}, pppOf(ip), ip) },
		func(ip []byte) []byte {
			return outer(47, u16(0x2001), u16(0x880b), u16(2+len(ip)), u16(7), pppOf(ip), ip)
		},
	}},
	{"teredo_ports", linkEthernet, teredoExchange, []way{
		func(ip []byte) []byte { return outer(17, datagram(3544, 3544, ip)) },
		func(ip []byte) []byte { return outer(17, datagram(40000, 50000, ip)) },
		func(ip []byte) []byte { return outer(17, datagram(40000, 50000, []byte{0, 0, 1, 2, 3, 4, 5, 6}, ip)) },
		func(ip []byte) []byte {
			return outer(17, datagram(40000, 443, []byte{0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0}, ip))
		},
		func(ip []byte) []byte {
			return outer(17, datagram(40000, 8053, []byte{0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0}, []byte{0, 0, 1, 2, 3, 4, 5, 6}, ip))
		},
	}},

	// A length around the packet ends 20 bytes before its payload does.
	{"short", linkEthernet, segments, []way{
		func(ip []byte) []byte {
			return ether(u16(0x8864), []byte{0x11, 0, 0, 17}, u16(2+len(ip)-20), pppOf(ip), ip)
		},
		func(ip []byte) []byte {
			return ether(u16(8+len(ip)-20), []byte{0xaa, 0xaa, 3, 0, 0, 0}, etherOf(ip), ip)
		},
		func(ip []byte) []byte { return put(outer(protoOf(ip), ip), etherLen+2, u16(20+len(ip)-20)) },
		func(ip []byte) []byte { return put(outer6(protoOf(ip), ip), etherLen+4, u16(len(ip)-20)) },
		func(ip []byte) []byte { return put(outer(47, u16(0), etherOf(ip), ip), etherLen+2, u16(24+len(ip)-20)) },
		func(ip []byte) []byte {
			return outer(17, put(datagram(9, 4789, vxlan, bridged(ip)), 4, u16(8+8+14+len(ip)-20)))
		},
		func(ip []byte) []byte {
			return outer(17, datagram(2152, 2152, []byte{0x30, 255}, u16(len(ip)-20), u32(99), ip))
		},
		func(ip []byte) []byte {
			return outer(17, datagram(1701, 1701, u16(0x4002), u16(8+2+len(ip)-20), u16(1), u16(2), pppOf(ip), ip))
		},
	}},
}

// label is one MPLS label at the bottom of its stack.
var label = u32(16<<12 | 0x100 | 64)

// fabric is the front of a Cisco FabricPath frame: forwarding tag 1, 32 hops.
var fabric = []byte{2, 0xaa, 0xaa, 0xaa, 0, 1, 2, 0xbb, 0xbb, 0xbb, 0, 1, 0x89, 0x03, 0x00, 0x60}

// vxlan is a VXLAN header, VNI 7.
var vxlan = []byte{8, 0, 0, 0, 0, 0, 7, 0}

// erspan2 is a GRE header with a sequence number and an ERSPAN header of type II, session 100.
var erspan2 = []byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 100, 0, 0, 0, 0}

// erspan3 is the same of type III; optional says that a subheader follows.
func erspan3(optional byte) []byte {
	return []byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 100, 0, 0, 0, 0, 0, 0, 0, optional}
}

// gpe is a generic VXLAN header, VNI 7.
func gpe(next byte) []byte { return []byte{0x0c, 0, 0, next, 0, 0, 7, 0} }

// geneve is a Geneve header, VNI 7, with one option of n bytes.
func geneve(typ, n int) []byte {
	h := join([]byte{byte(n / 4), 0}, u16(typ), []byte{0, 0, 7, 0})
	if n > 0 {
		h = append(h, 0, 1, 1, byte(n/4-1))
		h = append(h, make([]byte, n-4)...)
	}
	return h
}

// nsh is a Network Service Header with metadata of type 1 (16 bytes) or 2 (none).
func nsh(md, next byte) []byte {
	h := []byte{0x0f, 0xc0 | 2, md, next, 0, 0, 14, 255}
	if md == 1 {
		h[1] = 0xc0 | 6
		h = append(h, make([]byte, 16)...)
	}
	return h
}

// ah is an Authentication Header with a check value of 12 bytes.
func ah(next byte) []byte { return join([]byte{next, 4, 0, 0}, u32(0x1234), u32(1), make([]byte, 12)) }

// padded is an options header of 8 bytes without options.
func padded(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} }

// behind is a packet with a header put between IP and transport.
func behind(ip []byte, proto byte, header func(next byte) []byte) []byte {
	n, at := ipv4Len, 9
	if isIPv6(ip) {
		n, at = ipv6Len, 6
	}
	h := header(ip[at])
	b := join(ip[:n], h, ip[n:])
	b[at] = proto
	if isIPv6(ip) {
		copy(b[4:], u16(len(b)-n))
	} else {
		copy(b[2:], u16(len(b)))
		copy(b[10:], []byte{0, 0})
		copy(b[10:], u16(int(fold(sum(0, b[:n])))))
	}
	return ether(etherOf(b), b)
}

// only6 is behind of IPv6 packets.
func only6(ip []byte, proto byte, header func(next byte) []byte) []byte {
	if !isIPv6(ip) {
		return nil
	}
	return behind(ip, proto, header)
}

func protoOf(ip []byte) byte { // as a packet in a packet
	if isIPv6(ip) {
		return 41
	}
	return 4
}

func nextOf(ip []byte) byte { // in NSH and VXLAN-GPE
	if isIPv6(ip) {
		return 2
	}
	return 1
}

func nlpidOf(ip []byte) []byte {
	if isIPv6(ip) {
		return []byte{0x8e}
	}
	return []byte{0xcc}
}

func pppOf(ip []byte) []byte {
	if isIPv6(ip) {
		return u16(0x0057)
	}
	return u16(0x0021)
}

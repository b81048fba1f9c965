package packet

import "testing"

// fuzzFrame verifies a frame with both ways of treating tunnels, whole and cut.
func fuzzFrame(t *testing.T, link uint16, data []byte, cut uint8) {
	f := frameOf(link, data)
	verify(t, f, DecapNone)
	verify(t, f, DecapInner)
	f.Data = data[:len(data)-min(int(cut), len(data))]
	verify(t, f, DecapInner)
}

func FuzzLinkTypes(f *testing.F) {
	for _, link := range []uint16{LinkNull, LinkLoop, LinkRaw, LinkLinuxSLL, LinkLinuxSLL2, LinkPPP, LinkPPPEther, LinkCHDLC, LinkPPI, LinkNFLOG, LinkIPv6} {
		f.Add(link, cat(unhex("0f000800"), plain), uint8(0))
	}
	f.Add(uint16(LinkLinuxSLL), cat(sll(0, 6, 4), snap, plain), uint8(3))
	f.Add(uint16(LinkNFLOG), cat(unhex("02000000"), le16(5), le16(10), unhex("41000000"), le16(44), le16(9), plain), uint8(9))
	f.Add(uint16(LinkFrameRelay), cat(unhex("1841 03 00 80 0080c2 0007"), eth(0x8100, vlan(5, 0x0800, plain))), uint8(0))
	f.Add(uint16(LinkFrameRelay), cat(unhex("00303291 03 8e"), plain6), uint8(3))
	f.Add(uint16(LinkPPI), cat(be16(0), le16(8), le32(LinkEthernet), eth(0x0800, plain)), uint8(0))
	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut uint8) { fuzzFrame(t, link, data, cut) })
}

func FuzzEthernet(f *testing.F) {
	f.Add(eth(0x0800, plain), uint8(0))
	f.Add(eth(0x88a8, vlan(7, 0x8100, vlan(5, 0x86dd, plain6))), uint8(7))
	f.Add(eth(0x8847, cat(label(16, false), label(17, true), be32(0), eth(0x0800, plain))), uint8(0))
	f.Add(eth(0x8864, cat(unhex("1100 0007 002a 0021"), plain)), uint8(0))
	f.Add(eth(48, cat(snap, plain)), uint8(0))
	f.Add(eth(0x893f, cat(unhex("2005 0123 01 02 8926 8123 0456 0800"), plain)), uint8(0))
	f.Add(eth(0x894f, cat(unhex("0fc2 02 04 00000e ff 0fc2 02 05 00000f ff"), label(16, true), plain)), uint8(0))
	f.Add(eth(0x8903, cat(unhex("0420"), eth(0x88e7, cat(be32(5), eth(0x0800, plain))))), uint8(0))
	f.Add(eth(0x86dd, ip6(0, cat(unhex("3300010400000000"), ah(51, 12), ah(17, 0), udp(1, 2, nil)))), uint8(8))
	f.Add(eth(0x0800, ip4(51, cat(ah(6, 12), tcp(nil, nil)))), uint8(8))
	f.Add(eth(0x86dd, ip6(0, cat(unhex("2c00c20400020000 1100000100000001"), udp(1, 2, nil)))), uint8(8))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) { fuzzFrame(t, LinkEthernet, data, cut) })
}

func Fuzz80211(f *testing.F) {
	amsdu := cat(dot11("8801", unhex("8000")), macB[:], macA[:], be16(48), snap, plain, be16(0), macB[:], macA[:], be16(0))
	f.Add(uint8(0), amsdu, uint8(0))
	f.Add(uint8(1), cat(radiotap(0x20), dot11("8801", be16(0)), be16(0), snap, plain), uint8(0))
	f.Add(uint8(2), cat(le32(0x44), le32(8), dot11("0803", macA[:]), snap, plain), uint8(0))
	f.Add(uint8(3), cat(be32(0x80211001), be32(8), dot11("0841"), snap, plain), uint8(0))
	links := [4]uint16{LinkIEEE80211, LinkRadiotap, LinkPrism, LinkAVS}
	f.Fuzz(func(t *testing.T, link uint8, data []byte, cut uint8) { fuzzFrame(t, links[link%4], data, cut) })
}

// FuzzTunnels puts the data behind an IPv4 header of any protocol, or behind UDP.
func FuzzTunnels(f *testing.F) {
	for _, tt := range tunnels {
		if proto := tt.data[9]; tt.data[0]>>4 == 4 && proto == ProtoUDP {
			f.Add(proto, uint16(tt.data[22])<<8|uint16(tt.data[23]), tt.data[28:], uint8(0))
		} else {
			f.Add(proto, uint16(0), tt.data[20:], uint8(0))
		}
	}
	f.Fuzz(func(t *testing.T, proto uint8, port uint16, data []byte, cut uint8) {
		if len(data) > 1<<12 {
			return
		}
		if proto == ProtoUDP {
			data = udp(9, int(port), data)
		}
		fuzzFrame(t, LinkRaw, ip4(int(proto), data), cut)
	})
}

func FuzzTCPOptions(f *testing.F) {
	for _, area := range []string{"", "01010101", "020405b40402080a000000640000000001030307", "1e0c00810000000000000000", "0101050a0000000100000002"} {
		f.Add(unhex(area), uint8(0))
	}
	f.Fuzz(func(t *testing.T, area []byte, cut uint8) {
		area = area[:min(len(area), 40)&^3]
		data := ip4(6, tcp(area, []byte("x")))
		fuzzFrame(t, LinkRaw, data, cut)
		for n := range data {
			verify(t, frameOf(LinkRaw, data[:n:n]), DecapNone)
		}
	})
}

package packet

import "testing"

// A SYN without options from v4A:1000 to v4B:80, and what decode says of it.
var (
	plain  = ip4(6, tcp(nil, nil))
	plain6 = ip6(6, tcp(nil, nil))
)

const (
	wantPlain  = "6 10.0.0.1:1000>10.0.0.2:80 40/0"
	wantPlain6 = "6 2001:db8::1:1000>2001:db8::2:80 60/0"
)

var snap = unhex("aaaa03 000000 0800")

func sll(kind, addrLen, proto int) []byte {
	return cat(be16(kind), be16(1), be16(addrLen), macA[:], be16(0), be16(proto))
}

func sll2(kind, addrLen, proto int) []byte {
	return cat(be16(proto), be16(0), be32(2), be16(1), []byte{byte(kind), byte(addrLen)}, macA[:], be16(0))
}

// dot11 is an 802.11 header of the given two control bytes with addresses 1 to 4.
func dot11(control string, extra ...[]byte) []byte {
	mac := func(n byte) []byte { return []byte{2, 0, 0, 0, 0, n} }
	return cat(unhex(control), be16(0), mac(1), mac(2), mac(3), be16(0), cat(extra...))
}

func radiotap(flags byte) []byte {
	return cat(unhex("0000"), le16(18), le32(3), le32(0), le32(0), []byte{flags, 0})
}

func TestLinkTypes(t *testing.T) {
	mac4 := []byte{2, 0, 0, 0, 0, 4}
	subframe := cat(macB[:], macA[:], be16(48), snap, plain, be16(0)) // padded to 4 bytes
	tests := []struct {
		name string
		link uint16
		data []byte
		want string
	}{
		{"ethernet", LinkEthernet, eth(0x0800, plain), wantPlain + " mac=ab type=0800"},
		{"ethernet 6", LinkEthernet, eth(0x86dd, plain6), wantPlain6 + " mac=ab type=86dd"},
		{"ethernet padded", LinkEthernet, cat(eth(0x0800, plain), make([]byte, 6)), wantPlain + " mac=ab type=0800"},
		{"ethernet cut", LinkEthernet, eth(0x0800, nil)[:13], "- l2_short"},
		{"ethernet empty", LinkEthernet, nil, "- l2_short"},
		{"null little-endian", LinkNull, cat(le32(2), plain), wantPlain},
		{"null big-endian", LinkNull, cat(be32(2), plain), wantPlain},
		{"null 10", LinkNull, cat(le32(10), plain6), wantPlain6},
		{"null 23", LinkNull, cat(le32(23), plain6), wantPlain6},
		{"null 24", LinkNull, cat(le32(24), plain6), wantPlain6},
		{"null 28", LinkNull, cat(be32(28), plain6), wantPlain6},
		{"null 30", LinkNull, cat(le32(30), plain6), wantPlain6},
		{"null other", LinkNull, cat(le32(18), plain), "- non_ip family/18"},
		{"null neither order", LinkNull, cat(le32(0x01000001), plain), "- non_ip family/65535"},
		{"null cut", LinkNull, le32(2)[:3], "- l2_short"},
		{"loop", LinkLoop, cat(be32(2), plain), wantPlain},
		{"loop 6", LinkLoop, cat(be32(24), plain6), wantPlain6},
		{"loop little-endian", LinkLoop, cat(le32(2), plain), "- non_ip family/65535"},
		{"raw", LinkRaw, plain, wantPlain},
		{"raw 6", LinkRaw, plain6, wantPlain6},
		{"raw 12", LinkRaw12, plain, wantPlain},
		{"raw 14", LinkRaw14, plain6, wantPlain6},
		{"raw other", LinkRaw, unhex("50"), "- non_ip version/5"},
		{"raw empty", LinkRaw, nil, "- l2_short"},
		{"ipv4", LinkIPv4, plain, wantPlain},
		{"ipv4 holding 6", LinkIPv4, plain6, wantPlain6},
		{"ipv6", LinkIPv6, plain6, wantPlain6},
		{"ipv6 holding 4", LinkIPv6, cat(plain, make([]byte, 40)), wantPlain},
		{"ipv4 holding 5", LinkIPv4, set(plain, 0, 0x55), "- non_ip version/5"},
		{"ipv6 empty", LinkIPv6, nil, "- l2_short"},
		{"frame relay", LinkFrameRelay, cat(unhex("1841 03 cc"), plain), wantPlain + " frelay:100"},
		{"frame relay 6", LinkFrameRelay, cat(unhex("1841 03 8e"), plain6), wantPlain6 + " frelay:100"},
		{"frame relay, 3 bytes", LinkFrameRelay, cat(unhex("0c4091 03 cc"), plain), wantPlain + " frelay:3364"},
		{"frame relay, 4 bytes", LinkFrameRelay, cat(unhex("00303291 03 cc"), plain), wantPlain + " frelay:26212"},
		{"frame relay padded", LinkFrameRelay, cat(unhex("1841 03 00 cc"), plain), wantPlain + " frelay:100"},
		{"frame relay snap", LinkFrameRelay, cat(unhex("1841 03 00 80 000000 0800"), plain), wantPlain + " type=0800 frelay:100"},
		{"frame relay bridged", LinkFrameRelay, cat(unhex("1841 03 00 80 0080c2 0007"), eth(0x8100, vlan(5, 0x0800, plain))), wantPlain + " mac=ab type=8100 vlan=5/5/1 frelay:100 vlan:5"},
		{"frame relay bridged, check sequence", LinkFrameRelay, cat(unhex("1841 03 00 80 0080c2 0001"), eth(0x0800, plain), make([]byte, 4)), wantPlain + " mac=ab type=0800 frelay:100"},
		{"frame relay ppp", LinkFrameRelay, cat(unhex("1841 03 cf 0021"), plain), wantPlain + " frelay:100"},
		{"frame relay of Cisco", LinkFrameRelay, cat(unhex("1841 0800"), plain), wantPlain + " type=0800 frelay:100"},
		{"frame relay of Cisco, cdp", LinkFrameRelay, unhex("1841 2000 0000"), "- non_ip 0x2000"},
		{"frame relay snap of another", LinkFrameRelay, unhex("1841 03 00 80 00000c 2000"), "- non_ip nlpid/0x80"},
		{"frame relay iso", LinkFrameRelay, unhex("1841 03 81 82"), "- non_ip nlpid/0x81"},
		{"frame relay signalling", LinkFrameRelay, unhex("0001 0001 08"), "- non_ip nlpid/0x00"},
		{"frame relay lmi", LinkFrameRelay, unhex("0001 03 08 00 75"), "- non_ip nlpid/0x08"},
		{"frame relay address", LinkFrameRelay, make([]byte, 8), "- non_ip nlpid/0x00"},
		{"frame relay cut", LinkFrameRelay, unhex("1841 03"), "- l2_short"},
		{"frame relay cut 2", LinkFrameRelay, unhex("1841"), "- l2_short"},
		{"sll", LinkLinuxSLL, cat(sll(0, 6, 0x0800), plain), wantPlain + " mac=020000000001 type=0800 pt=1"},
		{"sll outgoing", LinkLinuxSLL, cat(sll(4, 6, 0x86dd), plain6), wantPlain6 + " mac=020000000001 type=86dd pt=5"},
		{"sll no address", LinkLinuxSLL, cat(sll(3, 0, 0x0800), plain), wantPlain + " type=0800 pt=4"},
		{"sll unknown packet type", LinkLinuxSLL, cat(sll(7, 6, 0x0800), plain), wantPlain + " mac=020000000001 type=0800"},
		{"sll vlan", LinkLinuxSLL, cat(sll(1, 6, 0x8100), vlan(5, 0x0800, plain)), wantPlain + " mac=020000000001 type=8100 vlan=5/5/1 pt=2 vlan:5"},
		{"sll llc", LinkLinuxSLL, cat(sll(2, 6, 4), snap, plain), wantPlain + " mac=020000000001 type=0004 pt=3"},
		{"sll 0001", LinkLinuxSLL, cat(sll(0, 6, 1), plain), "- non_ip 0x0001"},
		{"sll cut", LinkLinuxSLL, sll(0, 6, 0x0800)[:15], "- l2_short"},
		{"sll2", LinkLinuxSLL2, cat(sll2(0, 6, 0x0800), plain), wantPlain + " mac=020000000001 type=0800 pt=1"},
		{"sll2 broadcast", LinkLinuxSLL2, cat(sll2(1, 0, 0x86dd), plain6), wantPlain6 + " type=86dd pt=2"},
		{"sll2 llc", LinkLinuxSLL2, cat(sll2(4, 6, 4), unhex("424203")), "- non_ip llc/0x42"},
		{"sll2 cut", LinkLinuxSLL2, sll2(0, 6, 0x0800)[:19], "- l2_short"},
		{"ppp", LinkPPP, cat(unhex("ff03 0021"), plain), wantPlain},
		{"ppp without address", LinkPPP, cat(unhex("0057"), plain6), wantPlain6},
		{"ppp compressed", LinkPPP, cat(unhex("21"), plain), wantPlain},
		{"ppp address, compressed", LinkPPP, cat(unhex("ff03 57"), plain6), wantPlain6},
		{"ppp mpls", LinkPPP, cat(unhex("ff03 0281"), label(16, true), plain), wantPlain + " mpls:16"},
		{"ppp mpls multicast", LinkPPP, cat(unhex("0283"), label(16, true), plain6), wantPlain6 + " mpls:16"},
		{"ppp lcp", LinkPPP, unhex("ff03 c021 0101"), "- non_ip ppp/0xc021"},
		{"ppp holding c-hdlc", LinkPPP, cat(unhex("0f00 0800"), plain), wantPlain + " type=0800"},
		{"ppp cut", LinkPPP, unhex("ff03 00"), "- l2_short"},
		{"ppp hdlc", LinkPPPHDLC, cat(unhex("ff03 0021"), plain), wantPlain},
		{"ppp hdlc holding c-hdlc", LinkPPPHDLC, cat(unhex("8f00 86dd"), plain6), wantPlain6 + " type=86dd"},
		{"ppp ether", LinkPPPEther, cat(unhex("1100 0007 002a 0021"), plain), wantPlain + " pppoe:7"},
		{"ppp ether cut", LinkPPPEther, unhex("1100 0007 00"), "- l2_short"},
		{"c-hdlc", LinkCHDLC, cat(unhex("0f00 0800"), plain), wantPlain + " type=0800"},
		{"c-hdlc multicast", LinkCHDLC, cat(unhex("8f00 86dd"), plain6), wantPlain6 + " type=86dd"},
		{"c-hdlc slarp", LinkCHDLC, unhex("8f00 8035 0000"), "- non_ip 0x8035"},
		{"c-hdlc other address", LinkCHDLC, cat(unhex("0e00 0800"), plain), "- non_ip 0x0800"},
		{"c-hdlc cut", LinkCHDLC, unhex("0f00 08"), "- l2_short"},
		{"802.11 ad hoc", LinkIEEE80211, cat(dot11("0800"), snap, plain), wantPlain + " mac=020000000002>020000000001 type=0800"},
		{"802.11 to DS", LinkIEEE80211, cat(dot11("0801"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"802.11 from DS", LinkIEEE80211, cat(dot11("0802"), snap, plain), wantPlain + " mac=020000000003>020000000001 type=0800"},
		{"802.11 both", LinkIEEE80211, cat(dot11("0803", mac4), snap, plain), wantPlain + " mac=020000000004>020000000003 type=0800"},
		{"802.11 qos", LinkIEEE80211, cat(dot11("8801", be16(0)), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"802.11 qos, HT control", LinkIEEE80211, cat(dot11("8881", be16(0), be32(0)), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"802.11 order without qos", LinkIEEE80211, cat(dot11("0881"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"802.11 protected", LinkIEEE80211, cat(dot11("0841"), snap, plain), "- non_ip 802.11/protected"},
		{"802.11 null function", LinkIEEE80211, dot11("4801"), "- non_ip 802.11/36"},
		{"802.11 beacon", LinkIEEE80211, dot11("8000"), "- non_ip 802.11/8"},
		{"802.11 ack", LinkIEEE80211, unhex("d400 0000 020000000001"), "- non_ip 802.11/29"},
		{"802.11 cut", LinkIEEE80211, dot11("0801")[:23], "- l2_short"},
		{"802.11 llc cut", LinkIEEE80211, cat(dot11("0801"), snap[:7]), "- l2_short"},
		{"802.11 a-msdu", LinkIEEE80211, cat(dot11("8801", unhex("8000")), subframe, subframe, subframe), wantPlain + " mac=ab type=0800 [amsdu_subframes amsdu_subframes]"},
		{"802.11 a-msdu of one", LinkIEEE80211, cat(dot11("8801", unhex("8000")), subframe, make([]byte, 13)), wantPlain + " mac=ab type=0800"},
		{"radiotap", LinkRadiotap, cat(radiotap(0), dot11("8801", be16(0)), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"radiotap padded", LinkRadiotap, cat(radiotap(0x20), dot11("8801", be16(0)), be16(0), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"radiotap, more words, no clock", LinkRadiotap, cat(unhex("0000"), le16(17), le32(0x80000002), le32(0x80000000), le32(0), unhex("20"),
			dot11("8801", be16(0)), be16(0), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"radiotap cut", LinkRadiotap, radiotap(0)[:17], "- l2_short"},
		{"radiotap words past length", LinkRadiotap, cat(unhex("0000"), le16(8), le32(1<<31), make([]byte, 40)), "- l2_short"},
		{"prism", LinkPrism, cat(le32(0x44), le32(144), make([]byte, 136), dot11("0801"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"prism big-endian", LinkPrism, cat(be32(0x41), be32(144), make([]byte, 136), dot11("0801"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"prism holding avs", LinkPrism, cat(be32(0x80211001), be32(64), make([]byte, 56), dot11("0801"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"prism other code", LinkPrism, cat(le32(0x45), le32(144), make([]byte, 136), dot11("0801"), snap, plain), "- l2_short"},
		{"avs", LinkAVS, cat(be32(0x80211001), be32(64), make([]byte, 56), dot11("0801"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"avs length too large", LinkAVS, cat(be32(0x80211001), be32(64)), "- l2_short"},
		{"ppi ethernet", LinkPPI, cat(be16(0), le16(8), le32(LinkEthernet), eth(0x0800, plain)), wantPlain + " mac=ab type=0800"},
		{"ppi 802.11 behind fields", LinkPPI, cat(be16(0), le16(12), le32(LinkIEEE80211), le32(0), dot11("0801"), snap, plain), wantPlain + " mac=020000000002>020000000003 type=0800"},
		{"ppi in ppi", LinkPPI, cat(be16(0), le16(8), le32(LinkPPI), plain), "- unknown_linktype"},
		{"ppi unknown", LinkPPI, cat(be16(0), le16(8), le32(0x10001), plain), "- unknown_linktype"},
		{"ppi length", LinkPPI, cat(be16(0), le16(7), le32(LinkRaw), plain), "- l2_short"},
		{"nflog", LinkNFLOG, cat(unhex("02000000"), le16(5), le16(10), unhex("41000000"), le16(44), le16(9), plain), wantPlain},
		{"nflog without payload", LinkNFLOG, cat(unhex("0a000000"), le16(8), le16(1), be32(0)), "- non_ip family/10"},
		{"nflog attribute of length 0", LinkNFLOG, cat(unhex("02000000"), le16(0), le16(1), be32(0)), "- l2_short"},
		{"nflog attribute past the end", LinkNFLOG, cat(unhex("02000000"), le16(9), le16(1), be32(0)), "- l2_short"},
		{"unknown", 147, plain, "- unknown_linktype"},
	}
	for _, tt := range tests {
		if got := decode(tt.link, DecapNone, tt.data); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		verifyPrefixes(t, tt.link, tt.data)
	}
}

func TestEtherTypes(t *testing.T) {
	tags := func(n int, b []byte) []byte { // what follows the first 8100 of n tags
		for i := n; i > 0; i-- {
			typ := 0x8100
			if i == n {
				typ = 0x0800
			}
			b = vlan(i, typ, b)
		}
		return b
	}
	labels := func(n int) (b []byte) {
		for i := range n {
			b = append(b, label(i, i == n-1)...)
		}
		return b
	}
	tests := []struct {
		name string
		typ  int
		data []byte
		want string
	}{
		{"802.1q", 0x8100, vlan(0xe005, 0x0800, plain), " type=8100 vlan=5/5/1 vlan:5"},
		{"802.1ad", 0x88a8, vlan(7, 0x8100, vlan(5, 0x0800, plain)), " type=88a8 vlan=7/5/2 vlan:7 vlan:5"},
		{"9100, 9200", 0x9100, vlan(7, 0x9200, vlan(5, 0x0800, plain)), " type=9100 vlan=7/5/2 vlan:7 vlan:5"},
		{"priority tag", 0x8100, vlan(0, 0x0800, plain), " type=8100 vlan=0/0/1 vlan:0"},
		{"8 tags", 0x8100, tags(8, plain), " type=8100 vlan=1/8/8 vlan:1 vlan:2 vlan:3 vlan:4 vlan:5 vlan:6 vlan:7 vlan:8"},
		{"9 tags", 0x8100, tags(9, plain), "- encap_depth"},
		{"tag cut", 0x8100, unhex("0005 08"), "- l2_short"},
		{"tag, llc snap", 0x8100, vlan(5, 48, cat(snap, plain)), " type=8100 vlan=5/5/1 vlan:5"},
		{"mpls", 0x8847, cat(labels(3), plain), " type=8847 mpls:0 mpls:1 mpls:2"},
		{"mpls multicast", 0x8848, cat(labels(1), plain), " type=8848 mpls:0"},
		{"mpls, 16 labels", 0x8847, cat(labels(16), plain), " type=8847 mpls:0 mpls:1 mpls:2 mpls:3 mpls:4 mpls:5 mpls:6 mpls:7"},
		{"mpls, 17 labels", 0x8847, cat(labels(17), plain), "- encap_depth"},
		{"mpls pseudowire", 0x8847, cat(labels(1), be32(0), set(eth(0x8100, vlan(5, 0x0800, plain)), 0, 9, 9)), " type=8847 mpls:0 vlan:5"},
		{"mpls other nibble", 0x8847, cat(labels(1), unhex("1000")), "- non_ip 0x8847"},
		{"mpls without bottom", 0x8847, label(1, false), "- l2_short"},
		{"pppoe", 0x8864, cat(unhex("1100 0007 002a 0021"), plain), " type=8864 pppoe:7"},
		{"pppoe compressed", 0x8864, cat(unhex("1100 0007 0029 21"), plain), " type=8864 pppoe:7"},
		{"pppoe with HDLC address", 0x8864, cat(unhex("1100 0007 002c ff03 0021"), plain), "- non_ip ppp/0x00ff"},
		{"pppoe version", 0x8864, cat(unhex("2100 0007 002a 0021"), plain), "- non_ip 0x8864"},
		{"pppoe code", 0x8864, cat(unhex("1109 0007 002a 0021"), plain), "- non_ip 0x8864"},
		{"pppoe lcp", 0x8864, unhex("1100 0007 0004 c021 0901"), "- non_ip ppp/0xc021"},
		{"bridged", 0x6558, set(eth(0x8100, vlan(5, 0x0800, plain)), 0, 9, 9), " type=6558 vlan:5"},
		{"bridged cut", 0x6558, make([]byte, 13), "- l2_short"},
		{"e-tag", 0x893f, cat(unhex("2005 0123 01 02 0800"), plain), " type=893f etag:74498"},
		{"e-tag, vlan", 0x893f, cat(unhex("2005 4000 00 02 8100"), vlan(5, 0x0800, plain)), " type=893f vlan=5/5/1 etag:2 vlan:5"},
		{"e-tag cut", 0x893f, unhex("2005 0123 01 02 08"), "- l2_short"},
		{"vn-tag", 0x8926, cat(unhex("8123 0456 0800"), plain), " type=8926 vntag:291"},
		{"vn-tag, vlan", 0x8926, cat(unhex("0123 0456 8100"), vlan(5, 0x0800, plain)), " type=8926 vlan=5/5/1 vntag:291 vlan:5"},
		{"vn-tag cut", 0x8926, unhex("8123 0456 08"), "- l2_short"},
		{"nsh", 0x894f, cat(unhex("0fc6 01 01 00000e ff"), make([]byte, 16), plain), " type=894f nsh:14"},
		{"nsh 2", 0x894f, cat(unhex("0fc2 02 03 00000e ff"), eth(0x8100, vlan(5, 0x0800, plain))), " type=894f nsh:14 vlan:5"},
		{"nsh in nsh, mpls", 0x894f, cat(unhex("0fc2 02 04 00000e ff 0fc2 02 05 00000f ff"), label(16, true), plain), " type=894f nsh:14 nsh:15 mpls:16"},
		{"nsh version", 0x894f, cat(unhex("4fc2 02 01 00000e ff"), plain), "- non_ip 0x894f"},
		{"nsh length", 0x894f, cat(unhex("0fc1 02 01 00000e ff"), plain), "- non_ip 0x894f"},
		{"nsh other protocol", 0x894f, cat(unhex("0fc2 02 07 00000e ff"), plain), "- non_ip nsh/7"},
		{"nsh cut", 0x894f, unhex("0fc6 01 01 00000e ff 00"), "- l2_short"},
		{"pbb", 0x88e7, cat(unhex("20000123"), set(eth(0x8100, vlan(5, 0x0800, plain)), 0, 9, 9)), " type=88e7 pbb:291 vlan:5"},
		{"pbb cut", 0x88e7, unhex("200001"), "- l2_short"},
		{"llc snap", 48, cat(snap, plain), " type=0800"},
		{"llc length below the packet's", 38, cat(snap, plain), " type=0800 [ip_len_exceeds_wire]"},
		{"llc snap, tag", 52, cat(unhex("aaaa03 000000 8100"), vlan(5, 0x0800, plain)), " type=8100 vlan=5/5/1 vlan:5"},
		{"llc ip", 43, cat(unhex("060603"), plain), ""},
		{"llc stp", 38, unhex("424203"), "- non_ip llc/0x42"},
		{"llc snap of Cisco", 40, unhex("aaaa03 00000c 2000"), "- non_ip llc/0xaa"},
		{"llc cut", 48, unhex("aaaa"), "- l2_short"},
		{"length above 1500", 1501, plain, "- non_ip 0x05dd"},
		{"arp", 0x0806, make([]byte, 28), "- non_ip 0x0806"},
		{"rarp", 0x8035, nil, "- non_ip 0x8035"},
		{"pppoe discovery", 0x8863, nil, "- non_ip 0x8863"},
		{"lldp", 0x88cc, nil, "- non_ip 0x88cc"},
		{"eapol", 0x888e, nil, "- non_ip 0x888e"},
		{"macsec", 0x88e5, nil, "- non_ip 0x88e5"},
	}
	for _, tt := range tests {
		want := tt.want
		if want == "" || want[0] != '-' {
			want = wantPlain + " mac=ab" + want
		}
		data := eth(tt.typ, tt.data)
		if got := decode(LinkEthernet, DecapNone, data); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
		verifyPrefixes(t, LinkEthernet, data)
	}
}

// TestFabricPath: the stations are those of the frame inside, as the addresses in front are
// numbers of switches.
func TestFabricPath(t *testing.T) {
	front := cat(unhex("02aaaaaaaaaa 02bbbbbbbbbb 8903 0420"))
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"ip", eth(0x0800, plain), wantPlain + " mac=ab type=0800 fabricpath:16"},
		{"vlan", eth(0x8100, vlan(5, 0x0800, plain)), wantPlain + " mac=ab type=8100 vlan=5/5/1 fabricpath:16 vlan:5"},
		{"arp", eth(0x0806, make([]byte, 28)), "- non_ip 0x0806"},
		{"cut", nil, "- l2_short"},
	} {
		if got := decode(LinkEthernet, DecapNone, cat(front, tt.data)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		verifyPrefixes(t, LinkEthernet, cat(front, tt.data))
	}
	if got, want := decode(LinkEthernet, DecapNone, front[:15]), "- l2_short"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

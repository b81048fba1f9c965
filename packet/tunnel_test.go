package packet

import (
	"strings"
	"testing"
)

// What stands inside the tunnels, and what decode says of it.
var (
	core  = inside(6, tcp(nil, nil))
	core6 = ip6(17, udp(5, 6, nil))
)

// A Teredo client's packet, and what one sends to be given an address.
var (
	teredo6      = set(core6, 8, 0x20, 1, 0, 0)
	solicitation = set(set(ip6(58, unhex("8500 0000 0000 0000")), 8, unhex("fe80 0000")...), 24, unhex("ff02 0000")...)
)

const wantTeredo = "17 2001::1:5>2001:db8::2:6 48/0"

const (
	wantCore  = "6 192.168.0.1:1000>192.168.0.2:80 40/0"
	wantCore6 = "17 2001:db8::1:5>2001:db8::2:6 48/0"
)

// coreEth is core in an Ethernet frame whose addresses are not the link's.
func coreEth(typ int, b []byte) []byte {
	return set(eth(typ, b), 0, 9, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 8)
}

func gtp(flags byte, message byte, n int) []byte {
	return cat([]byte{flags, message}, be16(n), be32(99))
}

var tunnels = []struct {
	name string
	data []byte // of LINKTYPE_RAW
	want string // "" if the tunnel stays closed
}{
	{"ip in ip", ip4(4, core), wantCore + " ipip:0"},
	{"6in4", ip4(41, core6), wantCore6 + " 6in4:0"},
	{"4in6", ip6(4, core), wantCore + " ipip:0"},
	{"6in6", ip6(41, core6), wantCore6 + " ipip:0"},
	{"behind extension headers", ip6(60, cat(unhex("0400 0104 0000 0000"), core)), wantCore + " ipip:0"},
	{"nibble does not fit", ip4(4, core6), ""},
	{"nibble does not fit 41", ip4(41, core), ""},
	{"inner header cut", ip4(4, core[:19]), ""},
	{"inner IHL", ip4(4, set(core, 0, 0x44)), ""},
	{"inner total length", ip4(4, set(core, 2, 0, 19)), ""},
	{"inner header in the padding", set(ip4(4, core), 2, 0, 30), ""},
	{"3 deep", ip4(4, ip4(4, core)), wantCore + " ipip:0 ipip:0"},
	{"4 deep", ip4(4, ip4(4, ip4(4, core))), wantCore + " ipip:0 ipip:0 ipip:0"},
	{"5 deep", ip4(4, ip4(4, ip4(4, inside(4, core)))), "4 192.168.0.1:0>192.168.0.2:0 60/40 ipip:0 ipip:0 ipip:0 [tunnel_depth]"},
	{"4 deep, then broken", ip4(4, ip4(4, ip4(4, inside(4, core[:19])))), "4 192.168.0.1:0>192.168.0.2:0 39/19 ipip:0 ipip:0 ipip:0"},

	{"gre", ip4(47, cat(unhex("0000 0800"), core)), wantCore + " gre:0"},
	{"gre 6", ip4(47, cat(unhex("0000 86dd"), core6)), wantCore6 + " gre:0"},
	{"gre C K S", ip4(47, cat(unhex("b000 0800 aaaa0000 00000007 00000001"), core)), wantCore + " gre:7"},
	{"gre key", ip4(47, cat(unhex("2000 0800 00000007"), core)), wantCore + " gre:7"},
	{"gre checksum", ip4(47, cat(unhex("8000 0800 aaaa0000"), core)), wantCore + " gre:0"},
	{"gre routing", ip4(47, cat(unhex("4000 0800 00000000"), core)), ""},
	{"gre version 2", ip4(47, cat(unhex("0002 0800"), core)), ""},
	{"gre ethernet", ip4(47, cat(unhex("0000 6558"), coreEth(0x8100, vlan(5, 0x0800, core)))), wantCore + " gre:0 vlan:5"},
	{"gre ethernet without IP", ip4(47, cat(unhex("0000 6558"), coreEth(0x0806, core))), ""},
	{"gre mpls", ip4(47, cat(unhex("0000 8847"), label(16, true), core)), wantCore + " gre:0 mpls:16"},
	{"gre ppp", ip4(47, cat(unhex("0000 880b ff03 0021"), core)), wantCore + " gre:0"},
	{"gre other", ip4(47, cat(unhex("0000 0801"), core)), ""},
	{"gre cut", ip4(47, unhex("3000 0800 0000")), ""},
	{"erspan I", ip4(47, cat(unhex("0000 88be"), coreEth(0x0800, core))), wantCore + " gre:0 erspan:0"},
	{"erspan II", ip4(47, cat(unhex("1000 88be 00000001 1005 fc64 00000000"), coreEth(0x0800, core))), wantCore + " gre:0 erspan:100"},
	{"erspan III", ip4(47, cat(unhex("1000 22eb 00000001 2005 0064 00000000 00000000"), coreEth(0x0800, core))), wantCore + " gre:0 erspan:100"},
	{"erspan III, subheader", ip4(47, cat(unhex("1000 22eb 00000001 2005 0064 00000000 00000001 0000000000000000"), coreEth(0x0800, core))), wantCore + " gre:0 erspan:100"},
	{"erspan cut", ip4(47, unhex("1000 88be 00000001 1005 fc64")), ""},
	{"pptp", ip4(47, cat(unhex("2001 880b 002a 0007 21"), core)), wantCore + " gre:7"},
	{"pptp S A", ip4(47, cat(unhex("3081 880b 002c 0007 00000001 00000002 ff03 0021"), core)), wantCore + " gre:7"},
	{"pptp A alone", ip4(47, unhex("2081 880b 0000 0007 00000002")), ""},
	{"pptp other type", ip4(47, cat(unhex("2001 0800 0028 0007"), core)), ""},

	{"vxlan", ip4(17, udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0800, core)))), wantCore + " vxlan:7"},
	{"vxlan on 8472", ip4(17, udp(9, 8472, cat(unhex("08000000 00000700"), coreEth(0x86dd, core6)))), wantCore6 + " vxlan:7"},
	{"vxlan by source port", ip4(17, udp(4789, 9, cat(unhex("08000000 00000700"), coreEth(0x0800, core)))), ""},
	{"vxlan without I", ip4(17, udp(9, 4789, cat(unhex("00000000 00000700"), coreEth(0x0800, core)))), ""},
	{"vxlan arp", ip4(17, udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0806, core)))), ""},
	{"vxlan cut", ip4(17, udp(9, 4789, unhex("08000000 000007"))), ""},
	{"geneve", ip4(17, udp(9, 6081, cat(unhex("0000 6558 00000700"), coreEth(0x0800, core)))), wantCore + " geneve:7"},
	{"geneve, options", ip4(17, udp(9, 6081, cat(unhex("0240 0800 00000700 0000000000000000"), core))), wantCore + " geneve:7"},
	{"geneve 6", ip4(17, udp(9, 6081, cat(unhex("0000 86dd 00000700"), core6))), wantCore6 + " geneve:7"},
	{"geneve version 1", ip4(17, udp(9, 6081, cat(unhex("4000 0800 00000700"), core))), ""},
	{"geneve other type", ip4(17, udp(9, 6081, cat(unhex("0000 0801 00000700"), core))), ""},
	{"gtp-u", ip4(17, udp(9, 2152, cat(gtp(0x30, 255, 40), core))), wantCore + " gtpu:99"},
	{"gtp-u by source port", ip4(17, udp(2152, 9, cat(gtp(0x30, 255, 48), core6))), wantCore6 + " gtpu:99"},
	{"gtp-u S", ip4(17, udp(9, 2152, cat(gtp(0x32, 255, 44), unhex("0001 00 00"), core))), wantCore + " gtpu:99"},
	{"gtp-u S, next type void without E", ip4(17, udp(9, 2152, cat(gtp(0x32, 255, 44), unhex("0001 00 85"), core))), wantCore + " gtpu:99"},
	{"gtp-u E", ip4(17, udp(9, 2152, cat(gtp(0x34, 255, 52), unhex("0000 00 85 01 0000 40 01 0000 00"), core))), wantCore + " gtpu:99"},
	{"gtp-u E, length 0", ip4(17, udp(9, 2152, cat(gtp(0x34, 255, 48), unhex("0000 00 85 00 0000 00"), core))), ""},
	{"gtp-u E, past the end", ip4(17, udp(9, 2152, cat(gtp(0x34, 255, 48), unhex("0000 00 85 ff 0000 00"), core))), ""},
	{"gtp-u shorter than the datagram", ip4(17, udp(9, 2152, cat(gtp(0x30, 255, 40), core, be32(0)))), wantCore + " gtpu:99"},
	{"gtp-u length too large", ip4(17, udp(9, 2152, cat(gtp(0x30, 255, 41), core))), ""},
	{"gtp-u in a first fragment", set(ip4(17, set(udp(9, 2152, cat(gtp(0x30, 255, 140), set(core, 3, 140))), 5, 156)), 6, 0x20, 0), "6 192.168.0.1:1000>192.168.0.2:80 140/100 gtpu:99 [ip_len_exceeds_wire]"},
	{"gtp-u longer than its fragmented datagram", set(ip4(17, set(udp(9, 2152, cat(gtp(0x30, 255, 141), set(core, 3, 140))), 5, 156)), 6, 0x20, 0), ""},
	{"teredo in a first fragment", set(ip4(17, set(udp(9, 3544, set(core6, 5, 18)), 5, 66)), 6, 0x20, 0), "17 2001:db8::1:5>2001:db8::2:6 58/0 teredo:0 [ip_len_exceeds_wire]"},
	{"gtp-u echo", ip4(17, udp(9, 2152, cat(gtp(0x30, 1, 40), core))), ""},
	{"gtp prime", ip4(17, udp(9, 2152, cat(gtp(0x20, 255, 40), core))), ""},
	{"gtp-u other nibble", ip4(17, udp(9, 2152, cat(gtp(0x30, 255, 40), set(core, 0, 0x55)))), ""},
	{"teredo", ip4(17, udp(9, 3544, core6)), wantCore6 + " teredo:0"},
	{"teredo by source port", ip4(17, udp(3544, 9, core6)), wantCore6 + " teredo:0"},
	{"teredo origin", ip4(17, udp(9, 3544, cat(unhex("0000 ffff ffffffff"), core6))), wantCore6 + " teredo:0"},
	{"teredo authentication, origin", ip4(17, udp(9, 3544, cat(unhex("0001 01 02 aa bbbb 1122334455667788 00 0000 ffff ffffffff"), core6))), wantCore6 + " teredo:0"},
	{"teredo too long", ip4(17, udp(9, 3544, cat(core6, []byte{0}))), ""},
	{"teredo version 4", ip4(17, udp(9, 3544, core)), ""},
	{"l2tp", ip4(17, udp(1701, 1701, cat(unhex("0002 0001 0002 ff03 0021"), core))), wantCore + " l2tp:65538"},
	{"l2tp L S O", ip4(17, udp(9, 1701, cat(unhex("4a02 0042 0001 0002 0000 0000 0002 aaaa 0021"), core))), wantCore + " l2tp:65538"},
	{"l2tp control", ip4(17, udp(9, 1701, cat(unhex("c802 0034 0001 0002 0000 0000"), core))), ""},
	{"l2tp version 3", ip4(17, udp(9, 1701, cat(unhex("0003 0001 0002 0021"), core))), ""},
	{"l2tp offset past the end", ip4(17, udp(9, 1701, cat(unhex("0202 0001 0002 ffff 0021"), core))), ""},
	{"capwap 802.3", ip4(17, udp(9, 5247, cat(unhex("00 10 00 00 00000000"), coreEth(0x0800, core)))), wantCore + " capwap:0"},
	{"capwap 802.11", ip4(17, udp(5247, 9, cat(unhex("00 10 03 00 00000000"), dot11("0801"), snap, core))), wantCore + " capwap:0"},
	{"capwap 802.11, control swapped", ip4(17, udp(9, 5247, cat(unhex("00 10 03 00 00000000"), dot11("0188", be16(0)), snap, core))), wantCore + " capwap:0"},
	{"capwap fragment", ip4(17, udp(9, 5247, cat(unhex("00 10 00 80 00000000"), coreEth(0x0800, core)))), ""},
	{"capwap dtls", ip4(17, udp(9, 5247, cat(unhex("01 10 00 00 00000000"), coreEth(0x0800, core)))), ""},
	{"capwap header length", ip4(17, udp(9, 5247, cat(unhex("00 f8 00 00 00000000"), coreEth(0x0800, core[:20])))), ""},

	{"behind ah", ip4(51, cat(ah(4, 12), core)), wantCore + " ipip:0"},
	{"behind ah over 6", ip6(51, cat(ah(41, 12), core6)), wantCore6 + " ipip:0"},
	{"gre vlan", ip4(47, cat(unhex("0000 8100"), vlan(5, 0x0800, core))), wantCore + " gre:0 vlan:5"},
	{"gre nsh", ip4(47, cat(unhex("0000 894f 0fc2 02 01 00000e ff"), core)), wantCore + " gre:0 nsh:14"},
	{"gre mpls multicast", ip4(47, cat(unhex("0000 8848"), label(16, true), core)), wantCore + " gre:0 mpls:16"},
	{"gre length for a type", ip4(47, cat(unhex("0000 0030"), snap, core)), ""},
	{"geneve mpls", ip4(17, udp(9, 6081, cat(unhex("0000 8847 00000700"), label(16, true), core))), wantCore + " geneve:7 mpls:16"},
	{"geneve nsh", ip4(17, udp(9, 6081, cat(unhex("0000 894f 00000700 0fc2 02 03 00000e ff"), coreEth(0x0800, core)))), wantCore + " geneve:7 nsh:14"},
	{"vxlan in erspan", ip4(47, cat(unhex("1000 88be 00000001 1005 0064 00000000"),
		coreEth(0x0800, ip4(17, udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0800, core))))))), wantCore + " gre:0 erspan:100 vxlan:7"},
	{"erspan in vxlan", ip4(17, udp(9, 4789, cat(unhex("08000000 00000700"),
		coreEth(0x0800, ip4(47, cat(unhex("1000 88be 00000001 1005 0064 00000000"), coreEth(0x0800, core))))))), wantCore + " vxlan:7 gre:0 erspan:100"},
	{"vntag in erspan", ip4(47, cat(unhex("1000 88be 00000001 1005 0064 00000000"), coreEth(0x8926, cat(unhex("8123 0456 0800"), core)))), wantCore + " gre:0 erspan:100 vntag:291"},
	{"fabricpath in erspan", ip4(47, cat(unhex("1000 88be 00000001 1005 0064 00000000"), coreEth(0x8903, cat(unhex("0420"), coreEth(0x0800, core))))), wantCore + " gre:0 erspan:100 fabricpath:16"},
	{"etag in vxlan", ip4(17, udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x893f, cat(unhex("2005 0123 01 02 0800"), core))))), wantCore + " vxlan:7 etag:74498"},
	{"vxlan-gpe", ip4(17, udp(9, 4790, cat(unhex("0c000001 00000700"), core))), wantCore + " vxlan-gpe:7"},
	{"vxlan-gpe 6", ip4(17, udp(9, 4790, cat(unhex("0c000002 00000700"), core6))), wantCore6 + " vxlan-gpe:7"},
	{"vxlan-gpe ethernet", ip4(17, udp(9, 4790, cat(unhex("0c000003 00000700"), coreEth(0x8100, vlan(5, 0x0800, core))))), wantCore + " vxlan-gpe:7 vlan:5"},
	{"vxlan-gpe without P", ip4(17, udp(9, 4790, cat(unhex("08000000 00000700"), coreEth(0x0800, core)))), wantCore + " vxlan-gpe:7"},
	{"vxlan-gpe nsh", ip4(17, udp(9, 4790, cat(unhex("0c000004 00000700 0fc2 02 01 00000e ff"), core))), wantCore + " vxlan-gpe:7 nsh:14"},
	{"vxlan-gpe mpls", ip4(17, udp(9, 4790, cat(unhex("0c000005 00000700"), label(16, true), core))), wantCore + " vxlan-gpe:7 mpls:16"},
	{"vxlan-gpe other", ip4(17, udp(9, 4790, cat(unhex("0c000080 00000700"), core))), ""},
	{"vxlan-gpe version", ip4(17, udp(9, 4790, cat(unhex("1c000001 00000700"), core))), ""},
	{"vxlan-gpe without I", ip4(17, udp(9, 4790, cat(unhex("04000001 00000700"), core))), ""},
	{"vxlan-gpe by source port", ip4(17, udp(4790, 9, cat(unhex("0c000001 00000700"), core))), ""},
	{"teredo on another port", ip4(17, udp(9, 10, teredo6)), wantTeredo + " teredo:0"},
	{"teredo on another port, origin", ip4(17, udp(9, 10, cat(unhex("0000 ffff ffffffff"), teredo6))), wantTeredo + " teredo:0"},
	{"teredo on another port, to a client", ip4(17, udp(9, 10, set(core6, 24, 0x20, 1, 0, 0))), "17 2001:db8::1:5>2001::2:6 48/0 teredo:0"},
	{"teredo on another port, too long", ip4(17, udp(9, 10, cat(teredo6, []byte{0}))), ""},
	{"teredo on another port, trailers", ip4(17, udp(9, 10, cat(teredo6, unhex("0104 11223344 0506 000000000000")))), wantTeredo + " teredo:0"},
	{"teredo, bytes behind it", ip4(17, udp(9, 3544, cat(teredo6, unhex("ffffff")))), wantTeredo + " teredo:0"},
	{"teredo, more than the datagram", ip4(17, udp(9, 3544, set(teredo6, 5, 9))), ""},
	{"teredo trailer", ip4(17, udp(9, 3544, cat(core6, unhex("0104 11223344")))), wantCore6 + " teredo:0"},
	{"teredo trailer past the end", ip4(17, udp(9, 3544, cat(core6, unhex("0105 11223344")))), ""},
	{"teredo trailer of another kind", ip4(17, udp(9, 3544, cat(core6, unhex("0204 11223344")))), ""},
	{"IPv6 of others in UDP", ip4(17, udp(9, 10, core6)), ""},
	{"teredo solicitation", ip4(17, udp(9, 10, cat(unhex("0001 00 00 1122334455667788 00"), solicitation))), "58 fe80::1:0>ff02::2:0 48/0 teredo:0"},
	{"solicitation without indications", ip4(17, udp(9, 10, solicitation)), ""},
	{"esp in udp", ip4(17, udp(4500, 4500, core)), ""},
	{"etherip", ip4(97, cat(unhex("3000"), coreEth(0x0800, core))), ""},
}

func TestTunnels(t *testing.T) {
	for _, tt := range tunnels {
		data := eth(0x0800, tt.data)
		if tt.data[0]>>4 == 6 {
			data = eth(0x86dd, tt.data)
		}
		closed := decode(LinkEthernet, DecapNone, data)
		if strings.Contains(closed, "192.168") {
			t.Errorf("%s: opened without being asked: %s", tt.name, closed)
		}
		want := closed
		if tt.want != "" { // link fields stand before the encaps
			at := len(tt.want)
			for _, kind := range encapNames {
				if i := strings.Index(tt.want, " "+kind+":"); kind != "" && i >= 0 {
					at = min(at, i)
				}
			}
			want = tt.want[:at] + " mac=ab type=" + map[byte]string{4: "0800", 6: "86dd"}[tt.data[0]>>4] + tt.want[at:]
		}
		if got := decode(LinkEthernet, DecapInner, data); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
		verifyPrefixes(t, LinkEthernet, data)
	}
}

// TestInnerFields: everything from IP upward is the inner header's.
func TestInnerFields(t *testing.T) {
	d := Decoder{Decap: DecapInner}
	p := dirty(1)
	outer := set(ip4(41, ip6(58, unhex("8000 0000 0007 0009 aa"))), 6, 0x20, 0) // first fragment
	if !d.Decode(frameOf(LinkEthernet, eth(0x8100, vlan(5, 0x0800, outer))), p) {
		t.Fatal(d.Counts)
	}
	if p.IPVersion != 6 || p.TTL != 57 || p.TOS != 0xb8 || p.IPFlags != 0 || p.IPID != 0 || p.FlowLabel != 0x12345 || p.IPHdrLen != 40 ||
		p.TotalLen != 49 || p.PayloadLen != 1 || p.ICMPType != 128 || p.ICMPSeq != 9 || p.VLAN != 5 ||
		p.Has != linkBits|HasICMP|HasICMPEcho {
		t.Errorf("%+v", p)
	}
}

func TestTunnelFragments(t *testing.T) {
	tests := []struct {
		proto int
		has   bool
	}{{4, true}, {41, true}, {47, true}, {17, false}, {6, false}}
	for _, tt := range tests {
		for _, data := range [][]byte{
			set(ip4(tt.proto, core), 6, 0, 185),
			ip6(44, cat([]byte{byte(tt.proto), 0}, be16(1448), be32(1), core)),
		} {
			for _, decap := range []Decap{DecapNone, DecapInner} {
				d := Decoder{Decap: decap}
				p := dirty(1)
				d.Decode(frameOf(LinkRaw, data), p)
				want := tt.has && decap == DecapInner
				if p.Is(HasTunnelFragment) != want || d.Counts.Of(TunnelFragment) == 1 != want || !p.Is(HasLaterFragment) ||
					p.Proto != uint8(tt.proto) || p.EncapCount != 0 || p.SrcPort != 0 {
					t.Errorf("protocol %d, decap %d: %+v", tt.proto, decap, p)
				}
			}
		}
	}
}

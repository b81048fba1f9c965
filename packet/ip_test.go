package packet

import (
	"bytes"
	"testing"
)

func TestIPFields(t *testing.T) {
	var d Decoder
	var p Packet
	f := frameOf(LinkEthernet, cat(eth(0x0800, ip4(6, tcp(timestamps, []byte("hello")))), []byte{0xff}))
	f.Wire, f.Type = 100, TypeOutgoing
	if !d.Decode(f, &p) {
		t.Fatal(d.Counts)
	}
	if p.TS != 5e9 || p.Number != 3 || p.Iface != 1 || p.Link != LinkEthernet || p.CapLen != 72 || p.WireLen != 100 || p.PacketType != TypeOutgoing {
		t.Errorf("record: %+v", p)
	}
	if p.IPVersion != 4 || p.TTL != 64 || p.TOS != 2 || p.IPID != 100 || p.IPFlags != 2 || p.IPHdrLen != 20 || p.FlowLabel != 0 {
		t.Errorf("IPv4: %+v", p)
	}
	if !p.Is(HasTCP|HasPorts|HasTransport|HasTimestamp|HasOption) || p.Seq != 7 || p.Ack != 8 || p.Window != 502 || p.TCPFlags != PSH|ACK ||
		p.TSval != 121 || p.TSecr != 900 || !bytes.Equal(p.Options, timestamps) || string(p.Payload) != "hello" {
		t.Errorf("TCP: %+v", p)
	}
	if d.Counts.Of(SnapLenCut) != 1 {
		t.Error("cut record not counted")
	}

	f = frameOf(LinkRaw, ip6(17, udp(53, 1000, []byte("hello"))))
	f.Wire = 3 // below the captured length: a source's slip
	if !d.Decode(f, &p) {
		t.Fatal(d.Counts)
	}
	if p.IPVersion != 6 || p.TTL != 57 || p.TOS != 0xb8 || p.FlowLabel != 0x12345 || p.IPID != 0 || p.IPFlags != 0 || p.IPHdrLen != 40 || p.WireLen != 53 {
		t.Errorf("IPv6: %+v", p)
	}
	if p.Has != HasPorts|HasTransport || string(p.Payload) != "hello" {
		t.Errorf("UDP: %+v", p)
	}
}

func TestLengths(t *testing.T) {
	data := make([]byte, 10)
	ping := unhex("0800 0000 0001 0002 aabb")
	hbh := func(option string) []byte { return cat(unhex("0600"), unhex(option)) }
	tests := []struct {
		name string
		data []byte // of LINKTYPE_RAW
		wire int    // 0: as captured
		want string
	}{
		{"tcp", ip4(6, tcp(timestamps, data)), 0, "6 10.0.0.1:1000>10.0.0.2:80 62/10"},
		{"udp", ip4(17, udp(1, 2, data)), 0, "17 10.0.0.1:1>10.0.0.2:2 38/10"},
		{"udp, length smaller than the datagram", set(ip4(17, udp(1, 2, data)), 24, 0, 12), 0, "17 10.0.0.1:1>10.0.0.2:2 38/4"},
		{"udp, length 8", set(ip4(17, udp(1, 2, data)), 24, 0, 8), 0, "17 10.0.0.1:1>10.0.0.2:2 38/0"},
		{"udp, length 7", set(ip4(17, udp(1, 2, data)), 24, 0, 7), 0, "17 10.0.0.1:1>10.0.0.2:2 38/10"},
		{"udp, length 0", set(ip4(17, udp(1, 2, data)), 24, 0, 0), 0, "17 10.0.0.1:1>10.0.0.2:2 38/10"},
		{"udp, length too large", set(ip4(17, udp(1, 2, data)), 24, 0, 19), 0, "17 10.0.0.1:1>10.0.0.2:2 38/10"},
		{"udp-lite", set(ip4(136, udp(1, 2, data)), 24, 0, 8), 0, "136 10.0.0.1:1>10.0.0.2:2 38/10"},
		{"sctp", ip4(132, udp(1, 2, data)), 0, "132 10.0.0.1:1>10.0.0.2:2 38/18"},
		{"dccp", ip4(33, udp(1, 2, data)), 0, "33 10.0.0.1:1>10.0.0.2:2 38/18"},
		{"icmp", ip4(1, ping), 0, "1 10.0.0.1:0>10.0.0.2:0 30/2"},
		{"icmpv6", ip6(58, ping), 0, "58 2001:db8::1:0>2001:db8::2:0 50/2"},
		{"icmp over IPv6", ip6(1, ping), 0, "1 2001:db8::1:0>2001:db8::2:0 50/10"},
		{"icmpv6 over IPv4", ip4(58, ping), 0, "58 10.0.0.1:0>10.0.0.2:0 30/10"},
		{"esp", ip4(50, data), 0, "50 10.0.0.1:0>10.0.0.2:0 30/10"},
		{"ah", ip4(51, cat(ah(6, 12), tcp(nil, []byte("x")))), 0, "6 10.0.0.1:1000>10.0.0.2:80 65/1"},
		{"ah twice", ip4(51, cat(ah(51, 0), ah(17, 12), udp(1, 2, nil))), 0, "17 10.0.0.1:1>10.0.0.2:2 64/0"},
		{"ah, then esp", ip4(51, cat(ah(50, 12), make([]byte, 8))), 0, "50 10.0.0.1:0>10.0.0.2:0 52/8"},
		{"ah cut", ip4(51, ah(6, 12)[:11]), 0, "51 10.0.0.1:0>10.0.0.2:0 31/11 [ext_header_bad]"},
		{"ah of 8 bytes", ip4(51, cat(unhex("0600 0000 00000001"), tcp(nil, nil))), 0, "51 10.0.0.1:0>10.0.0.2:0 48/28 [ext_header_bad]"},
		{"hop-by-hop over IPv4 is a protocol", ip4(0, cat(unhex("1100 0104 0000 0000"), udp(1, 2, nil))), 0, "0 10.0.0.1:0>10.0.0.2:0 36/16"},
		{"total length 0", set(plain, 2, 0, 0), 50, "6 10.0.0.1:1000>10.0.0.2:80 50/10 [snaplen_cut]"},
		{"total length 0, udp of its own length", set(ip4(17, udp(1, 2, data)), 2, 0, 0), 60, "17 10.0.0.1:1>10.0.0.2:2 60/10 [snaplen_cut]"},
		{"total length 19", set(plain, 2, 0, 19), 0, "- ipv4_bad_header"},
		{"total length 20", set(plain, 2, 0, 20), 0, "6 10.0.0.1:0>10.0.0.2:0 20/0 [tcp_bad_offset]"},
		{"total length beyond the wire", set(plain, 2, 1, 0), 0, "6 10.0.0.1:1000>10.0.0.2:80 256/216 [ip_len_exceeds_wire]"},
		{"ihl 4", set(plain, 0, 0x44), 0, "- ipv4_bad_header"},
		{"ihl 6", set(ip4(6, cat(be32(0), tcp(nil, data))), 0, 0x46), 0, "6 10.0.0.1:1000>10.0.0.2:80 54/10"},
		{"ihl 15, not captured", set(plain, 0, 0x4f, 0, 0, 60)[:30], 60, "6 10.0.0.1:0>10.0.0.2:0 60/0 [tcp_bad_offset snaplen_cut]"},
		{"19 bytes", plain[:19], 40, "- ipv4_bad_header"},
		{"version 6 of 39 bytes", plain6[:39], 60, "- ipv6_bad_header"},
		{"payload length 0", set(plain6, 4, 0, 0), 70, "6 2001:db8::1:1000>2001:db8::2:80 70/10 [snaplen_cut]"},
		{"payload length 0, no next header", set(ip6(59, nil), 4, 0, 0), 70, "59 2001:db8::1:0>2001:db8::2:0 40/0 [snaplen_cut]"},
		{"payload length 0, icmpv6", set(ip6(58, ping), 4, 0, 0), 0, "58 2001:db8::1:0>2001:db8::2:0 40/0 [l4_short]"},
		{"jumbo", set(ip6(0, cat(hbh("c204 00020000"), tcp(nil, nil))), 4, 0, 0), 0x20028, "6 2001:db8::1:1000>2001:db8::2:80 131112/131044 [snaplen_cut]"},
		{"jumbo behind padding", set(ip6(0, cat(unhex("0601 0100 00 c204 00020000 00 0000 0000"), tcp(nil, nil))), 4, 0, 0), 0x20028, "6 2001:db8::1:1000>2001:db8::2:80 131112/131036 [snaplen_cut]"},
		{"jumbo of 32 bits", set(ip6(0, cat(hbh("c204 ffffffff"), tcp(nil, nil))), 4, 0, 0), 0, "6 2001:db8::1:1000>2001:db8::2:80 4294967295/4294967227 [ip_len_exceeds_wire]"},
		{"hop-by-hop without jumbo", set(ip6(0, cat(hbh("0502 0000 0100"), tcp(nil, nil))), 4, 0, 0), 70, "6 2001:db8::1:1000>2001:db8::2:80 70/2 [snaplen_cut]"},
		{"jumbo beside a payload length", ip6(0, cat(hbh("c204 00020000"), tcp(nil, nil))), 0, "6 2001:db8::1:1000>2001:db8::2:80 68/0"},
	}
	for _, tt := range tests {
		f := frameOf(LinkRaw, tt.data)
		f.Wire = max(f.Wire, uint32(tt.wire))
		if got := decodeFrame(DecapNone, f); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		verifyPrefixes(t, LinkRaw, tt.data)
	}
}

// TestTotalLengthZero: the bytes before the IP header do not count.
func TestTotalLengthZero(t *testing.T) {
	f := frameOf(LinkEthernet, eth(0x8100, vlan(5, 0x0800, set(plain, 2, 0, 0))))
	f.Wire = 18 + 50
	if got, want := decodeFrame(DecapNone, f), "6 10.0.0.1:1000>10.0.0.2:80 50/10 mac=ab type=8100 vlan=5/5/1 vlan:5 [snaplen_cut]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	f = frameOf(LinkEthernet, eth(0x0800, set(ip4(4, set(inside(6, tcp(nil, nil)), 2, 0, 0)), 2, 0, 0)))
	f.Wire = 14 + 20 + 50
	if got, want := decodeFrame(DecapInner, f), "6 192.168.0.1:1000>192.168.0.2:80 50/10 mac=ab type=0800 ipip:0 [snaplen_cut]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestExtensionHeaders(t *testing.T) {
	udp0 := udp(1, 2, nil)
	chain := func(kind byte, n int) (b []byte) { // n headers of 8 bytes, then UDP
		for i := range n {
			next := kind
			if i == n-1 {
				next = ProtoUDP
			}
			b = append(b, next, 0, 1, 4, 0, 0, 0, 0)
		}
		return append(b, udp0...)
	}
	frag := func(next, off int, more bool) []byte {
		if more {
			off |= 1
		}
		return cat([]byte{byte(next), 0}, be16(off), be32(77))
	}
	tests := []struct {
		name string
		data []byte
		want string
		hdr  uint16
	}{
		{"hop-by-hop", ip6(0, chain(0, 1)), "17 2001:db8::1:1>2001:db8::2:2 56/0", 48},
		{"routing", ip6(43, chain(43, 1)), "17 2001:db8::1:1>2001:db8::2:2 56/0", 48},
		{"destination", ip6(60, chain(60, 2)), "17 2001:db8::1:1>2001:db8::2:2 64/0", 56},
		{"mobility", ip6(135, chain(135, 1)), "17 2001:db8::1:1>2001:db8::2:2 56/0", 48},
		{"hip", ip6(139, chain(139, 1)), "17 2001:db8::1:1>2001:db8::2:2 56/0", 48},
		{"shim6", ip6(140, chain(140, 1)), "17 2001:db8::1:1>2001:db8::2:2 56/0", 48},
		{"16 headers", ip6(60, chain(60, 16)), "17 2001:db8::1:1>2001:db8::2:2 176/0", 168},
		{"17 headers", ip6(60, chain(60, 17)), "60 2001:db8::1:0>2001:db8::2:0 184/16 [ext_header_bad]", 168},
		{"long header", ip6(60, cat(unhex("1101"), make([]byte, 14), udp0)), "17 2001:db8::1:1>2001:db8::2:2 64/0", 56},
		{"header past the end", ip6(60, cat(unhex("11ff"), make([]byte, 14))), "60 2001:db8::1:0>2001:db8::2:0 56/16 [ext_header_bad]", 40},
		{"second header cut", ip6(0, cat(unhex("2b00 0104 0000 0000 11"))), "43 2001:db8::1:0>2001:db8::2:0 49/1 [ext_header_bad]", 48},
		{"esp", ip6(50, make([]byte, 8)), "50 2001:db8::1:0>2001:db8::2:0 48/8", 40},
		{"ah", ip6(51, cat(ah(17, 12), udp0)), "17 2001:db8::1:1>2001:db8::2:2 72/0", 64},
		{"ah without a check value", ip6(51, cat(ah(17, 0), udp0)), "17 2001:db8::1:1>2001:db8::2:2 60/0", 52},
		{"ah among others", ip6(0, cat(unhex("3300 0104 0000 0000"), ah(60, 12), unhex("1100 0104 0000 0000"), udp0)), "17 2001:db8::1:1>2001:db8::2:2 88/0", 80},
		{"ah twice", ip6(51, cat(ah(51, 12), ah(17, 12), udp0)), "17 2001:db8::1:1>2001:db8::2:2 96/0", 88},
		{"ah, then esp", ip6(51, cat(ah(50, 12), make([]byte, 8))), "50 2001:db8::1:0>2001:db8::2:0 72/8", 64},
		{"ah cut", ip6(51, ah(17, 12)[:23]), "51 2001:db8::1:0>2001:db8::2:0 63/23 [ext_header_bad]", 40},
		{"ah of 8 bytes", ip6(51, cat(unhex("1100 0000 00000001"), udp0)), "51 2001:db8::1:0>2001:db8::2:0 56/16 [ext_header_bad]", 40},
		{"experiment 253", ip6(253, cat(unhex("1100 0104 0000 0000"), udp0)), "253 2001:db8::1:0>2001:db8::2:0 56/16", 40},
		{"experiment 254", ip6(254, cat(unhex("1100 0104 0000 0000"), udp0)), "254 2001:db8::1:0>2001:db8::2:0 56/16", 40},
		{"no next header", ip6(59, make([]byte, 3)), "59 2001:db8::1:0>2001:db8::2:0 43/3", 40},
		{"unknown", ip6(200, make([]byte, 3)), "200 2001:db8::1:0>2001:db8::2:0 43/3", 40},
		{"first fragment", ip6(44, cat(frag(17, 0, true), udp(1, 2, make([]byte, 16)))), "17 2001:db8::1:1>2001:db8::2:2 72/16 frag=0,true,77", 48},
		{"later fragment", ip6(44, cat(frag(17, 1448, true), make([]byte, 16))), "17 2001:db8::1:0>2001:db8::2:0 64/16 frag=1448,true,77", 48},
		{"last fragment", ip6(44, cat(frag(60, 1448, false), make([]byte, 16))), "60 2001:db8::1:0>2001:db8::2:0 64/16 frag=1448,false,77", 48},
		{"atomic fragment", ip6(44, cat(frag(17, 0, false), udp0)), "17 2001:db8::1:1>2001:db8::2:2 56/0", 48},
		{"fragment header cut", ip6(44, frag(17, 0, true)[:7]), "44 2001:db8::1:0>2001:db8::2:0 47/7 [ext_header_bad]", 40},
	}
	for _, tt := range tests {
		if got := decode(LinkRaw, DecapNone, tt.data); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		var d Decoder
		var p Packet
		if d.Decode(frameOf(LinkIPv6, tt.data), &p); p.IPHdrLen != tt.hdr {
			t.Errorf("%s: header length %d, want %d", tt.name, p.IPHdrLen, tt.hdr)
		}
		verifyPrefixes(t, LinkRaw, tt.data)
	}
}

func TestIPv4Fragments(t *testing.T) {
	data := ip4(17, udp(1, 2, make([]byte, 16)))
	tests := []struct {
		name string
		word []byte // flags and offset
		want string
		has  Has
	}{
		{"first", []byte{0x20, 0}, "17 10.0.0.1:1>10.0.0.2:2 44/16 frag=0,true,100", HasFragment | HasPorts | HasTransport},
		{"middle", []byte{0x20, 185}, "17 10.0.0.1:0>10.0.0.2:0 44/24 frag=1480,true,100", HasFragment | HasLaterFragment},
		{"last", []byte{0x1f, 0xff}, "17 10.0.0.1:0>10.0.0.2:0 44/24 frag=65528,false,100", HasFragment | HasLaterFragment},
		{"reserved flag alone", []byte{0x80, 0}, "17 10.0.0.1:1>10.0.0.2:2 44/16", HasPorts | HasTransport},
	}
	for _, tt := range tests {
		f := frameOf(LinkRaw, set(data, 6, tt.word...))
		var d Decoder
		var p Packet
		ok := d.Decode(f, &p)
		if got := show(&d, &p, ok); got != tt.want || p.Has != tt.has || p.IPFlags != tt.word[0]>>5 {
			t.Errorf("%s:\n got %s, has %b, flags %d\nwant %s, has %b", tt.name, got, p.Has, p.IPFlags, tt.want, tt.has)
		}
		verifyPrefixes(t, LinkRaw, f.Data)
	}
}

package packet

import (
	"bytes"
	"slices"
	"testing"
)

func TestCutRecords(t *testing.T) {
	ping := ip4(1, unhex("0800 0000 0001 0002 aabb"))
	tests := []struct {
		name string
		data []byte
		keep int // bytes behind the IP header
		want string
		has  Has
	}{
		{"tcp", ip4(6, tcp(timestamps, nil)), 3, "6 10.0.0.1:0>10.0.0.2:0 52/12 [l4_short snaplen_cut]", 0},
		{"tcp", ip4(6, tcp(timestamps, nil)), 4, "6 10.0.0.1:1000>10.0.0.2:80 52/12 [l4_short snaplen_cut]", HasPorts},
		{"tcp", ip4(6, tcp(timestamps, nil)), 12, "6 10.0.0.1:1000>10.0.0.2:80 52/12 [l4_short snaplen_cut]", HasPorts},
		{"tcp", ip4(6, tcp(timestamps, nil)), 13, "6 10.0.0.1:1000>10.0.0.2:80 52/0 [l4_short snaplen_cut]", HasPorts},
		{"tcp", ip4(6, tcp(timestamps, nil)), 20, "6 10.0.0.1:1000>10.0.0.2:80 52/0 [l4_short snaplen_cut]", HasPorts | HasTCP | HasTransport},
		{"tcp", ip4(6, tcp(timestamps, nil)), 31, "6 10.0.0.1:1000>10.0.0.2:80 52/0 [l4_short snaplen_cut]", HasPorts | HasTCP | HasTransport},
		{"tcp", ip4(6, tcp(timestamps, []byte("hello"))), 33, "6 10.0.0.1:1000>10.0.0.2:80 57/5 [snaplen_cut]", HasPorts | HasTCP | HasTransport | HasTimestamp | HasOption},
		{"udp", ip4(17, udp(1, 2, nil)), 3, "17 10.0.0.1:0>10.0.0.2:0 28/0 [l4_short snaplen_cut]", 0},
		{"udp", set(ip4(17, udp(1, 2, []byte("hello"))), 24, 0, 10), 5, "17 10.0.0.1:1>10.0.0.2:2 33/5 [l4_short snaplen_cut]", HasPorts},
		{"udp", set(ip4(17, udp(1, 2, []byte("hello"))), 24, 0, 10), 6, "17 10.0.0.1:1>10.0.0.2:2 33/2 [l4_short snaplen_cut]", HasPorts},
		{"udp", ip4(17, udp(1, 2, []byte("hello"))), 8, "17 10.0.0.1:1>10.0.0.2:2 33/5 [snaplen_cut]", HasPorts | HasTransport},
		{"udp-lite", ip4(136, udp(1, 2, []byte("hello"))), 7, "136 10.0.0.1:1>10.0.0.2:2 33/5 [l4_short snaplen_cut]", HasPorts},
		{"sctp", ip4(132, make([]byte, 20)), 11, "132 10.0.0.1:0>10.0.0.2:0 40/20 [l4_short snaplen_cut]", HasPorts},
		{"sctp", ip4(132, make([]byte, 20)), 3, "132 10.0.0.1:0>10.0.0.2:0 40/20 [l4_short snaplen_cut]", 0},
		{"dccp", ip4(33, make([]byte, 20)), 12, "33 10.0.0.1:0>10.0.0.2:0 40/20 [snaplen_cut]", HasPorts},
		{"icmp", ping, 1, "1 10.0.0.1:0>10.0.0.2:0 30/2 [l4_short snaplen_cut]", 0},
		{"icmp", ping, 2, "1 10.0.0.1:0>10.0.0.2:0 30/2 [l4_short snaplen_cut]", HasICMP},
		{"icmp", ping, 7, "1 10.0.0.1:0>10.0.0.2:0 30/2 [l4_short snaplen_cut]", HasICMP},
		{"icmp", ping, 8, "1 10.0.0.1:0>10.0.0.2:0 30/2 [snaplen_cut]", HasICMP | HasICMPEcho},
	}
	for _, tt := range tests {
		f := frameOf(LinkRaw, tt.data[:20+tt.keep])
		f.Wire = uint32(len(tt.data))
		var d Decoder
		var p Packet
		ok := d.Decode(f, &p)
		if got := show(&d, &p, ok); got != tt.want || p.Has != tt.has {
			t.Errorf("%s of %d bytes:\n got %s, has %b\nwant %s, has %b", tt.name, tt.keep, got, p.Has, tt.want, tt.has)
		}
	}
}

func TestTCPOffset(t *testing.T) {
	seg := ip4(6, tcp(nil, []byte("hello"))) // 45 bytes
	tests := []struct {
		offset byte
		ok     bool
		length uint32
	}{{4, false, 0}, {0, false, 0}, {5, true, 5}, {6, true, 1}, {7, false, 0}, {15, false, 0}}
	for _, tt := range tests {
		f := frameOf(LinkRaw, set(seg, 32, tt.offset<<4))
		var d Decoder
		var p Packet
		d.Decode(f, &p)
		if p.Is(HasTCP) != tt.ok || p.Is(HasTransport) != tt.ok || !p.Is(HasPorts) || p.PayloadLen != tt.length || d.Counts.Of(TCPBadOffset) == 0 != tt.ok {
			t.Errorf("offset %d: %+v", tt.offset, p)
		}
	}
}

func TestTCPFlags(t *testing.T) {
	var d Decoder
	var p Packet
	d.Decode(frameOf(LinkRaw, set(plain, 32, 0x51, 0xff)), &p)
	if p.TCPFlags != FIN|SYN|RST|PSH|ACK|URG|ECE|CWR|AE {
		t.Errorf("flags %x, want all nine", p.TCPFlags)
	}
	d.Decode(frameOf(LinkRaw, set(plain, 32, 0x5e, 0x02)), &p)
	if p.TCPFlags != SYN {
		t.Errorf("flags %x, want SYN: reserved bits are none", p.TCPFlags)
	}
}

func TestTCPOptions(t *testing.T) {
	const option = HasOption
	tests := []struct {
		name  string
		area  string
		kinds []byte
		has   Has
		check func(p *Packet) bool
	}{
		{"none", "", nil, 0, nil},
		{"nop", "01010101", []byte{1, 1, 1, 1}, 0, nil},
		{"end", "01000204", []byte{1, 0}, 0, nil},
		{"syn", "020405b4 0402080a 00000064 00000000 01030307", []byte{2, 4, 8, 1, 3}, option | HasMSS | HasSACKPermitted | HasTimestamp | HasWindowScale,
			func(p *Packet) bool {
				return p.MSS == 1460 && p.WindowScale == 7 && p.TSval == 100 && p.TSecr == 0
			}},
		{"timestamps first", "080a 00000064 00000005 0101", []byte{8, 1, 1}, option | HasTimestamp,
			func(p *Packet) bool { return p.TSval == 100 && p.TSecr == 5 }},
		{"unexpected lengths", "0203ff 0304ffff 0403ff 0804ffff 0101", []byte{2, 3, 4, 8, 1, 1}, option, nil},
		{"last of repeated counts", "02040001 020405b4 030301 030302 0101", []byte{2, 2, 3, 3, 1, 1}, option | HasMSS | HasWindowScale,
			func(p *Packet) bool { return p.MSS == 1460 && p.WindowScale == 2 }},
		{"sack", "0101 0512 00000001 00000002 00000003 00000004", []byte{1, 1, 5}, option,
			func(p *Packet) bool {
				return p.SACKBlocks == 2 && slices.Equal(p.SACK(nil), [][2]uint32{{1, 2}, {3, 4}})
			}},
		{"sack twice, a broken pair", "050a 00000001 00000002 050e 00000003 00000004 00000005", []byte{5, 5}, option,
			func(p *Packet) bool {
				return p.SACKBlocks == 2 && slices.Equal(p.SACK(nil), [][2]uint32{{1, 2}, {3, 4}})
			}},
		{"mptcp", "1e0c 0081 0000000000000000", []byte{30}, option | HasMPTCP | HasMPTCPSubtype,
			func(p *Packet) bool { return p.MPTCPSubtype == 0 }},
		{"mptcp, first with a subtype", "1e02 1e0310 1e0320", []byte{30, 30, 30}, option | HasMPTCP | HasMPTCPSubtype,
			func(p *Packet) bool { return p.MPTCPSubtype == 1 }},
		{"mptcp without subtype", "1e02 0101", []byte{30, 1, 1}, option | HasMPTCP, nil},
		{"length 0", "01 0800 01", []byte{1}, 0, nil},
		{"length 1", "01 0801 01", []byte{1}, 0, nil},
		{"length past the area", "0402 080a", []byte{4}, option | HasSACKPermitted, nil},
		{"no length byte", "040201 08", []byte{4, 1}, option | HasSACKPermitted, nil},
		{"unknown", "fd04 1234", []byte{253}, option, nil},
		{"40 of them", "01010101010101010101 01010101010101010101 01010101010101010101 01010101010101010101", bytes.Repeat([]byte{1}, 40), 0, nil},
	}
	for _, tt := range tests {
		data := ip4(6, tcp(unhex(tt.area), []byte("x")))
		var d Decoder
		p := *dirty(1)
		if !d.Decode(frameOf(LinkRaw, data), &p) {
			t.Fatal(tt.name)
		}
		if want := tt.has | HasPorts | HasTCP | HasTransport; p.Has != want {
			t.Errorf("%s: has %b, want %b", tt.name, p.Has, want)
		}
		if got := p.OptionKinds(nil); !bytes.Equal(got, tt.kinds) {
			t.Errorf("%s: kinds %v, want %v", tt.name, got, tt.kinds)
		}
		if tt.check != nil && !tt.check(&p) {
			t.Errorf("%s: %+v", tt.name, p)
		}
		if string(p.Payload) != "x" || !bytes.Equal(p.Options, unhex(tt.area)) {
			t.Errorf("%s: options %x, payload %q", tt.name, p.Options, p.Payload)
		}
		verifyPrefixes(t, LinkRaw, data)
	}
}

func TestICMP(t *testing.T) {
	for typ := range 256 {
		var d Decoder
		var p Packet
		d.Decode(frameOf(LinkRaw, ip4(1, cat([]byte{byte(typ), 3, 0, 0}, be16(7), be16(9)))), &p)
		echo := typ == 0 || typ == 8 || typ >= 13 && typ <= 18
		if !p.Is(HasICMP) || p.ICMPType != uint8(typ) || p.ICMPCode != 3 || p.Is(HasICMPEcho) != echo || echo && (p.ICMPID != 7 || p.ICMPSeq != 9) {
			t.Errorf("ICMP %d: %+v", typ, p)
		}
		d.Decode(frameOf(LinkRaw, ip6(58, cat([]byte{byte(typ), 3, 0, 0}, be16(7), be16(9)))), &p)
		echo = typ == 128 || typ == 129
		if !p.Is(HasICMP) || p.ICMPType != uint8(typ) || p.Is(HasICMPEcho) != echo || p.Is(HasTransport) || p.Is(HasPorts) {
			t.Errorf("ICMPv6 %d: %+v", typ, p)
		}
	}
}

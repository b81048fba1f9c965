package packet

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

func TestSummary(t *testing.T) {
	arp := func(op int, target [6]byte) []byte {
		return cat(be16(1), be16(0x800), []byte{6, 4}, be16(op), macA[:], v4A[:], target[:], v4B[:])
	}
	stp := cat(unhex("424203 0000 00 00 01"), be16(0x8000), macA[:], be32(19), be16(0x8001), macB[:], be16(0x8004), make([]byte, 8))
	lldp := cat(be16(1<<9|7), []byte{4}, macA[:], be16(2<<9|6), []byte("\x05eth\x1b0"), be16(3<<9|2), be16(120), be16(5<<9|4), []byte("a\nbc"), be16(0))
	ns := cat(unhex("87000000 00000000"), unhex("fe800000000000000000000000000009"), unhex("0101"), macA[:])
	sack := cat([]byte{1, 1, 5, 10}, be32(100), be32(200))
	for _, c := range []struct {
		link uint16
		data []byte
		want string
	}{
		{LinkEthernet, eth(0x800, ip4(6, tcp(nil, []byte("0123456789")))), "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 7:17, ack 8, win 502, length 10"},
		{LinkEthernet, eth(0x800, ip4(6, set(tcp(timestamps, nil), 13, 0x10))), "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 8, win 502, options [nop,nop,TS val 121 ecr 900], length 0"},
		{LinkEthernet, eth(0x800, ip4(6, set(tcp(unhex("020405b4 0402 0103 0307 0000"), nil), 13, 0xc2))), "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [SEW], seq 7, win 502, options [mss 1460,sackOK,nop,wscale 7,eol], length 0"},
		{LinkRaw, ip4(6, set(tcp(sack, nil), 13, 0)), "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [none], win 502, options [nop,nop,sack 1 {100:200}], length 0"},
		{LinkRaw, ip4(6, tcp(nil, nil)[:15]), "IP 10.0.0.1.1000 > 10.0.0.2.80: TCP, header cut or bad, length 0"},
		{LinkRaw, ip6(17, udp(53, 5353, []byte("abc"))), "IP6 2001:db8::1.53 > 2001:db8::2.5353: UDP, length 3"},
		{LinkRaw, ip4(1, unhex("0800 0000 0102 0003 61")), "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 258, seq 3, length 9"},
		{LinkRaw, ip4(1, unhex("0303 0000 0000 0000")), "IP 10.0.0.1 > 10.0.0.2: ICMP port unreachable, length 8"},
		{LinkRaw, ip4(1, unhex("2a07 0000 0000 0000")), "IP 10.0.0.1 > 10.0.0.2: ICMP type 42, code 7, length 8"},
		{LinkRaw, ip6(58, ns), "IP6 2001:db8::1 > 2001:db8::2: ICMP6, neighbor solicitation, who has fe80::9, length 32"},
		{LinkRaw, ip4(50, make([]byte, 9)), "IP 10.0.0.1 > 10.0.0.2: ESP, length 9"},
		{LinkRaw, ip4(253, nil), "IP 10.0.0.1 > 10.0.0.2: proto-253, length 0"},
		{LinkRaw, set(ip4(17, udp(1, 2, make([]byte, 8))), 6, 0x20, 0), "IP 10.0.0.1.1 > 10.0.0.2.2: UDP, length 8 (frag id 100, offset 0, more)"},
		{LinkRaw, set(ip4(17, make([]byte, 8)), 6, 0, 2), "IP 10.0.0.1 > 10.0.0.2: UDP fragment, length 8 (frag id 100, offset 16)"},
		{LinkEthernet, eth(0x88a8, vlan(7, 0x8100, vlan(5, 0x800, ip4(47, cat(unhex("2000 0800 00000063"), inside(17, udp(1, 2, nil))))))),
			"vlan 7, vlan 5, IP 10.0.0.1 > 10.0.0.2: gre 99, IP 192.168.0.1.1 > 192.168.0.2.2: UDP, length 0"},
		{LinkRaw, ip4(17, udp(9, 4789, cat(unhex("08000000 00002a00"), eth(0x806, arp(1, macA))))), "IP 10.0.0.1.9 > 10.0.0.2.4789: vxlan 42, length 50"},
		{LinkRaw, ip4(4, ip4(4, ip4(4, ip4(4, inside(17, nil))))), "IP 10.0.0.1 > 10.0.0.2: ipip, IP 10.0.0.1 > 10.0.0.2: ipip, IP 10.0.0.1 > 10.0.0.2: ipip, IP 10.0.0.1 > 10.0.0.2: IPv4, length 20"},
		{LinkEthernet, eth(0x806, arp(1, [6]byte{})), "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28"},
		{LinkEthernet, eth(0x8100, vlan(9, 0x806, arp(2, macB))), "vlan 9, ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28"},
		{LinkEthernet, eth(0x806, arp(9, macB)), "ARP, operation 9, 10.0.0.1 (02:00:00:00:00:01) to 10.0.0.2, length 28"},
		{LinkEthernet, eth(0x806, arp(1, macB)[:20]), "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype ARP (0x0806), length 34"},
		{LinkEthernet, eth(len(stp), stp), "STP, root 8000.02:00:00:00:00:01, cost 19, bridge 8001.02:00:00:00:00:02, port 8004, length 38"},
		{LinkEthernet, eth(0x88cc, lldp), `LLDP, chassis 02:00:00:00:00:01, port "eth\x1b0", name "a\nbc", length 29`},
		{LinkEthernet, eth(0x88e5, nil), "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype MACsec (0x88e5), length 14"},
		{LinkEthernet, eth(0x1234, nil), "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 0x1234, length 14"},
		{LinkEthernet, eth(8, unhex("aaaa03 00000c 2000")), "02:00:00:00:00:01 > 02:00:00:00:00:02, SNAP, CDP (0x2000), length 22"},
		{LinkEthernet, eth(3, unhex("e0e003")), "02:00:00:00:00:01 > 02:00:00:00:00:02, 802.2, dsap IPX (0xe0), length 17"},
		{LinkIEEE80211, unhex("8000 0000"), "802.11 beacon (0x08), length 4"},
		{LinkPPP, unhex("ff03 c021 01"), "PPP, LCP (0xc021), length 5"},
		{LinkNull, cat(le32(18), []byte("x")), "address family 18, length 5"},
		{LinkRaw, []byte{0x50}, "IP version 5, length 1"},
		{LinkRaw, []byte{0x45}, "IP, bad header, length 1"},
		{LinkEthernet, macA[:], "EN10MB, cut before the network header, length 6"},
		{10, macA[:], "FDDI, not decoded, length 6"},
		{65000, nil, "link type 65000, not decoded, length 0"},
	} {
		if got := frameOf(c.link, c.data).Summary(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestSummaryDecap: a packet that was decoded through its tunnels says so.
func TestSummaryDecap(t *testing.T) {
	f := frameOf(LinkRaw, ip4(47, cat(unhex("0000 0800"), inside(17, udp(1, 2, nil)))))
	var p Packet
	for decap, want := range map[Decap]string{
		DecapNone:  "IP 10.0.0.1 > 10.0.0.2: gre, IP 192.168.0.1.1 > 192.168.0.2.2: UDP, length 0",
		DecapInner: "gre, IP 192.168.0.1.1 > 192.168.0.2.2: UDP, length 0",
	} {
		d := Decoder{Decap: decap}
		if !d.Decode(f, &p) {
			t.Fatal("no packet")
		}
		before := p.EncapCount
		if got := p.Summary(); got != want || p.EncapCount != before {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// checkSummary demands one printable line of what a frame may be.
func checkSummary(t *testing.T, f *Frame) {
	t.Helper()
	check := func(s string) {
		t.Helper()
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || !strings.Contains(s, "length ") {
			t.Errorf("link type %d, %x: %q", f.Link, f.Data, s)
		}
	}
	before := bytes.Clone(f.Data)
	whole := f.Summary()
	check(whole)
	for _, decap := range []Decap{DecapNone, DecapInner} {
		d := Decoder{Decap: decap}
		var p Packet
		if !d.Decode(f, &p) {
			continue
		}
		s := p.Summary()
		check(s)
		if decap == DecapNone && s != whole {
			t.Errorf("the packet says %q, the frame %q", s, whole)
		}
	}
	if !bytes.Equal(before, f.Data) {
		t.Error("the frame was written to")
	}
}

func FuzzSummary(f *testing.F) {
	for _, tt := range tunnels {
		f.Add(uint16(LinkRaw), tt.data, uint8(0))
	}
	f.Add(uint16(LinkEthernet), eth(0x806, cat(be16(1), be16(0x800), []byte{6, 4}, be16(1), macA[:], v4A[:], macB[:], v4B[:])), uint8(0))
	f.Add(uint16(LinkEthernet), eth(0x88cc, cat(be16(5<<9|4), []byte("a\nbc"), be16(2<<9|3), []byte("\x05\xff\x1b"))), uint8(0))
	f.Add(uint16(LinkEthernet), eth(38, cat(unhex("424203 0000 00 00 01"), make([]byte, 30))), uint8(3))
	f.Add(uint16(LinkEthernet), eth(0x86dd, ip6(58, cat(unhex("87000000 00000000"), make([]byte, 16)))), uint8(0))
	f.Add(uint16(LinkRaw), ip4(6, tcp(unhex("1e0c00810000000000000000"), nil)), uint8(0))
	f.Add(uint16(LinkRadiotap), cat(radiotap(0), unhex("8000")), uint8(0))
	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut uint8) {
		frame := frameOf(link, data)
		checkSummary(t, frame)
		frame.Data = data[:len(data)-min(int(cut), len(data))]
		checkSummary(t, frame)
	})
}

package packet

import (
	"bytes"
	"testing"

	"pinyon/internal/allocs"
)

// arpFor is an ARP message with addresses of hlen and plen bytes 1, 2, 3, ...
func arpFor(hardware, proto, hlen, plen, op int) []byte {
	b := cat(be16(hardware), be16(proto), []byte{byte(hlen), byte(plen)}, be16(op))
	for i := range 2 * (hlen + plen) {
		b = append(b, byte(i+1))
	}
	return b
}

// TestARP: lengths are those of the message, of Ethernet and of anything else.
func TestARP(t *testing.T) {
	var a ARP
	b := arpFor(1, 0x0800, 6, 4, 2)
	if !a.Decode(append(b, make([]byte, 18)...)) || a.Hardware != 1 || a.Protocol != 0x0800 || a.Operation != 2 {
		t.Fatalf("%+v", a)
	}
	if !bytes.Equal(a.SenderMAC, []byte{1, 2, 3, 4, 5, 6}) || !bytes.Equal(a.TargetMAC, []byte{11, 12, 13, 14, 15, 16}) ||
		a.Sender().String() != "7.8.9.10" || a.Target().String() != "17.18.19.20" {
		t.Errorf("%+v", a)
	}
	for n := range len(b) {
		if a.Decode(b[:n]) {
			t.Errorf("%d of %d bytes are taken for all", n, len(b))
		}
	}
	// InfiniBand (RFC 4391), 20 bytes; IPv4 of a length that is none.
	if !a.Decode(arpFor(32, 0x0800, 20, 4, 1)) || len(a.SenderMAC) != 20 || a.Sender().String() != "21.22.23.24" || a.Target().String() != "45.46.47.48" {
		t.Errorf("%+v", a)
	}
	if !a.Decode(arpFor(1, 0x0800, 6, 16, 1)) || a.Sender().IsValid() || len(a.TargetIP) != 16 {
		t.Errorf("%+v", a)
	}
	if !a.Decode(arpFor(1, 0x809b, 6, 4, 1)) || a.Target().IsValid() {
		t.Errorf("AppleTalk: %+v", a)
	}
	if !a.Decode(arpFor(1, 0x0800, 0, 0, 1)) || len(a.SenderMAC)+len(a.TargetIP) != 0 {
		t.Errorf("%+v", a)
	}
}

// TestExamine: what each kind of frame is, with or without a packet.
func TestExamine(t *testing.T) {
	arp := arpFor(1, 0x0800, 6, 4, 1)
	// Two subframes, the first of which holds no packet that can be read.
	amsdu := cat(dot11("8801", unhex("8000")), macB[:], macA[:], be16(28), snap, make([]byte, 20), be16(0), macB[:], macA[:], be16(0))
	for name, c := range map[string]struct {
		link      uint16
		data      []byte
		why       Reason
		protocol  string
		etherType uint16
		arp       bool
	}{
		"IPv4":               {LinkEthernet, eth(0x0800, plain), 0, "TCP", 0x0800, false},
		"IPv6":               {LinkEthernet, eth(0x86dd, plain6), 0, "TCP", 0x86dd, false},
		"no name":            {LinkEthernet, eth(0x0800, ip4(147, nil)), 0, "147", 0x0800, false},
		"VLAN":               {LinkEthernet, eth(0x8100, vlan(5, 0x0800, plain)), 0, "TCP", 0x0800, false},
		"QinQ":               {LinkEthernet, eth(0x88a8, vlan(7, 0x8100, vlan(5, 0x86dd, plain6))), 0, "TCP", 0x86dd, false},
		"PPPoE":              {LinkEthernet, eth(0x8864, cat(unhex("1100 0007 002a 0021"), plain)), 0, "TCP", 0x8864, false},
		"MPLS":               {LinkEthernet, eth(0x8847, cat(label(16, true), plain)), 0, "TCP", 0x8847, false},
		"MPLS in VLAN":       {LinkEthernet, eth(0x8100, vlan(5, 0x8847, cat(label(16, true), plain))), 0, "TCP", 0x8847, false},
		"SNAP":               {LinkEthernet, eth(len(plain)+8, cat(unhex("aaaa03000000"), be16(0x0800), plain)), 0, "TCP", 0x0800, false},
		"raw":                {LinkRaw, plain, 0, "TCP", 0, false},
		"cut transport":      {LinkEthernet, eth(0x0800, ip4(6, make([]byte, 20)))[:37], L4Short, "TCP", 0x0800, false},
		"bad offset":         {LinkEthernet, eth(0x0800, ip4(6, make([]byte, 20))), TCPBadOffset, "TCP", 0x0800, false},
		"ARP":                {LinkEthernet, eth(0x0806, arp), NonIP, "ARP", 0x0806, true},
		"ARP with a tag":     {LinkEthernet, eth(0x8100, vlan(5, 0x0806, arp)), NonIP, "ARP", 0x0806, true},
		"ARP, cut":           {LinkEthernet, eth(0x0806, arp[:20]), NonIP, "ARP", 0x0806, false},
		"RARP":               {LinkEthernet, eth(0x8035, arp), NonIP, "RARP", 0x8035, true},
		"LLDP":               {LinkEthernet, eth(0x88cc, arp), NonIP, "LLDP", 0x88cc, false},
		"unknown":            {LinkEthernet, eth(0x9999, arp), NonIP, "0x9999", 0x9999, false},
		"spanning tree":      {LinkEthernet, eth(38, cat(unhex("424203"), make([]byte, 35))), NonIP, "STP", 0, false},
		"link header is cut": {LinkEthernet, eth(0x0806, nil)[:13], L2Short, "", 0, false},
		"tag is cut":         {LinkEthernet, eth(0x8100, []byte{0}), L2Short, "", 0x8100, false},
		"bad IPv4":           {LinkEthernet, eth(0x0800, make([]byte, 20)), IPv4BadHeader, "", 0x0800, false},
		"bad in an A-MSDU":   {LinkIEEE80211, amsdu, IPv4BadHeader, "", 0x0800, false},
		"bad IPv6":           {LinkEthernet, eth(0x86dd, plain), IPv6BadHeader, "", 0x86dd, false},
		"unknown link":       {147, plain, UnknownLinkType, "", 0, false},
		"address family":     {LinkNull, cat(le32(99), plain), NonIP, "family/99", 0, false},
	} {
		var d Decoder
		var v Finding
		p := dirty(1)
		f := frameOf(c.link, c.data)
		ok := d.Examine(f, p, &v)
		if ok == c.why.Dropped() || v.Why != c.why || v.Protocol != c.protocol || v.EtherType != c.etherType {
			t.Errorf("%s: %t %v %q %#04x; want %v %q %#04x", name, ok, v.Why, v.Protocol, v.EtherType, c.why, c.protocol, c.etherType)
		}
		if a, ok := v.ARP(); ok != c.arp || ok && a.Sender().String() != "7.8.9.10" {
			t.Errorf("%s: ARP %t, %+v", name, ok, a)
		}
		if c.link == LinkEthernet && len(c.data) >= ethernetLen && (!p.Is(HasSrcMAC|HasDstMAC) || p.SrcMAC != macA) {
			t.Errorf("%s: no link addresses", name)
		}
		verify(t, f, DecapNone)
		verify(t, f, DecapInner)
	}
}

// TestExamineNoAllocations: of packets, and of frames without IP that have a name.
func TestExamineNoAllocations(t *testing.T) {
	var d Decoder
	var p Packet
	var v Finding
	for _, data := range [][]byte{eth(0x0800, plain), eth(0x0806, arpFor(1, 0x0800, 6, 4, 1)), eth(0x8100, vlan(5, 0x86dd, plain6))} {
		f := frameOf(LinkEthernet, data)
		if n := allocs.PerRun(t, 100, func() { d.Examine(f, &p, &v); v.ARP() }); n != 0 {
			t.Errorf("%x: %v allocations", data, n)
		}
	}
}

// TestARPOperation: the operation of a message is told where its fixed part is there, the message
// only where all of it is.
func TestARPOperation(t *testing.T) {
	whole := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 2, 10, 0, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 2}
	var d Decoder
	var p Packet
	var v Finding
	for n := range len(whole) + 1 {
		if d.Examine(&Frame{Data: whole[:n], Link: LinkEthernet}, &p, &v) {
			t.Fatal("a packet")
		}
		op, ok := v.ARPOperation()
		if want := n >= 22; ok != want || ok && op != 2 {
			t.Errorf("%d bytes: %d, %t", n, op, ok)
		}
		if _, ok := v.ARP(); ok != (n == len(whole)) {
			t.Errorf("%d bytes: a message: %t", n, ok)
		}
	}
}

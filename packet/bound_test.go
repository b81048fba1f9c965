package packet

import (
	"fmt"
	"testing"
)

// TestBounds: whatever length stands around the IP header, the payload ends where it ends, and
// the IP header's own length stays.
func TestBounds(t *testing.T) {
	const told = 60 // payload that the IP header tells of
	within := inside(6, tcp(nil, make([]byte, told)))
	for _, c := range []struct {
		name  string
		decap Decap
		link  uint16
		// frame puts n bytes of the packet within a length field that says so.
		frame func(n int) []byte
	}{
		{"802.3", DecapNone, LinkEthernet, func(n int) []byte { return eth(len(snap)+n, cat(snap, within)) }},
		{"pppoe", DecapNone, LinkEthernet, func(n int) []byte { return eth(0x8864, cat(unhex("1100 0007"), be16(2+n), unhex("0021"), within)) }},
		{"pppoe below a tag", DecapNone, LinkEthernet, func(n int) []byte {
			return eth(0x8100, vlan(5, 0x8864, cat(unhex("1100 0007"), be16(2+n), unhex("0021"), within)))
		}},
		{"ppp ether", DecapNone, LinkPPPEther, func(n int) []byte { return cat(unhex("1100 0007"), be16(2+n), unhex("0021"), within) }},
		{"ip in ip", DecapInner, LinkRaw, func(n int) []byte { return set(ip4(4, within), 2, be16(20+n)...) }},
		{"4in6", DecapInner, LinkRaw, func(n int) []byte { return set(ip6(4, within), 4, be16(n)...) }},
		{"gre in IP", DecapInner, LinkRaw, func(n int) []byte { return set(ip4(47, cat(unhex("0000 0800"), within)), 2, be16(24+n)...) }},
		{"vxlan in UDP", DecapInner, LinkRaw, func(n int) []byte {
			return ip4(17, set(udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0800, within))), 4, be16(8+8+14+n)...))
		}},
		{"vxlan in IP", DecapInner, LinkRaw, func(n int) []byte {
			return set(ip4(17, udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0800, within)))), 2, be16(20+8+8+14+n)...)
		}},
		{"gtp-u", DecapInner, LinkRaw, func(n int) []byte { return ip4(17, udp(9, 2152, cat(gtp(0x30, 255, n), within))) }},
		{"l2tp", DecapInner, LinkRaw, func(n int) []byte {
			return ip4(17, udp(9, 1701, cat(unhex("4002"), be16(8+2+n), unhex("0001 0002 0021"), within)))
		}},
		{"pptp", DecapInner, LinkRaw, func(n int) []byte {
			return ip4(47, cat(unhex("2001 880b"), be16(1+n), unhex("0007 21"), within))
		}},
		{"the outer of two", DecapInner, LinkRaw, func(n int) []byte { return set(ip4(4, ip4(4, within)), 2, be16(40+n)...) }},
	} {
		for _, room := range []int{len(within) + 7, len(within), len(within) - 1, len(within) - told + 1, len(within) - told, len(within) - told - 5} {
			f := frameOf(c.link, c.frame(room))
			var d Decoder
			d.Decap = c.decap
			var p Packet
			if !d.Decode(f, &p) {
				t.Errorf("%s, room for %d of %d: not decoded", c.name, room, len(within))
				continue
			}
			want := uint32(max(min(room-40, told), 0))
			if c.name == "gtp-u" && room > len(within) {
				continue // longer than its datagram, it stays closed
			}
			if p.SrcAddr().String() != "192.168.0.1" || p.TotalLen != uint32(len(within)) || p.PayloadLen != want || len(p.Payload) != int(want) || room >= 40 && !p.Is(HasTCP) {
				t.Errorf("%s, room for %d of %d: total %d, payload %d (%d captured); want %d", c.name, room, len(within), p.TotalLen, p.PayloadLen, len(p.Payload), want)
			}
			if beyond := d.Counts.Of(IPLenExceedsWire) > 0; room <= len(within) && beyond != (room < len(within)) {
				t.Errorf("%s, room for %d of %d: counted %v", c.name, room, len(within), beyond)
			}
			verifyPrefixes(t, c.link, f.Data)
		}
	}
}

// TestVoidBounds: a length that has no room for the IP header bounds nothing.
func TestVoidBounds(t *testing.T) {
	for _, n := range []int{0, 2, 21} {
		got := decode(LinkEthernet, DecapNone, eth(0x8864, cat(unhex("1100 0007"), be16(n), unhex("0021"), inside(17, udp(1, 2, make([]byte, 9))))))
		if want := "17 192.168.0.1:1>192.168.0.2:2 37/9 mac=ab type=8864 pppoe:7"; got != want {
			t.Errorf("length %d:\n got %s\nwant %s", n, got, want)
		}
	}
}

// TestBoundsOfFragments: the fragment that begins a datagram ends before what is in it does;
// its own length bounds nothing inside, but UDP's does.
func TestBoundsOfFragments(t *testing.T) {
	first := func(b []byte) []byte { return set(b, 6, 0x20, 0) }
	long := set(inside(17, set(udp(1, 2, make([]byte, 9)), 4, be16(208)...)), 2, be16(228)...) // says more than there is
	for _, c := range []struct {
		name string
		data []byte
		want uint32
	}{
		{"ip in ip", first(ip4(4, long)), 200},
		{"vxlan", first(ip4(17, set(udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0800, long))), 4, be16(8+8+14+228)...))), 200},
		{"vxlan that ends before", first(ip4(17, set(udp(9, 4789, cat(unhex("08000000 00000700"), coreEth(0x0800, long))), 4, be16(8+8+14+128)...))), 100},
	} {
		d := Decoder{Decap: DecapInner}
		var p Packet
		if !d.Decode(frameOf(LinkRaw, c.data), &p) || p.TotalLen != 228 || p.PayloadLen != c.want {
			t.Errorf("%s: %s; want payload %d", c.name, show(&d, &p, true), c.want)
		}
	}
}

// TestBoundsOfCutHeaders: where a header was cut, the payload that the header tells of is
// bounded all the same.
func TestBoundsOfCutHeaders(t *testing.T) {
	for proto, transport := range map[int][]byte{6: tcp(timestamps, make([]byte, 50)), 17: udp(1, 2, make([]byte, 50)), 1: make([]byte, 58), 132: make([]byte, 50)} {
		frame := eth(0x8864, cat(unhex("1100 0007"), be16(2+20+len(transport)-10), unhex("0021"), inside(proto, transport)))
		whole := ""
		for n := len(frame); n >= 14+8+20+16; n-- {
			var d Decoder
			var p Packet
			f := frameOf(LinkEthernet, frame[:n:n])
			f.Wire = uint32(len(frame))
			d.Decode(f, &p)
			got := fmt.Sprint(p.TotalLen, p.PayloadLen)
			if whole == "" {
				whole = got
			}
			if got != whole {
				t.Errorf("protocol %d, %d bytes captured: total and payload %s; of the whole frame %s", proto, n, got, whole)
			}
		}
	}
}

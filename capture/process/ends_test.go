package process

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"pinyon/internal/gen"
	"pinyon/packet"
)

func frameOf(link uint16, data []byte) *packet.Frame {
	return &packet.Frame{Data: data, Wire: uint32(len(data)), Link: link}
}

// TestQuoted: the message of an ICMP error belongs to the packet that it quotes, of which eight
// bytes behind the IP header are enough.
func TestQuoted(t *testing.T) {
	a := &gen.Host{Addr: netip.MustParseAddr("192.0.2.1"), Port: 1000, TTL: 64}
	b := &gen.Host{Addr: netip.MustParseAddr("198.51.100.1"), Port: 53, TTL: 64}
	quoted := (&gen.TCP{IP: gen.IP{Src: a, Dst: b}, Flags: 2}).Append(nil)[14:][:28]
	ip := make([]byte, 20)
	copy(ip, []byte{0x45, 0, 0, byte(28 + len(quoted)), 0, 0, 0, 0, 64, packet.ProtoICMP, 0, 0, 203, 0, 113, 9, 192, 0, 2, 1})
	for typ, want := range map[byte]bool{3: true, 11: true, 8: false, 0: false} {
		data := append(append(ip[:20:20], typ, 1, 0, 0, 0, 0, 0, 0), quoted...)
		var d decoder
		var e ends
		if ok := d.read(frameOf(packet.LinkRaw, data), &e); ok != want {
			t.Errorf("type %d: %v", typ, ok)
		} else if ok && (e.src != at("192.0.2.1:1000") || e.dst != at("198.51.100.1:53") || e.proto != packet.ProtoTCP || e.fresh) {
			t.Errorf("type %d: %+v", typ, e)
		}
	}
}

// TestFragments: later fragments belong to whom their first one belongs.
func TestFragments(t *testing.T) {
	whole := datagram(here, peer, 1)
	fragment := func(id, offset uint16, more bool) *packet.Frame {
		f := append([]byte(nil), whole...)
		binary.BigEndian.PutUint16(f[14+4:], id)
		flags := offset / 8
		if more {
			flags |= 0x2000
		}
		binary.BigEndian.PutUint16(f[14+6:], flags)
		return frameOf(packet.LinkEthernet, f)
	}
	var d decoder
	var e ends
	for id := range uint16(5) {
		d.read(fragment(id, 0, true), &e)
	}
	for id := range uint16(6) {
		want := e.src
		if id == 5 {
			want.port = 0 // its first fragment never came
		}
		if !d.read(fragment(id, 1480, false), &e) || e.src != want && id < 5 || id == 5 && e.src.port != 0 {
			t.Errorf("fragment of %d: %+v", id, e)
		}
	}
}

// FuzzEnds: any bytes are read without harm, and the ends of a packet and of its answer are one
// pair.
func FuzzEnds(f *testing.F) {
	f.Add(datagram(here, peer, 1))
	f.Add(datagram("[2001:db8::1]:1", "[2001:db8::2]:2", 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d decoder
		var e ends
		if !d.read(frameOf(packet.LinkEthernet, data), &e) {
			return
		}
		p, i := pairOf(e.src, e.dst, e.proto)
		q, j := pairOf(e.dst, e.src, e.proto)
		if p != q || p.ends[i] != e.src || q.ends[j] != e.dst {
			t.Errorf("%+v: %+v at %d, %+v at %d", e, p, i, q, j)
		}
	})
}

package groups_test

import (
	"encoding/binary"
	"testing"

	"pinyon/packet"
)

// ipv4 is a LINKTYPE_RAW packet between two hosts; frag is its word of flags and offset.
func ipv4(reply bool, proto byte, frag uint16, b ...[]byte) packet.Frame {
	n := 20
	for _, part := range b {
		n += len(part)
	}
	data := append([]byte{0x45, 0}, binary.BigEndian.AppendUint16(nil, uint16(n))...)
	data = binary.BigEndian.AppendUint16(append(data, 0, 9), frag)
	data = append(data, 64, proto, 0, 0)
	ends := [2][]byte{{10, 0, 0, 1}, {10, 0, 0, 2}}
	if reply {
		ends[0], ends[1] = ends[1], ends[0]
	}
	data = append(append(data, ends[0]...), ends[1]...)
	for _, part := range b {
		data = append(data, part...)
	}
	return packet.Frame{Data: data, Wire: uint32(len(data)), Link: packet.LinkRaw, TS: 100e9}
}

func ipv6(next byte, b ...[]byte) packet.Frame {
	f := ipv4(false, 0, 0, b...)
	data := append([]byte{0x60, 0, 0, 0}, binary.BigEndian.AppendUint16(nil, uint16(len(f.Data)-20))...)
	data = append(data, next, 64)
	data = append(data, make([]byte, 15)...)
	data = append(data, 1)
	data = append(data, make([]byte, 15)...)
	data = append(append(data, 2), f.Data[20:]...)
	f.Data, f.Wire = data, uint32(len(data))
	return f
}

// authenticated is an AH of 24 bytes before next.
func authenticated(next byte) []byte { return append([]byte{next, 4}, make([]byte, 22)...) }

func udpOf(sport, dport, n int) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(sport))
	b = binary.BigEndian.AppendUint16(b, uint16(dport))
	b = binary.BigEndian.AppendUint16(b, uint16(8+n))
	return append(b, make([]byte, 2+n)...)
}

func esp(spi uint32) []byte {
	return append(binary.BigEndian.AppendUint32(nil, spi), make([]byte, 28)...)
}

// TestBehindAH: what lies behind AH is the flow, over both IP versions, and its fragments are
// among it; the rule of VPNs asks whether AH was passed.
func TestBehindAH(t *testing.T) {
	want := map[string]any{"protocol": 17, "src_port": 1000, "dst_port": 2000, "vpn_confidence": 0.9, "vpn_type": "ipsec-ah"}
	for name, frames := range map[string][]packet.Frame{
		"IPv4":       {ipv4(false, 51, 0, authenticated(17), udpOf(1000, 2000, 5)), ipv4(true, 51, 0, authenticated(17), udpOf(2000, 1000, 5))},
		"IPv6":       {ipv6(51, authenticated(17), udpOf(1000, 2000, 5))},
		"fragments":  {ipv4(false, 51, 0x2000, authenticated(17), udpOf(1000, 2000, 200)), ipv4(false, 51, 20, make([]byte, 80))},
		"half of it": {ipv4(false, 17, 0, udpOf(1000, 2000, 5)), ipv4(true, 51, 0, authenticated(17), udpOf(2000, 1000, 5))},
	} {
		rs := rows(t, options(), frames)
		if len(rs) != 1 {
			t.Errorf("%s: %d flows", name, len(rs))
			continue
		}
		check(t, name, rs[0], want)
	}
	check(t, "none", rows(t, options(), []packet.Frame{ipv4(false, 17, 0, udpOf(1000, 2000, 5))})[0], map[string]any{"vpn_type": "", "vpn_confidence": 0})
}

func TestESPIndices(t *testing.T) {
	o := options()
	o.Groups = []string{"all", "extra"}
	o.Nulls = true
	for _, c := range []struct {
		name   string
		frames []packet.Frame
		want   map[string]any
	}{
		{"both ways", []packet.Frame{ipv4(false, 50, 0, esp(7)), ipv4(true, 50, 0, esp(0xfffffffe)), ipv4(false, 50, 0, esp(7))},
			map[string]any{"protocol": 50, "esp_spi_fwd": 7, "esp_spi_bwd": 0xfffffffe, "esp_spi_changes": 0, "vpn_type": "ipsec-esp"}},
		{"new keys", []packet.Frame{ipv4(false, 50, 0, esp(7)), ipv4(false, 50, 0, esp(8)), ipv4(false, 50, 0, esp(8)), ipv4(false, 50, 0, esp(7))},
			map[string]any{"esp_spi_fwd": 7, "esp_spi_bwd": nil, "esp_spi_changes": 2}},
		{"behind AH", []packet.Frame{ipv4(false, 51, 0, authenticated(50), esp(9))}, map[string]any{"protocol": 50, "esp_spi_fwd": 9}},
		{"not ESP", []packet.Frame{ipv4(false, 17, 0, udpOf(1, 2, 20))}, map[string]any{"protocol": 17, "esp_spi_fwd": nil, "esp_spi_changes": nil}},
		{"a later fragment", []packet.Frame{ipv4(false, 50, 20, esp(7))}, map[string]any{"protocol": 50, "esp_spi_fwd": nil}},
	} {
		rs := rows(t, o, c.frames)
		if len(rs) != 1 {
			t.Errorf("%s: %d flows", c.name, len(rs))
			continue
		}
		check(t, c.name, rs[0], c.want)
	}
}

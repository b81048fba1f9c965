package vectors

import (
	"encoding/binary"
	"testing"
	"time"

	"pinyon/packet"
)

// lengths reads the lengths and flags straight from the bytes, so that the vectors do not
// lean on the decoder they are used to test.
func lengths(data []byte) (total, payload int, flags byte) {
	ip := data[14:]
	total = int(binary.BigEndian.Uint16(ip[2:]))
	if ip[9] == packet.ProtoUDP {
		return total, int(binary.BigEndian.Uint16(ip[24:])) - 8, 0
	}
	return total, total - 20 - int(ip[32]>>4)*4, ip[33]
}

func TestV1x(t *testing.T) {
	want := []struct {
		us             int64
		total, payload int
		flags          byte
	}{
		{0, 60, 0, 0x02}, {20000, 60, 0, 0x12}, {21000, 52, 0, 0x10}, {25000, 569, 517, 0x18},
		{45000, 1500, 1448, 0x10}, {45200, 1500, 1448, 0x10}, {46000, 52, 0, 0x10},
		{150000, 585, 533, 0x18}, {170000, 585, 533, 0x18}, {470000, 252, 200, 0x18},
		{471000, 52, 0, 0x11}, {490000, 52, 0, 0x11}, {491000, 52, 0, 0x10},
	}
	got := V1x()
	if len(got) != len(want) {
		t.Fatalf("got %d frames; want %d", len(got), len(want))
	}
	for i, w := range want {
		f := got[i]
		total, payload, flags := lengths(f.Data)
		if total != w.total || payload != w.payload || flags != w.flags {
			t.Errorf("packet %d: got total %d, payload %d, flags %#x; want %+v", i+1, total, payload, flags, w)
		}
		if at := time.Duration(f.TS - Base).Microseconds(); at != w.us || f.Number != uint64(i+1) || f.Link != 1 {
			t.Errorf("packet %d: got %d µs, number %d, link type %d", i+1, at, f.Number, f.Link)
		}
		if int(f.Wire) != len(f.Data) || len(f.Data) != 14+w.total {
			t.Errorf("packet %d: got %d bytes, wire %d", i+1, len(f.Data), f.Wire)
		}
	}
	// The sequence space each side consumed: SYN, data, FIN.
	last := got[12].Data[34:]
	if seq, ack := binary.BigEndian.Uint32(last[4:]), binary.BigEndian.Uint32(last[8:]); seq != 1000+1+1050+1 || ack != 5000+1+3629+1 {
		t.Errorf("last packet: got seq %d, ack %d", seq, ack)
	}
}

func TestV2V3(t *testing.T) {
	v2 := V2()
	if total, payload, _ := lengths(v2[0].Data); len(v2) != 1 || total != 78 || payload != 50 {
		t.Errorf("V2: got %d frames, total %d, payload %d", len(v2), total, payload)
	}
	v3 := V3()
	if len(v3) != 5 {
		t.Fatalf("V3: got %d frames", len(v3))
	}
	for i, f := range v3 {
		total, payload, flags := lengths(f.Data)
		if total != 586 || payload != 534 || flags != 0x18 || f.TS != Base+int64(i)*int64(100*time.Millisecond) {
			t.Errorf("V3 packet %d: got total %d, payload %d, flags %#x, time %d", i+1, total, payload, flags, f.TS)
		}
	}
}

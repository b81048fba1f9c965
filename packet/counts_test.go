package packet

import (
	"maps"
	"testing"

	"pinyon/internal/allocs"
)

func TestReasons(t *testing.T) {
	want := []string{"unknown_linktype", "l2_short", "non_ip", "ipv4_bad_header", "ipv6_bad_header", "encap_depth",
		"ext_header_bad", "l4_short", "tcp_bad_offset", "tunnel_depth", "tunnel_fragment", "ip_len_exceeds_wire", "snaplen_cut", "amsdu_subframes"}
	var c Counts
	i := 0
	for r := range c.All() {
		if i == len(want) || r.String() != want[i] || r.Dropped() != (i < 6) {
			t.Errorf("reason %d is %q, dropped %v", i, r, r.Dropped())
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d reasons, want %d", i, len(want))
	}
	if NumReasons.String() != "" || readable.Dropped() || c.Of(NumReasons) != 0 {
		t.Error("values outside the list have a name, or count")
	}
}

func TestCountsAdd(t *testing.T) {
	var a, b Decoder
	var p Packet
	a.Decode(frameOf(LinkRaw, plain), &p)
	a.Decode(frameOf(LinkEthernet, eth(0x0806, nil)), &p)
	a.Decode(frameOf(LinkRaw, nil), &p)
	b.Decode(frameOf(LinkEthernet, eth(0x0806, nil)), &p)
	b.Decode(frameOf(LinkEthernet, eth(0x88cc, nil)), &p)
	a.Counts.Add(&b.Counts)
	if a.Counts.Dropped() != 4 || a.Counts.Of(NonIP) != 3 || a.Counts.Of(L2Short) != 1 {
		t.Errorf("%+v", a.Counts)
	}
	if got := maps.Collect(a.Counts.NonIP()); len(got) != 2 || got["0x0806"] != 2 || got["0x88cc"] != 1 {
		t.Error(got)
	}
}

// TestNonIPBound: more kinds than there is room for go to one line.
func TestNonIPBound(t *testing.T) {
	var d, e Decoder
	var p Packet
	for typ := range 1000 {
		d.Decode(frameOf(LinkEthernet, eth(0x9300+typ, nil)), &p)
		e.Decode(frameOf(LinkEthernet, eth(0x9300+999-typ, nil)), &p)
	}
	d.Counts.Add(&e.Counts)
	var sum, lines uint64
	for _, n := range d.Counts.NonIP() {
		sum += n
		lines++
	}
	if sum != 2000 || lines != 65 {
		t.Errorf("%d frames in %d lines", sum, lines)
	}
}

func TestAllocs(t *testing.T) {
	var frames []*Frame
	for _, tt := range tunnels {
		frames = append(frames, frameOf(LinkRaw, tt.data))
	}
	for link := range uint16(300) {
		frames = append(frames, frameOf(link, eth(0x0800, plain)), frameOf(link, cat(dot11("0801"), snap, plain)))
	}
	d := Decoder{Decap: DecapInner}
	p := new(Packet)
	kinds, sack := make([]byte, 0, 40), make([][2]uint32, 0, 5)
	if n := allocs.PerRun(t, 100, func() {
		for _, f := range frames {
			d.Decode(f, p)
			kinds, sack = p.OptionKinds(kinds[:0]), p.SACK(sack[:0])
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package groups

import (
	"strings"
	"testing"

	"pinyon/flow"
	"pinyon/packet"
)

func synOf(flags uint16, dir int, options ...byte) *flow.Obs {
	return &flow.Obs{Packet: &packet.Packet{Has: packet.HasTCP, Proto: packet.ProtoTCP, TCPFlags: flags, Options: options}, Dir: dir}
}

func TestSYNOptions(t *testing.T) {
	const both = packet.SYN | packet.ACK
	for _, c := range []struct {
		name        string
		segments    []*flow.Obs
		syn, synack string
	}{
		{"none", nil, "", ""},
		{"no options", []*flow.Obs{synOf(packet.SYN, 0), synOf(both, 1)}, "", ""},
		{"usual", []*flow.Obs{
			synOf(packet.SYN, 0, 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7),
			synOf(both, 1, 2, 4, 5, 180),
		}, "2-4-8-1-3", "2"},
		{"each end of list", []*flow.Obs{synOf(packet.SYN, 0, 2, 4, 5, 180, 1, 3, 3, 6, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 4, 2, 0, 0)}, "2-1-3-1-1-8-4-0-0", ""},
		{"padding that is not zero", []*flow.Obs{synOf(packet.SYN, 0, 1, 0, 0, 7)}, "1-0-0", ""},
		{"bad length", []*flow.Obs{synOf(packet.SYN, 0, 1, 2, 1, 0)}, "1", ""},
		{"first of each", []*flow.Obs{synOf(both, 0, 1, 1, 1, 1), synOf(packet.SYN, 1), synOf(packet.SYN, 1, 4, 2, 1, 1), synOf(both, 1, 4, 2, 1, 1)}, "", "1-1-1-1"},
		{"as many as fit", []*flow.Obs{synOf(packet.SYN, 0, make([]byte, 40)...)}, "0" + strings.Repeat("-0", 39), ""},
	} {
		m := NewMemory(&Plan{})
		var h synOptions
		for _, o := range c.segments {
			h.update(m, o)
		}
		var r Row
		r.synKinds.finish(m, &h)
		for i, want := range []string{c.syn, c.synack} {
			got, ok := synExtra[i].text(nil, &r)
			if string(got) != want || ok != (want != "") {
				t.Errorf("%s: %s = %q, %v; want %q", c.name, synExtra[i].Name, got, ok, want)
			}
		}
		if n := m.tcpPools.syns.Live(); n != 0 {
			t.Errorf("%s: %d objects left", c.name, n)
		}
	}
}

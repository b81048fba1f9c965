package capture

import (
	"encoding/hex"
	"strings"
	"testing"

	"pinyon/packet"
)

// TestPacketSummary: a packet reused says what the frame at hand is, decoded before or not.
func TestPacketSummary(t *testing.T) {
	p := NewPacket(&packet.Decoder{})
	for _, c := range []struct{ frame, want string }{
		{"450000240000000040110000 0a000001 0a000002 00350035 00100000 0011223344556677", "IP 10.0.0.1.53 > 10.0.0.2.53: UDP, length 8"},
		{"50", "IP version 5, length 1"},
	} {
		data, err := hex.DecodeString(strings.ReplaceAll(c.frame, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		p.Frame = packet.Frame{Data: data, Wire: uint32(len(data)), Link: packet.LinkRaw}
		p.Reset()
		for range 2 {
			if got := p.Summary(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		}
	}
}

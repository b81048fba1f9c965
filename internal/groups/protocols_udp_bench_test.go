package groups

import (
	"testing"

	"pinyon/packet"
)

// BenchmarkDatagrams: what the parsers cost a datagram that none of them knows: bulk of a
// flow that is nothing, of one whose first bytes look like a long header of QUIC, and of
// QUIC's short headers that never followed a handshake.
func BenchmarkDatagrams(b *testing.B) {
	for name, first := range map[string]byte{"plain": 0x24, "long": 0x90, "short": 0x41} {
		b.Run("payload="+name, func(b *testing.B) {
			t := newTCPRun(b, false, "all", "extra")
			t.entry.Key.Proto = packet.ProtoUDP
			p := packet.Packet{Proto: packet.ProtoUDP, Has: packet.HasTransport | packet.HasPorts, SrcPort: 40000, DstPort: 443, Payload: make([]byte, 1200), PayloadLen: 1200}
			for i := range p.Payload {
				p.Payload[i] = first + byte(i*7)
			}
			t.packet(0, &p)
			s := &t.entry.State.protocol
			b.ReportAllocs()
			for b.Loop() {
				s.update(t.mem, &t.obs)
			}
		})
	}
}

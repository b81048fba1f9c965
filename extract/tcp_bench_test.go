package extract

import (
	"testing"
	"unsafe"

	"pinyon/flow"
	"pinyon/packet"
)

// TestTCPStateSize holds what one flow costs in all TCP groups.
func TestTCPStateSize(t *testing.T) {
	var s State
	size := unsafe.Sizeof(s.tcp) + unsafe.Sizeof(s.seq) + unsafe.Sizeof(s.window) + unsafe.Sizeof(s.option) +
		unsafe.Sizeof(s.mptcp) + unsafe.Sizeof(s.rtt) + unsafe.Sizeof(s.finger)
	t.Logf("tcp %d, sequence %d, window %d, options %d, mptcp %d, rtt %d, fingerprint %d: %d bytes",
		unsafe.Sizeof(s.tcp), unsafe.Sizeof(s.seq), unsafe.Sizeof(s.window), unsafe.Sizeof(s.option),
		unsafe.Sizeof(s.mptcp), unsafe.Sizeof(s.rtt), unsafe.Sizeof(s.finger), size)
	if size > 640 {
		t.Errorf("TCP groups take %d bytes a flow, want at most 640", size)
	}
}

// A stream makes the segments of a download that never ends: two full segments and their ACK,
// with timestamps.
type stream struct {
	i     int
	next  uint32
	tick  uint32
	p     packet.Packet
	delay uint32 // segments between payload and its ACK
	lossy bool   // one segment in 50 comes late
}

func (s *stream) step(t *tcpRun) {
	const mss = 1448
	p, dir := &s.p, flow.Bwd
	p.TS += 10e3
	s.tick++
	now := s.tick / 100 // 1 ms
	p.Has = packet.HasTCP | packet.HasTimestamp | packet.HasOption
	p.TCPFlags, p.Window = packet.ACK, 502
	if s.i++; s.i%3 == 0 {
		dir = flow.Fwd
		p.Seq, p.Ack, p.PayloadLen = 1000, s.next-s.delay*mss, 0
		p.TSval, p.TSecr = 7000+now, 9000+(s.tick-s.delay)/100
	} else {
		p.Seq, p.Ack, p.PayloadLen = s.next, 1000, mss
		if s.lossy && s.i%50 == 0 {
			p.Seq += mss
		} else if s.lossy && s.i%50 == 1 {
			p.Seq -= mss
		}
		s.next += mss
		p.TSval, p.TSecr = 9000+now, 7000+now
	}
	t.packet(dir, p)
}

func BenchmarkUpdateTCP(b *testing.B) {
	for _, c := range []struct {
		name   string
		groups []string
		stream stream
	}{
		{"flow=bulk", tcpGroups, stream{}},
		{"flow=bulk/delay=200", tcpGroups, stream{delay: 200}},
		{"flow=bulk/lossy", tcpGroups, stream{lossy: true, delay: 20}},
		{"flow=bulk/groups=tcp", tcpGroups[:1], stream{}},
		{"flow=bulk/groups=tcp_sequence", tcpGroups[1:2], stream{}},
		{"flow=bulk/groups=tcp_window", tcpGroups[2:3], stream{}},
		{"flow=bulk/groups=tcp_options", tcpGroups[3:4], stream{}},
		{"flow=bulk/groups=tcp_rtt", tcpGroups[5:6], stream{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			t, s := newTCPRun(b, false, c.groups...), c.stream
			b.ReportAllocs()
			for b.Loop() {
				s.step(t)
			}
		})
	}
}

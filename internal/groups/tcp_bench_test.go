package groups

import (
	"fmt"
	"testing"
	"unsafe"

	"pinyon/flow"
	"pinyon/internal/allocs"
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

// A download makes the segments of a download that never ends: two full segments and their ACK,
// with timestamps.
type download struct {
	i     int
	next  uint32
	tick  uint32
	p     packet.Packet
	delay uint32 // segments between payload and its ACK
	lossy bool   // one segment in 50 comes late
}

func (s *download) step(t *tcpRun) {
	const mss = 1448
	p, dir := &s.p, flow.Bwd
	p.TS += 10e3
	s.tick++
	now := s.tick / 100 // 1 ms
	p.Has = packet.HasTCP | packet.HasTimestamp | packet.HasOption
	p.Proto, p.TCPFlags, p.Window = packet.ProtoTCP, packet.ACK, 502
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

// TestTCPAllocs: nothing is allocated a packet, in a flow with loss, nor a flow.
func TestTCPAllocs(t *testing.T) {
	run, s := newTCPRun(t, false), download{lossy: true, delay: 200}
	for range 20_000 {
		s.step(run)
	}
	if n := allocs.PerRun(t, 1000, func() { s.step(run) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	ps := exchange()
	row := new(Row)
	if n := allocs.PerRun(t, 100, func() {
		for i := range ps {
			run.packet(ps[i].dir, &ps[i].p)
		}
		row.Fill(run.mem, &run.entry, 1, 0)
		run.reset()
	}); n != 0 {
		t.Errorf("%v allocations a flow", n)
	}
}

type directed struct {
	dir int
	p   packet.Packet
}

// exchange is a connection of 16 packets: handshake, a request with a longer answer, a second
// exchange, close.
func exchange() []directed {
	script := []struct {
		dir   int
		flags uint16
		n     uint32
	}{
		{0, syn, 0}, {1, synAck, 0}, {0, ack, 0}, {0, psh | ack, 517}, {1, ack, 0}, {1, ack, 1448}, {1, ack, 1448}, {0, ack, 0},
		{1, psh | ack, 900}, {0, ack, 0}, {0, psh | ack, 300}, {1, psh | ack, 700}, {0, ack, 0}, {0, fin | ack, 0}, {1, fin | ack, 0}, {0, ack, 0},
	}
	next := [2]uint32{1000, 5000}
	ticks := [2]uint32{100, 900}
	var ds []directed
	for i, s := range script {
		p := packet.Packet{
			TS: int64(i) * 5e6, Proto: packet.ProtoTCP, IPVersion: 4, TTL: 64,
			Has:      packet.HasTCP | packet.HasTimestamp | packet.HasOption,
			TCPFlags: s.flags, Seq: next[s.dir], PayloadLen: s.n, Window: 502, TSecr: ticks[1-s.dir],
		}
		if s.flags&ack != 0 {
			p.Ack = next[1-s.dir]
		}
		if s.flags&syn != 0 {
			p.Has |= packet.HasMSS | packet.HasWindowScale | packet.HasSACKPermitted
			p.MSS, p.WindowScale = 1460, 7
			p.Options = []byte{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7}
		}
		ticks[s.dir] += 5
		p.TSval = ticks[s.dir]
		next[s.dir] += s.n
		if s.flags&(syn|fin) != 0 {
			next[s.dir]++
		}
		ds = append(ds, directed{s.dir, p})
	}
	return ds
}

// BenchmarkTCPFlows is connections of 16 packets, many at a time, a packet of each in turn.
func BenchmarkTCPFlows(b *testing.B) {
	for _, flows := range []int{1, 1000, 100_000} {
		for _, groups := range [][]string{tcpGroups, {"tcp"}} {
			b.Run(fmt.Sprintf("flows=%d/groups=%d", flows, len(groups)), func(b *testing.B) {
				t := newTCPRun(b, false, groups...)
				ps := exchange()
				entries := make([]flow.Entry[State], flows)
				row := new(Row)
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					for i := range ps {
						for k := range entries {
							e := &entries[k]
							t.obs = flow.Obs{Packet: &ps[i].p, Dir: ps[i].dir, Time: ps[i].p.TS, Gap: 5e6, Index: i}
							e.State.Update(t.mem, &t.obs)
						}
					}
					for k := range entries {
						row.Fill(t.mem, &entries[k], 1, 0)
						entries[k].State = State{}
					}
					n += flows * len(ps)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/packet")
			})
		}
	}
}

func BenchmarkUpdateTCP(b *testing.B) {
	for _, c := range []struct {
		name     string
		groups   []string
		download download
	}{
		{"flow=bulk", tcpGroups, download{}},
		{"flow=bulk/groups=none", []string{"flow_meta"}, download{}},
		{"flow=bulk/delay=200", tcpGroups, download{delay: 200}},
		{"flow=bulk/lossy", tcpGroups, download{lossy: true, delay: 20}},
		{"flow=bulk/groups=tcp", tcpGroups[:1], download{}},
		{"flow=bulk/groups=tcp_sequence", tcpGroups[1:2], download{}},
		{"flow=bulk/groups=tcp_window", tcpGroups[2:3], download{}},
		{"flow=bulk/groups=tcp_options", tcpGroups[3:4], download{}},
		{"flow=bulk/groups=tcp_rtt", tcpGroups[5:6], download{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			t, s := newTCPRun(b, false, c.groups...), c.download
			b.ReportAllocs()
			for b.Loop() {
				s.step(t)
			}
		})
	}
}

package groups

import (
	"testing"
)

const ms = 1000 // of segment.us

func TestHandshake(t *testing.T) {
	s := segment{flags: syn, seq: 100}
	sa := segment{dir: 1, us: 10 * ms, flags: synAck, seq: 500, ack: 101}
	a := segment{us: 11 * ms, flags: ack, seq: 101, ack: 501}
	at := func(s segment, us int64) segment { s.us = us; return s }
	set := func(s segment, f func(*segment)) segment { f(&s); return s }
	tests := []struct {
		name string
		in   []segment
		want any
	}{
		{"three steps", []segment{s, sa, a}, 0.011},
		{"no third step", []segment{s, sa}, 0.02},
		{"SYN alone", []segment{s}, nil},
		{"SYN-ACK alone", []segment{sa, a}, nil},
		{"flow begins with the SYN-ACK", []segment{{flags: synAck, seq: 500, ack: 101}, {dir: 1, us: ms, flags: ack, seq: 101, ack: 501}}, nil},
		{"SYN again", []segment{s, at(s, 1000*ms), at(sa, 1020*ms), at(a, 1021*ms)}, 0.021},
		{"SYN again after the SYN-ACK", []segment{s, sa, at(s, 15*ms), at(a, 20*ms)}, 0.02},
		{"SYN-ACK again", []segment{s, sa, at(sa, 1010*ms), at(a, 1012*ms)}, 0.012},
		{"another SYN-ACK", []segment{s, sa, set(at(sa, 15*ms), func(s *segment) { s.seq = 7 }), at(a, 20*ms)}, 0.02},
		{"SYN-ACK of another SYN", []segment{s, set(sa, func(s *segment) { s.ack = 77 }), at(sa, 30*ms), at(a, 31*ms)}, 0.031},
		{"RST-ACK is no third step", []segment{s, sa, set(a, func(s *segment) { s.flags |= rst })}, 0.02},
		{"no ACK flag", []segment{s, sa, set(a, func(s *segment) { s.flags = psh }), at(a, 15*ms)}, 0.015},
		{"ACK number too low", []segment{s, sa, set(a, func(s *segment) { s.ack = 500 }), at(a, 15*ms)}, 0.015},
		{"ACK number beyond", []segment{s, sa, set(a, func(s *segment) { s.ack = 900 })}, 0.011},
		{"SYN with RST", []segment{set(s, func(s *segment) { s.flags |= rst }), sa, a}, nil},
		{"SYN with payload", []segment{set(s, func(s *segment) { s.n = 10 }), set(sa, func(s *segment) { s.ack = 111 }), a}, 0.011},
		{"SYN with payload, part acknowledged", []segment{set(s, func(s *segment) { s.n = 10 }), set(sa, func(s *segment) { s.ack = 105 }), a}, 0.011},
		{"more than the payload acknowledged", []segment{set(s, func(s *segment) { s.n = 10 }), set(sa, func(s *segment) { s.ack = 112 }), a}, nil},
		{"over the wrap", []segment{set(s, func(s *segment) { s.seq = 4294967295 }), set(sa, func(s *segment) { s.seq, s.ack = 4294967295, 0 }), set(a, func(s *segment) { s.ack = 0 })}, 0.011},
		{"port reuse: the first counts", []segment{s, sa, a, set(at(s, 5000*ms), func(s *segment) { s.seq = 9000 }), set(at(sa, 5100*ms), func(s *segment) { s.ack = 9001 }), at(a, 5101*ms)}, 0.011},
	}
	for _, tt := range tests {
		if got := tcpNulls(t, tt.in...)["tcp_rtt_handshake"]; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestEchoSamples(t *testing.T) {
	// d is payload with a timestamp, e an ACK with an echo.
	d := func(us int64, seq, val uint32) segment {
		return segment{us: us, flags: psh, seq: seq, n: 10, edit: stamped(val, 0)}
	}
	e := func(us int64, ackNo, ecr uint32) segment {
		return segment{dir: 1, us: us, flags: ack, ack: ackNo, edit: stamped(1, ecr)}
	}
	with := func(s segment, flags uint16) segment { s.flags = flags; return s }
	tests := []struct {
		name     string
		in       []segment
		n        int
		min, max float64
	}{
		{"one", []segment{d(0, 1, 50), e(20*ms, 11, 50)}, 1, 0.02, 0.02},
		{"no progress", []segment{d(0, 1, 50), e(20*ms, 11, 50), e(30*ms, 11, 50), e(40*ms, 5, 50)}, 1, 0.02, 0.02},
		{"from the first segment with the tick", []segment{d(0, 1, 50), d(5*ms, 11, 50), e(20*ms, 21, 50)}, 1, 0.02, 0.02},
		{"an ACK's tick does not count", []segment{with(segment{seq: 1, edit: stamped(50, 0)}, ack), d(5*ms, 1, 50), e(20*ms, 11, 50)}, 1, 0.015, 0.015},
		{"SYN and FIN do", []segment{{flags: syn, seq: 0, edit: stamped(50, 0)}, e(20*ms, 1, 50), {us: 30 * ms, flags: fin, seq: 1, edit: stamped(60, 0)}, e(40*ms, 2, 60)}, 2, 0.01, 0.02},
		{"echo of 0", []segment{d(0, 1, 0), e(20*ms, 11, 0)}, 0, 0, 0},
		{"unknown echo", []segment{d(0, 1, 50), e(20*ms, 11, 51)}, 0, 0, 0},
		{"no ACK flag", []segment{d(0, 1, 50), with(e(20*ms, 11, 50), psh)}, 0, 0, 0},
		{"RST", []segment{d(0, 1, 50), with(e(20*ms, 11, 50), ack|rst), e(30*ms, 11, 50)}, 1, 0.03, 0.03},
		{"progress over the wrap", []segment{d(0, 4294967290, 4294967295), e(20*ms, 4294967295, 4294967295), d(30*ms, 4, 0), d(40*ms, 14, 1), e(60*ms, 14, 1)}, 2, 0.02, 0.02},
		{"same instant", []segment{d(0, 1, 50), e(0, 11, 50)}, 0, 0, 0},
		{"60 s", []segment{d(0, 1, 50), e(60_000*ms, 11, 50)}, 0, 0, 0},
		{"just under 60 s", []segment{d(0, 1, 50), e(60_000*ms-1, 11, 50)}, 1, 59.999999, 59.999999},
		{"ticks out of order", []segment{d(0, 1, 50), d(1*ms, 11, 49), d(2*ms, 21, 51), d(3*ms, 31, 49), e(20*ms, 11, 50), e(21*ms, 21, 49), e(22*ms, 31, 51)}, 3, 0.02, 0.02},
	}
	for _, tt := range tests {
		got := tcpCells(t, tt.in...)
		if got["tcp_rtt_samples"] != int64(tt.n) || got["tcp_rtt_min"] != tt.min || got["tcp_rtt_max"] != tt.max {
			t.Errorf("%s: %v samples from %v to %v, want %d from %v to %v", tt.name, got["tcp_rtt_samples"], got["tcp_rtt_min"], got["tcp_rtt_max"], tt.n, tt.min, tt.max)
		}
	}
	// One sample has a deviation of 0 and no jitter.
	wantCells(t, tcpNulls(t, tests[0].in...), "tcp_rtt_mean", 0.02, "tcp_rtt_std", 0.0, "tcp_rtt_jitter_avg", nil)
	// A new connection on the same ports acknowledges from its own start.
	wantCells(t, tcpCells(t,
		segment{flags: syn, seq: 9000, edit: stamped(50, 0)}, with(e(20*ms, 9001, 50), synAck),
		segment{us: 30 * ms, flags: syn, seq: 100, edit: stamped(80, 0)}, segment{dir: 1, us: 40 * ms, seq: 7, flags: synAck, ack: 101, edit: stamped(2, 80)}),
		"tcp_rtt_samples", 2, "tcp_rtt_min", 0.01)
}

func TestACKSamples(t *testing.T) {
	d := func(us int64, seq, n uint32) segment { return segment{us: us, flags: psh, seq: seq, n: n} }
	a := func(us int64, ackNo uint32) segment { return segment{dir: 1, us: us, flags: ack, ack: ackNo} }
	with := func(s segment, flags uint16) segment { s.flags = flags; return s }
	tests := []struct {
		name           string
		in             []segment
		min, max, mean any
	}{
		{"one", []segment{d(0, 1, 10), a(20*ms, 11)}, 0.02, 0.02, 0.02},
		{"cumulative: the newest", []segment{d(0, 1, 10), d(5*ms, 11, 10), a(20*ms, 21), a(30*ms, 11)}, 0.015, 0.015, 0.015},
		{"two", []segment{d(0, 1, 10), d(5*ms, 11, 10), a(20*ms, 11), a(30*ms, 21)}, 0.02, 0.025, 0.0225},
		{"within a segment", []segment{d(0, 1, 10), a(20*ms, 6)}, nil, nil, nil},
		{"in between, then exact", []segment{d(0, 1, 10), a(20*ms, 6), a(30*ms, 11)}, 0.03, 0.03, 0.03},
		{"acknowledged twice", []segment{d(0, 1, 10), a(20*ms, 11), a(30*ms, 11)}, 0.02, 0.02, 0.02},
		{"repeated payload", []segment{d(0, 1, 10), d(5*ms, 1, 10), a(20*ms, 11)}, nil, nil, nil},
		{"repeated in part", []segment{d(0, 1, 10), d(1*ms, 11, 10), d(2*ms, 21, 10), d(5*ms, 6, 10), a(20*ms, 11), a(22*ms, 21), a(24*ms, 31)}, 0.021, 0.022, 0.0215},
		{"repeated to the end of it", []segment{d(0, 1, 10), d(1*ms, 11, 10), d(5*ms, 11, 10), a(20*ms, 11), a(22*ms, 21)}, 0.02, 0.02, 0.02},
		{"late payload", []segment{d(0, 1, 10), d(1*ms, 21, 10), d(2*ms, 11, 10), a(20*ms, 31)}, 0.019, 0.019, 0.019},
		{"payload with FIN", []segment{with(d(0, 1, 10), fin), a(20*ms, 12)}, 0.02, 0.02, 0.02},
		{"of payload with FIN the payload alone", []segment{with(d(0, 1, 10), fin), a(20*ms, 11)}, nil, nil, nil},
		{"payload with FIN, again without", []segment{with(d(0, 1, 10), fin), d(5*ms, 1, 10), a(20*ms, 12)}, 0.02, 0.02, 0.02},
		{"payload, again with FIN", []segment{d(0, 1, 10), with(d(5*ms, 1, 10), fin), a(20*ms, 12)}, nil, nil, nil},
		{"of payload with SYN the SYN alone, and the payload again", []segment{with(d(0, 1, 10), syn), a(20*ms, 2), d(25*ms, 2, 10), a(40*ms, 12)}, nil, nil, nil},
		{"payload with SYN", []segment{with(d(0, 1, 10), syn), a(20*ms, 12)}, 0.02, 0.02, 0.02},
		{"keep-alive", []segment{d(0, 1, 10), d(5*ms, 10, 1), a(20*ms, 11)}, 0.02, 0.02, 0.02},
		{"RST", []segment{d(0, 1, 10), with(a(20*ms, 11), ack|rst)}, nil, nil, nil},
		{"RST with payload", []segment{d(0, 1, 10), with(d(1*ms, 11, 10), rst), a(20*ms, 21)}, nil, nil, nil},
		{"no ACK flag", []segment{d(0, 1, 10), with(a(20*ms, 11), psh), a(30*ms, 11)}, 0.03, 0.03, 0.03},
		{"60 s", []segment{d(0, 1, 10), a(60_000*ms, 11)}, nil, nil, nil},
		{"same instant", []segment{d(0, 1, 10), a(0, 11)}, nil, nil, nil},
		{"over the wrap", []segment{d(0, 4294967290, 6), d(ms, 0, 10), a(20*ms, 0), a(21*ms, 10)}, 0.02, 0.02, 0.02},
	}
	for _, tt := range tests {
		got := tcpNulls(t, tt.in...)
		if got["tcp_rtt_ack_min"] != tt.min || got["tcp_rtt_ack_max"] != tt.max || got["tcp_rtt_ack_mean"] != tt.mean {
			t.Errorf("%s: min %v, max %v, mean %v; want %v, %v, %v", tt.name, got["tcp_rtt_ack_min"], got["tcp_rtt_ack_max"], got["tcp_rtt_ack_mean"], tt.min, tt.max, tt.mean)
		}
	}
}

// TestStampsLimit: of 1,025 timestamps and ends the oldest is forgotten.
func TestStampsLimit(t *testing.T) {
	run := newTCPRun(t, false)
	for i := range uint32(maxStamps + 1) {
		run.packet(0, (&segment{us: int64(i), flags: psh, seq: 1 + i, n: 1, edit: stamped(100+i, 0)}).packet())
	}
	for i, want := range map[uint32]bool{0: false, 1: true, 2: true, maxStamps: true} {
		_, ok := run.mem.tcpPools.stamps.find(&run.entry.State.rtt.sent[0], 100+i)
		_, end := run.mem.tcpPools.stamps.find(&run.entry.State.rtt.ends[0], 2+i)
		if ok != want || end != want {
			t.Errorf("number %d: remembered %v and %v, want %v", i, ok, end, want)
		}
	}
	run.row()
	p := &run.mem.tcpPools.stamps
	if p.few.Live()+p.some.Live()+p.most.Live() != 0 {
		t.Errorf("%d, %d, %d rings not given back", p.few.Live(), p.some.Live(), p.most.Live())
	}
}

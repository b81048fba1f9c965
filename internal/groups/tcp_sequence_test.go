package groups

import (
	"testing"

	"pinyon/packet"
)

// TestSequence holds the classes of segments of one direction. All have ACK clear, so that
// duplicate ACKs do not matter.
func TestSequence(t *testing.T) {
	data := func(seq, n uint32) segment { return segment{seq: seq, n: n, flags: psh} }
	ctl := func(flags uint16, seq, n uint32) segment { return segment{seq: seq, n: n, flags: flags} }
	tests := []struct {
		name                       string
		in                         []segment
		gaps, ooo, retrans, nbytes int
	}{
		{"repeated", []segment{data(1000, 100), data(1000, 100)}, 0, 0, 1, 100},
		{"overlapping repeat", []segment{data(1000, 100), data(1100, 100), data(1050, 100)}, 0, 0, 1, 200},
		{"late", []segment{data(1000, 100), data(1200, 100), data(1100, 100)}, 1, 1, 0, 300},
		{"gap over the wrap", []segment{data(4294967200, 100), data(50, 100)}, 1, 0, 0, 200},
		{"in order over the wrap", []segment{data(4294967246, 100), data(50, 100)}, 0, 0, 0, 200},
		{"late over the wrap", []segment{data(4294967200, 50), data(50, 10), data(4294967250, 96)}, 1, 1, 0, 156},
		{"repeat that goes on", []segment{data(1000, 100), data(1000, 150)}, 0, 0, 1, 150},
		{"late that goes on", []segment{data(1000, 100), data(1110, 10), data(1100, 50)}, 1, 1, 0, 150},
		{"late in parts", []segment{data(1000, 100), data(1200, 100), data(1150, 10), data(1100, 20), data(1140, 60)}, 1, 3, 0, 280},
		{"hole filled twice", []segment{data(1000, 100), data(1200, 100), data(1100, 100), data(1100, 100)}, 1, 1, 1, 300},
		{"before the start", []segment{data(1000, 100), data(900, 100)}, 0, 1, 0, 200},
		{"far before the start, then between", []segment{data(1000, 100), data(800, 100), data(900, 100), data(900, 100)}, 0, 2, 1, 300},
		{"over the start", []segment{data(1000, 100), data(950, 200)}, 0, 1, 0, 200},
		{"bare ACK beyond", []segment{data(1000, 100), ctl(ack, 1200, 0), data(1200, 10), data(1100, 100)}, 1, 1, 0, 210},
		{"old bare ACK", []segment{data(1000, 100), ctl(ack, 1000, 0)}, 0, 0, 0, 100},
		{"bare ACKs take no number", []segment{ctl(ack, 1000, 0), ctl(ack, 1000, 0), data(1000, 5), ctl(ack, 1005, 0), data(1005, 5)}, 0, 0, 0, 10},
		{"SYN and FIN take one", []segment{ctl(syn, 1000, 0), data(1001, 9), ctl(fin, 1010, 10), ctl(ack, 1021, 0)}, 0, 0, 0, 19},
		{"SYN with payload", []segment{ctl(syn, 1000, 10), data(1011, 5)}, 0, 0, 0, 15},
		{"repeated SYN and FIN", []segment{ctl(syn, 1000, 0), ctl(syn, 1000, 0), ctl(fin, 1001, 0), ctl(fin, 1001, 0), ctl(ack, 1002, 0)}, 0, 0, 0, 0},
		{"SYN again, now with payload", []segment{ctl(syn, 1000, 0), ctl(syn, 1000, 10), data(1011, 5)}, 0, 0, 1, 15},
		{"lost FIN behind a repeat", []segment{data(1000, 100), ctl(fin, 1000, 100), ctl(ack, 1101, 0)}, 0, 0, 1, 100},
		{"RST at random", []segment{data(1000, 100), ctl(rst, 900000, 50), ctl(rst|ack, 5, 0), data(1100, 100)}, 0, 0, 0, 200},
		{"RST first", []segment{ctl(rst, 77, 0), data(1000, 100), data(1100, 100)}, 0, 0, 0, 200},
		{"keep-alive with a byte", []segment{data(1000, 100), data(1099, 1), data(1099, 1), data(1100, 1)}, 0, 0, 0, 101},
		{"keep-alive before any data", []segment{ctl(ack, 1000, 0), data(999, 1)}, 0, 0, 0, 0},
		{"keep-alive without a byte", []segment{data(1000, 100), ctl(ack, 1099, 0)}, 0, 0, 0, 100},
		{"one byte repeated", []segment{data(1000, 100), data(1100, 1), data(1100, 1), data(1101, 1)}, 0, 0, 1, 102},
		{"one byte late", []segment{data(1000, 100), ctl(ack, 1101, 0), data(1100, 1)}, 1, 1, 0, 101},
		{"one byte behind a gap, repeated", []segment{data(1000, 100), data(1200, 1), data(1200, 1)}, 1, 0, 1, 101},
		{"one byte with FIN, repeated", []segment{data(1000, 100), ctl(fin, 1100, 1), ctl(fin, 1100, 1)}, 0, 0, 1, 101},
		{"one byte with FIN just before", []segment{data(1000, 100), ctl(fin, 1098, 1)}, 0, 0, 1, 100},
		{"port reuse", []segment{ctl(syn, 1000, 0), data(1001, 100), ctl(syn, 900000, 0), data(900001, 100), data(900001, 100)}, 0, 0, 1, 200},
		{"port reuse forgets holes", []segment{ctl(syn, 1000, 0), data(1100, 10), ctl(syn, 5000, 0), data(5001, 10), data(1001, 10)}, 1, 1, 0, 30},
		{"first SYN late", []segment{data(1001, 10), ctl(syn, 1000, 0), data(1011, 10)}, 0, 0, 0, 20},
		{"2³¹ apart is before", []segment{data(1000, 100), data(1100+1<<31, 10)}, 0, 1, 0, 110},
		{"just under 2³¹ apart is a gap", []segment{data(1000, 100), data(1099+1<<31, 10)}, 1, 0, 0, 110},
	}
	for _, tt := range tests {
		for dir, side := range []string{"fwd", "bwd"} {
			run := newTCPRun(t, false)
			for _, s := range tt.in {
				s.dir = dir
				run.packet(s.dir, s.packet())
			}
			got := run.cells()
			for name, want := range map[string]int{"gaps": tt.gaps, "ooo": tt.ooo, "retrans": tt.retrans, "bytes_sent": tt.nbytes} {
				if v := got["tcp_seq_"+side+"_"+name]; v != int64(want) {
					t.Errorf("%s, %s: %s = %v, want %d", tt.name, side, name, v, want)
				}
			}
			first := tt.in[0].seq
			for _, s := range tt.in { // whose SYN was taken for the connection's: the others have one number
				if s.flags&syn != 0 {
					first = s.seq
				}
			}
			if got["tcp_isn_"+side] != int64(first) || got["tcp_total_retrans"] != int64(tt.retrans) || got["tcp_total_ooo"] != int64(tt.ooo) {
				t.Errorf("%s: first number %v, totals %v and %v", tt.name, got["tcp_isn_"+side], got["tcp_total_retrans"], got["tcp_total_ooo"])
			}
			if live := run.mem.tcpPools.holes.Live(); live != 0 {
				t.Errorf("%s: %d hole lists not given back", tt.name, live)
			}
		}
	}
}

// TestHolesLimit: of 65 holes the lowest counts as seen.
func TestHolesLimit(t *testing.T) {
	run := newTCPRun(t, false)
	for i := range uint32(maxHoles + 2) { // one hole fewer than segments
		run.packet(0, (&segment{seq: 1000 + 20*i, n: 10, flags: psh}).packet())
	}
	if h := run.mem.tcpPools.holes.At(run.entry.State.seq.dir[0].holes); h.n != maxHoles || h.span[0] != (span{1030, 1040}) {
		t.Fatalf("%d holes from %v", h.n, h.span[0])
	}
	run.packet(0, (&segment{seq: 1010, n: 10, flags: psh}).packet()) // was dropped
	run.packet(0, (&segment{seq: 1032, n: 3, flags: psh}).packet())  // splits the lowest, which goes
	run.packet(0, (&segment{seq: 1030, n: 2, flags: psh}).packet())
	run.packet(0, (&segment{seq: 1035, n: 5, flags: psh}).packet())
	got := run.cells()
	wantCells(t, got, "tcp_seq_fwd_gaps", maxHoles+1, "tcp_seq_fwd_retrans", 2, "tcp_seq_fwd_ooo", 2, "tcp_seq_fwd_bytes_sent", 10*(maxHoles+2)+3+5)
}

// TestSequenceLong: after more than 2³¹ bytes a repeated segment is still one, and a hole
// from long ago is out of reach.
func TestSequenceLong(t *testing.T) {
	run := newTCPRun(t, false)
	seq := uint32(1000)
	send := func(n uint32) {
		run.packet(0, (&segment{seq: seq, n: n, flags: psh}).packet())
		seq += n
	}
	send(100)
	seq += 50 // never comes
	for range 9 {
		send(1 << 30)
	}
	seq -= 1000
	send(1000)
	seq -= 1<<31 - 1
	send(10)
	got := run.cells()
	wantCells(t, got, "tcp_seq_fwd_gaps", 1, "tcp_seq_fwd_retrans", 2, "tcp_seq_fwd_ooo", 0, "tcp_seq_fwd_bytes_sent", 100+9<<30)
	if live := run.mem.tcpPools.holes.Live(); live != 0 {
		t.Errorf("%d hole lists not given back", live)
	}
}

func TestDuplicateACK(t *testing.T) {
	sack := func(p *packet.Packet) { p.SACKBlocks, p.Has = 1, p.Has|packet.HasOption }
	sent := segment{dir: 1, seq: 5000, n: 100, flags: ack, ack: 1}
	a := segment{seq: 1, flags: ack, ack: 5000, window: 500}
	with := func(s segment, f func(*segment)) segment { f(&s); return s }
	tests := []struct {
		name string
		in   []segment
		dups int
	}{
		{"the first is none", []segment{sent, a}, 0},
		{"outstanding data", []segment{sent, a, a, a}, 2},
		{"nothing outstanding", []segment{sent, with(a, func(s *segment) { s.ack = 5100 }), with(a, func(s *segment) { s.ack = 5100 })}, 0},
		{"the other side not captured", []segment{a, a}, 1},
		{"window update", []segment{sent, a, with(a, func(s *segment) { s.window++ }), with(a, func(s *segment) { s.window++ })}, 1},
		{"window moves with a SACK block", []segment{sent, a, with(a, func(s *segment) { s.window++; s.edit = sack })}, 1},
		{"payload", []segment{sent, a, with(a, func(s *segment) { s.n = 10 })}, 0},
		{"SYN", []segment{sent, a, with(a, func(s *segment) { s.flags |= syn })}, 0},
		{"FIN", []segment{sent, a, with(a, func(s *segment) { s.flags |= fin })}, 0},
		{"RST", []segment{sent, a, with(a, func(s *segment) { s.flags |= rst })}, 0},
		{"RST moves neither window nor ACK", []segment{sent, a, with(a, func(s *segment) { s.flags |= rst; s.ack = 6000; s.window = 0 }), a}, 1},
		{"no ACK flag", []segment{sent, a, with(a, func(s *segment) { s.flags = psh })}, 0},
		{"older than the greatest", []segment{sent, a, with(a, func(s *segment) { s.ack = 4990 }), a}, 1},
		{"payload takes the window along", []segment{sent, a, with(a, func(s *segment) { s.n = 1; s.window = 7 }), with(a, func(s *segment) { s.seq, s.window = 2, 7 })}, 1},
		{"over the wrap", []segment{with(sent, func(s *segment) { s.seq = 4294967290 }), with(a, func(s *segment) { s.ack = 4294967290 }), with(a, func(s *segment) { s.ack = 4 }), with(a, func(s *segment) { s.ack = 4 })}, 1},
	}
	for _, tt := range tests {
		row := tcpCells(t, tt.in...)
		if got := row["tcp_ack_fwd_dup"]; got != int64(tt.dups) || row["tcp_total_dup_acks"] != int64(tt.dups) {
			t.Errorf("%s: %v duplicate ACKs, want %d", tt.name, got, tt.dups)
		}
	}
	// A new connection on the same ports starts anew.
	wantCells(t, tcpCells(t,
		segment{dir: 1, flags: syn, seq: 100}, segment{flags: syn, seq: 10}, a,
		segment{flags: syn, seq: 900}, a),
		"tcp_ack_fwd_dup", 0, "tcp_ack_fwd_count", 2)
}

func TestACKCounts(t *testing.T) {
	wantCells(t, tcpCells(t,
		segment{flags: syn, seq: 7}, segment{dir: 1, flags: synAck, seq: 9}, segment{flags: ack, n: 3}, segment{flags: rst | ack}, segment{flags: psh, seq: 8, n: 3}),
		"tcp_ack_fwd_count", 2, "tcp_ack_bwd_count", 1, "tcp_isn_fwd", 7, "tcp_isn_bwd", 9)
	wantCells(t, tcpCells(t, segment{flags: rst, seq: 4000000000}, segment{flags: syn, seq: 7}), "tcp_isn_fwd", 7)
	wantCells(t, tcpCells(t, segment{flags: rst, seq: 4000000000}, segment{flags: ack, seq: 7}), "tcp_isn_fwd", 4000000000)
	// A SYN that was not captured had the number that its SYN-ACK acknowledges.
	wantCells(t, tcpCells(t, segment{dir: 1, flags: synAck, seq: 9, ack: 501}, segment{flags: ack, seq: 501, ack: 10}),
		"tcp_isn_fwd", 500, "tcp_isn_bwd", 9)
	// The share is of segments with payload.
	wantCells(t, tcpCells(t, segment{seq: 1, n: 10}, segment{seq: 1, n: 10}, segment{seq: 11, flags: ack}, segment{dir: 1, n: 1}, segment{dir: 1, seq: 1, n: 1}),
		"tcp_retrans_ratio", 0.25)
}

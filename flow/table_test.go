package flow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

const second = 1_000_000_000

// tcp makes a packet of the TCP flow 10.0.0.1:1000 ↔ 10.0.0.2:80, forward if fwd.
func tcp(no uint64, at int64, fwd bool, flags uint16) packet.Packet {
	p := packet.Packet{
		Number: no, TS: at, IPVersion: 4, Proto: packet.ProtoTCP, Has: packet.HasTCP | packet.HasPorts, TCPFlags: flags,
		Src: [16]byte{10, 0, 0, 1}, Dst: [16]byte{10, 0, 0, 2}, SrcPort: 1000, DstPort: 80,
	}
	if !fwd {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	return p
}

// run drives one table through packets and returns what ended, as text, in the order of
// logical end and first packet. Sweeps happen after every sweep packets (0: at the end).
func run(opt Options, packets []packet.Packet, sweep int) []string {
	var pool Pool[struct{ n int }]
	t := NewTable(opt, &pool)
	clock := NewClock(opt.Timeout, max(opt.Active, opt.CloseDelay))
	var all []Head
	take := func() {
		for _, i := range t.Ended {
			all = append(all, pool.At(i).Head)
			pool.Put(i)
		}
		t.Ended = t.Ended[:0]
	}
	var k Key
	var o Obs
	for i := range packets {
		p := &packets[i]
		now := clock.Tick(p.TS)
		swapped := MakeKey(&k, p, false)
		t.Step(&k, k.Hash(1, 2), swapped, p, now, &o)
		if sweep > 0 && (i+1)%sweep == 0 {
			t.Sweep(now)
		}
		take()
	}
	t.Sweep(clock.Now())
	take()
	slices.SortFunc(all, func(a, b Head) int {
		if a.End != b.End {
			return int(min(max(a.End-b.End, -1), 1))
		}
		return int(a.FirstNo) - int(b.FirstNo)
	})
	t.Flush()
	for _, i := range t.Ended {
		all = append(all, pool.At(i).Head)
	}
	var out []string
	for _, h := range all {
		out = append(out, fmt.Sprintf("%d-%d n=%d %v", h.FirstNo, h.LastNo, h.Packets, h.Reason))
	}
	return out
}

var std = Options{Timeout: 60 * second, Terminate: true, CloseDelay: 5 * second}

func TestEnds(t *testing.T) {
	const S, A, F, R = packet.SYN, packet.ACK, packet.FIN, packet.RST
	type step struct {
		at       float64
		fwd      bool
		flags    uint16
		seq, ack uint32
	}
	for _, c := range []struct {
		name string
		opt  Options
		in   []step
		want []string
	}{
		{"one row for an orderly close", std, []step{{0, true, S, 9, 0}, {.02, false, S | A, 99, 10}, {.03, true, A, 10, 100}, {.4, true, F | A, 10, 100}, {.5, false, F | A, 100, 11}, {.6, true, A, 11, 101}}, []string{"1-6 n=6 fin"}},
		{"late ACK inside the delay", std, []step{{0, true, F | A, 10, 100}, {1, false, F | A, 100, 11}, {2, true, A, 11, 101}, {7, true, A, 11, 101}}, []string{"1-4 n=4 fin"}},
		{"late ACK after the delay", std, []step{{0, true, F | A, 10, 100}, {1, false, F | A, 100, 11}, {2, true, A, 11, 101}, {7.5, true, A, 11, 101}}, []string{"1-3 n=3 fin", "4-4 n=1 flushed"}},
		{"simultaneous close", std, []step{{0, true, F | A, 10, 100}, {0, false, F | A, 100, 10}, {1, false, A, 101, 11}, {2, true, A, 11, 101}, {7.5, true, A, 11, 101}}, []string{"1-4 n=4 fin", "5-5 n=1 flushed"}},
		{"an ACK of less does not close", std, []step{{0, true, F | A, 10, 100}, {1, false, F | A, 150, 11}, {2, true, A, 11, 100}, {9, false, A, 100, 11}, {9, true, A, 11, 151}}, []string{"1-5 n=5 fin"}},
		{"half-close lives on", std, []step{{0, true, F | A, 10, 100}, {30, false, A, 100, 11}, {50, true, A, 11, 100}}, []string{"1-3 n=3 flushed"}},
		{"RST on the first packet", std, []step{{0, true, R, 10, 0}, {1, true, A, 10, 5}, {7, true, A, 10, 5}}, []string{"1-2 n=2 rst", "3-3 n=1 flushed"}},
		{"SYN with another number opens a new flow at once behind a close", std, []step{{0, true, S, 9, 0}, {1, false, R | A, 0, 10}, {2, true, S, 50, 0}, {3, false, R | A, 0, 51}}, []string{"1-2 n=2 rst", "3-4 n=2 rst"}},
		{"the same SYN does not", std, []step{{0, true, S, 9, 0}, {1, false, R | A, 0, 10}, {2, true, S, 9, 0}, {3, false, R | A, 0, 10}}, []string{"1-4 n=4 rst"}},
		{"and if it is answered the reset did not end it", std, []step{{0, true, S, 9, 0}, {1, false, R | A, 0, 10}, {2, true, S, 9, 0}, {3, false, S | A, 99, 10}, {30, true, A, 10, 100}}, []string{"1-5 n=5 flushed"}},
		{"SYN behind a reset of who knows what", std, []step{{0, true, R, 10, 0}, {1, true, S, 50, 0}}, []string{"1-1 n=1 rst", "2-2 n=1 flushed"}},
		{"SYN-ACK alone opens nothing", std, []step{{0, true, R, 10, 0}, {1, false, S | A, 99, 51}}, []string{"1-2 n=2 rst"}},
		{"SYN-ACK that is acknowledged opens a flow", std, []step{{0, true, A, 10, 7}, {1, false, S | A, 99, 51}, {2, true, A, 51, 100}}, []string{"1-1 n=1 reused", "2-3 n=2 flushed"}},
		{"an answered SYN opens a flow", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {2, false, S | A, 99, 51}}, []string{"1-1 n=1 reused", "2-3 n=2 flushed"}},
		{"so does one that its side goes on from", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {2, true, A, 51, 100}}, []string{"1-1 n=1 reused", "2-3 n=2 flushed"}},
		{"SYN-ACK before its SYN", std, []step{{0, true, A, 10, 7}, {1, false, S | A, 99, 51}, {1, true, S, 50, 0}, {2, true, A, 51, 100}}, []string{"1-1 n=1 reused", "2-4 n=3 flushed"}},
		{"simultaneous open", std, []step{{0, true, A, 10, 7}, {1, false, S, 99, 0}, {1, true, S, 50, 0}, {2, true, S | A, 50, 100}}, []string{"1-1 n=1 reused", "2-4 n=3 flushed"}},
		{"the later of two SYNs is answered", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {3, true, S, 70, 0}, {4, false, S | A, 99, 71}}, []string{"1-1 n=1 reused", "2-4 n=3 flushed"}},
		{"a challenge ACK answers nothing", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {2, false, A, 7, 10}, {3, true, A, 10, 7}}, []string{"1-4 n=4 flushed"}},
		{"late data, FINs and their ACKs between SYN and SYN-ACK are the old connection's", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {1, false, F | A, 7, 10}, {1, true, F | A, 10, 8}, {1, false, A, 8, 11}, {2, true, S, 50, 0}, {3, false, S | A, 99, 51}}, []string{"1-5 n=4 fin", "2-7 n=3 flushed"}},
		{"so is a late reset", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {1, true, R, 10, 0}, {2, false, S | A, 99, 51}}, []string{"1-3 n=2 rst", "2-4 n=2 flushed"}},
		{"a reset behind a challenge ACK refutes the SYN", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {1, false, A, 7, 10}, {1, true, R, 10, 0}, {2, true, S, 50, 0}, {3, false, S | A, 99, 51}}, []string{"1-4 n=4 rst", "5-6 n=2 flushed"}},
		{"a side that went on and opens later opens once", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {2, true, A, 10, 7}, {3, true, S, 90, 0}, {4, false, S | A, 99, 91}}, []string{"1-3 n=3 reused", "4-5 n=2 flushed"}},
		{"what comes long behind a close by what is held begins a flow", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {1, true, R, 10, 0}, {7, true, A, 20, 7}}, []string{"1-3 n=3 rst", "4-4 n=1 flushed"}},
		{"a SYN that is reset is the connection's", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {2, false, R | A, 0, 51}}, []string{"1-3 n=3 rst"}},
		{"a SYN that nobody answers is the connection's", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}, {40, true, A, 10, 7}}, []string{"1-3 n=3 flushed"}},
		{"a silent flow ends by the SYN it met", std, []step{{0, true, A, 10, 7}, {50, true, S, 50, 0}, {130, true, A, 10, 7}}, []string{"1-2 n=2 idle", "3-3 n=1 flushed"}},
		{"a SYN is held when the input ends", std, []step{{0, true, A, 10, 7}, {1, true, S, 50, 0}}, []string{"1-2 n=2 flushed"}},
		{"SYNs without an answer are one attempt", std, []step{{0, true, S, 9, 0}, {1, true, S, 50, 0}, {3, true, S, 70, 0}, {3, false, S | A, 99, 51}}, []string{"1-4 n=4 flushed"}},
		{"FIN never ends without terminate", Options{Timeout: 60 * second}, []step{{0, true, R, 10, 7}, {50, true, S, 90, 7}, {100, false, F, 10, 7}}, []string{"1-3 n=3 flushed"}},
		{"gap equal to the timeout", std, []step{{0, true, A, 10, 7}, {60, true, A, 10, 7}}, []string{"1-2 n=2 flushed"}},
		{"gap over the timeout", std, []step{{0, true, A, 10, 7}, {60.000000001, true, A, 10, 7}}, []string{"1-1 n=1 idle", "2-2 n=1 flushed"}},
		{"step back over the timeout", std, []step{{100, true, A, 10, 7}, {39, true, A, 10, 7}, {40, true, A, 10, 7}}, []string{"1-1 n=1 idle", "2-3 n=2 flushed"}},
		{"late within the timeout", std, []step{{100, true, A, 10, 7}, {41, true, A, 10, 7}}, []string{"1-2 n=2 flushed"}},
		{"active", Options{Timeout: 60 * second, Active: 10 * second}, []step{{0, true, A, 10, 7}, {10, false, A, 10, 7}, {11, false, A, 10, 7}, {12, true, A, 10, 7}}, []string{"1-2 n=2 active", "3-4 n=2 flushed"}},
	} {
		var ps []packet.Packet
		for i, s := range c.in {
			p := tcp(uint64(i+1), int64(s.at*second), s.fwd, s.flags)
			p.Seq, p.Ack = s.seq, s.ack
			ps = append(ps, p)
		}
		for sweep := range 3 {
			if got := run(c.opt, ps, sweep); !slices.Equal(got, c.want) {
				t.Errorf("%s (sweep %d): got %q; want %q", c.name, sweep, got, c.want)
			}
		}
	}
}

func TestActiveKeepsInitiator(t *testing.T) {
	var pool Pool[int]
	tab := NewTable(Options{Timeout: 60 * second, Active: 10 * second}, &pool)
	var k Key
	var o Obs
	for i, fwd := range []bool{true, false, true} {
		p := tcp(uint64(i+1), int64(i)*11*second, fwd, packet.ACK)
		tab.Step(&k, 0, MakeKey(&k, &p, false), &p, p.TS, &o)
		if want := map[bool]int{true: Fwd, false: Bwd}[fwd]; o.Dir != want || o.Index != 0 {
			t.Errorf("packet %d: direction %d index %d; want %d 0", i, o.Dir, o.Index, want)
		}
	}
}

func TestFlowClock(t *testing.T) {
	var pool Pool[int]
	tab := NewTable(std, &pool)
	var k Key
	var o Obs
	for i, c := range []struct{ ts, time, gap int64 }{{1000, 1000, 0}, {1001, 1001, 1}, {999, 1001, 0}, {1003, 1003, 2}} {
		p := tcp(uint64(i+1), c.ts, true, packet.ACK)
		tab.Step(&k, 0, MakeKey(&k, &p, false), &p, 0, &o)
		if o.Time != c.time || o.Gap != c.gap {
			t.Errorf("packet at %d: flow time %d gap %d; want %d %d", c.ts, o.Time, o.Gap, c.time, c.gap)
		}
	}
}

func TestCaptureClock(t *testing.T) {
	c := NewClock(60*second, 0)
	for i, s := range []struct{ ts, want int64 }{
		{100, 100}, {110, 110}, {90, 110}, {115, 115}, // late by less than the timeout
		{50, 115},            // more than the timeout before: starts over
		{60, 125}, {61, 126}, // and runs on from there
	} {
		if got := c.Tick(s.ts * second); got != s.want*second {
			t.Errorf("record %d at %d s: clock %d s; want %d s", i, s.ts, got/second, s.want)
		}
	}
	if c.Late() != 2 {
		t.Errorf("late %d; want 2", c.Late())
	}
	// Leaping to and fro for ever neither overflows nor stops expiry.
	before := c.Now()
	for range 1000 {
		c.Tick(-1 << 62)
		now := c.Tick(1 << 62)
		if now-before <= 60*second {
			t.Fatalf("clock went from %d to %d over a leap", before, now)
		}
		before = now
	}
}

func TestEviction(t *testing.T) {
	mk := func(no uint64, port uint16) packet.Packet {
		p := tcp(no, int64(no)*second, true, packet.ACK)
		p.SrcPort = port
		return p
	}
	in := []packet.Packet{mk(1, 1), mk(2, 2), mk(3, 1), mk(4, 3), mk(5, 4)}
	for _, c := range []struct {
		s    Strategy
		want []string
	}{
		{LRU, []string{"2-2 n=1 evicted", "1-3 n=2 evicted", "4-4 n=1 flushed", "5-5 n=1 flushed"}},
		{Oldest, []string{"1-3 n=2 evicted", "2-2 n=1 evicted", "4-4 n=1 flushed", "5-5 n=1 flushed"}},
	} {
		o := std
		o.Limit, o.Strategy = 2, c.s
		if got := run(o, in, 0); !slices.Equal(got, c.want) {
			t.Errorf("strategy %d: got %q; want %q", c.s, got, c.want)
		}
	}
}

// TestAgainstModel holds the table against a map and a literal reading of the rules, over
// random packets of a few flows, and asks that the moment of sweeping changes nothing. What
// opens connections is TestConnections' business.
func TestAgainstModel(t *testing.T) {
	flags := []uint16{packet.ACK, packet.ACK, packet.ACK, packet.ACK, packet.FIN | packet.ACK, packet.FIN | packet.ACK, packet.RST}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var ps []packet.Packet
		at := int64(0)
		for i := range 400 {
			at += rng.Int64N(4 * second)
			switch rng.IntN(60) {
			case 0:
				at += 70 * second
			case 1:
				at -= 90 * second
			}
			p := tcp(uint64(i+1), max(at, 0), rng.IntN(2) == 0, flags[rng.IntN(len(flags))])
			p.Seq, p.Ack = uint32(rng.IntN(2)), uint32(rng.IntN(3))
			if rng.IntN(2) == 0 {
				p.SrcPort += uint16(rng.IntN(5))
				p.DstPort += uint16(rng.IntN(5))
			}
			ps = append(ps, p)
		}
		opt := std
		if seed%3 == 1 {
			opt.Active = 20 * second
		}
		if seed%4 == 2 {
			opt.Timeout, opt.CloseDelay = 3*second, 5*second
		}
		want := model(opt, ps)
		for _, sweep := range []int{0, 1, 7} {
			if got := run(opt, ps, sweep); !sameRows(got, want) {
				t.Fatalf("seed %d, sweep %d:\ngot  %q\nwant %q", seed, sweep, got, want)
			}
		}
	}
}

// TestHeldWhateverComes: whatever segments come, each is in one flow, and the moment of sweeping
// changes no row.
func TestHeldWhateverComes(t *testing.T) {
	flags := []uint16{packet.SYN, packet.SYN, packet.SYN | packet.ACK, packet.ACK, packet.ACK, packet.FIN | packet.ACK, packet.RST, packet.RST | packet.ACK}
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var ps []packet.Packet
		at := int64(0)
		for i := range 150 {
			at += rng.Int64N([]int64{second / 10, second, 20 * second}[rng.IntN(3)])
			p := tcp(uint64(i+1), at, rng.IntN(2) == 0, flags[rng.IntN(len(flags))])
			p.Seq, p.Ack = uint32(100*rng.IntN(4)+rng.IntN(2)), uint32(100*rng.IntN(4)+rng.IntN(2))
			p.SrcPort += uint16(rng.IntN(2)) * uint16(seed%2)
			ps = append(ps, p)
		}
		opt := std
		if seed%3 == 1 {
			opt.Timeout = 20 * second
		}
		want := run(opt, ps, 0)
		n := 0
		for _, row := range want {
			var first, last, packets int
			if _, err := fmt.Sscanf(row, "%d-%d n=%d", &first, &last, &packets); err != nil {
				t.Fatal(err)
			}
			n += packets
		}
		if n != len(ps) {
			t.Fatalf("seed %d: %d of %d packets in %q", seed, n, len(ps), want)
		}
		for _, sweep := range []int{1, 7} {
			if got := run(opt, ps, sweep); !sameRows(got, want) {
				t.Fatalf("seed %d, sweep %d:\ngot  %q\nwant %q", seed, sweep, got, want)
			}
		}
	}
}

// sameRows compares as sets: the model does not know logical ends.
func sameRows(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// model is the rules, one flow a slice of packets, nothing kept in order or in lists.
func model(opt Options, ps []packet.Packet) []string {
	type pkt struct {
		packet.Packet
		clock int64
	}
	type fl struct {
		ps       []pkt
		time     int64
		reason   Reason
		closedAt int64
		fin      [2]uint32 // the number that acknowledges a side's FIN; 0 without
		acked    [2]bool
	}
	live := map[Key]*fl{}
	var out []string
	done := func(f *fl, r Reason) {
		if f.reason != Open {
			r = f.reason
		}
		out = append(out, fmt.Sprintf("%d-%d n=%d %v", f.ps[0].Number, f.ps[len(f.ps)-1].Number, len(f.ps), r))
	}
	var now, top int64
	for _, p := range ps {
		if p.TS > top {
			now += p.TS - top
			top = p.TS
		} else if top-p.TS > opt.Timeout {
			top = p.TS
		}
		var k Key
		MakeKey(&k, &p, false)
		if f := live[k]; f != nil {
			last := f.ps[len(f.ps)-1]
			r := Open
			switch {
			case now-last.clock > opt.Timeout, p.TS < f.time-opt.Timeout:
				r = Idle
			case f.reason != Open && now-f.closedAt > opt.CloseDelay:
				r = Idle
			case opt.Active > 0 && now-f.ps[0].clock > opt.Active:
				r = Active
			}
			if r != Open {
				done(f, r)
				delete(live, k)
				if r == Active && f.reason == Open {
					live[k] = &fl{time: p.TS, fin: f.fin, acked: f.acked}
				}
			}
		}
		f := live[k]
		if f == nil {
			f = &fl{time: p.TS}
			live[k] = f
		}
		f.time = max(f.time, p.TS)
		f.ps = append(f.ps, pkt{p, now})
		if !opt.Terminate || f.reason != Open {
			continue
		}
		side := 0
		if p.SrcPort < p.DstPort {
			side = 1
		}
		if p.TCPFlags&packet.RST != 0 {
			f.reason, f.closedAt = RST, now
			continue
		}
		if fin := p.Seq + 1; p.TCPFlags&packet.FIN != 0 && f.fin[side] != fin {
			f.fin[side], f.acked[side] = fin, false
		}
		if p.TCPFlags&packet.ACK != 0 && f.fin[1-side] != 0 && p.Ack == f.fin[1-side] {
			f.acked[1-side] = true
		}
		if f.acked == [2]bool{true, true} {
			f.reason, f.closedAt = FIN, now
		}
	}
	for k, f := range live {
		_ = k
		last := f.ps[len(f.ps)-1]
		if now-last.clock > opt.Timeout {
			done(f, Idle)
		} else {
			done(f, Flushed)
		}
	}
	return out
}

func TestStepDoesNotAllocate(t *testing.T) {
	var pool Pool[[64]byte]
	tab := NewTable(std, &pool)
	var k Key
	var o Obs
	p := tcp(1, 0, true, packet.ACK)
	step := func() {
		p.SrcPort = uint16(1 + p.Number%512)
		p.TS += 1000
		p.Number++
		tab.Step(&k, k.Hash(3, 4), MakeKey(&k, &p, false), &p, p.TS, &o)
	}
	for range 2000 {
		step()
	}
	if n := allocs.PerRun(t, 2000, step); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// BenchmarkTurns steps through flows in turn, each packet to another flow.
func BenchmarkTurns(b *testing.B) {
	for _, flows := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("flows=%d", flows), func(b *testing.B) {
			var pool Pool[[1024]byte]
			tab := NewTable(std, &pool)
			var k Key
			var o Obs
			p := tcp(1, 0, true, packet.ACK)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				p.Src[3], p.SrcPort = byte(i>>16), uint16(i)
				if i++; i == flows {
					i = 0
				}
				p.Number++
				swapped := MakeKey(&k, &p, false)
				tab.Step(&k, k.Hash(3, 4), swapped, &p, 0, &o)
			}
		})
	}
}

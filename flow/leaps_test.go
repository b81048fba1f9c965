package flow

import (
	"math"
	"math/rand/v2"
	"testing"

	"pinyon/packet"
)

// TestTimesLeap: whatever timestamps do, leaping between the ends of their range, to 1970 and
// 2262, by timeouts and by little, no gap and no flow has a negative duration, and the clock
// never runs backward.
func TestTimesLeap(t *testing.T) {
	marks := []int64{0, 1, 1.7e18, math.MaxInt64, math.MinInt64, math.MaxInt64 / 2, math.MinInt64 / 2, 1 << 62}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		timeout := []int64{1, 60e9, 3600e9, 1e18}[seed%4]
		clock := NewClock(timeout, 60e9)
		var pool Pool[struct{}]
		table := NewTable(Options{Timeout: timeout, Active: int64(seed%2) * 120e9, Limit: int(seed % 5)}, &pool)
		ts, before := int64(0), int64(0)
		var o Obs
		check := func() {
			for _, i := range table.Ended {
				if h := &pool.At(i).Head; h.Last < h.First || h.Last-h.First < 0 || h.LastClock < h.StartClock || h.End < h.StartClock {
					t.Fatalf("seed %d: a flow from %d to %d, clock %d to %d, end %d", seed, h.First, h.Last, h.StartClock, h.LastClock, h.End)
				}
				pool.Put(i)
			}
			table.Ended = table.Ended[:0]
		}
		for n := range uint64(400) {
			switch r.IntN(4) {
			case 0:
				ts = marks[r.IntN(len(marks))]
			case 1:
				ts = int64(r.Uint64())
			default: // wraps at the ends of the range, too
				ts += r.Int64N(4*timeout) - timeout
			}
			p := packet.Packet{TS: ts, Number: n + 1}
			p.SrcPort = uint16(r.IntN(6))
			var k Key
			swapped := MakeKey(&k, &p, false)
			now := clock.Tick(ts)
			if now < before {
				t.Fatalf("seed %d: the clock went from %d back to %d", seed, before, now)
			}
			before = now
			table.Step(&k, k.Hash(1, 2), swapped, &p, now, &o)
			if o.Gap < 0 {
				t.Fatalf("seed %d: packet %d at %d has a gap of %d", seed, n+1, ts, o.Gap)
			}
			check()
		}
		table.Flush()
		check()
	}
}

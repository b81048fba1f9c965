package flow

import (
	"math"
	"testing"
)

// TestStandstill: a clock whose records all have one timestamp, or lie before the greatest one,
// goes on by a nanosecond now and then, and otherwise by what the timestamps say.
func TestStandstill(t *testing.T) {
	for name, ts := range map[string]func(n int64) int64{
		"one timestamp": func(int64) int64 { return 5e9 },
		"0":             func(int64) int64 { return 0 },
		"backwards":     func(n int64) int64 { return 5e9 - n },
	} {
		c := NewClock(60e9, 60e9)
		first := c.Tick(ts(0))
		for n := range int64(10 * standstill) {
			before := c.Now()
			if now := c.Tick(ts(n)); now != before && now != before+1 {
				t.Fatalf("%s: record %d: from %d to %d", name, n, before, now)
			}
		}
		if got := c.Now() - first; got != 10 {
			t.Errorf("%s: went on by %d ns in %d records", name, got, 10*standstill)
		}
	}
	c := NewClock(60e9, 60e9)
	base := c.Tick(1)
	for n := range int64(10 * standstill) {
		c.Tick(1 + n/2)
	}
	if got := c.Now() - base; got != 5*standstill-1 {
		t.Errorf("timestamps in pairs: %d ns", got)
	}
	c = NewClock(60e9, 60e9)
	c.now = math.MaxInt64
	for range 3 * standstill {
		if c.Tick(7); c.Now() != math.MaxInt64 {
			t.Fatal("the clock ran over its end")
		}
	}
}

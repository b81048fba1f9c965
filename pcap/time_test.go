package pcap

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactTime is the definition in exact arithmetic.
func exactTime(stamp uint64, res Resolution, offset int64) int64 {
	den := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(res)), nil)
	if res&resolutionBinary != 0 {
		den.Lsh(big.NewInt(1), uint(res&^resolutionBinary))
	}
	ns := new(big.Int).Mul(new(big.Int).SetUint64(stamp), big.NewInt(1e9))
	ns.Quo(ns, den)
	ns.Add(ns, new(big.Int).Mul(big.NewInt(offset), big.NewInt(1e9)))
	switch {
	case ns.IsInt64():
		return ns.Int64()
	case ns.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

func TestTime(t *testing.T) {
	for _, tt := range []struct {
		stamp  uint64
		res    Resolution
		offset int64
		want   int64
	}{
		{1_600_000_000_123_456, 6, 0, 1_600_000_000_123_456_000},
		{1_600_000_000, 0, 0, 1_600_000_000e9},
		{1_600_000_000, 0x80, 0, 1_600_000_000e9},
		{1_600_000_000_123_456_789, 9, 0, 1_600_000_000_123_456_789},
		{1_600_000_000_123_456_789, 9, 100, 1_600_000_100_123_456_789},
		{1999, 12, 0, 1},
		{1<<64 - 1, 12, 0, 18_446_744_073_709_551},
		{1 << 63, 0xc0, 0, 500_000_000},
		{3, 0x81, -2, -500_000_000},
		{1, 0xff, 7, 7e9},
		{1<<64 - 1, 28, 0, 1},
		{1<<64 - 1, 29, 0, 0},
		{1<<64 - 1, 127, 0, 0},
		{1<<64 - 1, 6, 0, math.MaxInt64},
		{1<<64 - 1, 0, math.MaxInt64, math.MaxInt64},
		{0, 6, math.MinInt64, math.MinInt64},
		{1<<64 - 1, 9, -9_223_372_037, 9_223_372_036_709_551_615},
	} {
		c := newClock(tt.res, tt.offset)
		if got := c.time(tt.stamp); got != tt.want {
			t.Errorf("%d in %v + %d s: got %d, want %d", tt.stamp, tt.res, tt.offset, got, tt.want)
		}
	}
}

// TestTimeExact compares with exact arithmetic, and wants what was read to be written back
// where it can be.
func TestTimeExact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for res := range 256 {
		for range 400 {
			stamp := rnd.Uint64() >> rnd.UintN(64)
			offset := int64(rnd.Uint64()) >> rnd.UintN(64)
			c := newClock(Resolution(res), offset)
			ts := c.time(stamp)
			if want := exactTime(stamp, Resolution(res), offset); ts != want {
				t.Fatalf("%d in %v + %d s: got %d, want %d", stamp, c.resolution, offset, ts, want)
			}
			if ts == math.MinInt64 || ts == math.MaxInt64 {
				continue
			}
			if back, ok := c.stamp(ts); ok && c.time(back) != ts {
				t.Fatalf("%d in %v + %d s: %d, written as %d", stamp, c.resolution, offset, ts, back)
			} else if n := res & 127; !ok && n <= 60 && -maxShift <= offset && offset <= maxShift {
				t.Fatalf("%d in %v + %d s: %d cannot be written", stamp, c.resolution, offset, ts)
			}
		}
	}
}

// TestStampTruncates: a coarse resolution cuts times and never rounds them up.
func TestStampTruncates(t *testing.T) {
	for _, tt := range []struct {
		ts   int64
		res  Resolution
		want uint64
	}{
		{1_999_999_999, Seconds, 1}, {1_999_999_999, 0x81, 3}, {1_999_999_999, 3, 1999},
		{1_999_999_999, 6, 1_999_999}, {1_999_999_999, 9, 1_999_999_999}, {1_999_999_999, 12, 1_999_999_999_000}, {2e9, 0x80, 2},
	} {
		c := newClock(tt.res, 0)
		if got, ok := c.stamp(tt.ts); !ok || got != tt.want {
			t.Errorf("%d in %v: got %d", tt.ts, tt.res, got)
		}
	}
}

func TestResolutionString(t *testing.T) {
	for r, want := range map[Resolution]string{Microseconds: "10^-6 s", 0x8a: "2^-10 s", 127: "10^-127 s"} {
		if got := r.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

package machine

import (
	"runtime"
	"testing"
	"time"
)

func TestScarce(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		used, available, of int64
		want                bool
	}{
		{1, 0, 0, false}, {0, 1, 16 * gib, false}, {14*gib + 1, 0, 16 * gib, true}, {14 * gib, gib, 16 * gib, false},
		{4*gib + 1, gib - 1, 16 * gib, true}, {4 * gib, gib - 1, 16 * gib, false}, {4*gib + 1, gib, 16 * gib, false},
	} {
		if got := scarce(c.used, c.available, c.of); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestWatch: it tells once, at the first look that finds memory scarce, and then ends.
func TestWatch(t *testing.T) {
	tick := make(chan time.Time, 10)
	for range 10 {
		tick <- time.Time{}
	}
	looks, told := int64(0), 0
	watch(tick, nil, func() (int64, int64, int64) { looks++; return looks * 30, 0, 100 }, func(used, of int64) {
		if told++; used != 90 || of != 100 {
			t.Errorf("told %d of %d", used, of)
		}
	})
	if looks != 3 || told != 1 {
		t.Errorf("%d looks, told %d times", looks, told)
	}
	stop := Watch(func(used, of int64) { t.Logf("%d of %d bytes are in use", used, of) })
	stop()
}

func TestUsed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	if r, a, m := resident(), free(), Memory(); r <= 1<<20 || r > m || a <= 0 {
		t.Errorf("%d bytes of %d, %d available", r, m, a)
	}
}

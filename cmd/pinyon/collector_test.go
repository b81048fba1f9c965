package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercentOf(t *testing.T) {
	for live, want := range map[uint64]int{0: 800, 1 << 20: 800, 32 << 20: 100, 64 << 20: 50, 1 << 30: gcPercent} {
		if got := percentOf(live); got != want {
			t.Errorf("live heap of %d bytes: %d %%, want %d", live, got, want)
		}
	}
}

// TestCollectEarly holds a heap large enough that the percentage has to fall, and lets it go.
func TestCollectEarly(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	percent := func() int {
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return int(s[0].Value.Uint64())
	}
	reaches := func(ok func(int) bool, what string) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ok(percent()); time.Sleep(time.Millisecond) {
			if runtime.GC(); time.Now().After(end) {
				t.Fatalf("%d %%, want %s", percent(), what)
			}
		}
	}
	stop := collectEarly()
	held := make([]byte, 256<<20)
	reaches(func(p int) bool { return p == gcPercent }, "that of a large heap")
	runtime.KeepAlive(held)
	held = nil
	reaches(func(p int) bool { return p > gcPercent }, "more, as the heap is small again")
	stop()
	runtime.GC()
	if p := percent(); p != 77 {
		t.Errorf("%d %% afterwards, want what was before", p)
	}
}

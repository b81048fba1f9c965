package allocs

import (
	"slices"
	"testing"
)

// TestPerRun: an allocation of every call is found, one of a single call is not.
func TestPerRun(t *testing.T) {
	calls, kept := 0, []*[64]byte(nil)
	every := PerRun(t, 10, func() { calls++; kept = append(kept[:0], new([64]byte)) })
	if want := 1.0; every != want && !raceEnabled {
		t.Errorf("%v allocations a call, want %v", every, want)
	}
	if calls < 11 {
		t.Errorf("called %d times", calls)
	}
	noise := []int{3, 17}
	calls = 0
	if n := PerRun(t, 10, func() {
		if calls++; slices.Contains(noise, calls) {
			for range 20 {
				kept = append(kept[:0], new([64]byte))
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations a call for what happened to single ones", n)
	}
}

// Package allocs counts allocations in tests.
package allocs

import "testing"

// Tries is how often PerRun counts at most before it believes a count above zero.
const Tries = 5

// PerRun returns the mean number of heap allocations of a call of f, as testing.AllocsPerRun
// counts them: f is called once more than runs says, first to warm up. What other goroutines
// allocate meanwhile is counted too, and a garbage collection empties a sync.Pool, so a count
// above zero is taken again up to Tries - 1 times and the least one is returned: what f itself
// allocates is in every one of them.
//
// Under the race detector f is called and zero is returned. There a sync.Pool forgets at
// random what was put into it, so no count means anything.
func PerRun(t testing.TB, runs int, f func()) float64 {
	t.Helper()
	if raceEnabled {
		t.Log("allocations are not counted under the race detector")
		for range runs + 1 {
			f()
		}
		return 0
	}
	least := testing.AllocsPerRun(runs, f)
	for i := 1; i < Tries && least > 0; i++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}

// Package growth tests that work grows with its input and not with the square of it.
package growth

import (
	"runtime"
	"testing"
	"time"
)

// factor is how much larger the larger input is.
const factor = 4

// Linear fails the test if work on an input of 4n takes more than about 4 times as much as on one
// of n, in bytes allocated or in processor time. prepare makes an input of a size and returns what
// works on it, which runs several times and starts anew each time. Work that grows with n·log n
// passes; what grows with n² takes 16 times as much.
//
// Time is that of the process, whatever else the machine does. One run of each size is enough
// where it tells; else the least of several counts. n should be such that the smaller input takes
// some tens of milliseconds. Time is not asked for under -short, and nothing with the race
// detector on, under which a program does other work.
func Linear(t *testing.T, n int, prepare func(n int) (work func())) {
	t.Helper()
	if raceEnabled {
		t.Skip("work is not compared under the race detector")
	}
	small, large := prepare(n), prepare(factor*n)
	small() // tables that are made once
	const tries = 5
	for i := range tries {
		a, s := spent(small)
		b, l := spent(large)
		memory := b <= 2*factor*a+64<<20
		if memory && (testing.Short() || l < 2*factor*s+5*time.Millisecond) {
			return
		}
		if !memory || i == tries-1 {
			t.Errorf("%d takes %v and allocates %d bytes, %d takes %v and allocates %d", n, s, a, factor*n, l, b)
			return
		}
	}
}

// spent is how many bytes work allocates, and its processor time.
func spent(work func()) (bytes uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	from := processTime()
	work()
	took = processTime() - from
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, took
}

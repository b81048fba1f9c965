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
// Time is that of the process, whatever else the machine does, and the least of several runs
// counts; n should be such that the smaller input takes some tens of milliseconds. It is not
// asked for under -short, nor with the race detector on, where little is as it is.
func Linear(t *testing.T, n int, prepare func(n int) (work func())) {
	t.Helper()
	small, large := prepare(n), prepare(factor*n)
	small() // tables that are made once
	a, b := allocated(small), allocated(large)
	if b > 2*factor*a+64<<20 {
		t.Errorf("%d allocates %d bytes, %d allocates %d", n, a, factor*n, b)
	}
	if testing.Short() || raceEnabled {
		t.Log("processor time is not compared")
		return
	}
	const tries = 5
	var s, l time.Duration
	for range tries {
		s, l = spent(small), spent(large)
		if l < 2*factor*s+5*time.Millisecond {
			return
		}
	}
	t.Errorf("%d takes %v, %d takes %v", n, s, factor*n, l)
}

// allocated is how many bytes work allocates.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// spent is the processor time of work.
func spent(work func()) time.Duration {
	runtime.GC()
	from := processTime()
	work()
	return processTime() - from
}

package stat

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestEpoch compares with exact arithmetic.
func TestEpoch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	apart := 0
	for i := range 300_000 {
		ns := r.Int64() >> r.IntN(63)
		switch i % 4 {
		case 0:
			ns = -ns
		case 1:
			ns = 1_700_000_000e9 + r.Int64N(1e17)
		case 2: // half way between two numbers, or near it
			ns = (1_700_000_000<<10 + r.Int64N(1<<30)) * (1e9 >> 9) >> 1
		}
		if i < 4 {
			ns = []int64{math.MaxInt64, math.MinInt64, 0, -1}[i]
		}
		want, _ := big.NewRat(ns, 1e9).Float64()
		if got := Epoch(ns); got != want {
			t.Fatalf("%d ns: %.17g; want %.17g", ns, got, want)
		}
		if float64(ns/1e9)+float64(ns%1e9)/1e9 != want {
			apart++
		}
	}
	if apart == 0 {
		t.Error("no time among them needs this")
	}
}

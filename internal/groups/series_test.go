package groups

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/DataDog/sketches-go/ddsketch"

	"pinyon/internal/stat"
)

// TestSketchedPercentiles holds percentiles of sketches within the promised error of the exact
// ones, over samples whose neighbours lie close, far apart, or are the same.
func TestSketchedPercentiles(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	draw := []func() int64{
		func() int64 { return []int64{1e6, 2e6}[r.IntN(2)] },
		func() int64 { return []int64{0, 1, 3e9}[r.IntN(3)] },
		func() int64 { return int64(math.Exp(r.Float64() * 40)) },
		func() int64 { return r.Int64N(1e9) },
		func() int64 { return 0 },
	}
	for k := range 3000 {
		s, err := ddsketch.NewDefaultDDSketch(sketchError)
		if err != nil {
			t.Fatal(err)
		}
		f := draw[k%len(draw)]
		all := make([]int64, r.IntN(60))
		for i := range all {
			all[i] = f()
			if err := s.Add(float64(all[i])); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range []int{25, 50, 75, 90, 99} {
			var want [1]float64
			if len(all) > 0 {
				stat.Percentiles(want[:], all, []int{p}, 1e9)
			}
			if got := sketched(s, p); math.Abs(got-want[0]) > want[0]*(sketchError+1e-12) {
				t.Fatalf("percentile %d of %v: %v, exactly %v", p, all, got, want[0])
			}
		}
	}
}

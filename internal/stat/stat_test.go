package stat

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// samples are of every size up to 60 and some larger, of few and of many distinct values.
func samples(yield func([]int64) bool) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 120 {
		for _, most := range []int64{1, 3, 1000, math.MaxInt64 / 128} {
			size := n
			if n > 60 {
				size = 60 + rng.IntN(5000)
			}
			s := make([]int64, size)
			for i := range s {
				s[i] = rng.Int64N(most)
			}
			if !yield(s) {
				return
			}
		}
	}
	for _, n := range []int{100, 1000, 5000} { // sorted, reversed, organ pipe
		up, down, pipe := make([]int64, n), make([]int64, n), make([]int64, n)
		for i := range n {
			up[i], down[i], pipe[i] = int64(i), int64(n-i), int64(min(i, n-i))
		}
		for _, s := range [][]int64{up, down, pipe} {
			if !yield(s) {
				return
			}
		}
	}
}

func TestPercentilesEqualSorting(t *testing.T) {
	ps := []int{0, 25, 50, 75, 90, 99, 100}
	for s := range samples {
		sorted := slices.Clone(s)
		slices.Sort(sorted)
		got := make([]float64, len(ps))
		mixed := slices.Clone(s)
		Percentiles(got, mixed, ps, 1e9)
		for i, p := range ps {
			if want := Percentile(sorted, p, 1e9); got[i] != want {
				t.Fatalf("n=%d p%d = %v; want %v", len(s), p, got[i], want)
			}
		}
		slices.Sort(mixed)
		if !slices.Equal(mixed, sorted) {
			t.Fatalf("n=%d: values lost", len(s))
		}
	}
}

// TestMomentsAreExact compares with arbitrary precision, over values up to 2⁶².
func TestMomentsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 1 + rng.IntN(40)
		shift := rng.IntN(60)
		var sum uint64
		var sq Sum128
		exact, squares := new(big.Int), new(big.Int)
		for range n {
			v := rng.Uint64() >> 4 >> shift
			sum += v
			sq.AddSquare(v)
			b := new(big.Int).SetUint64(v)
			exact.Add(exact, b)
			squares.Add(squares, b.Mul(b, b))
		}
		if !exact.IsUint64() {
			continue
		}
		d := new(big.Int).Mul(squares, big.NewInt(int64(n)))
		d.Sub(d, exact.Mul(exact, exact))
		want, _ := new(big.Float).SetInt(d).Float64()
		if got := sq.spread(uint64(n), sum); got != want {
			t.Fatalf("n·Σx² − (Σx)² = %v; want %v", got, want)
		}
	}
}

func TestOneValue(t *testing.T) {
	var sq Sum128
	sq.AddSquare(7)
	if Std(1, 7, sq, 1) != 0 || Variance(1, 7, sq, 1) != 0 || Mean(1, 7, 1) != 7 || CV(1, 7, sq) != 0 || Percentile([]int64{7}, 99, 1) != 7 {
		t.Error("one value has no spread, and is its own mean and percentiles")
	}
	if Std(0, 0, Sum128{}, 1) != 0 || Mean(0, 0, 1) != 0 || Percentile(nil, 50, 1) != 0 {
		t.Error("no value: 0")
	}
}

// TestCheckValue: dividing 0.029 by parts first would give 0.028999999999999998.
func TestCheckValue(t *testing.T) {
	if got := Mean(3, 87_000_000, 1e9); got != 0.029 {
		t.Errorf("mean %v; want 0.029", got)
	}
}

func BenchmarkPercentiles(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{16, 100, 10_000} {
		s := make([]int64, n)
		scratch := make([]int64, n)
		for i := range s {
			s[i] = rng.Int64N(1e9)
		}
		var out [5]float64
		b.Run("by=select", func(b *testing.B) {
			for b.Loop() {
				copy(scratch, s)
				Percentiles(out[:], scratch, []int{25, 50, 75, 90, 99}, 1e9)
			}
		})
		b.Run("by=sort", func(b *testing.B) {
			for b.Loop() {
				copy(scratch, s)
				slices.Sort(scratch)
			}
		})
	}
}

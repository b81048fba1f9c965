package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestComputeStatistics(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want Statistics
	}{
		{nil, Statistics{}},
		{[]float64{7}, Statistics{N: 1, Sum: 7, Mean: 7, Min: 7, Max: 7, Median: 7}},
		{[]float64{4, 2}, Statistics{N: 2, Sum: 6, Mean: 3, Variance: 1, Std: 1, Min: 2, Max: 4, Median: 3}},
		{[]float64{2, 4, 4, 4, 5, 5, 7, 9}, Statistics{N: 8, Sum: 40, Mean: 5, Variance: 4, Std: 2, Min: 2, Max: 9, Median: 4.5}},
		{[]float64{1e16, 1, -1e16}, Statistics{N: 3, Sum: 1, Mean: 1. / 3, Variance: 2e32 / 3, Std: math.Sqrt(2e32 / 3), Min: -1e16, Max: 1e16, Median: 1}},
		{[]float64{0.1, 0.1, 0.1}, Statistics{N: 3, Sum: 0.1 + 0.2, Mean: 0.1, Min: 0.1, Max: 0.1, Median: 0.1}},
	} {
		got := ComputeStatistics(c.in)
		if got.Sum = near(got.Sum, c.want.Sum); true {
			got.Variance, got.Std = near(got.Variance, c.want.Variance), near(got.Std, c.want.Std)
		}
		if got != c.want {
			t.Errorf("%v: %+v, want %+v", c.in, got, c.want)
		}
	}
	in := []float64{3, 1, 2}
	if ComputeStatistics(in); in[0] != 3 {
		t.Error("the values were sorted")
	}
}

// near is want if v is within 1e-12 of it.
func near(v, want float64) float64 {
	if math.Abs(v-want) <= 1e-12*math.Abs(want) {
		return want
	}
	return v
}

func TestComputePercentiles(t *testing.T) {
	got := ComputePercentiles([]float64{40, 10, 30, 20}, 0, 25, 50, 75, 100, 90, 33.3)
	for i, want := range []float64{10, 17.5, 25, 32.5, 40, 37, 19.99} {
		if near(got[i], want) != want {
			t.Errorf("%d: %v, want %v", i, got[i], want)
		}
	}
	for _, p := range []float64{-1, 101, math.NaN(), math.Inf(1)} {
		if v := ComputePercentiles([]float64{1}, p)[0]; !math.IsNaN(v) {
			t.Errorf("percentile %v is %v", p, v)
		}
	}
	if v := ComputePercentiles(nil, 50); v[0] != 0 {
		t.Error(v)
	}
	// By the definition: between s[i] and s[j] at the fraction of (n−1)·p/100.
	r := rand.New(rand.NewPCG(1, 1))
	s := make([]float64, 101)
	for i := range s {
		s[i] = float64(i * i)
	}
	for range 1000 {
		n, p := 1+r.IntN(101), r.Float64()*100
		rank := float64(n-1) * p / 100
		i := int(rank)
		want := s[i] + (s[min(i+1, n-1)]-s[i])*(rank-float64(i))
		if got := ComputePercentiles(s[:n], p)[0]; math.Abs(got-want) > 1e-9*(1+want) {
			t.Fatalf("n %d p %v: %v, want %v", n, p, got, want)
		}
	}
}

func TestByteEntropy(t *testing.T) {
	all := make([]byte, 512)
	for i := range all {
		all[i] = byte(i)
	}
	for _, c := range []struct {
		in   []byte
		want float64
	}{{nil, 0}, {[]byte("aaaa"), 0}, {[]byte("abab"), 1}, {[]byte("abcd"), 2}, {all, 8}, {[]byte("aab"), 0.9182958340544896}} {
		if got := ByteEntropy(c.in); near(got, c.want) != c.want {
			t.Errorf("%.8q: %v, want %v", c.in, got, c.want)
		}
	}
	if h := ByteHistogram([]byte{0, 255, 255}); h[0] != 1 || h[255] != 2 || h[7] != 0 {
		t.Error("wrong histogram")
	}
}

func TestPortClass(t *testing.T) {
	for port, want := range map[uint16]string{443: "https", 81: "system", 40000: "registered", 50000: "dynamic"} {
		if got, _ := PortClass(port); got != want {
			t.Errorf("%d: %s, want %s", port, got, want)
		}
	}
}

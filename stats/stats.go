// Package stats describes samples, bytes and ports by hand, for programs that work on packets of
// their own: the definitions are those of the columns, the code is not what computes them.
package stats

import (
	"math"
	"slices"

	"pinyon/internal/groups"
)

// Statistics describe a sample. All are 0 for an empty one.
type Statistics struct {
	N             int
	Sum, Mean     float64
	Variance, Std float64 // of the population: over N, not N−1
	Min, Max      float64
	Median        float64
}

// ComputeStatistics describes the values, which it neither changes nor keeps. It sums with
// compensation and takes deviations from the mean, so large values with small differences
// are safe. With a NaN among the values the results are undefined.
func ComputeStatistics(values []float64) Statistics {
	n := len(values)
	if n == 0 {
		return Statistics{}
	}
	s := slices.Sorted(slices.Values(values))
	r := Statistics{N: n, Min: s[0], Max: s[n-1], Median: percentile(s, 50)}
	r.Sum = sum(s, func(v float64) float64 { return v })
	r.Mean = r.Sum / float64(n)
	if s[0] == s[n-1] { // exactly, whatever the division does
		r.Mean = s[0]
	}
	r.Variance = sum(s, func(v float64) float64 { return (v - r.Mean) * (v - r.Mean) }) / float64(n)
	r.Std = math.Sqrt(r.Variance)
	return r
}

// sum adds f of the values with Neumaier's compensation.
func sum(s []float64, f func(float64) float64) float64 {
	total, lost := 0.0, 0.0
	for _, v := range s {
		v = f(v)
		t := total + v
		if math.Abs(total) >= math.Abs(v) {
			lost += total - t + v
		} else {
			lost += v - t + total
		}
		total = t
	}
	if math.IsInf(total, 0) { // what was lost is not a number then
		return total
	}
	return total + lost
}

// ComputePercentiles are the percentiles (0 to 100) of the values, interpolated linearly
// between neighbours (Hyndman and Fan's type 7), in the order asked for. They are 0 for an
// empty sample, and NaN for what is no percentile.
func ComputePercentiles(values []float64, percentiles ...float64) []float64 {
	s := slices.Sorted(slices.Values(values))
	out := make([]float64, len(percentiles))
	for i, p := range percentiles {
		out[i] = percentile(s, p)
	}
	return out
}

// percentile p of the ascending sample s.
func percentile(s []float64, p float64) float64 {
	if !(p >= 0 && p <= 100) {
		return math.NaN()
	}
	if len(s) == 0 {
		return 0
	}
	// The fraction by hundredths, which keeps common ones exact.
	q := float64(len(s)-1) * p
	i := min(int(q/100), len(s)-1)
	m := q - float64(i)*100
	if m <= 0 || i+1 >= len(s) {
		return s[i]
	}
	return (s[i]*(100-m) + s[i+1]*m) / 100
}

// ByteHistogram counts the bytes of b by value.
func ByteHistogram(b []byte) (h [256]int) {
	for _, v := range b {
		h[v]++
	}
	return h
}

// ByteEntropy is Shannon's entropy of the byte values of b, in bits a byte: 0 to 8; 0 for an
// empty b.
func ByteEntropy(b []byte) float64 {
	h := 0.0
	for _, n := range ByteHistogram(b) {
		if n > 0 {
			p := float64(n) / float64(len(b))
			h -= p * math.Log2(p)
		}
	}
	return h
}

// PortClass is the service name of a port, or the name of its range (RFC 6335: system,
// registered for user ports, dynamic), and the range's number: 1, 2, 3.
func PortClass(port uint16) (name string, class int) { return groups.PortClass(port) }

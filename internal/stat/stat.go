// Package stat is the arithmetic that the feature groups share: integer sums, one division
// at the end, and percentiles of Hyndman and Fan's type 7.
package stat

import (
	"math"
	"math/bits"
)

// Sum128 is an unsigned sum in 128 bits.
type Sum128 struct{ Hi, Lo uint64 }

// AddSquare adds v².
func (s *Sum128) AddSquare(v uint64) {
	hi, lo := bits.Mul64(v, v)
	var c uint64
	s.Lo, c = bits.Add64(s.Lo, lo, 0)
	s.Hi += hi + c
}

// spread turns n, Σx and Σx² into (n·Σx² − (Σx)²) as a float64: the numerator of the
// population variance over n². It is exact before the rounding to float64.
func (s Sum128) spread(n, sum uint64) float64 {
	// n·Σx² in 192 bits less (Σx)² in 128: the difference is never negative.
	h0, l0 := bits.Mul64(s.Lo, n)
	h1, l1 := bits.Mul64(s.Hi, n)
	mid, c := bits.Add64(h0, l1, 0)
	top := h1 + c
	qh, ql := bits.Mul64(sum, sum)
	lo, b := bits.Sub64(l0, ql, 0)
	mid, b = bits.Sub64(mid, qh, b)
	top -= b
	return float192(top, mid, lo)
}

// float192 rounds a 192-bit integer to the nearest float64, ties to even.
func float192(top, mid, lo uint64) float64 {
	shift := 0
	for top != 0 {
		// Keep what falls off as a sticky bit; at most three rounds.
		n := bits.Len64(top)
		sticky := lo&(1<<n-1) != 0
		if n == 64 {
			sticky = lo != 0
			lo, mid, top = mid, top, 0
		} else {
			lo = lo>>n | mid<<(64-n)
			mid = mid>>n | top<<(64-n)
			top = 0
		}
		if sticky {
			lo |= 1
		}
		shift += n
	}
	for mid != 0 {
		n := bits.Len64(mid)
		sticky := lo&(1<<n-1) != 0
		if n == 64 {
			sticky = lo != 0
			lo = mid
		} else {
			lo = lo>>n | mid<<(64-n)
		}
		mid = 0
		if sticky {
			lo |= 1
		}
		shift += n
	}
	// lo has up to 64 bits with a sticky lowest bit, which uint64 → float64 rounds rightly
	// as long as more than 54 bits are significant, and they are after any shift.
	return math.Ldexp(float64(lo), shift)
}

// Variance is the population variance of n values with the given sum, divided by scale².
func Variance(n, sum uint64, sq Sum128, scale float64) float64 {
	if n == 0 {
		return 0
	}
	f := float64(n)
	return sq.spread(n, sum) / (f * f * (scale * scale))
}

// Std is the population standard deviation, divided by scale.
func Std(n, sum uint64, sq Sum128, scale float64) float64 {
	if n == 0 {
		return 0
	}
	f := float64(n)
	return math.Sqrt(sq.spread(n, sum)/(f*f)) / scale
}

// CV is the standard deviation over the mean; 0 if the mean is 0.
func CV(n, sum uint64, sq Sum128) float64 {
	if n == 0 || sum == 0 {
		return 0
	}
	return Std(n, sum, sq, 1) / (float64(sum) / float64(n))
}

// Mean is sum over n and scale, with one division; 0 for n = 0.
func Mean(n, sum uint64, scale float64) float64 {
	if n == 0 {
		return 0
	}
	return float64(sum) / (float64(n) * scale)
}

// Percentile is percentile p (0 to 100) of the ascending sample s, divided by scale: with
// q = (n−1)·p the neighbours s[q div 100] and the next weigh 100 − q mod 100 and q mod 100.
// 0 for an empty sample.
func Percentile(s []int64, p int, scale float64) float64 {
	if len(s) == 0 {
		return 0
	}
	q := (len(s) - 1) * p
	i, m := q/100, int64(q%100)
	j := min(i+1, len(s)-1)
	return Weigh(s[i], s[j], m, scale)
}

// Weigh is (a·(100−m) + b·m) / (100·scale).
func Weigh(a, b, m int64, scale float64) float64 {
	if a < 1<<56 && b < 1<<56 {
		return float64(a*(100-m)+b*m) / (100 * scale)
	}
	return (float64(a)*float64(100-m) + float64(b)*float64(m)) / (100 * scale)
}

// Plus is s + t.
func (s Sum128) Plus(t Sum128) Sum128 {
	lo, c := bits.Add64(s.Lo, t.Lo, 0)
	return Sum128{Hi: s.Hi + t.Hi + c, Lo: lo}
}

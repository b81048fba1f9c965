package stat

import "slices"

// selectDepth is how many bad cuts a selection takes before it sorts instead, so that no
// input makes it quadratic.
const selectDepth = 24

// selectFrom is the size of a sample above which Percentiles selects.
const selectFrom = 512

// Select orders s so that s[k] is what sorting would put there, nothing before it is
// greater and nothing after it is less. It takes linear time but for inputs made to slow
// it down, which cost a sort.
func Select(s []int64, k int) {
	for bad := 0; len(s) > 24; {
		if bad == selectDepth {
			slices.Sort(s)
			return
		}
		lo, hi := partition(s)
		if hi-lo < len(s)/8 && (lo > len(s)*7/8 || hi < len(s)/8) {
			bad++
		}
		switch {
		case k < lo:
			s = s[:lo]
		case k >= hi:
			s, k = s[hi:], k-hi
		default:
			return
		}
	}
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

// partition cuts s into values below, equal to and above a pivot: s[:lo], s[lo:hi], s[hi:].
// Equal values go into the middle, as captures of a steady sender have little else.
func partition(s []int64) (lo, hi int) {
	n := len(s)
	p := median3(s[n/4], s[n/2], s[n-1-n/4])
	lo, hi = 0, n
	for i := 0; i < hi; {
		switch v := s[i]; {
		case v < p:
			s[i], s[lo] = s[lo], v
			lo++
			i++
		case v > p:
			hi--
			s[i], s[hi] = s[hi], v
		default:
			i++
		}
	}
	return lo, hi
}

func median3(a, b, c int64) int64 {
	return max(min(a, b), min(max(a, b), c))
}

// Percentiles gives the percentiles ps (ascending, 0 to 100) of the sample s, divided by
// scale, as Percentile has them, into out. It reorders s. A short sample is sorted, which
// up to a few hundred values is faster than selecting (BenchmarkPercentiles).
func Percentiles(out []float64, s []int64, ps []int, scale float64) {
	if len(s) <= selectFrom {
		slices.Sort(s)
		for i, p := range ps {
			out[i] = Percentile(s, p, scale)
		}
		return
	}
	from := 0 // everything before it is in place
	for i, p := range ps {
		q := (len(s) - 1) * p
		k, m := q/100, int64(q%100)
		if k >= from {
			Select(s[from:], k-from)
			from = k + 1
		}
		// All values after k are at least s[k]; the next one is their least.
		next := s[k]
		if m != 0 {
			if from == k+1 {
				least := k + 1
				for j := least + 1; j < len(s); j++ {
					if s[j] < s[least] {
						least = j
					}
				}
				s[k+1], s[least] = s[least], s[k+1]
				from = k + 2
			}
			next = s[k+1]
		}
		out[i] = Weigh(s[k], next, m, scale)
	}
}

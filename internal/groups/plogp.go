package groups

import "math"

// maxTerms is the largest sample whose terms are kept: both directions of a small one.
const maxTerms = 2 * smallSample

// terms keep p·log2 p for p = c/n, by n: a histogram has a dozen distinct counts among 256,
// samples have few distinct sizes among flows, and a logarithm costs as much as reading
// twenty of them (BenchmarkEntropy).
type terms struct {
	by [maxTerms + 1][]float64
}

// of is the terms of a sample of n, by count; n is at most maxTerms.
func (t *terms) of(n uint32) []float64 {
	if p := t.by[n]; p != nil {
		return p
	}
	p := make([]float64, n+1)
	for c := uint32(1); c <= n; c++ {
		p[c] = term(c, n)
	}
	t.by[n] = p
	return p
}

// term is p·log2 p for p = c/n; 0 for c = 0.
func term(c, n uint32) float64 {
	if c == 0 {
		return 0
	}
	p := float64(c) / float64(n)
	return p * math.Log2(p)
}

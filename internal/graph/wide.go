package graph

import "math"

// wide is a number m·2^exp with 53 bits and an exponent beyond float64's; m is 0 or in
// [0.5, 1).
type wide struct {
	m   float64
	exp int
}

func widen(f float64) wide {
	m, exp := math.Frexp(f)
	return wide{m, exp}
}

func (a wide) plus(b wide) wide {
	if a.m == 0 || b.m != 0 && b.exp > a.exp {
		a, b = b, a
	}
	if b.m == 0 {
		return a
	}
	s := widen(a.m + math.Ldexp(b.m, max(b.exp-a.exp, -100)))
	s.exp += a.exp
	return s
}

// times is the product, which must fit a float64.
func (a wide) times(b wide) float64 { return math.Ldexp(a.m*b.m, a.exp+b.exp) }

func (a wide) over(b wide) wide {
	q := widen(a.m / b.m)
	q.exp += a.exp - b.exp
	return q
}

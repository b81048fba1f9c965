package stat

import "math"

// Epoch is a time in nanoseconds as seconds: the float64 nearest to ns / 10⁹. Whole seconds
// and the rest divided apart and added can be one last digit off, as can float64(ns)/1e9.
func Epoch(ns int64) float64 {
	if -1<<53 <= ns && ns <= 1<<53 {
		return float64(ns) / 1e9 // exact, but for one rounding
	}
	high, low := float64(ns&^1023), float64(ns&1023) // both exact
	v := high / 1e9
	p := v * 1e9
	rest := high - p - math.FMA(v, 1e9, -p) + low // ns - v·10⁹
	return v + rest/1e9
}

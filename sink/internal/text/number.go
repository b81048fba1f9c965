// Package text turns column values into the text that CSV and JSON share: numbers, UTF-8,
// lists. It writes no separators and knows no rows.
package text

import (
	"math"
	"strconv"
)

const digitPairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// AppendInt appends v in decimal.
func AppendInt(dst []byte, v int64) []byte {
	if uint64(v) < 10 {
		return append(dst, byte('0'+v))
	}
	if v < 0 {
		return appendUint(append(dst, '-'), -uint64(v))
	}
	return appendUint(dst, uint64(v))
}

func appendUint(dst []byte, u uint64) []byte {
	if u < 100 {
		if u < 10 {
			return append(dst, byte('0'+u))
		}
		return append(dst, digitPairs[2*u], digitPairs[2*u+1])
	}
	var b [20]byte
	i := len(b)
	for u >= 100 {
		q := u / 100
		p := 2 * (u - 100*q)
		i -= 2
		b[i], b[i+1] = digitPairs[p], digitPairs[p+1]
		u = q
	}
	if u < 10 {
		i--
		b[i] = byte('0' + u)
	} else {
		i -= 2
		b[i], b[i+1] = digitPairs[2*u], digitPairs[2*u+1]
	}
	return append(dst, b[i:]...)
}

// AppendFloat appends the shortest decimal that reads back as v, laid out as Python's repr
// and pandas have it: 5.0, 0.1, 1e-05, 1e+16, inf, -inf, nan.
func AppendFloat(dst []byte, v float64) []byte {
	if a := math.Abs(v); a < 1<<53 && a >= 1e-4 {
		if d, ok := appendScaled(dst, v, a); ok {
			return d
		}
	} else if v == 0 {
		if math.Signbit(v) {
			return append(dst, "-0.0"...)
		}
		return append(dst, "0.0"...)
	}
	return appendShortest(dst, v)
}

// appendScaled writes v = m/10^k for k of 0, 6 or 9, the decimals that counts, sizes and
// capture times have, at a sixth of the cost of the general way (BenchmarkFloat).
//
// It is exact: m and 10^k are float64 values without error, so their quotient is the
// float64 nearest to the decimal m/10^k, and if that is v the decimal reads back as v. All
// whole numbers below 2^53 are exact. For k > 0, with
// m below 4e15 < 2^52 the spacing of float64 at v is below 10^-k, so the interval of
// numbers that read as v holds one multiple of 10^-k only. A shorter decimal would be
// another such multiple; hence m/10^k without its trailing zeros is the shortest.
func appendScaled(dst []byte, v, a float64) ([]byte, bool) {
	if w := uint64(a); float64(w) == a {
		if v < 0 {
			dst = append(dst, '-')
		}
		return append(appendUint(dst, w), ".0"...), true
	}
	if a >= 4e9 {
		return dst, false
	}
	m, k, scale := uint64(a*1e6+0.5), 6, uint64(1e6)
	if float64(m)/1e6 != a {
		if a >= 4e6 {
			return dst, false
		}
		m, k, scale = uint64(a*1e9+0.5), 9, 1e9
		if float64(m)/1e9 != a {
			return dst, false
		}
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	whole := m / scale
	dst = appendUint(dst, whole)
	return appendFraction(dst, uint32(m-whole*scale), k), true
}

// appendFraction writes a point and the k digits of f, which is not 0, without trailing
// zeros.
func appendFraction(dst []byte, f uint32, k int) []byte {
	var b [10]byte
	b[0] = '.'
	i := k + 1
	if k == 9 {
		q := f / 10
		b[9] = byte('0' + f - 10*q)
		f, i = q, 9
	}
	for i > 1 {
		q := f / 100
		p := 2 * (f - 100*q)
		i -= 2
		b[i], b[i+1] = digitPairs[p], digitPairs[p+1]
		f = q
	}
	n := k + 1
	for b[n-1] == '0' {
		n--
	}
	return append(dst, b[:n]...)
}

func appendShortest(dst []byte, v float64) []byte {
	a := math.Abs(v)
	switch {
	case v != v:
		return append(dst, "nan"...)
	case a > math.MaxFloat64:
		if v < 0 {
			return append(dst, "-inf"...)
		}
		return append(dst, "inf"...)
	case a != 0 && (a < 1e-4 || a >= 1e16):
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	if v == math.Trunc(v) {
		dst = append(dst, ".0"...)
	}
	return dst
}

// Finite reports whether v is neither infinite nor NaN.
func Finite(v float64) bool { return math.Abs(v) <= math.MaxFloat64 }

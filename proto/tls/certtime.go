package tls

import (
	"time"

	"pinyon/internal/cursor"
)

func (c *Certificate) readValidity(der []byte) {
	v := cursor.New(der)
	tag, text, _ := element(&v)
	before, ok := unixTime(tag, text)
	tag, text, _ = element(&v)
	after, ok2 := unixTime(tag, text)
	if ok && ok2 && !v.Failed() {
		c.NotBefore, c.NotAfter, c.HasValidity = before, after, true
	}
}

// unixTime reads UTCTime (two-digit years from 1950) or GeneralizedTime (RFC 5280 section
// 4.1.2.5): digits, a fraction that is dropped, and Z or an offset. Seconds may be absent.
func unixTime(tag uint8, b []byte) (int64, bool) {
	var f [6]int // year month day hour minute second
	var ok bool
	switch tag {
	case tagUTCTime:
		if f[0], b, ok = digits(b, 2); ok {
			f[0] += 1900
			if f[0] < 1950 {
				f[0] += 100
			}
		}
	case tagTime:
		f[0], b, ok = digits(b, 4)
	}
	for i := 1; ok && i < 5; i++ {
		f[i], b, ok = digits(b, 2)
	}
	if !ok {
		return 0, false
	}
	if s, rest, has := digits(b, 2); has {
		f[5], b = s, rest
	}
	if len(b) > 0 && (b[0] == '.' || b[0] == ',') {
		for b = b[1:]; len(b) > 0 && b[0]-'0' < 10; {
			b = b[1:]
		}
	}
	zone, ok := zoneSeconds(b)
	if !ok || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > 31 || f[3] > 23 || f[4] > 59 || f[5] > 60 {
		return 0, false
	}
	t := time.Date(f[0], time.Month(f[1]), f[2], f[3], f[4], f[5], 0, time.UTC)
	return t.Unix() - zone, true
}

// zoneSeconds reads Z, nothing, or +hhmm and -hhmm.
func zoneSeconds(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	sign := int64(1)
	switch b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	h, b, ok := digits(b[1:], 2)
	m, b, ok2 := digits(b, 2)
	return sign * int64(h*3600+m*60), ok && ok2 && len(b) == 0
}

// digits reads a decimal number of n digits.
func digits(b []byte, n int) (v int, rest []byte, ok bool) {
	if len(b) < n {
		return 0, b, false
	}
	for _, c := range b[:n] {
		if c-'0' > 9 {
			return 0, b, false
		}
		v = v*10 + int(c-'0')
	}
	return v, b[n:], true
}

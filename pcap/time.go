package pcap

import (
	"fmt"
	"math"
	"math/bits"
)

// A Resolution is the length of a pcapng time unit, as if_tsresol has it: with bit 7 clear
// 10^-n seconds, with it set 2^-n, n being the lower 7 bits.
type Resolution uint8

// Resolutions in use; any other value works too.
const (
	Seconds      Resolution = 0x80 // 2^-0; 0 says the same in a file, but is the default of InterfaceOptions
	Milliseconds Resolution = 3
	Microseconds Resolution = 6
	Nanoseconds  Resolution = 9
)

const resolutionBinary Resolution = 0x80

// String reads as "10^-6 s".
func (r Resolution) String() string {
	if r&resolutionBinary != 0 {
		return fmt.Sprintf("2^-%d s", r&^resolutionBinary)
	}
	return fmt.Sprintf("10^-%d s", uint8(r))
}

var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// A clock turns an interface's time stamps into nanoseconds since 1970-01-01 UTC.
type clock struct {
	// Stamps below limit are multiplied and shifted; 0 sends all the long way.
	limit, mul uint64
	shift      int64
	resolution Resolution
	offset     int64 // if_tsoffset, seconds
}

// maxShift keeps multiplied stamps (below 2^62) and their shift within int64.
const maxShift = 4e9

func newClock(res Resolution, offset int64) clock {
	c := clock{resolution: res, offset: offset}
	if res <= Nanoseconds && -maxShift <= offset && offset <= maxShift {
		c.mul = pow10[Nanoseconds-res]
		c.limit = 1 << 62 / c.mul
		c.shift = offset * 1e9
	}
	return c
}

func (c *clock) time(stamp uint64) int64 {
	if stamp < c.limit {
		return int64(stamp*c.mul) + c.shift
	}
	return c.slowTime(stamp)
}

// slowTime computes in 128 bits: the stamp in nanoseconds, cut off below, plus the offset.
func (c *clock) slowTime(stamp uint64) int64 {
	hi, lo := uint64(0), stamp
	switch n := uint(c.resolution &^ resolutionBinary); {
	case c.resolution&resolutionBinary != 0:
		hi, lo = bits.Mul64(stamp, 1e9)
		hi, lo = shiftRight(hi, lo, n)
	case n <= 9:
		hi, lo = bits.Mul64(stamp, pow10[9-n])
	case n-9 < uint(len(pow10)):
		lo /= pow10[n-9]
	default:
		lo = 0
	}
	return saturate(add128(hi, lo, c.offset))
}

// add128 is hi, lo + 1e9·sec as a signed number of 128 bits. |hi, lo| is below 2^94 and
// the product below 2^93, so nothing is lost.
func add128(hi, lo uint64, sec int64) (int64, uint64) {
	m := uint64(sec)
	if sec < 0 {
		m = -m
	}
	ohi, olo := bits.Mul64(m, 1e9)
	var c uint64
	if sec < 0 {
		lo, c = bits.Sub64(lo, olo, 0)
		hi, _ = bits.Sub64(hi, ohi, c)
	} else {
		lo, c = bits.Add64(lo, olo, 0)
		hi, _ = bits.Add64(hi, ohi, c)
	}
	return int64(hi), lo
}

func saturate(hi int64, lo uint64) int64 {
	switch {
	case hi > 0 || hi == 0 && lo > math.MaxInt64:
		return math.MaxInt64
	case hi < -1 || hi == -1 && lo < 1<<63:
		return math.MinInt64
	}
	return int64(lo)
}

// shiftRight is hi, lo >> n.
func shiftRight(hi, lo uint64, n uint) (uint64, uint64) {
	if n >= 64 {
		return 0, hi >> (n - 64)
	}
	return hi >> n, lo>>n | hi<<1<<(63-n)
}

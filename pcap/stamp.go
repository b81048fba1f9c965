package pcap

import "math/bits"

// stamp is the stored time that reads back as ts, or as the last time before ts that the
// resolution has; false if there is none.
func (c *clock) stamp(ts int64) (uint64, bool) {
	hi, lo := uint64(ts>>63), uint64(ts)
	shi, rel := add128(hi, lo, -c.offset)
	if shi != 0 {
		return 0, false // before the offset, or 584 years behind it
	}
	n := uint(c.resolution &^ resolutionBinary)
	switch {
	case c.resolution&resolutionBinary != 0:
		return binaryStamp(rel, n)
	case n <= 9:
		return rel / pow10[9-n], true
	case n-9 < uint(len(pow10)):
		hi, lo := bits.Mul64(rel, pow10[n-9])
		return lo, hi == 0
	}
	return 0, rel == 0
}

// binaryStamp is rel nanoseconds in units of 2^-n seconds. From 2^-30 on units are finer
// than nanoseconds, and the least one within the nanosecond is taken; of coarser ones the
// last that begins before the nanosecond ends. Both read back what was read.
func binaryStamp(rel uint64, n uint) (uint64, bool) {
	if n >= 64 || rel == 0 {
		return 0, rel == 0
	}
	const second = 1e9
	hi, lo := bits.Mul64(rel, 1<<n)
	add := uint64(second - 1) // round up
	if n < 30 {
		add = 1<<n - 1 // (rel+1)·2^n - 1, rounded down
	}
	lo, c := bits.Add64(lo, add, 0)
	if hi += c; hi >= second {
		return 0, false
	}
	stamp, _ := bits.Div64(hi, lo, second)
	return stamp, true
}

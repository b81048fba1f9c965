package groups

import "math/bits"

// set256 is a set of bytes.
type set256 [4]uint64

func (s *set256) add(v uint8) { s[v>>6] |= 1 << (v & 63) }

// len is the number of bytes in the set.
func (s *set256) len() int64 {
	return int64(bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3]))
}

// min is the least byte of the set, and none if it is empty.
func (s *set256) min() int64 {
	for i, w := range s {
		if w != 0 {
			return int64(i*64 + bits.TrailingZeros64(w))
		}
	}
	return none
}

// max is the greatest byte of the set, and none if it is empty.
func (s *set256) max() int64 {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0 {
			return int64(i*64 + 63 - bits.LeadingZeros64(s[i]))
		}
	}
	return none
}

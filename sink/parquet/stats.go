package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
)

// maxStat is the longest text that is told as a column's minimum or maximum.
const maxStat = 64

// stats are a chunk's statistics: nulls, and least and greatest value by the column's own
// order (signed, IEEE 754 without NaN, bytes).
type stats struct {
	nulls       int64
	seen        bool
	least, most int64 // float64 as bits; 0 and 1 for booleans
	low, high   []byte
	long        bool // a text above maxStat: no statistics
}

func (s *stats) reset() {
	*s = stats{low: s.low[:0], high: s.high[:0]}
}

// ints takes in v and reports whether all its values are the same.
func (s *stats) ints(v []int64) bool {
	if len(v) == 0 {
		return false
	}
	least, most := v[0], v[0]
	for _, x := range v {
		least = min(least, x)
		most = max(most, x)
	}
	if !s.seen || least < s.least {
		s.least = least
	}
	if !s.seen || most > s.most {
		s.most = most
	}
	s.seen = true
	return least == most
}

// floats is ints for the bits of float64.
func (s *stats) floats(v []int64) bool {
	if len(v) == 0 {
		return false
	}
	least, most := math.Inf(1), math.Inf(-1)
	found := false
	var differ int64
	for _, x := range v {
		differ |= x ^ v[0]
		f := math.Float64frombits(uint64(x))
		if f < least {
			least = f
		}
		if f > most {
			most = f
		}
		found = found || f == f
	}
	if !found {
		return differ == 0
	}
	if !s.seen || least < math.Float64frombits(uint64(s.least)) {
		s.least = int64(math.Float64bits(least))
	}
	if !s.seen || most > math.Float64frombits(uint64(s.most)) {
		s.most = int64(math.Float64bits(most))
	}
	s.seen = true
	return differ == 0
}

func (s *stats) text(v []byte) {
	if len(v) > maxStat {
		s.long = true
		return
	}
	if !s.seen || bytes.Compare(v, s.low) < 0 {
		s.low = append(s.low[:0], v...)
	}
	if !s.seen || bytes.Compare(v, s.high) > 0 {
		s.high = append(s.high[:0], v...)
	}
	s.seen = true
}

// append writes the Statistics struct of parquet.thrift.
func (s *stats) append(t *thrift, id int, physical int32) {
	t.begin(id)
	t.i64(3, s.nulls)
	if s.seen && !s.long {
		low, high := s.low, s.high
		switch physical {
		case typeBool:
			low, high = []byte{byte(s.least)}, []byte{byte(s.most)}
		case typeInt:
			low, high = plain(s.least), plain(s.most)
		case typeFloat:
			// Zeros of either sign are equal; readers want the wider pair.
			if s.least == 0 {
				s.least = math.MinInt64
			}
			if s.most == math.MinInt64 {
				s.most = 0
			}
			low, high = plain(s.least), plain(s.most)
		}
		t.text(5, string(high))
		t.text(6, string(low))
		t.bool(7, true)
		t.bool(8, true)
	}
	t.end()
}

func plain(v int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }

// bools takes in n booleans, of which set are true.
func (s *stats) bools(set, n int) {
	if n == 0 {
		return
	}
	least, most := int64(0), int64(1)
	if set == n {
		least = 1
	}
	if set == 0 {
		most = 0
	}
	if !s.seen || least < s.least {
		s.least = least
	}
	if !s.seen || most > s.most {
		s.most = most
	}
	s.seen = true
}

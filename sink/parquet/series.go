package parquet

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"pinyon/column"
)

// blockValues is how many values are packed, and given to an encoder, at a time: 8 KiB for
// each column while they are gathered.
const blockValues = 1024

// A series is a run of 64-bit numbers, floats as their bits. Full blocks of them are packed
// into as few bytes a value as their range needs, none if they are equal: of a flow table's
// numbers two thirds are integers or whole, and take 1.6 bytes on average.
type series struct {
	path   string // of the file's column
	float  bool
	open   []int64
	blocks []block
}

// A block holds n values: base plus differences of width bytes each, in little endian.
type block struct {
	packed []byte
	base   int64
	n      int32
	width  uint8
	whole  bool // floats that are whole numbers, as integers
}

// valuesOf is the column's values that the series takes, as 64-bit words; part is that of a
// triple.
func (s *series) valuesOf(c *column.Column, part int) []int64 {
	switch {
	case s.float:
		return arrow.Int64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(c.Floats))
	case part == 2:
		return c.Dirs
	}
	return c.Ints
}

func (s *series) append(st *store, v []int64) {
	st.size += 8 * int64(len(v))
	if s.open == nil && len(v) > 0 {
		s.open = make([]int64, 0, blockValues)
	}
	for len(v) > 0 {
		n := min(len(v), blockValues-len(s.open))
		s.open = append(s.open, v[:n]...)
		v = v[n:]
		if len(s.open) == blockValues {
			s.blocks = append(s.blocks, pack(st, s.open, s.float))
			s.open = s.open[:0]
		}
	}
}

func (s *series) reset() {
	clear(s.blocks) // they borrow from the store
	s.blocks, s.open = s.blocks[:0], s.open[:0]
}

// len is the number of values.
func (s *series) len() int { return len(s.blocks)*blockValues + len(s.open) }

// pack uses v as scratch.
func pack(st *store, v []int64, float bool) block {
	b := block{n: int32(len(v))}
	if float {
		b.whole = whole(v)
	}
	least, most := v[0], v[0]
	for _, x := range v {
		least, most = min(least, x), max(most, x)
	}
	b.base = least
	switch span := uint64(most) - uint64(least); {
	case span == 0:
		return b
	case span <= math.MaxUint8:
		b.width = 1
	case span <= math.MaxUint16:
		b.width = 2
	case span <= math.MaxUint32:
		b.width = 4
	default:
		b.width = 8
	}
	b.packed = st.take(int(b.width) * len(v))
	switch b.width {
	case 1:
		for i, x := range v {
			b.packed[i] = byte(x - least)
		}
	case 2:
		for i, x := range v {
			binary.LittleEndian.PutUint16(b.packed[2*i:], uint16(x-least))
		}
	case 4:
		for i, x := range v {
			binary.LittleEndian.PutUint32(b.packed[4*i:], uint32(x-least))
		}
	default:
		for i, x := range v {
			binary.LittleEndian.PutUint64(b.packed[8*i:], uint64(x-least))
		}
	}
	return b
}

// whole turns the bits of floats into integers if every one comes back bit by bit, and
// otherwise leaves them as they are.
func whole(v []int64) bool {
	for _, x := range v {
		if math.Float64bits(float64(int64(math.Float64frombits(uint64(x))))) != uint64(x) {
			return false
		}
	}
	for i, x := range v {
		v[i] = int64(math.Float64frombits(uint64(x)))
	}
	return true
}

// unpack puts the block's values into dst, which has room for them.
func (b *block) unpack(dst []int64) []int64 {
	dst = dst[:b.n]
	switch b.width {
	case 0:
		for i := range dst {
			dst[i] = b.base
		}
	case 1:
		for i := range dst {
			dst[i] = b.base + int64(b.packed[i])
		}
	case 2:
		for i := range dst {
			dst[i] = b.base + int64(binary.LittleEndian.Uint16(b.packed[2*i:]))
		}
	case 4:
		for i := range dst {
			dst[i] = b.base + int64(binary.LittleEndian.Uint32(b.packed[4*i:]))
		}
	default:
		for i := range dst {
			dst[i] = b.base + int64(binary.LittleEndian.Uint64(b.packed[8*i:]))
		}
	}
	if b.whole {
		for i, x := range dst {
			dst[i] = int64(math.Float64bits(float64(x)))
		}
	}
	return dst
}

// A cursor reads a series from its start.
type cursor struct {
	s     *series
	next  int     // block
	rest  []int64 // of the block before
	block [blockValues]int64
	joint []int64 // values that no one block holds
}

func (r *cursor) reset(s *series) { r.s, r.next, r.rest = s, 0, nil }

func (r *cursor) fill() {
	switch {
	case r.next < len(r.s.blocks):
		r.rest = r.s.blocks[r.next].unpack(r.block[:])
	case r.next == len(r.s.blocks):
		r.rest = r.s.open
	}
	r.next++
}

// take returns the next n values, which must be there, until the next call.
func (r *cursor) take(n int) []int64 {
	if len(r.rest) == 0 {
		r.fill()
	}
	if n <= len(r.rest) {
		v := r.rest[:n]
		r.rest = r.rest[n:]
		return v
	}
	r.joint = append(r.joint[:0], r.rest...)
	for len(r.joint) < n {
		r.fill()
		m := min(n-len(r.joint), len(r.rest))
		r.joint = append(r.joint, r.rest[:m]...)
		r.rest = r.rest[m:]
	}
	return r.joint
}

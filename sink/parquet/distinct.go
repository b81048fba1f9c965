package parquet

import (
	"math"

	"github.com/zeebo/xxh3"
)

// Limits of a chunk's dictionary. Beyond them, and where values come up fewer times than
// repeats, indices and entries are no shorter than the values' own encodings.
const (
	maxNumbers    = 8 << 10
	maxTexts      = 16 << 10
	repeatNumbers = 4
	repeatTexts   = 2
)

// distinct numbers different 64-bit words from 0, in order of first appearance. Its table
// is used for one column after the other.
type distinct struct {
	words []int64
	slots [2 * maxTexts]struct {
		word  int64
		run   uint32 // in which the slot was filled
		index uint16
	}
	run uint32
}

// begin forgets all words.
func (d *distinct) begin() {
	d.words = d.words[:0]
	d.run++
	if d.run == 0 { // wrapped around: slots could look filled
		clear(d.slots[:])
		d.run = 1
	}
}

// index appends the number of every word of v to dst. It stops, and reports false, when
// there would be more than most words, which is at most maxTexts.
func (d *distinct) index(dst []uint16, v []int64, most int) ([]uint16, bool) {
	last, at := int64(0), uint16(0)
	for i, x := range v {
		if i == 0 || x != last {
			last = x
			for h := uint64(x) * 0x9e3779b97f4a7c15 >> 32; ; h++ {
				slot := &d.slots[h%uint64(len(d.slots))]
				if slot.run != d.run {
					if len(d.words) == most {
						return dst, false
					}
					slot.word, slot.run, slot.index = x, d.run, uint16(len(d.words))
					d.words = append(d.words, x)
				}
				if slot.word == x {
					at = slot.index
					break
				}
			}
		}
		dst = append(dst, at)
	}
	return dst, true
}

// indexNumbers reports whether s is to have a dictionary. If so, its entries are in
// distinct.words, and its values' indices in indices.
func (w *chunkWriter) indexNumbers(s *series) bool {
	n := s.len()
	most := min(maxNumbers, max(1, n/repeatNumbers))
	w.indices = w.indices[:0]
	w.distinct.begin()
	w.values.reset(s)
	for n > 0 {
		v := w.values.take(min(n, blockValues))
		n -= len(v)
		var ok bool
		if w.indices, ok = w.distinct.index(w.indices, v, most); !ok {
			return false
		}
	}
	if s.float {
		for _, x := range w.distinct.words {
			if math.IsNaN(math.Float64frombits(uint64(x))) {
				return false // the library takes any two for equal
			}
		}
	}
	return len(w.indices) > 0
}

// textsRepeat reports whether c is to have a dictionary. It counts hashes, which is good
// enough to decide, and indexes nothing.
func (w *chunkWriter) textsRepeat(c *held) bool {
	n := c.lengths.len()
	most := min(maxTexts, max(1, n/repeatTexts))
	w.distinct.begin()
	w.lengths.reset(&c.lengths)
	w.texts.reset(&c.texts)
	for n > 0 {
		lengths := w.lengths.take(min(n, blockValues))
		n -= len(lengths)
		w.hashes = w.hashes[:0]
		for _, length := range lengths {
			w.hashes = append(w.hashes, int64(xxh3.Hash(w.texts.take(int(length)))))
		}
		var ok bool
		if w.indices, ok = w.distinct.index(w.indices[:0], w.hashes, most); !ok {
			return false
		}
	}
	return len(w.distinct.words) > 0
}

package parquet

import "github.com/apache/arrow-go/v18/arrow/bitutil"

// The units in which a store takes memory, and texts take it from the store: large beside
// what is put there, small beside a row group.
const (
	pieceSize = 1 << 20
	textSize  = 16 << 10
)

// A store lends memory until the row group's end, to all columns, and uses it again.
type store struct {
	pieces [][]byte
	n      int   // pieces in use
	size   int64 // of the open row group before compression, as PLAIN has it
}

// take lends n bytes, of any content.
func (s *store) take(n int) []byte {
	if s.n == 0 || cap(s.pieces[s.n-1])-len(s.pieces[s.n-1]) < n {
		if s.n == len(s.pieces) || cap(s.pieces[s.n]) < n {
			// What is above pieceSize is rare (long texts); it takes a piece of its own.
			s.pieces = append(s.pieces[:s.n], append([][]byte{make([]byte, 0, max(pieceSize, n))}, s.pieces[s.n:]...)...)
		}
		s.n++
	}
	p := &s.pieces[s.n-1]
	at := len(*p)
	*p = (*p)[:at+n]
	return (*p)[at : at+n : at+n]
}

// reset takes all memory back, and keeps pieces of the common size.
func (s *store) reset() {
	kept := s.pieces[:0]
	for _, p := range s.pieces {
		if cap(p) == pieceSize {
			kept = append(kept, p[:0])
		}
	}
	clear(s.pieces[len(kept):])
	s.pieces, s.n, s.size = kept, 0, 0
}

// texts hold texts one after the other; none is cut in two.
type texts struct {
	pieces [][]byte // full up to their length
}

func (t *texts) append(st *store, s []byte) {
	st.size += int64(len(s))
	if len(s) == 0 {
		return
	}
	n := len(t.pieces)
	if n == 0 || cap(t.pieces[n-1])-len(t.pieces[n-1]) < len(s) {
		t.pieces = append(t.pieces, st.take(max(textSize, len(s)))[:0])
		n++
	}
	t.pieces[n-1] = append(t.pieces[n-1], s...)
}

func (t *texts) reset() {
	clear(t.pieces)
	t.pieces = t.pieces[:0]
}

// A bitmap is a run of bits, least significant first.
type bitmap struct {
	bytes []byte
	n     int
}

// append takes bits from to to of src; nil is all ones.
func (b *bitmap) append(src []byte, from, to int) {
	start := b.n
	b.n += to - from
	for len(b.bytes) < (b.n+7)/8 {
		b.bytes = append(b.bytes, 0)
	}
	if src == nil {
		bitutil.SetBitsTo(b.bytes, int64(start), int64(to-from), true)
		return
	}
	bitutil.CopyBitmap(src, from, to-from, b.bytes, start)
}

func (b *bitmap) at(i int) bool { return b.bytes[i>>3]>>(i&7)&1 != 0 }

func (b *bitmap) reset() { b.bytes, b.n = b.bytes[:0], 0 }

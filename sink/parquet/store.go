package parquet

// blockSize is the unit in which finished pages take memory: large beside a page, small
// beside a row group.
const blockSize = 1 << 20

// A store keeps the finished pages of the open row group, of all columns, in the order in
// which they are done: memory grows with what is compressed, not with the number of columns.
type store struct {
	blocks [][]byte
	n      int // blocks in use
}

// add copies a and b, one after the other, and returns the copy.
func (s *store) add(a, b []byte) []byte {
	need := len(a) + len(b)
	if s.n == 0 || cap(s.blocks[s.n-1])-len(s.blocks[s.n-1]) < need {
		if s.n == len(s.blocks) || cap(s.blocks[s.n]) < need {
			// A page above blockSize is rare (long texts); it takes a block of its own.
			s.blocks = append(s.blocks[:s.n], append([][]byte{make([]byte, 0, max(blockSize, need))}, s.blocks[s.n:]...)...)
		}
		s.n++
	}
	block := &s.blocks[s.n-1]
	at := len(*block)
	*block = append(append(*block, a...), b...)
	return (*block)[at:]
}

// reset empties the store and keeps blocks of the common size.
func (s *store) reset() {
	kept := s.blocks[:0]
	for _, b := range s.blocks {
		if cap(b) == blockSize {
			kept = append(kept, b[:0])
		}
	}
	clear(s.blocks[len(kept):])
	s.blocks, s.n = kept, 0
}

package engine

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"pinyon/column"
	"pinyon/extract"
	"pinyon/feature"
)

// spoolMemory is how many bytes of an input's rows wait in memory; more wait in a file.
const spoolMemory = 16 << 20

// spool keeps the batches of an input until its late columns are known. Whole numbers take as
// many bytes as their range needs; where all are the same, as in half of all columns of a
// batch, they take none (BenchmarkSpool).
type spool struct {
	plan  *extract.Plan
	mem   [][]byte // a batch each; those behind n are free
	held  int      // bytes of the first n of mem
	n     int
	file  *os.File
	w     *bufio.Writer
	filed int // batches in file
	buf   []byte
}

// add stores the rows of b, late columns left out.
func (s *spool) add(b *column.Batch) error {
	s.buf = binary.LittleEndian.AppendUint32(s.buf[:0], 0)
	s.buf = binary.LittleEndian.AppendUint32(s.buf, uint32(b.Rows))
	for i := range b.Cols {
		if !s.plan.IsLate(i) {
			s.buf = appendColumn(s.buf, &b.Cols[i])
		}
	}
	binary.LittleEndian.PutUint32(s.buf, uint32(len(s.buf)-4))
	if s.w == nil && s.held+len(s.buf) <= spoolMemory {
		if s.n == len(s.mem) {
			s.mem = append(s.mem, nil)
		}
		s.mem[s.n] = append(s.mem[s.n][:0], s.buf...)
		s.held += len(s.buf)
		s.n++
		return nil
	}
	s.filed++
	if s.w == nil {
		f, err := os.CreateTemp("", "pinyon-rows-*")
		if err != nil {
			return fmt.Errorf("rows waiting for the end of the input: %w", err)
		}
		// Without a name it cannot be left behind; where that is not possible close removes it.
		_ = os.Remove(f.Name())
		s.file, s.w = f, bufio.NewWriterSize(f, 256<<10)
	}
	if _, err := s.w.Write(s.buf); err != nil {
		return fmt.Errorf("rows waiting for the end of the input: %w", err)
	}
	return nil
}

// replay calls f with every batch in order, read into what next returns, and the number of its
// first row; then the spool is empty.
func (s *spool) replay(next func() *column.Batch, f func(b *column.Batch, from int) error) error {
	defer s.reset()
	var r *bufio.Reader
	if s.w != nil {
		if err := s.w.Flush(); err != nil {
			return err
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		r = bufio.NewReaderSize(s.file, 256<<10)
	}
	from := 0
	for i := range s.n + s.filed {
		var rec []byte
		if i < s.n {
			rec = s.mem[i][4:]
		} else {
			var head [4]byte
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return err
			}
			n := int(binary.LittleEndian.Uint32(head[:]))
			if cap(s.buf) < n {
				s.buf = make([]byte, n)
			}
			rec = s.buf[:n]
			if _, err := io.ReadFull(r, rec); err != nil {
				return err
			}
		}
		b := next()
		b.Rows = int(binary.LittleEndian.Uint32(rec))
		rec = rec[4:]
		for i := range b.Cols {
			if !s.plan.IsLate(i) {
				rec = readColumn(rec, &b.Cols[i], b.Rows)
			}
		}
		rows := b.Rows // f may hand b on for good
		if err := f(b, from); err != nil {
			return err
		}
		from += rows
	}
	return nil
}

// reset gives the file up and keeps the memory.
func (s *spool) reset() {
	if s.file != nil {
		s.file.Close()
		_ = os.Remove(s.file.Name())
		s.file, s.w = nil, nil
	}
	s.n, s.held, s.filed = 0, 0, 0
}

func appendColumn(dst []byte, c *column.Column) []byte {
	dst = appendInts(dst, c.Ints)
	dst = appendFloats(dst, c.Floats)
	dst = appendInts(dst, c.Dirs)
	dst = appendBytes(dst, c.Bits)
	if c.Field.Kind >= feature.Text {
		dst = appendInts(appendBytes(dst, c.Bytes), c.Offsets[1:])
	}
	dst = appendBytes(dst, c.Valid)
	return binary.LittleEndian.AppendUint32(dst, uint32(c.Nulls))
}

func readColumn(src []byte, c *column.Column, rows int) []byte {
	c.Ints, src = readInts(src, c.Ints[:0])
	c.Floats, src = readFloats(src, c.Floats[:0])
	c.Dirs, src = readInts(src, c.Dirs[:0])
	c.Bits, src = readBytes(src, c.Bits[:0])
	if c.Field.Kind == feature.Bool {
		c.Rows = rows
	}
	if c.Field.Kind >= feature.Text {
		c.Bytes, src = readBytes(src, c.Bytes[:0])
		c.Offsets, src = readInts(src, c.Offsets[:1])
	}
	valid, src := readBytes(src, c.Valid[:0])
	if c.Valid != nil {
		c.Valid = valid
	}
	c.Nulls = int(binary.LittleEndian.Uint32(src))
	return src[4:]
}

// appendInts stores how many there are, the bytes each takes (0, 1, 2, 4 or 8), the least, and
// what each is above it.
func appendInts[T int32 | int64](dst []byte, vs []T) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(vs)))
	if len(vs) == 0 {
		return dst
	}
	least, most := vs[0], vs[0]
	for _, v := range vs {
		least, most = min(least, v), max(most, v)
	}
	width := widthOf(uint64(int64(most) - int64(least)))
	dst = binary.LittleEndian.AppendUint64(append(dst, byte(width)), uint64(least))
	dst, to := extend(dst, width*len(vs))
	switch width {
	case 1:
		for i, v := range vs {
			to[i] = byte(v - least)
		}
	case 2:
		for i, v := range vs {
			binary.LittleEndian.PutUint16(to[2*i:], uint16(v-least))
		}
	case 4:
		for i, v := range vs {
			binary.LittleEndian.PutUint32(to[4*i:], uint32(v-least))
		}
	case 8:
		for i, v := range vs {
			binary.LittleEndian.PutUint64(to[8*i:], uint64(v-least))
		}
	}
	return dst
}

func readInts[T int32 | int64](src []byte, dst []T) ([]T, []byte) {
	n := int(binary.LittleEndian.Uint32(src))
	if src = src[4:]; n == 0 {
		return dst, src
	}
	width, least := int(src[0]), T(binary.LittleEndian.Uint64(src[1:]))
	src = src[9:]
	dst, to := extend(dst, n)
	switch width {
	case 0:
		for i := range to {
			to[i] = least
		}
	case 1:
		for i := range to {
			to[i] = least + T(src[i])
		}
	case 2:
		for i := range to {
			to[i] = least + T(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case 4:
		for i := range to {
			to[i] = least + T(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case 8:
		for i := range to {
			to[i] = least + T(binary.LittleEndian.Uint64(src[8*i:]))
		}
	}
	return dst, src[width*n:]
}

// widthOf is how many bytes hold numbers up to most.
func widthOf(most uint64) int {
	switch {
	case most == 0:
		return 0
	case most <= math.MaxUint8:
		return 1
	case most <= math.MaxUint16:
		return 2
	case most <= math.MaxUint32:
		return 4
	}
	return 8
}

// appendFloats stores how many there are, the bytes each takes (0 if all are the first, else 8),
// and their bits.
func appendFloats(dst []byte, vs []float64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(vs)))
	if len(vs) == 0 {
		return dst
	}
	first := math.Float64bits(vs[0])
	same := 1
	for same < len(vs) && math.Float64bits(vs[same]) == first {
		same++
	}
	if same == len(vs) {
		return binary.LittleEndian.AppendUint64(append(dst, 0), first)
	}
	dst, to := extend(append(dst, 8), 8*len(vs))
	for i, v := range vs {
		binary.LittleEndian.PutUint64(to[8*i:], math.Float64bits(v))
	}
	return dst
}

func readFloats(src []byte, dst []float64) ([]float64, []byte) {
	n := int(binary.LittleEndian.Uint32(src))
	if src = src[4:]; n == 0 {
		return dst, src
	}
	width := int(src[0])
	src = src[1:]
	dst, to := extend(dst, n)
	if width == 0 {
		first := math.Float64frombits(binary.LittleEndian.Uint64(src))
		for i := range to {
			to[i] = first
		}
		return dst, src[8:]
	}
	for i := range to {
		to[i] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
	}
	return dst, src[8*n:]
}

// extend makes a slice longer by n, and gives the new part, which is to be filled.
func extend[T any](s []T, n int) (all, added []T) {
	all = slices.Grow(s, n)[:len(s)+n]
	return all, all[len(s):]
}

func appendBytes(dst, vs []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(vs))), vs...)
}

func readBytes(src, dst []byte) ([]byte, []byte) {
	n := binary.LittleEndian.Uint32(src)
	return append(dst, src[4:4+n]...), src[4+n:]
}

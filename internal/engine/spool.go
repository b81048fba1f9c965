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

// spool keeps the batches of an input until its late columns are known. A column whose values
// are all the same takes one value: half of all columns of a batch are such.
type spool struct {
	plan *extract.Plan
	mem  []byte
	file *os.File
	w    *bufio.Writer
	buf  []byte
	n    int // batches
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
	s.n++
	if s.w == nil && len(s.mem)+len(s.buf) <= spoolMemory {
		s.mem = append(s.mem, s.buf...)
		return nil
	}
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
	for mem := s.mem; s.n > 0; s.n-- {
		var rec []byte
		if len(mem) > 0 {
			n := binary.LittleEndian.Uint32(mem)
			rec, mem = mem[4:4+n], mem[4+n:]
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
	s.mem, s.n = s.mem[:0], 0
}

// Forms of a run of values.
const (
	spoolSame = iota // one value for all
	spoolAll
)

func appendColumn(dst []byte, c *column.Column) []byte {
	dst = appendWords(dst, c.Ints, intBits)
	dst = appendWords(dst, c.Floats, math.Float64bits)
	dst = appendWords(dst, c.Dirs, intBits)
	dst = appendBytes(dst, c.Bits)
	if c.Field.Kind >= feature.Text {
		dst = appendBytes(dst, c.Bytes)
		for _, o := range c.Offsets[1:] {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(o))
		}
	}
	dst = appendBytes(dst, c.Valid)
	return binary.LittleEndian.AppendUint32(dst, uint32(c.Nulls))
}

func readColumn(src []byte, c *column.Column, rows int) []byte {
	c.Ints, src = readWords(src, c.Ints[:0], intOf)
	c.Floats, src = readWords(src, c.Floats[:0], math.Float64frombits)
	c.Dirs, src = readWords(src, c.Dirs[:0], intOf)
	c.Bits, src = readBytes(src, c.Bits[:0])
	if c.Field.Kind == feature.Bool {
		c.Rows = rows
	}
	if c.Field.Kind >= feature.Text {
		c.Bytes, src = readBytes(src, c.Bytes[:0])
		c.Offsets = c.Offsets[:1]
		for range rows {
			c.Offsets = append(c.Offsets, int32(binary.LittleEndian.Uint32(src)))
			src = src[4:]
		}
	}
	valid, src := readBytes(src, c.Valid[:0])
	if c.Valid != nil {
		c.Valid = valid
	}
	c.Nulls = int(binary.LittleEndian.Uint32(src))
	return src[4:]
}

// appendWords stores 64-bit values by their bits.
func appendWords[T int64 | float64](dst []byte, vs []T, bits func(T) uint64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(vs)))
	if len(vs) == 0 {
		return dst
	}
	first := bits(vs[0])
	if !slices.ContainsFunc(vs, func(v T) bool { return bits(v) != first }) {
		return binary.LittleEndian.AppendUint64(append(dst, spoolSame), first)
	}
	dst = append(dst, spoolAll)
	for _, v := range vs {
		dst = binary.LittleEndian.AppendUint64(dst, bits(v))
	}
	return dst
}

func readWords[T int64 | float64](src []byte, dst []T, value func(uint64) T) ([]T, []byte) {
	n := binary.LittleEndian.Uint32(src)
	src = src[4:]
	if n == 0 {
		return dst, src
	}
	form := src[0]
	src = src[1:]
	for range n {
		dst = append(dst, value(binary.LittleEndian.Uint64(src)))
		if form == spoolAll {
			src = src[8:]
		}
	}
	if form == spoolSame {
		src = src[8:]
	}
	return dst, src
}

func intBits(v int64) uint64  { return uint64(v) }
func intOf(bits uint64) int64 { return int64(bits) }

func appendBytes(dst, vs []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(vs))), vs...)
}

func readBytes(src, dst []byte) ([]byte, []byte) {
	n := binary.LittleEndian.Uint32(src)
	return append(dst, src[4:4+n]...), src[4+n:]
}

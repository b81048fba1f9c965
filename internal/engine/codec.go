package engine

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"pinyon/column"
	"pinyon/feature"
)

// The form in which batches wait for the end of their input. It never leaves the process.
// Whole numbers take as many bytes as their range needs; where all are the same, as in half of
// all columns of a batch, they take none (BenchmarkCodec).

// appendBatch encodes a batch, whose late columns may hold fewer rows than the others.
func appendBatch(dst []byte, b *column.Batch) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(b.Rows))
	for i := range b.Cols {
		dst = appendColumn(dst, &b.Cols[i])
	}
	return dst
}

// readBatch decodes what appendBatch wrote into an empty batch.
func readBatch(src []byte, b *column.Batch) {
	b.Rows = int(binary.LittleEndian.Uint32(src))
	src = src[4:]
	for i := range b.Cols {
		src = readColumn(src, &b.Cols[i])
	}
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
	dst = binary.LittleEndian.AppendUint32(dst, uint32(c.Rows))
	return binary.LittleEndian.AppendUint32(dst, uint32(c.Nulls))
}

func readColumn(src []byte, c *column.Column) []byte {
	c.Ints, src = readInts(src, c.Ints[:0])
	c.Floats, src = readFloats(src, c.Floats[:0])
	c.Dirs, src = readInts(src, c.Dirs[:0])
	c.Bits, src = readBytes(src, c.Bits[:0])
	if c.Field.Kind >= feature.Text {
		c.Bytes, src = readBytes(src, c.Bytes[:0])
		c.Offsets, src = readInts(src, c.Offsets[:1])
	}
	valid, src := readBytes(src, c.Valid[:0])
	if c.Valid != nil {
		c.Valid = valid
	}
	c.Rows = int(binary.LittleEndian.Uint32(src))
	c.Nulls = int(binary.LittleEndian.Uint32(src[4:]))
	return src[8:]
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
	return append(append(dst, 8), bytesOf(vs)...)
}

// bytesOf is the memory of vs as bytes, in the machine's order: who writes them here also reads them.
func bytesOf(vs []float64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(vs))), 8*len(vs))
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
	copy(bytesOf(to), src)
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

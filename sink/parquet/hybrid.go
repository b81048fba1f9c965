package parquet

import (
	"encoding/binary"
	"math/bits"
)

// appendHybrid appends v in the RLE and bit-packing hybrid, which levels and dictionary
// indices use: runs of one value, and groups of eight values of width bits.
func appendHybrid[T uint8 | uint16](dst []byte, v []T, width int) []byte {
	// A run costs its header and value, and breaks a packed stretch, whose header is needed
	// again: below minRun values packing is as short.
	minRun := max(8, 64/width)
	packed := 0 // start of values to be packed
	for i := 0; i < len(v); {
		j := i + 1
		for j < len(v) && v[j] == v[i] {
			j++
		}
		// Packed groups are whole: they borrow from the run.
		borrow := -(i - packed) & 7
		if j-i-borrow < minRun {
			i = j
			continue
		}
		dst = appendPacked(dst, v[packed:i+borrow], width)
		dst = appendRun(dst, uint64(v[i]), j-i-borrow, width)
		i, packed = j, j
	}
	return appendPacked(dst, v[packed:], width)
}

func appendRun(dst []byte, v uint64, n, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

func appendPacked[T uint8 | uint16](dst []byte, v []T, width int) []byte {
	if len(v) == 0 {
		return dst
	}
	groups := (len(v) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	var acc uint64
	n := 0
	for _, x := range v {
		acc |= uint64(x) << n
		n += width
		if n >= 48 {
			dst = append(dst, byte(acc), byte(acc>>8), byte(acc>>16), byte(acc>>24), byte(acc>>32), byte(acc>>40))
			acc >>= 48
			n -= 48
		}
	}
	for len(dst) < end {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// appendLevels appends levels up to most as a version 1 page has them: length, then hybrid.
func appendLevels(dst []byte, v []uint8, most uint8) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = appendHybrid(dst, v, bits.Len8(most))
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

package parquet

import (
	"encoding/binary"
	"math/bits"
)

// A block of DELTA_BINARY_PACKED: the least difference, four widths, four packed miniblocks.
const (
	deltaBlock  = 128
	deltaMini   = 32
	deltaMinis  = deltaBlock / deltaMini
	deltaHeader = deltaMinis
)

// appendDelta appends v as DELTA_BINARY_PACKED. Differences wrap around, as the format
// demands of readers too.
func appendDelta(dst []byte, v []int64) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaMinis)
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	if len(v) == 0 {
		return binary.AppendVarint(dst, 0)
	}
	last := v[0]
	dst = binary.AppendVarint(dst, last)
	var d [deltaBlock]int64
	for v = v[1:]; len(v) > 0; {
		n := min(len(v), deltaBlock)
		least := v[0] - last
		for i, x := range v[:n] {
			d[i] = x - last
			least = min(least, d[i])
			last = x
		}
		dst = appendBlock(dst, &d, n, least)
		v = v[n:]
	}
	return dst
}

// appendBlock appends the n differences in d, of which least is the smallest.
func appendBlock(dst []byte, d *[deltaBlock]int64, n int, least int64) []byte {
	dst = binary.AppendVarint(dst, least)
	widths := len(dst)
	dst = append(dst, make([]byte, deltaHeader)...)
	for i := n; i < deltaBlock; i++ {
		d[i] = least // padding of the last miniblock
	}
	for m := 0; m*deltaMini < n; m++ {
		mini := (*[deltaMini]int64)(d[m*deltaMini:])
		var all uint64
		for i := range mini {
			mini[i] -= least
			all |= uint64(mini[i])
		}
		width := bits.Len64(all)
		dst[widths+m] = byte(width)
		dst = appendMini(dst, mini, width)
	}
	return dst
}

func appendMini(dst []byte, v *[deltaMini]int64, width int) []byte {
	if width == 0 {
		return dst
	}
	var acc uint64
	n := 0
	for _, x := range v {
		acc |= uint64(x) << n
		if n += width; n >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			n -= 64
			acc = uint64(x) >> (width - n)
		}
	}
	if n > 0 { // 32 values of an odd width
		dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
	}
	return dst
}

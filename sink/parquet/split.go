package parquet

import "encoding/binary"

// appendSplit appends v as BYTE_STREAM_SPLIT: the first bytes of all values, then the
// second, and so on. It transposes eight values at a time in registers.
func appendSplit(dst []byte, v []int64) []byte {
	n := len(v)
	at := len(dst)
	dst = append(dst, make([]byte, 8*n)...)
	s := dst[at:]
	i := 0
	for ; i+8 <= n; i += 8 {
		x := transpose((*[8]int64)(v[i:]))
		for k, w := range x {
			binary.LittleEndian.PutUint64(s[k*n+i:], w)
		}
	}
	for ; i < n; i++ {
		for k := range 8 {
			s[k*n+i] = byte(v[i] >> (8 * k))
		}
	}
	return dst
}

// transpose turns a matrix of 8 by 8 bytes (Hacker's Delight, section 7-3).
func transpose(v *[8]int64) (x [8]uint64) {
	const (
		m4 = 0x00000000ffffffff
		m2 = 0x0000ffff0000ffff
		m1 = 0x00ff00ff00ff00ff
	)
	for k := range x {
		x[k] = uint64(v[k])
	}
	for k := range 4 {
		a, b := x[k], x[k+4]
		x[k], x[k+4] = a&m4|b<<32, a>>32|b&^m4
	}
	for _, k := range [4]int{0, 1, 4, 5} {
		a, b := x[k], x[k+2]
		x[k], x[k+2] = a&m2|b&m2<<16, a>>16&m2|b&^m2
	}
	for _, k := range [4]int{0, 2, 4, 6} {
		a, b := x[k], x[k+1]
		x[k], x[k+1] = a&m1|b&m1<<8, a>>8&m1|b&^m1
	}
	return x
}

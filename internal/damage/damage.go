// Package damage changes files as strangers, disks and wires do: bytes, cuts, splices, and
// lengths of extreme values. The same seed gives the same change.
package damage

import (
	"encoding/binary"
	"math/rand/v2"
)

// extremes are values of lengths, counts and offsets at which sums overflow and signs change.
var extremes = []uint64{0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1 << 40, 1 << 62, 1<<63 - 1, 1 << 63, 1<<64 - 1}

// Mutate gives b a change, drawn from r; other is a file to splice in. b is not changed itself.
func Mutate(r *rand.Rand, b, other []byte) []byte {
	b = append([]byte(nil), b...)
	at := func() int { return r.IntN(max(len(b), 1)) }
	for range 1 + r.IntN(2)*r.IntN(8) { // one most often
		if len(b) == 0 {
			return b
		}
		switch r.IntN(8) {
		case 0, 1: // a byte
			b[at()] = []byte{0, 0xff, 0x7f, 0x80, byte(r.Uint32())}[r.IntN(5)]
		case 2: // a bit
			b[at()] ^= 1 << r.IntN(8)
		case 3: // cut
			b = b[:at()]
		case 4: // a part goes
			i := at()
			n := r.IntN(min(len(b)-i, 64) + 1)
			b = append(b[:i], b[i+n:]...)
		case 5: // a part of another file, or of this one, comes in between
			from := other
			if r.IntN(2) == 0 {
				from = b
			}
			if len(from) == 0 {
				continue
			}
			i := r.IntN(len(from))
			part := append([]byte(nil), from[i:i+r.IntN(min(len(from)-i, 256))+0]...)
			k := at()
			b = append(b[:k:k], append(part, b[k:]...)...)
		default: // a length
			v := extremes[r.IntN(len(extremes))]
			var w [8]byte
			binary.LittleEndian.PutUint64(w[:], v)
			i := at()
			if r.IntN(2) == 0 {
				i &^= 3 // where formats have theirs
			}
			copy(b[i:], w[:[]int{2, 4, 8}[r.IntN(3)]])
		}
	}
	return b
}

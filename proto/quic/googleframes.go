package quic

// Frames of Google QUIC (its wire specification, and the changes of each version since): a
// byte with the top bit is of a STREAM frame, with the next bit of an ACK.
const (
	googleStream      = 0x80
	googleACK         = 0x40
	googleReset       = 0x01
	googleClose       = 0x02
	googleGoAway      = 0x03
	googleWindow      = 0x04
	googleBlocked     = 0x05
	googleStopWaiting = 0x06
	googlePing        = 0x07
	googleCrypto      = 0x08 // from Q048 on
)

// nextGoogle is next for frames of Google QUIC. The handshake of versions before Q048 runs on
// stream 1, whose frames are told as CRYPTO.
func (r *frameReader) nextGoogle() uint8 {
	for r.c.Len() > 0 && !r.c.Failed() {
		switch t := r.c.U8(); {
		case t&googleStream != 0:
			if r.stream(t) && !r.c.Failed() {
				return frameCrypto
			}
		case t&googleACK != 0:
			r.googleACK(t)
		case t == framePadding:
			r.padding()
		case t == googlePing:
		case t == googleReset:
			r.c.Skip(4 + 8 + 4)
		case t == googleClose:
			r.code = r.uint(4)
			if r.c.Skip(int(r.uint(2))); !r.c.Failed() {
				return frameClose
			}
		case t == googleGoAway:
			r.c.Skip(4 + 4)
			r.c.Skip(int(r.uint(2)))
		case t == googleWindow:
			r.c.Skip(4 + 8)
		case t == googleBlocked:
			r.c.Skip(4)
		case t == googleStopWaiting:
			if r.google < google34 {
				r.c.Skip(1) // entropy
			}
			r.c.Skip(r.number)
		case t == googleCrypto:
			r.offset = r.c.Varint()
			if r.data = r.bytes(); !r.c.Failed() {
				return frameCrypto
			}
		default:
			return 0
		}
	}
	return 0
}

// stream reads a STREAM frame, and reports whether it is of the handshake.
//
//	1 | fin | length there | offset length (3) | id length (2), then id, offset, length, data
func (r *frameReader) stream(t uint8) bool {
	id := r.uint(1 + int(t&3))
	n := int(t >> 2 & 7)
	if n > 0 {
		n++
	}
	r.offset = r.uint(n)
	n = r.c.Len()
	if t&0x20 != 0 {
		n = int(r.uint(2))
	}
	// What the capture cut off is left out.
	r.data = r.c.Bytes(min(n, r.c.Len()))
	return id == 1
}

// googleACK passes over the rest of an ACK frame.
//
//	0 1 | blocks or ranges there | truncated | length of the largest (2) | length of a block (2)
func (r *frameReader) googleACK(t uint8) {
	lengths := [4]int{1, 2, 4, 6}
	largest, block := lengths[t>>2&3], lengths[t&3]
	if r.google < google34 {
		r.c.Skip(1 + largest + 2) // entropy, largest observed, delay
		r.timestamps()
		if t&0x20 != 0 {
			r.c.Skip(int(r.c.U8()) * (block + 1)) // missing ranges
			r.c.Skip(int(r.c.U8()) * largest)     // revived packets
		}
		return
	}
	r.c.Skip(largest + 2)
	n := 0
	if t&0x20 != 0 {
		n = int(r.c.U8())
	}
	r.c.Skip(block + n*(1+block))
	r.timestamps()
}

func (r *frameReader) timestamps() {
	if n := int(r.c.U8()); n > 0 {
		r.c.Skip(1 + 4 + (n-1)*(1+2))
	}
}

// uint reads a number of n bytes, at most 8, in the order of the version.
func (r *frameReader) uint(n int) (v uint64) {
	for i, b := range r.c.Bytes(n) {
		if r.google < google39 {
			v |= uint64(b) << (8 * i)
		} else {
			v = v<<8 | uint64(b)
		}
	}
	return v
}

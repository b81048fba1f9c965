package quic

import "pinyon/internal/cursor"

// Frames that Initial packets carry (RFC 9000 sections 12.4 and 19).
const (
	framePadding = 0x00
	framePing    = 0x01
	frameACK     = 0x02
	frameACKECN  = 0x03
	frameCrypto  = 0x06
	frameClose   = 0x1c
)

// A frameReader walks the frames of an Initial packet. A frame that is none of the above,
// or cut, ends the walk.
type frameReader struct {
	c      cursor.Cursor
	google int // digits of the version of Google QUIC, whose frames are other ones; 0 for all others
	number int // bytes of the packet number
	// of the frame that next stopped at
	offset uint64 // CRYPTO
	data   []byte // CRYPTO; borrowed
	code   uint64 // CONNECTION_CLOSE
}

// newFrameReader reads the frames of a packet of a version, whose number has a length in bytes.
func newFrameReader(version uint32, frames []byte, number int) frameReader {
	return frameReader{c: cursor.New(frames), google: googleNumber(version), number: number}
}

// next goes to the next CRYPTO or CONNECTION_CLOSE frame and returns its type, 0 at the end.
func (r *frameReader) next() uint8 {
	if r.google > 0 {
		return r.nextGoogle()
	}
	for r.c.Len() > 0 {
		switch t := r.c.U8(); t {
		case framePadding:
			r.padding()
		case framePing:
		case frameACK, frameACKECN:
			r.ack(t == frameACKECN)
		case frameCrypto:
			r.offset = r.c.Varint()
			if r.data = r.bytes(); !r.c.Failed() {
				return t
			}
		case frameClose:
			r.code = r.c.Varint()
			r.c.Varint() // type of the frame at fault
			if r.bytes(); !r.c.Failed() {
				return t
			}
		default:
			return 0
		}
	}
	return 0
}

// padding passes over the rest of a run, often most of the packet.
func (r *frameReader) padding() {
	n := 0
	for _, b := range r.c.Rest() {
		if b != framePadding {
			break
		}
		n++
	}
	r.c.Skip(n)
}

// bytes reads a length and as many bytes.
func (r *frameReader) bytes() []byte {
	n := r.c.Varint()
	if n > uint64(r.c.Len()) {
		r.c.Skip(r.c.Len() + 1)
		return nil
	}
	return r.c.Bytes(int(n))
}

// ack passes over the rest of an ACK frame (RFC 9000 section 19.3).
func (r *frameReader) ack(ecn bool) {
	r.c.Varint() // largest acknowledged
	r.c.Varint() // delay
	ranges := r.c.Varint()
	r.c.Varint() // first range
	for ; ranges > 0 && r.c.Len() > 0; ranges-- {
		r.c.Varint()
		r.c.Varint()
	}
	if ranges > 0 {
		r.c.Skip(r.c.Len() + 1)
	}
	if ecn {
		r.c.Varint()
		r.c.Varint()
		r.c.Varint()
	}
}

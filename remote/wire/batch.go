package wire

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"

	"pinyon/packet"
)

// A BATCH body is
//
//	+----------------+-----------+-----------------------------+
//	| first (8, BE)  | count (2) | count records               |
//	+----------------+-----------+-----------------------------+
//
// and a record
//
//	+----------+----------+-----------+------------+---------+------+
//	| meta (1) | Δt (var) | caplen    | [excess]   | [iface] | data |
//	+----------+----------+-----------+------------+---------+------+
//
// where bits 0 to 2 of meta are the kernel's packet type plus one, bit 3 says that excess is
// there (wire length less caplen), bit 4 that the interface is (its position in WELCOME; without
// it 0). Δt is zigzag, in ns, to the record before, of the first to the base in WELCOME.
const (
	batchHead  = 10
	recordHead = 1 + 10 + 5 + 5 + 2 // at most
	metaType   = 7
	metaCut    = 8
	metaIface  = 16
	MaxWire    = 1<<31 - 1 // bytes that a packet may have been on the wire
)

// A Writer collects records into the message of a BATCH. Its memory is its own until Reset.
type Writer struct {
	Message []byte // header and body so far
	First   uint64
	N       int
	base    int64 // of the session
	last    int64
}

// Reset begins a batch at a sequence number, into a message whose memory is used again.
func (w *Writer) Reset(message []byte, first uint64, base int64) {
	w.Message = append(Begin(message[:0], TypeBatch, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint64(w.Message[HeaderSize:], first)
	w.First, w.N, w.base, w.last = first, 0, base, base
}

// Room reports whether a record of so many captured bytes goes into the batch. A batch without
// records takes any.
func (w *Writer) Room(caplen int) bool {
	return w.N == 0 || w.N < BatchPackets && len(w.Message)-HeaderSize+recordHead+caplen <= BatchBytes
}

// Add appends a record: the frame, of which data is what the client gets.
func (w *Writer) Add(f *packet.Frame, data []byte) {
	if len(data) > MaxCapLen {
		data = data[:MaxCapLen]
	}
	meta := byte(f.Type) & metaType
	if int(f.Wire) > len(data) {
		meta |= metaCut
	}
	if f.Iface != 0 {
		meta |= metaIface
	}
	m := append(w.Message, meta)
	m = binary.AppendVarint(m, f.TS-w.last)
	m = binary.AppendUvarint(m, uint64(len(data)))
	if meta&metaCut != 0 {
		m = binary.AppendUvarint(m, uint64(min(int(f.Wire)-len(data), MaxWire-MaxCapLen)))
	}
	if meta&metaIface != 0 {
		m = binary.AppendUvarint(m, uint64(f.Iface))
	}
	w.Message = append(m, data...)
	w.last = f.TS
	w.N++
}

// Finish completes the message.
func (w *Writer) Finish() []byte {
	binary.BigEndian.PutUint16(w.Message[HeaderSize+8:], uint16(w.N))
	return Finish(w.Message)
}

// A Batch reads the records of a BATCH.
type Batch struct {
	First uint64
	N     int // records
	left  int
	r     reader
	last  int64
	faces int
}

// Open begins to read an unpacked body; base is that of WELCOME, and interfaces how many it has.
func (b *Batch) Open(body []byte, base int64, interfaces int) error {
	if len(body) < batchHead {
		return malformed(TypeBatch, "too short")
	}
	*b = Batch{First: binary.BigEndian.Uint64(body), N: int(binary.BigEndian.Uint16(body[8:])), r: reader{b: body[batchHead:]}, last: base, faces: interfaces}
	b.left = b.N
	if b.N == 0 || b.N > BatchPackets || b.First+uint64(b.N) < b.First {
		return malformed(TypeBatch, "the number of its records")
	}
	return nil
}

// Next reads a record: Data, which borrows the body, TS, Wire, Iface and Type of the frame. Behind
// the last it returns false and no error.
func (b *Batch) Next(f *packet.Frame) (bool, error) {
	if b.left == 0 {
		if len(b.r.b) > 0 {
			return false, malformed(TypeBatch, "bytes left over")
		}
		return false, nil
	}
	r := &b.r
	meta := r.byte()
	dt, n := binary.Varint(r.b)
	if n <= 0 || meta&^(metaType|metaCut|metaIface) != 0 || meta&metaType > byte(packet.TypeOutgoing) {
		return false, malformed(TypeBatch, "a record")
	}
	r.b = r.b[n:]
	caplen := r.below(MaxCapLen)
	wire := caplen
	if meta&metaCut != 0 {
		wire += r.below(MaxWire - MaxCapLen)
	}
	face := uint64(0)
	if meta&metaIface != 0 {
		face = r.uint()
	}
	data := r.bytes(int(caplen))
	ts := b.last + dt
	if r.bad || face >= uint64(b.faces) || (dt > 0) != (ts > b.last) && dt != 0 {
		return false, malformed(TypeBatch, "a record")
	}
	b.last = ts
	b.left--
	f.Data, f.TS, f.Wire, f.Iface, f.Type = data, ts, uint32(wire), uint32(face), packet.Type(meta&metaType)
	return true, nil
}

// Left is how many records Next has not read.
func (b *Batch) Left() int { return b.left }

// A Packer packs batches with Zstandard. It belongs to one goroutine.
type Packer struct {
	enc  *zstd.Encoder
	buf  []byte
	skip int // batches that are left as they are because those before did not shrink
	wait int
}

// NewPacker makes a Packer that does not start goroutines.
func NewPacker() *Packer {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &Packer{enc: enc}
}

// Pack returns the message of a BATCH packed, or as it is if that is not smaller by a sixteenth.
// What it returns is valid until the next call. While batches do not shrink it tries fewer.
func (p *Packer) Pack(message []byte) []byte {
	if p.skip > 0 {
		p.skip--
		return message
	}
	m := Begin(p.buf[:0], TypeBatch, FlagZstd)
	m = binary.AppendUvarint(m, uint64(len(message)-HeaderSize))
	m = p.enc.EncodeAll(message[HeaderSize:], m)
	p.buf = m[:0]
	if len(m) > len(message)-len(message)/16 {
		p.wait = min(2*p.wait+1, 63)
		p.skip = p.wait
		return message
	}
	p.wait = 0
	return Finish(m)
}

// An Unpacker unpacks batches. It belongs to one goroutine.
type Unpacker struct{ dec *zstd.Decoder }

// NewUnpacker makes an Unpacker, whose memory is bounded by MaxBody.
func NewUnpacker() *Unpacker {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxMessage), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &Unpacker{dec}
}

// Unpack returns the body of a packed BATCH in dst, which it makes larger if need be. However well
// the bytes were packed, what comes out has the length that they declare, MaxBody at most.
func (u *Unpacker) Unpack(dst, body []byte) ([]byte, error) {
	r := reader{b: body}
	size := r.below(MaxBody)
	if r.bad || size < batchHead {
		return dst, malformed(TypeBatch, "the unpacked length")
	}
	if uint64(cap(dst)) < size {
		dst = make([]byte, 0, max(size, BatchBytes))
	}
	out, err := u.dec.DecodeAll(r.b, dst[:0:size])
	if err != nil || uint64(len(out)) != size {
		return dst, malformed(TypeBatch, "Zstandard")
	}
	return dst[:size], nil
}

// Close gives the decoder back.
func (u *Unpacker) Close() { u.dec.Close() }

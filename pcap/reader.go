package pcap

import (
	"encoding/binary"
	"io"
	"iter"
	"math/bits"
	"os"
	"time"

	"pinyon/packet"
	"pinyon/source"
)

// maxRecord is the longest captured length of a pcap record; more is damage.
const maxRecord = 16 << 20

// A Reader reads one capture. It is used from one goroutine, save Offset.
type Reader struct {
	input

	// What every record needs.
	plain  bool   // classic, with 16-byte record headers and lengths in today's order
	big    bool   // byte order of the file or section
	link   uint16 // classic
	snap   uint32 // classic, 0 is no limit
	short  uint32 // classic: captured lengths up to this are nothing to count or refuse
	nanos  int64  // classic: length of a sub-second unit
	number uint64 // records seen
	others uint64 // those of them that hold no packet
	bytes  uint64 // of packets handed out, on the wire
	cuts   uint64 // packets handed out of which not all was captured
	last   int64  // time of the last of them that had one

	fin    error // what Next goes on returning
	counts Counts

	classic classic
	section section

	stored     meter
	total      int64
	since      time.Time // when it was opened
	compressed string
	stop       func()
	file       *os.File // to close; nil if not ours
}

// Next fills f with the next packet record: io.EOF at the end, an *Error where reading
// cannot go on, and the same again from then on. f.Data is borrowed from f.Block and
// stays valid until the following call, or for as long as the caller retains f.Block.
//
// f.Number counts records from 1 as tshark numbers frames: with those of undeclared
// interfaces and with pcapng blocks that hold a record of another kind (custom blocks,
// journal entries, system events), which are skipped. Times outside int64 nanoseconds (years 1677 to 2262) become its ends.
func (r *Reader) Next(f *packet.Frame) error {
	if !r.plain {
		return r.nextOther(f)
	}
	b := r.buf[r.pos:]
	if len(b) < recordHeader {
		return r.record(f)
	}
	sec := binary.LittleEndian.Uint32(b)
	sub := binary.LittleEndian.Uint32(b[4:])
	caplen := binary.LittleEndian.Uint32(b[8:])
	wire := binary.LittleEndian.Uint32(b[12:])
	if r.big {
		sec, sub = bits.ReverseBytes32(sec), bits.ReverseBytes32(sub)
		caplen, wire = bits.ReverseBytes32(caplen), bits.ReverseBytes32(wire)
	}
	if end := uint64(recordHeader) + uint64(caplen); end <= uint64(len(b)) && caplen <= wire && caplen <= r.short {
		r.number++
		r.last = int64(sec)*1e9 + int64(sub)*r.nanos
		r.pos += int(end)
		f.Data = b[recordHeader:end:end]
		f.TS = r.last
		f.Wire = wire
		r.handed(caplen, wire)
		f.Iface = 0
		f.Link = r.link
		f.Type = packet.TypeUnknown
		f.NoTime = false
		f.Number = r.number
		f.Block = r.blk
		return nil
	}
	return r.record(f)
}

// handed counts a packet that Next hands out.
func (r *Reader) handed(caplen, wire uint32) {
	if r.bytes += uint64(wire); caplen < wire {
		r.cuts++
	}
}

func (r *Reader) nextOther(f *packet.Frame) error {
	if r.section.is {
		return r.nextNG(f)
	}
	return r.record(f)
}

// All yields every frame, then the error that reading ended with unless it is io.EOF.
// The frame's memory is borrowed as with Next.
func (r *Reader) All() iter.Seq2[packet.Frame, error] {
	return func(yield func(packet.Frame, error) bool) {
		var f packet.Frame
		for {
			switch err := r.Next(&f); {
			case err == io.EOF:
				return
			case err != nil:
				yield(packet.Frame{}, err)
				return
			case !yield(f, nil):
				return
			}
		}
	}
}

// Counts are the oddities met so far.
func (r *Reader) Counts() Counts {
	c := r.counts
	c.Records = r.number - r.others - c.UnknownInterface
	return c
}

// Ready is true: a file keeps nobody waiting.
func (r *Reader) Ready() bool { return true }

// Stats are the sums so far.
func (r *Reader) Stats() source.Stats {
	c := r.Counts()
	return source.Stats{Received: c.Records, Captured: c.Records, Bytes: r.bytes, Truncated: r.cuts, Since: r.since, Offset: r.Offset(), Counts: c}
}

var _ source.Source = (*Reader)(nil)

// Offset is how many bytes of the input, as stored, were read so far: ahead of the frames
// by at most a block. It may be called from any goroutine.
func (r *Reader) Offset() int64 { return r.stored.n.Load() }

// Size is the size of the input as stored, or -1 if it is not a regular file.
func (r *Reader) Size() int64 { return r.total }

// FD is the descriptor of a file that Open opened, or of standard input; -1 without, and
// after Close. It belongs to the Reader.
func (r *Reader) FD() int {
	f := r.file
	if f == nil {
		f, _ = r.stored.r.(*os.File)
	}
	if f == nil || r.fin == os.ErrClosed {
		return -1
	}
	fd := -1
	if c, err := f.SyscallConn(); err == nil {
		c.Control(func(n uintptr) { fd = int(n) }) // Fd would make the file block
	}
	return fd
}

// Close gives the current block back and closes what Open opened.
func (r *Reader) Close() error {
	r.fin = os.ErrClosed
	if r.blk != nil {
		r.blk.Release()
		r.blk, r.buf, r.pos = nil, nil, 0
	}
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

func (r *Reader) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if r.big {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (r *Reader) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if r.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (r *Reader) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if r.big {
		v = bits.ReverseBytes64(v)
	}
	return v
}

// finish ends reading for good.
func (r *Reader) finish(err error) error {
	r.fin = err
	r.pos = len(r.buf)
	return err
}

// damaged ends reading at the record or block at at.
func (r *Reader) damaged(at int64, format string, args ...any) error {
	r.counts.Damaged = true
	return r.finish(&Error{Record: r.number + 1, Offset: at, Err: faultf(ErrDamaged, format, args...)})
}

// cut ends reading where the input ended: between records, or within the one at at, of
// which n bytes were wanted.
func (r *Reader) cut(at, n int64) error {
	e := &Error{Record: r.number + 1, Offset: at}
	have := r.base + int64(len(r.buf)) - at
	switch {
	case r.stored.err != nil && r.stored.err != io.ErrUnexpectedEOF:
		e.Err = r.stored.err
	case r.err == io.EOF && have == 0:
		return r.finish(io.EOF)
	case r.err == io.EOF:
		r.counts.Truncated = true
		e.Err = faultf(ErrTruncated, "cut by the end of the file: %d of %d bytes", have, n)
	case r.err == io.ErrUnexpectedEOF && r.compressed == "":
		r.counts.Truncated = true
		e.Err = &fault{ErrTruncated, r.err, r.err.Error()}
	case r.err == io.ErrUnexpectedEOF:
		r.counts.Truncated = true
		e.Err = &fault{ErrTruncated, r.err, r.inflateError()}
	case r.compressed != "":
		r.counts.Damaged = true
		e.Err = &fault{ErrDamaged, r.err, r.inflateError()}
	default:
		e.Err = r.err
	}
	return r.finish(e)
}

package pcap

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"pinyon/packet"
)

// writerBuffer is how much is gathered before it is written.
const writerBuffer = 64 << 10

// defaultSnaplen is what a header says if nothing else is asked for: as tcpdump.
const defaultSnaplen = 262144

// WriterOptions are what a pcap file says of itself. The zero value is little-endian with
// microseconds, link type NULL.
type WriterOptions struct {
	Link      uint16 // LINKTYPE_ value of every frame
	Snaplen   uint32 // for the header only: frames are written as they are; 0 is 262,144
	Nano      bool   // keep nanoseconds; otherwise times are cut to microseconds
	BigEndian bool
}

// A Writer writes a pcap file. It is used from one goroutine. The first error of the
// writer below is final and every later call returns it.
type Writer struct {
	w       *bufio.Writer
	order   binary.ByteOrder
	link    uint16
	unit    uint64
	scratch [fileHeader]byte
}

// NewWriter begins a pcap file on w. Its header is on the way with the first Flush or
// Close at the latest.
func NewWriter(w io.Writer, o WriterOptions) *Writer {
	pw := &Writer{w: bufio.NewWriterSize(w, writerBuffer), order: byteOrder(o.BigEndian), link: o.Link, unit: 1000}
	magic := uint32(magicMicro)
	if o.Nano {
		pw.unit, magic = 1, magicNano
	}
	if o.Snaplen == 0 {
		o.Snaplen = defaultSnaplen
	}
	h := pw.scratch[:]
	pw.order.PutUint32(h, magic)
	pw.order.PutUint16(h[4:], 2)
	pw.order.PutUint16(h[6:], 4)
	pw.order.PutUint32(h[16:], o.Snaplen)
	pw.order.PutUint32(h[20:], uint32(o.Link))
	pw.w.Write(h) // fits the buffer
	return pw
}

// Write appends one record: data, time and wire length of f. A frame of another link type,
// before 1970, after 2106-02-07 or over 16 MiB is ErrFrame.
func (w *Writer) Write(f *packet.Frame) error {
	switch {
	case f.Link != w.link:
		return faultf(ErrFrame, "pcap: link type %d in a file of %d", f.Link, w.link)
	case f.TS < 0 || f.TS/1e9 > math.MaxUint32:
		return faultf(ErrFrame, "pcap: time of %d ns outside 32 bits of seconds", f.TS)
	case len(f.Data) > maxRecord:
		return faultf(ErrFrame, "pcap: length %d over 16 MiB", len(f.Data))
	}
	h := w.scratch[:recordHeader]
	w.order.PutUint32(h, uint32(f.TS/1e9))
	w.order.PutUint32(h[4:], uint32(uint64(f.TS%1e9)/w.unit))
	w.order.PutUint32(h[8:], uint32(len(f.Data)))
	w.order.PutUint32(h[12:], max(f.Wire, uint32(len(f.Data))))
	w.w.Write(h) // bufio keeps the error for the next call
	_, err := w.w.Write(f.Data)
	return writeError(err)
}

// Flush hands everything written so far to the writer below.
func (w *Writer) Flush() error { return writeError(w.w.Flush()) }

// Close is Flush: the format has no end mark. It does not close the writer below.
func (w *Writer) Close() error { return w.Flush() }

func byteOrder(big bool) binary.ByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func writeError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pcap: write: %w", err)
}

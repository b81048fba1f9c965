package gen

import (
	"bufio"
	"encoding/binary"
	"io"
)

// A Writer writes a classic pcap file: little-endian, nanosecond stamps. It is
// written here so that the readers under test are never read with their own writer.
type Writer struct {
	w     *bufio.Writer
	frame []byte // reused by the generators
}

// NewWriter writes the file header to w. Errors show in Flush.
func NewWriter(w io.Writer) *Writer { return newWriter(w, linkEthernet) }

func newWriter(w io.Writer, link uint32) *Writer {
	b := bufio.NewWriterSize(w, 1<<20)
	h := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = binary.LittleEndian.AppendUint32(h, 1<<18) // snap length
	h = binary.LittleEndian.AppendUint32(h, link)
	b.Write(h)
	return &Writer{w: b}
}

// Frame writes one record; ts is ns since 1970-01-01 UTC. Errors show in Flush.
func (w *Writer) Frame(ts int64, data []byte) {
	var h [16]byte
	binary.LittleEndian.PutUint32(h[0:], uint32(ts/1e9))
	binary.LittleEndian.PutUint32(h[4:], uint32(ts%1e9))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(data)))
	w.w.Write(h[:])
	w.w.Write(data)
}

// Flush hands the rest to the writer below and returns the first error met so far.
func (w *Writer) Flush() error { return w.w.Flush() }

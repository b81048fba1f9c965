package pcap

import (
	"bufio"
	"encoding/binary"
	"io"

	"pinyon/packet"
)

// NGOptions are what a pcapng section says of itself. The zero value is little-endian
// without options.
type NGOptions struct {
	BigEndian   bool
	Hardware    string // shb_hardware: of the capturing machine
	OS          string // shb_os
	Application string // shb_userappl: what wrote the file
}

// InterfaceOptions describe an interface of a pcapng section.
type InterfaceOptions struct {
	Link       uint16     // LINKTYPE_ value of every frame of the interface
	Snaplen    uint32     // 0 is no limit; frames are written as they are
	Resolution Resolution // of its times, which are cut to it; 0 is Nanoseconds
	Name       string     // if_name; "" is left out
	Offset     int64      // if_tsoffset: seconds that stored times leave out
}

// Options of a section header block; those of an interface are in iface.go.
const (
	optionHardware    = 2
	optionOS          = 3
	optionApplication = 4
)

// An NGWriter writes a pcapng file of one section. It is used from one goroutine. The
// first error of the writer below is final and every later call returns it.
type NGWriter struct {
	w       *bufio.Writer
	order   binary.ByteOrder
	ifaces  []iface
	scratch [minEnhanced]byte
}

// NewNGWriter begins a pcapng section on w, which is on the way with the first Flush or
// Close at the latest. Sections of several writers may follow each other in one file.
func NewNGWriter(w io.Writer, o NGOptions) *NGWriter {
	nw := &NGWriter{w: bufio.NewWriterSize(w, writerBuffer), order: byteOrder(o.BigEndian)}
	body := make([]byte, 16)
	nw.order.PutUint32(body, orderMagic)
	nw.order.PutUint16(body[4:], majorVersion)
	nw.order.PutUint64(body[8:], ^uint64(0)) // length not known
	body = nw.option(body, optionHardware, o.Hardware)
	body = nw.option(body, optionOS, o.OS)
	body = nw.option(body, optionApplication, o.Application)
	nw.block(blockSection, body)
	return nw
}

// AddInterface declares the next interface and gives its id, from 0. It may be called
// between frames.
func (w *NGWriter) AddInterface(o InterfaceOptions) (int, error) {
	if len(w.ifaces) == maxInterfaces {
		return 0, faultf(ErrFrame, "pcap: more than %d interfaces", maxInterfaces)
	}
	if o.Resolution == 0 {
		o.Resolution = Nanoseconds
	}
	body := make([]byte, 8)
	w.order.PutUint16(body, o.Link)
	w.order.PutUint32(body[4:], o.Snaplen)
	body = w.option(body, optionName, o.Name)
	if o.Resolution != Microseconds {
		body = w.option(body, optionResolution, string([]byte{byte(o.Resolution)}))
	}
	if o.Offset != 0 {
		v := make([]byte, 8)
		w.order.PutUint64(v, uint64(o.Offset))
		body = w.option(body, optionOffset, string(v))
	}
	if err := w.block(blockInterface, body); err != nil {
		return 0, err
	}
	w.ifaces = append(w.ifaces, iface{
		clock: newClock(o.Resolution, o.Offset), link: o.Link, snap: o.Snaplen,
	})
	return len(w.ifaces) - 1, nil
}

// Write appends f as an enhanced packet of interface f.Iface, or as a simple packet if it
// has no time and a simple packet can say so. A frame of an interface that was not added,
// of another link type than its interface, of a time that the interface's resolution and
// offset cannot express, or too long for a block is ErrFrame.
func (w *NGWriter) Write(f *packet.Frame) error {
	if uint64(f.Iface) >= uint64(len(w.ifaces)) {
		return faultf(ErrFrame, "pcap: interface %d of %d", f.Iface, len(w.ifaces))
	}
	i := &w.ifaces[f.Iface]
	padded := (len(f.Data) + 3) &^ 3
	switch {
	case f.Link != i.link:
		return faultf(ErrFrame, "pcap: link type %d on an interface of %d", f.Link, i.link)
	case len(f.Data) > maxBlock-minEnhanced:
		return faultf(ErrFrame, "pcap: length %d over a block of 64 MiB", len(f.Data))
	}
	h := w.scratch[:28]
	wire := max(f.Wire, uint32(len(f.Data)))
	if f.NoTime && f.Iface == 0 && len(f.Data) == int(simpleLength(wire, i.snap)) {
		h = h[:12]
		w.order.PutUint32(h, blockSimple)
		w.order.PutUint32(h[8:], wire)
	} else {
		stamp, ok := i.clock.stamp(f.TS)
		if !ok {
			return faultf(ErrFrame, "pcap: time of %d ns outside the interface's %v and offset of %d s",
				f.TS, i.clock.resolution, i.clock.offset)
		}
		w.order.PutUint32(h, blockEnhanced)
		w.order.PutUint32(h[8:], f.Iface)
		w.order.PutUint32(h[12:], uint32(stamp>>32))
		w.order.PutUint32(h[16:], uint32(stamp))
		w.order.PutUint32(h[20:], uint32(len(f.Data)))
		w.order.PutUint32(h[24:], wire)
	}
	length := uint32(len(h) + padded + 4)
	w.order.PutUint32(h[4:], length)
	w.w.Write(h) // bufio keeps the error for the next call
	w.w.Write(f.Data)
	return w.end(padded-len(f.Data), length)
}

// Flush hands everything written so far to the writer below.
func (w *NGWriter) Flush() error { return writeError(w.w.Flush()) }

// Close is Flush: the format has no end mark. It does not close the writer below.
func (w *NGWriter) Close() error { return w.Flush() }

// simpleLength is the captured length of a simple packet.
func simpleLength(wire, snap uint32) uint32 {
	if snap != 0 {
		return min(wire, snap)
	}
	return wire
}

// block writes a block around body, whose length is a multiple of 4.
func (w *NGWriter) block(kind uint32, body []byte) error {
	length := uint32(minBlock + len(body))
	h := w.scratch[:8]
	w.order.PutUint32(h, kind)
	w.order.PutUint32(h[4:], length)
	w.w.Write(h)
	w.w.Write(body)
	return w.end(0, length)
}

// end pads a block and repeats its length.
func (w *NGWriter) end(pad int, length uint32) error {
	t := w.scratch[:pad+4]
	clear(t)
	w.order.PutUint32(t[pad:], length)
	_, err := w.w.Write(t)
	return writeError(err)
}

// option appends an option unless it is empty; one over 65,535 bytes is cut.
func (w *NGWriter) option(body []byte, code uint16, v string) []byte {
	if v == "" {
		return body
	}
	v = v[:min(len(v), 1<<16-1)]
	var h [4]byte
	w.order.PutUint16(h[:], code)
	w.order.PutUint16(h[2:], uint16(len(v)))
	body = append(append(body, h[:]...), v...)
	return append(body, make([]byte, -len(v)&3)...)
}

package pcap

import (
	"encoding/binary"
	"math/bits"

	"pinyon/packet"
)

// The classic format (draft-ietf-opsawg-pcap). The file header:
//
//	magic 4 | major 2 | minor 2 | zone 4 | accuracy 4 | snap length 4 | link type 4
//
// and each record:
//
//	seconds 4 | micro- or nanoseconds 4 | captured 4 | on the wire 4 | data
//
// Kuznetsov's patch puts interface, protocol and packet type between header and data.
const (
	fileHeader     = 24
	recordHeader   = 16
	modifiedHeader = 24

	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34
)

// lengthOrder is the order of a record's two lengths.
type lengthOrder uint8

const (
	capturedFirst lengthOrder = iota // since 2.4
	smallerFirst                     // 2.3: writers disagreed; the captured one is the smaller
	wireFirst                        // before 2.3, and 543.0 of DG/UX
)

// classic is what only the longer way through a record needs.
type classic struct {
	magic        uint32
	major, minor uint16
	header       int // of a record
	order        lengthOrder
}

func (r *Reader) startClassic() error {
	c := &r.classic
	c.magic = binary.LittleEndian.Uint32(r.buf[r.pos:])
	switch bits.ReverseBytes32(c.magic) {
	case magicMicro, magicNano, magicModified:
		c.magic, r.big = bits.ReverseBytes32(c.magic), true
	}
	c.header, r.nanos = recordHeader, 1000
	switch c.magic {
	case magicMicro:
	case magicNano:
		r.nanos = 1
	case magicModified:
		c.header = modifiedHeader
	default:
		return faultf(ErrFormat, "%v: begins with %q", ErrFormat, r.buf[r.pos:r.pos+4])
	}
	if !r.need(fileHeader) {
		return r.noHeader(fileHeader)
	}
	h := r.buf[r.pos : r.pos+fileHeader]
	c.major, c.minor = r.u16(h[4:]), r.u16(h[6:])
	switch {
	case c.major == 543 && c.minor == 0, c.major == 2 && c.minor < 3:
		c.order = wireFirst
	case c.major == 2 && c.minor == 3:
		c.order = smallerFirst
	case c.major != 2:
		return faultf(ErrFormat, "%v: pcap version %d.%d unknown", ErrFormat, c.major, c.minor)
	}
	r.snap = r.u32(h[16:])
	r.short = maxRecord
	if r.snap != 0 {
		r.short = min(r.short, r.snap)
	}
	r.link = uint16(r.u32(h[20:])) // the rest is about the frame check sequence
	r.plain = c.header == recordHeader && c.order == capturedFirst
	r.pos += fileHeader
	return nil
}

// record reads a record the long way: across blocks, with every rule.
func (r *Reader) record(f *packet.Frame) error {
	if r.fin != nil {
		return r.fin
	}
	at, header := r.offset(), r.classic.header
	if !r.need(header) {
		return r.cut(at, int64(header))
	}
	h := r.buf[r.pos:]
	caplen, wire := r.u32(h[8:]), r.u32(h[12:])
	if o := r.classic.order; o == wireFirst || o == smallerFirst && caplen > wire {
		caplen, wire = wire, caplen
	}
	if caplen > maxRecord {
		return r.damaged(at, "length %d over 16 MiB", caplen)
	}
	end := header + int(caplen)
	if !r.need(end) {
		return r.cut(at, int64(end))
	}
	h = r.buf[r.pos : r.pos+end]
	r.number++
	r.last = int64(r.u32(h))*1e9 + int64(r.u32(h[4:]))*r.nanos
	r.pos += end
	*f = packet.Frame{
		Data: h[header:end:end], TS: r.last, Wire: r.checkLengths(caplen, wire, r.snap),
		Link: r.link, Number: r.number, Block: r.blk,
	}
	r.handed(caplen, f.Wire)
	return nil
}

// checkLengths counts what is odd about a record's lengths and gives its wire length. A
// snap length of 0 is no limit.
func (r *Reader) checkLengths(caplen, wire, snap uint32) uint32 {
	if snap != 0 && caplen > snap {
		r.counts.CapLenExceedsSnap++
	}
	if caplen > wire {
		r.counts.CapLenExceedsWire++
		return caplen
	}
	return wire
}

package pcap

import (
	"math"

	"pinyon/packet"
)

// enhanced reads an enhanced packet block; the packet is padded to 4 and options follow:
//
//	type 4 | length 4 | interface 4 | time high 4 | time low 4 | captured 4 | on the wire 4 | packet
//
// An interface that was never declared leaves time and link type unknown: the packet is
// counted and passed over. A captured length that the block has no room for is damage, as
// Wireshark has it: one of the two lengths is wrong, and nothing says which.
func (r *Reader) enhanced(f *packet.Frame, b []byte) bool {
	caplen := r.u32(b[20:])
	if caplen > uint32(len(b)-minEnhanced) {
		r.damaged(r.offset(), "captured length %d over the block's %d bytes", caplen, len(b))
		return false
	}
	return r.timed(f, b, r.u32(b[8:]), caplen)
}

// obsolete reads a packet block of early drafts: as enhanced, with 2 bytes of interface
// and 2 of drop count.
func (r *Reader) obsolete(f *packet.Frame, b []byte) bool {
	caplen := r.u32(b[20:])
	if caplen > uint32(len(b)-minPacket) {
		r.damaged(r.offset(), "captured length %d over the block's %d bytes", caplen, len(b))
		return false
	}
	return r.timed(f, b, uint32(r.u16(b[8:])), caplen)
}

func (r *Reader) timed(f *packet.Frame, b []byte, id, caplen uint32) bool {
	r.pos += len(b)
	r.number++
	if uint64(id) >= uint64(len(r.section.ifaces)) {
		r.counts.UnknownInterface++
		return false
	}
	i := &r.section.ifaces[id]
	wire := r.u32(b[24:])
	if caplen > wire || caplen > i.over {
		wire = r.checkLengths(caplen, wire, i.snap)
	}
	r.handed(caplen, wire)
	r.last = i.clock.time(uint64(r.u32(b[12:]))<<32 | uint64(r.u32(b[16:])))
	if r.last == math.MaxInt64 || r.last == math.MinInt64 {
		r.counts.TimeOutOfRange++
	}
	end := 28 + caplen
	f.Data = b[28:end:end]
	f.TS = r.last
	f.Wire = wire
	f.Iface = id
	f.Link = i.link
	f.Type = packet.TypeUnknown
	f.NoTime = false
	f.Number = r.number
	f.Block = r.blk
	return true
}

// simple reads a simple packet block, always of interface 0 and cut at its snap length:
//
//	type 4 | length 4 | on the wire 4 | packet
//
// It has no time; that of the packet before stands in.
func (r *Reader) simple(f *packet.Frame, b []byte) bool {
	wire := r.u32(b[8:])
	if len(r.section.ifaces) == 0 {
		r.pos += len(b)
		r.number++
		r.counts.UnknownInterface++
		return false
	}
	i := &r.section.ifaces[0]
	caplen := min(wire, i.over)
	if caplen > uint32(len(b)-minSimple) {
		r.damaged(r.offset(), "captured length %d over the block's %d bytes", caplen, len(b))
		return false
	}
	r.pos += len(b)
	r.number++
	r.counts.NoTimestamp++
	end := 12 + caplen
	*f = packet.Frame{
		Data: b[12:end:end], TS: r.last, Wire: wire,
		Link: i.link, NoTime: true, Number: r.number, Block: r.blk,
	}
	r.handed(caplen, wire)
	return true
}

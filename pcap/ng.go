package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"

	"pinyon/packet"
)

// pcapng (draft-ietf-opsawg-pcapng). Every block:
//
//	type 4 | length 4 | body, padded to 4 | length 4
//
// with the length counting all of it. Sections begin with a section header block, whose
// magic tells the byte order of all that follows.
const (
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
	blockSection   = 0x0a0d0d0a

	// Blocks that hold no packet, but a record of another kind.
	blockJournal          = 9 // systemd journal
	blockCustom           = 0xbad
	blockCustomUncopied   = 0x40000bad // not to be copied into another file
	blockSysdigEvent      = 0x204
	blockSysdigEvent2     = 0x216
	blockSysdigEventLarge = 0x221

	minBlock     = 12
	minSection   = 28
	minInterface = 20
	minPacket    = 32
	minSimple    = 16
	minEnhanced  = 32

	// maxBlock is the longest block; more is damage.
	maxBlock = 64 << 20
	// maxInterfaces bounds a section's interfaces; more is damage.
	maxInterfaces = 1 << 20

	orderMagic   = 0x1a2b3c4d
	majorVersion = 1
)

var sectionMagic = []byte{0x0a, 0x0d, 0x0d, 0x0a}

// section is what a pcapng reader knows of where it is.
type section struct {
	is           bool // the input is pcapng
	foreign      bool // of an unknown major version: blocks are passed over
	major, minor uint16
	number       int
	ifaces       []iface
	names        int // bytes of interface names kept
}

func (r *Reader) startNG() error {
	if !r.need(minBlock) {
		return r.noHeader(minBlock)
	}
	if !r.order(r.buf[r.pos+8:]) {
		return faultf(ErrFormat, "%v: begins with %q", ErrFormat, r.buf[r.pos:r.pos+minBlock])
	}
	if !r.need(minSection) {
		return r.noHeader(minSection)
	}
	r.section.is = true
	r.step(nil)
	if e := (*Error)(nil); errors.As(r.fin, &e) {
		return &fault{ErrFormat, e.Err, fmt.Sprintf("%v: first section: %v", ErrFormat, e.Err)}
	}
	r.leadingInterfaces()
	return nil
}

// leadingInterfaces lets Info know interfaces before the first packet, as far as they
// have arrived. It never waits for a pipe.
func (r *Reader) leadingInterfaces() {
	for r.fin == nil && !r.section.foreign {
		b := r.buf[r.pos:]
		if len(b) < minBlock || r.u32(b) != blockInterface || uint64(r.u32(b[4:])) > uint64(len(b)) {
			return
		}
		r.step(nil)
	}
}

// order takes the byte order from a section's magic.
func (r *Reader) order(b []byte) bool {
	switch uint32(orderMagic) {
	case binary.LittleEndian.Uint32(b):
		r.big = false
	case binary.BigEndian.Uint32(b):
		r.big = true
	default:
		return false
	}
	return true
}

func (r *Reader) nextNG(f *packet.Frame) error {
	for r.fin == nil {
		// Nearly every block is a whole enhanced packet of a known section.
		if b := r.buf[r.pos:]; len(b) >= minEnhanced && r.u32(b) == blockEnhanced && !r.section.foreign {
			n := r.u32(b[4:])
			if n >= minEnhanced && uint64(n) <= uint64(len(b)) && n <= maxBlock && n%4 == 0 && r.u32(b[n-4:]) == n {
				if r.enhanced(f, b[:n]) {
					return nil
				}
				continue
			}
		}
		if r.step(f) {
			return nil
		}
	}
	return r.fin
}

// step reads one block of any kind and reports whether it gave a frame.
func (r *Reader) step(f *packet.Frame) bool {
	at := r.offset()
	if !r.need(minBlock) {
		r.cut(at, minBlock)
		return false
	}
	b := r.buf[r.pos:]
	kind := r.u32(b)
	if kind == blockSection && !r.order(b[8:]) {
		r.damaged(at, "byte-order magic % x", b[8:12])
		return false
	}
	length := r.u32(b[4:])
	switch least := shortest(kind); {
	case length < minBlock, length < least && !r.section.foreign:
		r.damaged(at, "block length %d under %d", length, least)
		return false
	case length > maxBlock:
		r.damaged(at, "block length %d over 64 MiB", length)
		return false
	case length%4 != 0:
		r.damaged(at, "block length %d not a multiple of 4", length)
		return false
	case r.section.foreign && kind != blockSection:
		r.pass(at, length)
		return false
	case least == minBlock:
		if r.pass(at, length) {
			r.counts.SkippedBlocks++
			if isRecord(kind) {
				r.number++
				r.others++
			}
		}
		return false
	}
	n := int(length)
	if !r.need(n) {
		r.cut(at, int64(length))
		return false
	}
	b = r.buf[r.pos : r.pos+n]
	if !r.sameLength(at, b[n-4:], length) {
		return false
	}
	switch kind {
	case blockSection:
		r.beginSection(at, b)
	case blockInterface:
		r.addInterface(at, b)
	case blockSimple:
		return r.simple(f, b)
	case blockEnhanced:
		return r.enhanced(f, b)
	case blockPacket:
		return r.obsolete(f, b)
	}
	return false
}

// shortest is the least length of a block that is read; minBlock says it is passed over.
func shortest(kind uint32) uint32 {
	switch kind {
	case blockSection:
		return minSection
	case blockInterface:
		return minInterface
	case blockSimple:
		return minSimple
	case blockEnhanced:
		return minEnhanced
	case blockPacket:
		return minPacket
	}
	return minBlock
}

// isRecord reports whether a block that is passed over is one to which Wireshark and tshark
// give a frame number. Names, statistics, secrets and unknown blocks are not.
func isRecord(kind uint32) bool {
	switch kind {
	case blockJournal, blockCustom, blockCustomUncopied, blockSysdigEvent, blockSysdigEvent2, blockSysdigEventLarge:
		return true
	}
	return false
}

// pass goes to the block's end without keeping it.
func (r *Reader) pass(at int64, length uint32) bool {
	if !r.skip(int64(length)-4) || !r.need(4) {
		r.cut(at, int64(length))
		return false
	}
	if !r.sameLength(at, r.buf[r.pos:], length) {
		return false
	}
	r.pos += 4
	return true
}

// sameLength compares a block's two lengths. Where they differ one of them is wrong, and
// nothing says which: the next block cannot be found.
func (r *Reader) sameLength(at int64, b []byte, length uint32) bool {
	if again := r.u32(b); again != length {
		r.damaged(at, "block length %d at its start, %d at its end", length, again)
		return false
	}
	return true
}

// beginSection reads a section header block:
//
//	magic 4 | major 2 | minor 2 | section length 8, -1 if unknown | options
func (r *Reader) beginSection(at int64, b []byte) {
	s := &r.section
	s.major, s.minor = r.u16(b[12:]), r.u16(b[14:])
	s.foreign = s.major != majorVersion
	s.ifaces = s.ifaces[:0]
	s.names = 0
	s.number++
	r.pos += len(b)
	if !s.foreign {
		return
	}
	r.counts.UnsupportedSections++
	// An unknown version may not even have blocks, so its own length is trusted first.
	if length := int64(r.u64(b[16:])); length > 0 && !r.skip(length) {
		r.cut(at, length)
	}
}

// Package stream puts the bytes of one direction of a TCP connection in sequence order, for
// parsers of its first bytes. What arrives in order passes through without being copied;
// what arrives early waits, within a bound. It is no full reassembly: a hole that is not
// filled ends the direction, and nothing is kept that was handed out.
package stream

import (
	"slices"
)

// Window is how far ahead of the bytes handed out, and how many bytes in all, a Dir keeps
// what arrived early. Beyond it bytes are dropped, and counted.
const Window = 64 << 10

// Pieces is how many pieces those bytes may come in: a piece takes some sixty bytes beside
// its own, and who sends a byte a segment would have a window cost 4 MiB.
const Pieces = 2048

// A Segment is a run of bytes in order, and the packet that first carried them.
type Segment struct {
	Data   []byte // borrowed until the following Push
	Offset uint64 // of Data[0] in the direction's stream
	Index  int    // of the packet in its flow
	Time   int64  // of the packet, as given to Push
}

// A Dir orders one direction. Offset 0 is the byte behind the SYN, or the first one pushed
// if there was no SYN. Where bytes arrive twice the first arrival counts. The zero value is
// ready.
type Dir struct {
	base    uint32 // sequence number of offset 0
	started bool
	next    uint64 // offset of the next byte to hand out
	ready   Segment
	early   []Segment // disjoint, ascending, all at or after next; their Data are copies
	held    int       // bytes in early
	Dropped uint64    // bytes beyond the window, or in too many pieces
}

// Reset makes d ready for another connection and keeps its memory.
func (d *Dir) Reset() {
	clear(d.early)
	*d = Dir{early: d.early[:0]}
}

// SYN tells the sequence number and the payload of the SYN that the direction began with.
// Where it is told again with another number that holds, and what was handed out is the same
// payload again. Beyond that it counts only before data.
func (d *Dir) SYN(seq, size uint32) {
	if d.started && d.next > uint64(size) || d.ready.Data != nil || d.base == seq+1 && d.started {
		return
	}
	d.base, d.started = seq+1, true
	clear(d.early)
	d.early, d.held = d.early[:0], 0
}

// Next is the offset of the next byte to hand out: how many have been.
func (d *Dir) Next() uint64 { return d.next }

// Waiting reports whether bytes wait behind a hole.
func (d *Dir) Waiting() bool { return len(d.early) > 0 }

// Push takes the payload of a segment (the captured part of it) whose first byte has
// sequence number seq. All segments that Pull has must be taken before the next Push.
func (d *Dir) Push(seq uint32, data []byte, index int, time int64) {
	if len(data) == 0 {
		return
	}
	if !d.started {
		d.base, d.started = seq, true
	}
	ahead := int64(int32(seq - (d.base + uint32(d.next))))
	if ahead < 0 {
		if -ahead >= int64(len(data)) {
			return
		}
		data, ahead = data[-ahead:], 0
	}
	s := Segment{Data: data, Offset: d.next + uint64(ahead), Index: index, Time: time}
	if ahead == 0 && len(d.early) == 0 {
		d.ready = s
		return
	}
	d.keep(s)
}

// keep stores a copy of those parts of s that have not arrived before. What is due is handed
// out at once, with all that lies between, so that no bound keeps a hole from being filled.
func (d *Dir) keep(s Segment) {
	due := s.Offset == d.next
	i, _ := slices.BinarySearchFunc(d.early, s.Offset, func(e Segment, off uint64) int {
		if e.Offset+uint64(len(e.Data)) <= off {
			return -1
		}
		return 1
	})
	for len(s.Data) > 0 {
		if i < len(d.early) && d.early[i].Offset <= s.Offset {
			covered := d.early[i].Offset + uint64(len(d.early[i].Data)) - s.Offset
			if covered >= uint64(len(s.Data)) {
				return
			}
			s.Data, s.Offset = s.Data[covered:], s.Offset+covered
			i++
			continue
		}
		piece := s
		if i < len(d.early) {
			piece.Data = s.Data[:min(uint64(len(s.Data)), d.early[i].Offset-s.Offset)]
		}
		s.Data, s.Offset = s.Data[len(piece.Data):], s.Offset+uint64(len(piece.Data))
		if end := piece.Offset + uint64(len(piece.Data)); !due && (end > d.next+Window || d.held+len(piece.Data) > Window || len(d.early) >= Pieces) {
			d.Dropped += uint64(len(piece.Data))
			continue
		}
		d.held += len(piece.Data)
		piece.Data = slices.Clone(piece.Data)
		d.early = slices.Insert(d.early, i, piece)
		i++
	}
}

// Pull hands out the next bytes in order, if they are there.
func (d *Dir) Pull() (Segment, bool) {
	s := d.ready
	switch {
	case s.Data != nil:
		d.ready = Segment{}
	case len(d.early) > 0 && d.early[0].Offset == d.next:
		s = d.early[0]
		d.early = slices.Delete(d.early, 0, 1)
		d.held -= len(s.Data)
	default:
		return Segment{}, false
	}
	d.next += uint64(len(s.Data))
	return s, true
}

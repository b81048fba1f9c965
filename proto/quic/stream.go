package quic

import "slices"

const (
	maxCrypto = 64 << 10 // bytes of a side's CRYPTO stream; the rest is left out
	maxSpans  = 1024     // pieces of it; what arrives in more is left out
)

// A span is a run of CRYPTO bytes with what brought them first.
type span struct {
	off, end uint32
	at       uint32 // where in stream.held; of no meaning once delivered
	index    uint32 // the datagram
	time     int64
	head     bool // the first piece that its frame brought
}

// A stream puts CRYPTO bytes in order. Of bytes that arrive twice the first ones stay.
type stream struct {
	buf   []byte // bytes 0 up to the first hole
	held  []byte // bytes behind it, as they came
	spans []span // disjoint, ascending
	done  int    // spans that are in buf
}

// small reports whether s may wait for its next use.
func (s *stream) small() bool {
	return cap(s.buf) <= 8<<10 && cap(s.held) <= 8<<10 && cap(s.spans) <= 128
}

func (s *stream) reset() {
	s.buf, s.held, s.spans, s.done = s.buf[:0], s.held[:0], s.spans[:0], 0
}

// add takes the data of one frame. Memory grows by no more than what is new in it.
func (s *stream) add(off uint64, data []byte, index uint32, time int64) {
	if off >= maxCrypto {
		return
	}
	data = data[:min(len(data), maxCrypto-int(off))]
	pos, end := uint32(off), uint32(off)+uint32(len(data))
	head := true
	i, _ := slices.BinarySearchFunc(s.spans, pos, func(p span, pos uint32) int { return int(p.end) - int(pos) })
	for pos < end {
		to := end
		if i < len(s.spans) {
			if p := s.spans[i]; p.off <= pos {
				pos = max(pos, p.end)
				i++
				continue
			}
			to = min(to, s.spans[i].off)
		}
		if len(s.spans) == maxSpans {
			return
		}
		piece := span{off: pos, end: to, index: index, time: time, head: head}
		s.put(i, piece, data[pos-uint32(off):to-uint32(off)])
		pos, head = to, false
		i++
	}
}

// put inserts the piece at i and delivers what it makes contiguous.
func (s *stream) put(i int, piece span, data []byte) {
	if int(piece.off) != len(s.buf) {
		piece.at = uint32(len(s.held))
		s.held = append(s.held, data...)
		s.spans = slices.Insert(s.spans, i, piece)
		return
	}
	s.buf = append(s.buf, data...)
	s.spans = slices.Insert(s.spans, i, piece)
	for s.done++; s.done < len(s.spans) && int(s.spans[s.done].off) == len(s.buf); s.done++ {
		p := s.spans[s.done]
		s.buf = append(s.buf, s.held[p.at:p.at+p.end-p.off]...)
	}
	if s.done == len(s.spans) {
		s.held = s.held[:0]
	}
}

// hello is the length in bytes of the first handshake message, its four bytes of header
// included; 0 until all of it is there.
func (s *stream) hello() int {
	if len(s.buf) < 4 {
		return 0
	}
	if isTagged(s.buf) {
		if n := taggedLen(s.buf); n <= len(s.buf) {
			return n
		}
		return 0
	}
	if n := 4 + int(s.buf[1])<<16 + int(s.buf[2])<<8 + int(s.buf[3]); n <= len(s.buf) {
		return n
	}
	return 0
}

// frames counts the frames that brought bytes from up to to first, and their datagrams,
// of these at most 64: more do not fit into maxCrypto but by intent.
func (s *stream) frames(from, to int) (frames, datagrams int) {
	var seen [64]uint32
	for _, p := range s.spans {
		if int(p.end) <= from || int(p.off) >= to {
			continue
		}
		if p.head || int(p.off) < from {
			frames++
		}
		if datagrams < len(seen) && !slices.Contains(seen[:datagrams], p.index) {
			seen[datagrams] = p.index
			datagrams++
		}
	}
	return frames, datagrams
}

package tls

import "pinyon/proto"

// maxTries is in how many first segments of a direction the start of TLS is sought.
const maxTries = 64

// maxPending is how many bytes are held while a start test wants more.
const maxPending = 4 << 10

// A piece is a segment that is part of what is pending.
type piece struct {
	at   Mark
	size int
}

// Reading reports whether TLS was found in a direction, or bytes of it are kept that may be
// its start: what comes next is for Feed, untested.
func (s *Session) Reading(dir int) bool {
	d := &s.sides[dir]
	return d.state != sideSeeking || len(d.pieces) > 0
}

// Skip tells s, before TLS was found in a direction, that as many of its segments were tested
// with Start by the caller and were none of TLS, and how many bytes stood before it there
// or in others.
func (s *Session) Skip(dir, segments int, bytes int64) {
	d := &s.sides[dir]
	if d.state != sideSeeking {
		return
	}
	d.tried = uint8(min(int(d.tried)+segments, maxTries))
	d.off += bytes
	if d.tried == maxTries {
		d.state = sideOff
	}
}

// Retry tells s, before TLS was found in a direction, that another stream starts there: it may
// take as many segments again to find it.
func (s *Session) Retry(dir int) {
	if d := &s.sides[dir]; d.state == sideSeeking {
		d.tried = 0
	}
}

// seek looks for the start of TLS at the first byte of a segment.
func (s *Session) seek(dir int, b []byte, at Mark) {
	d := &s.sides[dir]
	if len(d.pieces) == 0 {
		v := Start(b)
		switch {
		case v == proto.Mine || v == proto.NeedMore && s.answers(dir, b):
			s.begin(dir, d.off)
			s.read(dir, b, at)
			return
		case v == proto.NotMine:
			s.miss(d, len(b))
			return
		}
	}
	d.pending = append(d.pending, b...)
	d.pieces = append(d.pieces, piece{at, len(b)})
	s.settle(dir)
}

// settle judges what is pending: the first segment that may be the start, then the next.
func (s *Session) settle(dir int) {
	d := &s.sides[dir]
	for d.state == sideSeeking && len(d.pieces) > 0 {
		v := Start(d.pending)
		switch {
		case v == proto.Mine || v == proto.NeedMore && s.answers(dir, d.pending):
			s.replay(dir)
		case v == proto.NeedMore && len(d.pending) < maxPending:
			return
		default:
			n := d.pieces[0].size
			d.pending = d.pending[:copy(d.pending, d.pending[n:])]
			d.pieces = d.pieces[:copy(d.pieces, d.pieces[1:])]
			s.miss(d, n)
		}
	}
}

// replay reads what was pending, each segment with its own mark.
func (s *Session) replay(dir int) {
	d := &s.sides[dir]
	b, pieces := d.pending, d.pieces
	d.pending, d.pieces = nil, nil
	s.begin(dir, d.off)
	for _, p := range pieces {
		if d.state == sideOn {
			s.read(dir, b[:p.size], p.at)
		}
		b = b[p.size:]
	}
}

// miss notes a segment that was no start.
func (s *Session) miss(d *side, size int) {
	d.off += int64(size)
	if d.tried++; d.tried == maxTries {
		d.state = sideOff
		d.pending, d.pieces = nil, nil
	}
}

// answers reports whether b is an alert in answer to the other direction's TLS.
func (s *Session) answers(dir int, b []byte) bool {
	return s.sides[1-dir].state == sideOn && len(b) >= 7 && b[0] == RecordAlert
}

// begin turns a direction on. The other one's pending bytes may be judged anew.
func (s *Session) begin(dir int, offset int64) {
	s.over = OverTCP
	d := &s.sides[dir]
	d.state, d.start = sideOn, offset
	if other := &s.sides[1-dir]; other.state == sideSeeking && len(other.pieces) > 0 {
		s.settle(1 - dir)
	}
}

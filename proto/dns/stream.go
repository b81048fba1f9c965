package dns

import (
	"encoding/binary"

	"pinyon/proto"
)

// A stream cuts one direction of a TCP flow into messages, each behind its length in two
// bytes (RFC 7766, section 8).
type stream struct {
	buf  []byte // of a message that is not complete, with its length
	skip int    // bytes of a message that is none
	read int
	over bool // on ports that are not of DNS, its first message is none
}

// Stream takes the next bytes of a direction's stream, which arrived at ts. A message has
// the time of its last byte. The verdict is Mine once a message of the flow was accepted,
// and NotMine as long as none was and the last one ruled itself out. On ports of DNS later
// ones are still tried; on others nothing more of the direction is read.
func (f *Flow) Stream(dir int, b []byte, ts int64) proto.Verdict {
	s := &f.streams[dir]
	limit := f.Limit
	if limit <= 0 {
		limit = maxStream
	}
	b = b[:min(len(b), limit-s.read)]
	s.read += len(b)
	refused := s.over
	for len(b) > 0 && !s.over {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			refused = true
			continue
		}
		var msg []byte
		if msg, b = s.cut(b, f); msg != nil && !f.Datagram(dir, msg, len(msg), false, ts) {
			refused = true
		}
		s.over = !f.own && (refused || s.skip > 0)
		refused = refused || s.over
	}
	switch {
	case f.Detected():
		return proto.Mine
	case refused:
		return proto.NotMine
	}
	return proto.NeedMore
}

// cut takes a message off b, or keeps what there is of it. A message that cannot be
// accepted is passed over without being kept.
func (s *stream) cut(b []byte, f *Flow) (msg, rest []byte) {
	const (
		early = 2 + headerLen // length and what is looked at first
		all   = 1 << 17       // more than any message
	)
	if len(s.buf) == 0 {
		if n := whole16(b); n > 0 {
			return b[2:n], b[n:]
		}
	}
	for _, want := range [...]int{2, early, all} {
		if want == all {
			if Looks(s.buf[2:], f.carrier) == proto.NotMine || !f.own && !headerShape(s.buf[2:]) {
				s.skip, s.buf = 2+int(binary.BigEndian.Uint16(s.buf))-len(s.buf), s.buf[:0]
				return nil, b
			}
		}
		if len(s.buf) >= 2 {
			n := int(binary.BigEndian.Uint16(s.buf))
			if n < headerLen {
				s.skip, s.buf = n, s.buf[:0]
				return nil, b
			}
			want = min(want, 2+n)
		}
		n := min(max(want-len(s.buf), 0), len(b))
		s.buf, b = append(s.buf, b[:n]...), b[n:]
		if len(s.buf) < want {
			return nil, b
		}
	}
	msg = s.buf[2:]
	s.buf = s.buf[:0]
	return msg, b
}

// whole16 is the length of a message at the start of b with its own length, 0 if b ends
// before it does or it is too short to be one.
func whole16(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < headerLen || n > len(b)-2 {
		return 0
	}
	return 2 + n
}

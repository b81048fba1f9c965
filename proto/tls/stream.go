package tls

import "pinyon/proto"

// A Stream reads one direction of TLS over a byte stream from the first record on.
// The zero Stream is ready; Reset makes it ready again.
//
//	type (1) | version (2) | length (2) | body, RFC 8446 section 5.1
//
// Handshake messages are put together over records and segments. A message that lies in
// one piece is handed out in place; otherwise it is copied into a buffer that grows with
// what arrives, to MaxHandshake bytes at most.
//
// Handshake records are taken for encrypted after a ChangeCipherSpec, or after a
// ServerHello that chooses TLS 1.3.
type Stream struct {
	in  []byte // what Feed brought and Next has not read; borrowed
	at  Mark
	off int64 // stream offset of in[0]

	head   [5]byte // record header so far
	nhead  int
	rec    Record // Offset and First are set with the header's first byte
	left   int    // bytes of the record's body to come
	state  uint8
	silent bool // ServerHello chose TLS 1.3
	ccs    bool // ChangeCipherSpec seen
	retry  bool // HelloRetryRequest: TLS 1.3, so a ChangeCipherSpec means nothing
	alert  [2]byte
	nalert int

	buf   []byte  // message so far
	msg   Message // marks of the message so far
	given bool    // the message in buf was handed out
	taken int     // handshake bytes interpreted
}

// States of a Stream.
const (
	streamStart  uint8 = iota // nothing read
	streamV2                  // in an SSLv2-format ClientHello
	streamHeader              // in a record header
	streamBody                // in a record body
	streamBroken              // what came is not TLS
)

// keepBuffer is the largest buffer that Reset keeps.
const keepBuffer = 16 << 10

// Reset makes s ready for another stream; its buffer is kept.
func (s *Stream) Reset() {
	buf := s.buf[:0]
	if cap(buf) > keepBuffer {
		buf = nil
	}
	*s = Stream{buf: buf}
}

// Broken reports whether the stream ceased to be TLS: what follows is not looked at.
func (s *Stream) Broken() bool { return s.state == streamBroken }

// Offset is the number of bytes read.
func (s *Stream) Offset() int64 { return s.off }

// AfterRetry tells the client's stream that the server sent a HelloRetryRequest: another
// ClientHello may come in clear, whatever ChangeCipherSpec was seen.
func (s *Stream) AfterRetry() { s.retry = true }

// Feed gives s the next bytes of the stream, which came from at. They are borrowed until
// Next has returned false, which has to happen before the next Feed.
func (s *Stream) Feed(b []byte, at Mark) { s.in, s.at = b, at }

// Next finds the next event in the bytes fed and reports whether there was one.
func (s *Stream) Next(ev *Event) bool {
	if s.given {
		s.given = false
		s.buf = s.buf[:0]
	}
	for len(s.in) > 0 {
		switch s.state {
		case streamStart:
			s.state = streamHeader
			if s.in[0]&0x80 != 0 {
				s.state = streamV2
			}
		case streamV2:
			if s.v2(ev) {
				return true
			}
		case streamHeader:
			if s.header(ev) {
				return true
			}
		case streamBody:
			if s.body(ev) {
				return true
			}
		default:
			s.take(len(s.in))
		}
	}
	return false
}

// Partial is the message that was under way when the stream ended: its bytes so far, at
// least the header. Message.Last is that of the last byte.
func (s *Stream) Partial() (m Message, ok bool) {
	if s.given || len(s.buf) < 4 || s.state == streamV2 {
		return Message{}, false
	}
	m = s.msg
	m.Bytes = s.buf
	m.Type = s.buf[0]
	return m, true
}

// take removes n bytes from the input.
func (s *Stream) take(n int) []byte {
	b := s.in[:n]
	s.in = s.in[n:]
	s.off += int64(n)
	return b
}

func (s *Stream) header(ev *Event) bool {
	if s.nhead == 0 {
		s.rec.Offset, s.rec.First = s.off, s.at
	}
	s.nhead += copy(s.head[s.nhead:], s.take(min(5-s.nhead, len(s.in))))
	if s.nhead < 5 {
		return false
	}
	s.nhead = 0
	h := &s.head
	s.rec.Type, s.rec.Version, s.rec.Length = h[0], uint16(h[1])<<8|uint16(h[2]), int(h[3])<<8|int(h[4])
	if h[0] < RecordChangeCipherSpec || h[0] > RecordHeartbeat || h[1] != 3 || s.rec.Length > maxRecord {
		s.state = streamBroken
		return false
	}
	s.left = s.rec.Length
	if s.left > 0 {
		s.state = streamBody
	}
	if h[0] == RecordChangeCipherSpec {
		s.ccs = true
	}
	s.nalert = 0
	ev.Kind, ev.Record, ev.At = KindRecord, s.rec, s.at
	return true
}

func (s *Stream) body(ev *Event) bool {
	n := min(s.left, len(s.in))
	switch {
	case s.rec.Type == RecordHandshake && s.clear():
		return s.handshake(ev, n)
	case s.rec.Type == RecordAlert && s.rec.Length == 2:
		s.nalert += copy(s.alert[s.nalert:], s.take(n))
		if s.advance(n); s.nalert == 2 {
			ev.Kind, ev.Level, ev.Description, ev.At = KindAlert, s.alert[0], s.alert[1], s.at
			return true
		}
	default:
		s.take(n)
		s.advance(n)
	}
	return false
}

// clear reports whether handshake records are to be interpreted.
func (s *Stream) clear() bool {
	return !s.silent && (!s.ccs || s.retry) && s.taken < MaxHandshake
}

// advance notes that n bytes of the record's body were read.
func (s *Stream) advance(n int) {
	if s.left -= n; s.left == 0 {
		s.state = streamHeader
	}
}

// handshake reads from the n bytes of a handshake record that are there.
func (s *Stream) handshake(ev *Event, n int) bool {
	if len(s.buf) == 0 {
		s.msg.First, s.msg.Packets = s.at, 0
		if total := messageLen(s.in[:n]); total <= min(n, MaxHandshake-s.taken) {
			s.contributes()
			s.taken += total
			s.advance(total)
			return s.complete(ev, s.take(total))
		}
	}
	want := 4
	if len(s.buf) >= 4 {
		want = messageLen(s.buf)
	}
	n = min(n, want-len(s.buf), MaxHandshake-s.taken)
	s.contributes()
	s.buf = append(s.buf, s.take(n)...)
	s.taken += n
	s.advance(n)
	if len(s.buf) < 4 || len(s.buf) < messageLen(s.buf) {
		return false
	}
	s.given = true
	return s.complete(ev, s.buf)
}

// messageLen is the length of the message that b starts with, header included; more than
// any message has if the header is cut.
func messageLen(b []byte) int {
	if len(b) < 4 {
		return 1 << 30
	}
	return 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
}

// contributes notes that the input carries bytes of the message.
func (s *Stream) contributes() {
	if s.msg.Packets == 0 || s.msg.Last.Index != s.at.Index {
		s.msg.Packets++
	}
	s.msg.Last = s.at
}

func (s *Stream) complete(ev *Event, msg []byte) bool {
	if msg[0] == typeServerHello {
		var h ServerHello
		if h.Parse(msg) {
			s.retry = s.retry || h.Retry
			s.silent = !h.Retry && Is13(h.Selected())
		}
	}
	ev.Kind, ev.Message, ev.At = KindMessage, s.msg, s.at
	ev.Message.Type, ev.Message.Bytes, ev.Message.V2 = msg[0], msg, false
	return true
}

// v2 gathers an SSLv2-format ClientHello. TLS records follow it.
func (s *Stream) v2(ev *Event) bool {
	if len(s.buf) == 0 {
		s.msg.First, s.msg.Packets = s.at, 0
	}
	s.contributes()
	s.buf = append(s.buf, s.take(min(v2Len(s.buf)-len(s.buf), len(s.in)))...)
	if len(s.buf) < 2 || len(s.buf) < v2Len(s.buf) {
		return false
	}
	s.given = true
	s.state = streamHeader
	if startV2(s.buf) != proto.Mine {
		s.state = streamBroken
		return false
	}
	ev.Kind, ev.Message, ev.At = KindMessage, s.msg, s.at
	ev.Message.Type, ev.Message.Bytes, ev.Message.V2 = typeClientHello, s.buf, true
	return true
}

// v2Len is how long an SSLv2 record is that starts with b, as far as b tells.
func v2Len(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	return 2 + int(b[0]&0x7f)<<8 + int(b[1])
}

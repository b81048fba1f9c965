package tls

import (
	"slices"

	"pinyon/internal/cursor"
)

const (
	// maxAhead is how far behind the bytes at hand a fragment may lie.
	maxAhead = 16 << 10
	// maxSpans is how many separate runs of a message's bytes may be there. A message of up
	// to twice as many fragments can be put together in any order: between two runs at least
	// one fragment is missing.
	maxSpans = 64
)

// assembler puts DTLS handshake messages together.
type assembler struct {
	done  [64]uint8 // type of the message handed out, by its number
	slots [4]assembly
	whole []byte // holds a message that came in one fragment while it is handed out
}

// An assembly is a message whose fragments are arriving.
type assembly struct {
	used   bool
	number uint16
	length int    // of the message, header not counted
	buf    []byte // TLS header and body so far; holes are zero
	spans  []span // what of the body is there, sorted and apart
	msg    Message
}

// A span is a range of body bytes.
type span struct{ from, to int32 }

func (a *assembler) reset() {
	n := assembler{whole: a.whole[:0]}
	for i := range a.slots {
		n.slots[i].spans = a.slots[i].spans[:0]
		if buf := a.slots[i].buf; cap(buf) <= keepBuffer {
			n.slots[i].buf = buf[:0]
		}
	}
	*a = n
}

// fragment reads the fragment that b starts with and returns what follows it. If it
// completes a message, m is that message; its bytes are borrowed until the next call.
func (a *assembler) fragment(b []byte, at Mark, m *Message) (rest []byte, ok bool) {
	c := cursor.New(b)
	typ, length, number := c.U8(), int(c.U24()), c.U16()
	from, n := int(c.U24()), int(c.U24())
	part := c.Part(n)
	cut := c.Failed()
	rest = c.Rest()
	if len(part) == 0 && (cut || n > 0) || from+n > length || int(number) >= len(a.done) ||
		length+4 > MaxHandshake || a.done[number] == typ {
		return rest, false
	}
	if from == 0 && len(part) == length {
		a.drop(number)
		a.whole = append(appendHeader(a.whole[:0], typ, length), part...)
		*m = Message{Type: typ, Bytes: a.whole, First: at, Last: at, Packets: 1}
		a.done[number] = typ
		return rest, true
	}
	s := a.slot(number, typ, length)
	if s == nil || a.held()+max(0, 4+from+len(part)-len(s.buf)) > MaxHandshake || !s.add(from, part, at) {
		return rest, false
	}
	if len(s.spans) != 1 || s.spans[0] != (span{0, int32(length)}) {
		return rest, false
	}
	*m = s.msg
	m.Type, m.Bytes = typ, s.buf
	s.used = false
	a.done[number] = typ
	return rest, true
}

func appendHeader(dst []byte, typ uint8, length int) []byte {
	return append(dst, typ, byte(length>>16), byte(length>>8), byte(length))
}

// held is how many bytes the assemblies under way hold.
func (a *assembler) held() int {
	n := 0
	for i := range a.slots {
		if a.slots[i].used {
			n += len(a.slots[i].buf)
		}
	}
	return n
}

// slot is the assembly of a message; if it is new, a free one or that which waits longest.
// nil if fragments of one message contradict each other.
func (a *assembler) slot(number uint16, typ uint8, length int) *assembly {
	free := &a.slots[0]
	for i := range a.slots {
		s := &a.slots[i]
		if s.used && s.number == number {
			if s.length != length || s.msg.Type != typ {
				return nil
			}
			return s
		}
		if free.used && (!s.used || s.msg.Last.Index < free.msg.Last.Index) {
			free = s
		}
	}
	*free = assembly{used: true, number: number, length: length, buf: appendHeader(free.buf[:0], typ, length), spans: free.spans[:0]}
	free.msg.Type = typ
	return free
}

func (a *assembler) drop(number uint16) {
	for i := range a.slots {
		if a.slots[i].number == number {
			a.slots[i].used = false
		}
	}
}

// add puts part at offset from of the body, unless that would be too far ahead or make too
// many holes.
func (s *assembly) add(from int, part []byte, at Mark) bool {
	to := from + len(part)
	if len(part) == 0 || 4+from > len(s.buf)+maxAhead || !s.cover(from, to) {
		return false
	}
	if grow := 4 + to - len(s.buf); grow > 0 {
		s.buf = append(s.buf, make([]byte, grow)...)
	}
	copy(s.buf[4+from:], part)
	if s.msg.Packets == 0 {
		s.msg.First = at
	}
	if s.msg.Packets == 0 || s.msg.Last.Index != at.Index {
		s.msg.Packets++
	}
	s.msg.Last = at
	return true
}

// cover adds a range to the spans; false if there is no room.
func (s *assembly) cover(from, to int) bool {
	r := span{int32(from), int32(to)}
	i := 0
	for i < len(s.spans) && s.spans[i].to < r.from {
		i++
	}
	j := i
	for j < len(s.spans) && s.spans[j].from <= r.to {
		r.from, r.to = min(r.from, s.spans[j].from), max(r.to, s.spans[j].to)
		j++
	}
	if i == j && len(s.spans) == maxSpans {
		return false
	}
	s.spans = slices.Replace(s.spans, i, j, r)
	return true
}

// partial is the first hello that never became complete, as far as its start is there.
func (a *assembler) partial() (m Message, ok bool) {
	for i := range a.slots {
		s := &a.slots[i]
		if s.used && len(s.spans) > 0 && s.spans[0].from == 0 && s.msg.Type <= typeServerHello {
			m = s.msg
			m.Bytes = s.buf[:4+s.spans[0].to]
			return m, true
		}
	}
	return m, false
}

package dns

import (
	"pinyon/internal/cursor"
	"pinyon/proto"
)

// A message is what parse found in the bytes of one: numbers and offsets.
//
//	ID │ QR opcode AA TC RD RA Z AD CD rcode │ QDCOUNT │ ANCOUNT │ NSCOUNT │ ARCOUNT │ …
type message struct {
	id, flags uint16
	qd, an    uint16 // as declared
	ns, ar    uint16
	questions uint16 // parsed
	answers   uint16 // parsed
	qtype     uint16 // of the first question
	qclass    uint16
	qname     uint64 // hash of its name, set by addNames
	parsed    int    // records of all sections, parsed
	cut       bool   // it ends inside what it counts
	end       int    // offset behind the last question or record that was parsed
	firstRR   int    // offset of the answer section
	opt       int    // offset of the OPT record's type; 0 without
}

func (m *message) isResponse() bool { return m.flags&flagQR != 0 }

// parse checks a message. All that is counted must lie within it, unless b is not all of it
// (cut): then records behind the cut are left out. So is an OPT record at which the message
// itself ends too soon, as middleboxes cut it: question and answers say the same without it.
// TC excuses nothing: what a server leaves out it does not count. Malformed names are never
// accepted.
func parse(b []byte, cut bool, carrier Carrier, m *message) bool {
	*m = message{}
	if len(b) < headerLen || Looks(b, carrier) != proto.Mine {
		return false
	}
	c := cursor.New(b)
	m.id, m.flags = c.U16(), c.U16()
	m.qd, m.an, m.ns, m.ar = c.U16(), c.U16(), c.U16(), c.U16()
	m.end, m.firstRR = c.At(), c.At()
	for i := range m.qd {
		switch o := skipName(b, &c); {
		case o == bad:
			return false
		case o == whole && c.Len() >= 4:
			qtype, qclass := c.U16(), c.U16()
			if i == 0 {
				m.qtype, m.qclass = qtype, qclass
			}
			m.questions++
			m.end, m.firstRR = c.At(), c.At()
		default:
			m.cut = true
			return cut
		}
	}
	var r rr
	for _, section := range [...]struct {
		n  uint16
		in sectionOf
	}{{m.an, answer}, {m.ns, authority}, {m.ar, additional}} {
		for range section.n {
			switch r.read(b, &c) {
			case bad:
				return false
			case short:
				m.cut = true
				return cut || section.in == additional && m.questions > 0 && m.cutOPT(b)
			}
			m.parsed++
			m.end = c.At()
			switch {
			case section.in == answer:
				m.answers++
			case section.in == additional && r.typ == typeOPT && b[r.owner] == 0 && m.opt == 0:
				m.opt = r.at
			}
		}
	}
	return m.qd > 0 || m.parsed > 0 || len(b) == headerLen || cut
}

// cutOPT reports that the record at which the message ends too soon is an OPT record as far
// as it goes: root, and type.
func (m *message) cutOPT(b []byte) bool {
	const opt = "\x00\x00\x29"
	rest := b[m.end:]
	n := min(len(rest), len(opt))
	return string(rest[:n]) == opt[:n]
}

type sectionOf uint8

const (
	answer sectionOf = iota
	authority
	additional
)

// An rr is a resource record being looked at (RFC 1035, section 4.1.3).
type rr struct {
	owner int // offset of its name
	at    int // offset of its type
	typ   uint16
	class uint16
	ttl   uint32
	rdata []byte // borrowed
	from  int    // offset of rdata
}

func (r *rr) read(msg []byte, c *cursor.Cursor) outcome {
	r.owner = c.At()
	if o := skipName(msg, c); o != whole {
		return o
	}
	r.at = c.At()
	r.typ, r.class, r.ttl = c.U16(), c.U16(), c.U32()
	n := int(c.U16())
	r.from = c.At()
	r.rdata = c.Bytes(n)
	if c.Failed() {
		return short
	}
	return whole
}

// name is the offset of a name that starts skip bytes into the record's data; ok if it is
// well formed and, unless more may follow, ends with the data.
func (r *rr) name(msg []byte, skip int, more bool) (at int, ok bool) {
	at = r.from + skip
	var w labels
	w.start(at)
	for w.next(msg) {
	}
	end := r.from + len(r.rdata)
	return at, w.outcome == whole && skip < len(r.rdata) && (w.end == end || more && w.end < end)
}

// records walks the answer section's parsed records.
type records struct {
	c    cursor.Cursor
	msg  []byte
	left int
}

func (m *message) records(msg []byte) records {
	c := cursor.New(msg)
	c.Skip(m.firstRR)
	return records{c: c, msg: msg, left: int(m.answers)}
}

func (w *records) next(r *rr) bool {
	if w.left == 0 {
		return false
	}
	w.left--
	return r.read(w.msg, &w.c) == whole
}

// code is the response code with the OPT record's upper eight bits (RFC 6891, section 6.1.3).
func (m *message) code(msg []byte) int64 {
	code := int64(m.flags & 15)
	if m.opt > 0 {
		code |= int64(msg[m.opt+4]) << 4
	}
	return code
}

// edns is the OPT record; ok is false without one.
func (m *message) edns(msg []byte) (r rr, ok bool) {
	if m.opt == 0 {
		return r, false
	}
	c := cursor.New(msg)
	c.Skip(m.opt - 1) // its owner is the root, one byte
	return r, r.read(msg, &c) == whole
}

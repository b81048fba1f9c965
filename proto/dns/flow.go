package dns

// A Flow holds the facts of one UDP or TCP flow. The zero value is of no carrier and
// accepts nothing; Reset makes it new and keeps its memory. A Flow holds at most four
// messages (64 KiB each, of record and half read), 64 KiB of responses that came ahead of
// the first query, and 96 KiB of sets. Directions are 0, the flow's initiator, and 1; times
// are nanoseconds. Methods that name a column give its value at any time, for what was read
// so far.
type Flow struct {
	// Limit is how many bytes of a TCP direction are read; 0 is 64 KiB. Reset keeps it.
	Limit int

	carrier   Carrier
	own       bool // ports of DNS, or a message had its shape
	truncated bool // TC in a response
	queries   int64
	responses int64
	nxdomains int64
	failures  int64

	query    record // first accepted query
	response record // the first that answers it
	lastCopy int64  // time of the query of record's last copy before its response
	rtt      int64  // -1 unless the response came behind the query
	early    early  // responses ahead of the first query, but the first

	names   nameSet
	pending pendingSet
	streams [2]stream
	parsed  message // scratch
}

// A record is a message of record: a copy of its bytes and where things are in them.
type record struct {
	message
	ok   bool
	dir  uint8
	wire int    // length as sent
	msg  []byte // as captured
}

// Reset forgets the flow and makes ready for one of carrier c, on ports of DNS (own) or not.
func (f *Flow) Reset(c Carrier, own bool) {
	limit := f.Limit
	names, pending, early := f.names, f.pending, f.early
	names.reset()
	pending.reset()
	early.reset()
	*f = Flow{
		Limit: limit, carrier: c, own: own, rtt: -1, names: names, pending: pending, early: early,
		query: record{msg: f.query.msg[:0]}, response: record{msg: f.response.msg[:0]},
		streams: [2]stream{{buf: f.streams[0].buf[:0]}, {buf: f.streams[1].buf[:0]}},
	}
}

// Datagram takes a UDP payload, captured as b, of which wire bytes were sent, or more if
// others follow in fragments. It reports whether it is an accepted message, and keeps
// nothing of b but copies.
func (f *Flow) Datagram(dir int, b []byte, wire int, fragment bool, ts int64) bool {
	if f.carrier == NoCarrier || !f.own && !headerShape(b) {
		return false
	}
	m := &f.parsed
	if !parse(b, fragment || len(b) < wire, f.carrier, m) || !f.own && !m.hasShape(b) {
		return false
	}
	f.own = true
	wire = max(wire, len(b))
	if m.questions > 0 {
		f.addNames(b, m)
	}
	if m.isResponse() {
		f.onResponse(dir, b, wire, ts)
	} else {
		f.onQuery(dir, b, wire, ts)
	}
	return true
}

func (f *Flow) onQuery(dir int, b []byte, wire int, ts int64) {
	m := &f.parsed
	f.queries++
	f.pending.query(dir, f.id(m), f.hashQuestion(m))
	switch {
	case !f.query.ok:
		f.query.set(dir, b, wire, m)
		f.lastCopy = ts
		if f.response.ok && !f.answers(&f.response, f.response.msg) { // another's, ahead of it
			f.response.ok = false
			for i := range f.early.responses {
				if r := &f.early.responses[i]; f.answers(r, r.msg) {
					f.response, *r = *r, f.response
					break
				}
			}
		}
		f.early.reset()
	case !f.response.ok && dir == int(f.query.dir) && f.id(m) == f.id(&f.query.message) && f.sameQuestion(b, m):
		f.lastCopy = ts
	}
}

func (f *Flow) onResponse(dir int, b []byte, wire int, ts int64) {
	m := &f.parsed
	f.responses++
	f.truncated = f.truncated || m.flags&flagTC != 0
	switch m.code(b) {
	case 0:
	case 3:
		f.nxdomains++
		fallthrough
	default:
		f.failures++
	}
	f.answerPending(dir, b, m)
	r := record{message: *m, ok: true, dir: uint8(dir), wire: wire}
	switch {
	case !f.query.ok && f.response.ok:
		f.early.keep(&r, b)
	case f.response.ok:
	case !f.query.ok:
		f.response.set(dir, b, wire, m)
	case f.answers(&r, b):
		f.response.set(dir, b, wire, m)
		f.rtt = max(ts-f.lastCopy, 0)
	}
}

// answers reports whether r, with bytes msg, answers the query of record: it goes the other
// way, and has its id and, if both have one, its question. In multicast DNS the id of a
// response says nothing (RFC 6762, section 18.1), and it repeats the question only to who
// is no multicast resolver (section 6.7): else what it answers tells.
func (f *Flow) answers(r *record, msg []byte) bool {
	switch q := &f.query; {
	case r.dir == q.dir:
		return false
	case f.carrier == MDNS && r.questions == 0:
		return q.questions == 0 || answersQuestion(&r.message, msg, &q.message, q.msg)
	case r.id != q.id && (f.carrier != MDNS || r.id != 0):
		return false
	}
	return r.questions == 0 || f.query.questions == 0 || f.sameQuestion(msg, &r.message)
}

// sameQuestion compares a message's first question with the query of record's.
func (f *Flow) sameQuestion(msg []byte, m *message) bool {
	q := &f.query
	if m.questions == 0 || q.questions == 0 {
		return m.questions == q.questions
	}
	return m.qtype == q.qtype && f.class(m.qclass) == f.class(q.qclass) && sameName(msg, headerLen, q.msg, headerLen)
}

// class clears the bit that multicast DNS puts on top.
func (f *Flow) class(c uint16) uint16 {
	if f.carrier == MDNS {
		c &^= topBit
	}
	return c
}

func (r *record) set(dir int, b []byte, wire int, m *message) {
	*r = record{message: *m, ok: true, dir: uint8(dir), wire: wire, msg: append(r.msg[:0], b...)}
}

// id is the number by which a query is told from others; there is none in multicast DNS.
func (f *Flow) id(m *message) uint16 {
	if f.carrier == MDNS {
		return 0
	}
	return m.id
}

// hashQuestion stands for the first question of m; 0 if it has none.
func (f *Flow) hashQuestion(m *message) uint64 {
	if m.questions == 0 {
		return 0
	}
	return hashOf(m.qname, m.qtype, f.class(m.qclass))
}

// hashOf is never 0.
func hashOf(name uint64, typ, class uint16) uint64 {
	return max(mix(mix(name, uint64(typ)), uint64(class)), 1)
}

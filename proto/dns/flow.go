package dns

// A Flow holds the facts of one UDP or TCP flow. The zero value is of no carrier and
// accepts nothing; Reset makes it new and keeps its memory. A Flow holds at most four
// messages (64 KiB each, of record and half read) and 96 KiB of sets. Directions are 0,
// the flow's initiator, and 1; times are nanoseconds. Methods that name a column give its
// value at any time, for what was read so far.
type Flow struct {
	// Limit is how many bytes of a TCP direction are read; 0 is 64 KiB. Reset keeps it.
	Limit int

	carrier   Carrier
	truncated bool // TC in a response
	queries   int64
	responses int64
	nxdomains int64
	failures  int64

	query    record // first accepted query
	response record // the first that answers it
	lastCopy int64  // time of the query of record's last copy before its response
	rtt      int64

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

// Reset forgets the flow and makes ready for one of carrier c.
func (f *Flow) Reset(c Carrier) {
	limit := f.Limit
	names, pending := f.names, f.pending
	names.reset()
	pending.reset()
	*f = Flow{
		Limit: limit, carrier: c, names: names, pending: pending,
		query: record{msg: f.query.msg[:0]}, response: record{msg: f.response.msg[:0]},
		streams: [2]stream{{buf: f.streams[0].buf[:0]}, {buf: f.streams[1].buf[:0]}},
	}
}

// Datagram takes a UDP payload, captured as b, of which wire bytes were sent. It reports
// whether it is an accepted message, and keeps nothing of b but copies.
func (f *Flow) Datagram(dir int, b []byte, wire int, ts int64) bool {
	if f.carrier == NoCarrier {
		return false
	}
	m := &f.parsed
	if !parse(b, wire, f.carrier, m) {
		return false
	}
	wire = max(wire, len(b))
	var q uint64
	if m.questions > 0 {
		f.addNames(b, m)
		q = f.hashQuestion(m)
	}
	if m.isResponse() {
		f.onResponse(dir, b, wire, ts, q)
	} else {
		f.onQuery(dir, b, wire, ts, q)
	}
	return true
}

func (f *Flow) onQuery(dir int, b []byte, wire int, ts int64, q uint64) {
	m := &f.parsed
	f.queries++
	f.pending.query(dir, m.id, q)
	switch {
	case !f.query.ok:
		f.query.set(dir, b, wire, m)
		f.lastCopy = ts
		if f.response.ok { // a response came first
			if !f.answers(&f.response, dir, f.response.msg) {
				f.response.ok = false
				return
			}
			f.pending.answer(1-dir, m.id, f.questionOf(&f.response))
		}
	case !f.response.ok && dir == int(f.query.dir) && m.id == f.query.id && f.sameQuestion(b, m):
		f.lastCopy = ts
	}
}

func (f *Flow) onResponse(dir int, b []byte, wire int, ts int64, q uint64) {
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
	f.pending.answer(dir, m.id, q)
	if f.response.ok {
		return
	}
	if !f.query.ok {
		f.response.set(dir, b, wire, m)
		return
	}
	r := record{message: *m, dir: uint8(dir)}
	if f.answers(&r, int(f.query.dir), b) {
		f.response.set(dir, b, wire, m)
		f.rtt = max(ts-f.lastCopy, 0)
	}
}

// answers reports whether r, with bytes msg, answers the query of record, sent in
// direction dir: opposite direction, same id and, if both have one, same question.
func (f *Flow) answers(r *record, dir int, msg []byte) bool {
	return int(r.dir) == 1-dir && r.id == f.query.id &&
		(r.questions == 0 || f.query.questions == 0 || f.sameQuestion(msg, &r.message))
}

// sameQuestion compares a message's first question with the query of record's.
func (f *Flow) sameQuestion(msg []byte, m *message) bool {
	q := &f.query
	if m.questions == 0 || q.questions == 0 {
		return m.questions == q.questions
	}
	return m.qtype == q.qtype && f.class(m.qclass) == f.class(q.qclass) && sameName(msg, headerLen, q.msg, headerLen)
}

// class clears the bit that multicast DNS puts on top (RFC 6762, sections 5.4 and 10.2).
func (f *Flow) class(c uint16) uint16 {
	if f.carrier == MDNS {
		c &= 0x7fff
	}
	return c
}

func (r *record) set(dir int, b []byte, wire int, m *message) {
	*r = record{message: *m, ok: true, dir: uint8(dir), wire: wire, msg: append(r.msg[:0], b...)}
}

// hashQuestion stands for the first question of m; it is never 0.
func (f *Flow) hashQuestion(m *message) uint64 {
	return max(mix(mix(m.qname, uint64(m.qtype)), uint64(f.class(m.qclass))), 1)
}

func (f *Flow) questionOf(r *record) uint64 {
	if r.questions == 0 {
		return 0
	}
	return f.hashQuestion(&r.message)
}

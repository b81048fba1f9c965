package dns

// topBit is set in the class of a question that asks for a unicast response, and of a record
// that replaces others (RFC 6762, sections 5.4 and 10.2).
const topBit = 0x8000

// maxMarks is how many answers of a response of multicast DNS are held against the queries
// that wait.
const maxMarks = 64

// answersQuestion reports whether an answer of response m is one to a question of query q:
// to its name, in the type that was asked for, or by an alias. Sixteen questions are looked
// at.
func answersQuestion(m *message, msg []byte, q *message, query []byte) bool {
	type asked struct {
		at         int
		name       uint64
		typ, class uint16
	}
	var qs [maxQuestions]asked
	n := min(int(q.questions), maxQuestions)
	at := headerLen
	for i := range n {
		h, end := hashName(query, at)
		qs[i] = asked{at, h, be16(query[end:]), be16(query[end+2:]) &^ topBit}
		at = end + 4
	}
	var r rr
	for w := m.records(msg); w.next(&r); {
		h, _ := hashName(msg, r.owner)
		for _, q := range qs[:n] {
			if h == q.name && (r.typ == q.typ || q.typ == typeANY || r.typ == typeCNAME) &&
				(r.class&^topBit == q.class || q.class == typeANY) && sameName(msg, r.owner, query, q.at) {
				return true
			}
		}
	}
	return false
}

// answerPending marks the queries that response m, with bytes b, answers: those of its id
// and question, or in multicast DNS those that its answers answer.
func (f *Flow) answerPending(dir int, b []byte, m *message) {
	if f.carrier != MDNS || m.questions > 0 {
		f.pending.answer(dir, f.id(m), f.hashQuestion(m))
		return
	}
	var r rr
	w := m.records(b)
	for i := 0; i < maxMarks && w.next(&r); i++ {
		h, _ := hashName(b, r.owner)
		f.pending.answer(dir, 0, hashOf(h, r.typ, f.class(r.class)))
		f.pending.answer(dir, 0, hashOf(h, typeANY, f.class(r.class)))
	}
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

package dns

// maxNames bounds the distinct names that are counted (64 KiB of hashes), maxPending the
// queries that wait for an answer (32 KiB).
const (
	maxNames   = 4096
	maxPending = 1024
)

// A nameSet counts distinct names by their 64-bit hashes: an open hash table without
// deletion. At maxNames it stops counting.
type nameSet struct {
	slots []uint64 // a power of two; 0 is free
	n     int
}

func (s *nameSet) reset() {
	if s.n > 0 {
		clear(s.slots)
		s.n = 0
	}
}

func (s *nameSet) add(h uint64) {
	h = max(h, 1)
	if 4*s.n >= 3*len(s.slots) && len(s.slots) <= maxNames {
		old := s.slots
		s.slots = make([]uint64, max(8, 2*len(old)))
		for _, v := range old {
			if v != 0 {
				*s.find(v) = v
			}
		}
	}
	if p := s.find(h); *p == 0 && s.n < maxNames {
		*p = h
		s.n++
	}
}

func (s *nameSet) find(h uint64) *uint64 {
	mask := len(s.slots) - 1
	for i := int(h>>32) & mask; ; i = (i + 1) & mask {
		if p := &s.slots[i]; *p == 0 || *p == h {
			return p
		}
	}
}

// addNames adds the names of all questions, and notes the first one's hash in m. Responses
// repeat the query's.
func (f *Flow) addNames(b []byte, m *message) {
	at := headerLen
	for i := range m.questions {
		h, end := hashName(b, at)
		if i == 0 {
			m.qname = h
		}
		f.names.add(h)
		at = end + 4
	}
}

// A pendingSet tells queries that were answered from those that were not: an open hash
// table by direction, id and question. Copies of a query stand and fall together. When it
// is full, answered ones leave once they are a quarter of it; until then further queries are
// taken as unanswered.
type pendingSet struct {
	slots      []pending // a power of two
	n          int
	done       int // of n, answered
	unanswered int64
}

type pending struct {
	question uint64 // hash; 0 without a question
	copies   uint32
	id       uint16
	dir      uint8
	state    slot
	byID     bool // a response without a question came
}

type slot uint8

const (
	free slot = iota
	waiting
	answered
)

func (s *pendingSet) reset() {
	if s.n > 0 {
		clear(s.slots)
	}
	s.n, s.done, s.unanswered = 0, 0, 0
}

func (s *pendingSet) find(dir uint8, id uint16, q uint64) *pending {
	mask := len(s.slots) - 1
	h := (q ^ uint64(id)<<1 ^ uint64(dir)) * 0x9e3779b97f4a7c15
	for i := int(h>>32) & mask; ; i = (i + 1) & mask {
		if p := &s.slots[i]; p.state == free || p.question == q && p.id == id && p.dir == dir {
			return p
		}
	}
}

// query counts a query. It is answered already if a response came ahead of it.
func (s *pendingSet) query(dir int, id uint16, q uint64) {
	p := s.slot(uint8(dir), id, q)
	if p.state == free && s.n < maxPending {
		*p = pending{question: q, id: id, dir: uint8(dir), state: waiting}
		s.n++
		if s.answeredByID(uint8(dir), id, q) {
			p.state = answered
			s.done++
		}
	}
	if p.state != answered {
		s.unanswered++
		if p.state == waiting {
			p.copies++
		}
	}
}

// answeredByID reports whether a response came ahead that matches by id alone, as it or the
// query has no question.
func (s *pendingSet) answeredByID(dir uint8, id uint16, q uint64) bool {
	if q != 0 {
		return s.find(dir, id, 0).byID
	}
	for i := range s.slots {
		if p := &s.slots[i]; p.id == id && p.dir == dir && p.state == answered {
			return true
		}
	}
	return false
}

// slot is find with room for one more.
func (s *pendingSet) slot(dir uint8, id uint16, q uint64) *pending {
	if 4*s.n >= 3*len(s.slots) && len(s.slots) <= maxPending {
		s.grow()
	} else if s.n == maxPending && 4*s.done >= maxPending {
		s.purge()
	}
	return s.find(dir, id, q)
}

// answer marks what a response sent in direction dir answers, or may answer when it comes.
// One of two messages without a question matches by id alone.
func (s *pendingSet) answer(dir int, id uint16, q uint64) {
	from := uint8(1 - dir)
	if q != 0 && s.n > 0 {
		s.mark(s.find(from, id, 0))
	}
	if q == 0 {
		for i := range s.slots {
			if p := &s.slots[i]; p.id == id && p.dir == from {
				s.mark(p)
			}
		}
	}
	p := s.slot(from, id, q)
	if p.state == free && s.n < maxPending {
		*p = pending{question: q, id: id, dir: from, state: answered}
		s.n++
		s.done++
	}
	s.mark(p)
	if p.state != free {
		p.byID = p.byID || q == 0
	}
}

func (s *pendingSet) mark(p *pending) {
	if p.state == waiting {
		p.state = answered
		s.done++
		s.unanswered -= int64(p.copies)
	}
}

// grow doubles the table.
func (s *pendingSet) grow() {
	old := s.slots
	s.slots = make([]pending, max(8, 2*len(old)))
	for _, p := range old {
		if p.state != free {
			*s.find(p.dir, p.id, p.question) = p
		}
	}
}

// purge takes the answered queries out of a full table.
func (s *pendingSet) purge() {
	var keep [maxPending]pending
	n := 0
	for _, p := range s.slots {
		if p.state == waiting {
			keep[n] = p
			n++
		}
	}
	clear(s.slots)
	s.n, s.done = n, 0
	for _, p := range keep[:n] {
		*s.find(p.dir, p.id, p.question) = p
	}
}

package groups

import (
	"math/bits"
	"slices"
)

// set16 is a set of 16-bit numbers: a few inline, some thousand as an ascending list, more
// as bits. A list of longList numbers takes as much memory as the bits.
type set16 struct {
	few [fewNumbers]uint16
	n   uint32 // numbers in the set
	at  uint32 // number of the list, or of the bits beyond longList; 0 while few
}

const (
	fewNumbers = 4
	longList   = 4096
)

// bits16 has a bit for each 16-bit number.
type bits16 [1 << 16 / 64]uint64

func (b *bits16) add(v uint16) bool {
	w, bit := &b[v>>6], uint64(1)<<(v&63)
	added := *w&bit == 0
	*w |= bit
	return added
}

func (s *set16) add(m *Memory, v uint16) {
	switch {
	case s.n <= fewNumbers:
		s.addFew(m, v)
	case s.n <= longList:
		s.addList(m, v)
	default:
		if m.netPools.bits16.At(s.at).add(v) {
			s.n++
		}
	}
}

func (s *set16) addFew(m *Memory, v uint16) {
	if slices.Contains(s.few[:s.n], v) {
		return
	}
	if s.n < fewNumbers {
		s.few[s.n] = v
		s.n++
		return
	}
	h, list := m.netPools.lists16.Get()
	*list = append((*list)[:0], s.few[:]...)
	slices.Sort(*list)
	s.at = h
	s.addList(m, v)
}

func (s *set16) addList(m *Memory, v uint16) {
	list := m.netPools.lists16.At(s.at)
	i := len(*list)
	if v <= (*list)[i-1] { // sequence numbers mostly go up
		var ok bool
		if i, ok = slices.BinarySearch(*list, v); ok {
			return
		}
	}
	s.n++
	if s.n <= longList {
		*list = slices.Insert(*list, i, v)
		return
	}
	h, b := m.netPools.bits16.Get()
	*b = bits16{}
	for _, w := range *list {
		b.add(w)
	}
	b.add(v)
	m.netPools.lists16.Put(s.at)
	s.at = h
}

// numbers is what a set16 says at the end of its flow.
type numbers struct {
	n        uint32
	runs     uint32 // of consecutive numbers on the ring modulo 65536
	min, max uint16 // valid iff n > 0
}

// finish reads the set and gives back what it took from m.
func (s *set16) finish(m *Memory) numbers {
	switch {
	case s.n <= fewNumbers:
		slices.Sort(s.few[:s.n])
		return listNumbers(s.few[:s.n])
	case s.n <= longList:
		r := listNumbers(*m.netPools.lists16.At(s.at))
		m.netPools.lists16.Put(s.at)
		return r
	}
	r := m.netPools.bits16.At(s.at).numbers()
	m.netPools.bits16.Put(s.at)
	return r
}

// listNumbers reads an ascending list.
func listNumbers(list []uint16) numbers {
	if len(list) == 0 {
		return numbers{}
	}
	last := list[len(list)-1]
	r := numbers{n: uint32(len(list)), min: list[0], max: last}
	for _, v := range list {
		if v != last+1 { // the number before the first one is the last one
			r.runs++
		}
		last = v
	}
	r.runs = max(r.runs, 1) // the whole ring has no start
	return r
}

func (b *bits16) numbers() (r numbers) {
	before := b[len(b)-1] >> 63 // the number before 0 is 65535
	found := false
	for i, w := range b {
		if w == 0 {
			before = 0
			continue
		}
		if !found {
			r.min, found = uint16(i*64+bits.TrailingZeros64(w)), true
		}
		r.max = uint16(i*64 + 63 - bits.LeadingZeros64(w))
		r.n += uint32(bits.OnesCount64(w))
		r.runs += uint32(bits.OnesCount64(w &^ (w<<1 | before)))
		before = w >> 63
	}
	if found {
		r.runs = max(r.runs, 1)
	}
	return r
}

package label

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sort"
	"sync/atomic"
	"time"
)

// A Set is an index over records. It notes what was used; any number of goroutines may ask it at
// a time.
type Set struct {
	ids       map[string]*list
	keys      map[key]*list
	tiers     []Columns // which columns records give, most columns first
	tolerance int64

	// Contradicting are the records that another one of the same flows and times, with another
	// label, came after in the file: the later one holds.
	Contradicting int

	classes            map[string]*class
	matched, unmatched atomic.Uint64
}

// A class is a label and how many flows have it.
type class struct {
	label string
	flows atomic.Uint64
}

// class is the class of a label, made if there is none.
func (s *Set) class(label string) *class {
	c := s.classes[label]
	if c == nil {
		c = &class{label: label}
		s.classes[label] = c
	}
	return c
}

// Matched is how many flows that Match was asked for have a record.
func (s *Set) Matched() uint64 { return s.matched.Load() }

// Unmatched is how many flows that Match was asked for have no record.
func (s *Set) Unmatched() uint64 { return s.unmatched.Load() }

// Flows are the matched flows of each label that flows have.
func (s *Set) Flows() map[string]uint64 {
	m := map[string]uint64{}
	for label, c := range s.classes {
		if n := c.flows.Load(); n > 0 {
			m[label] = n
		}
	}
	return m
}

// A list holds the records of one key: those with times sorted by From, and one without.
type list struct {
	timed   []entry
	always  entry
	has     bool
	longest []int   // of timed[:i+1], the index with the greatest To
	tree    []int64 // greatest To of each subtree: leaves from size on
	size    int
}

type entry struct {
	class    *class
	from, to int64
	used     uint32 // 1 once it applied to a flow; atomic
}

// New indexes records. A record with a time applies to flows up to tolerance before and after it.
func New(records []Record, tolerance time.Duration) *Set {
	s := &Set{ids: map[string]*list{}, keys: map[key]*list{}, tolerance: max(0, int64(tolerance)), classes: map[string]*class{}}
	for i := range records {
		r := &records[i]
		var l *list
		if r.Flow.ID != "" {
			if l = s.ids[r.Flow.ID]; l == nil {
				l = &list{}
				s.ids[r.Flow.ID] = l
			}
		} else {
			k := keyOf(&r.Flow, r.Given&every)
			if l = s.keys[k]; l == nil {
				l = &list{}
				s.keys[k] = l
				if !slices.Contains(s.tiers, k.given) {
					s.tiers = append(s.tiers, k.given)
				}
			}
		}
		if r.Timed {
			l.timed = append(l.timed, entry{class: s.class(r.Label), from: min(r.From, r.To), to: max(r.From, r.To)})
			continue
		}
		if l.has && l.always.class.label != r.Label {
			s.Contradicting++
		}
		l.always, l.has = entry{class: s.class(r.Label)}, true
	}
	slices.SortFunc(s.tiers, func(a, b Columns) int {
		return cmp.Or(bits.OnesCount8(uint8(b))-bits.OnesCount8(uint8(a)), cmp.Compare(b, a))
	})
	for l := range s.lists {
		s.Contradicting += l.build()
	}
	return s
}

// lists yields the list of every key.
func (s *Set) lists(yield func(*list) bool) {
	for _, l := range s.ids {
		if !yield(l) {
			return
		}
	}
	for _, l := range s.keys {
		if !yield(l) {
			return
		}
	}
}

// build sorts the records with times and returns how many contradicted a later one.
func (l *list) build() (contradicting int) {
	if len(l.timed) == 0 {
		return 0
	}
	slices.SortStableFunc(l.timed, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	kept := l.timed[:0]
	for _, e := range l.timed {
		if n := len(kept); n > 0 && kept[n-1].from == e.from && kept[n-1].to == e.to {
			if kept[n-1].class != e.class {
				contradicting++
			}
			kept[n-1] = e
			continue
		}
		kept = append(kept, e)
	}
	l.timed = kept
	l.size = 1 << bits.Len(uint(len(kept)-1))
	l.tree = make([]int64, 2*l.size)
	for i := range l.tree {
		l.tree[i] = math.MinInt64
	}
	l.longest = make([]int, len(kept))
	for i, e := range kept {
		l.tree[l.size+i] = e.to
		if i > 0 {
			l.longest[i] = l.longest[i-1]
		}
		if e.to > kept[l.longest[i]].to {
			l.longest[i] = i
		}
	}
	for i := l.size - 1; i > 0; i-- {
		l.tree[i] = max(l.tree[2*i], l.tree[2*i+1])
	}
	return contradicting
}

// Match returns the label of a flow. It looks for the flow's ID, then for records that give more
// columns before those that give fewer, each as the flow runs and then with its ends exchanged. Of
// several records with times, the nearest to the flow's start holds, and of those that hold the
// start the one that begins last; one without times holds where none with times applies.
func (s *Set) Match(f *Flow) (label string, ok bool) {
	e := s.find(f)
	if e == nil {
		s.unmatched.Add(1)
		return "", false
	}
	if atomic.LoadUint32(&e.used) == 0 {
		atomic.StoreUint32(&e.used, 1)
	}
	s.matched.Add(1)
	e.class.flows.Add(1)
	return e.class.label, true
}

// HasIDs reports whether records give IDs of flows, without which Match does not look at a flow's.
func (s *Set) HasIDs() bool { return len(s.ids) > 0 }

// reset forgets what flows were matched.
func (s *Set) reset() {
	s.matched.Store(0)
	s.unmatched.Store(0)
	for _, c := range s.classes {
		c.flows.Store(0)
	}
	for l := range s.lists {
		for i := range l.timed {
			l.timed[i].used = 0
		}
		l.always.used = 0
	}
}

func (s *Set) find(f *Flow) *entry {
	if f.ID != "" {
		if e := s.ids[f.ID].at(f, s.tolerance); e != nil {
			return e
		}
	}
	back := *f
	back.Src, back.Dst, back.SrcPort, back.DstPort = f.Dst, f.Src, f.DstPort, f.SrcPort
	for _, given := range s.tiers {
		if e := s.keys[keyOf(f, given)].at(f, s.tolerance); e != nil {
			return e
		}
		if e := s.keys[keyOf(&back, given)].at(f, s.tolerance); e != nil {
			return e
		}
	}
	return nil
}

// at is the record that applies to a flow at its time, or nil.
func (l *list) at(f *Flow, tolerance int64) *entry {
	if l == nil {
		return nil
	}
	n := sort.Search(len(l.timed), func(i int) bool { return l.timed[i].from > f.Start })
	if i := l.holding(n, f.Start); i >= 0 {
		return &l.timed[i]
	}
	var best *entry
	if n > 0 { // all of them ended before the flow began
		if e := &l.timed[l.longest[n-1]]; f.Start-e.to <= tolerance {
			best = e
		}
	}
	if n < len(l.timed) {
		e := &l.timed[n]
		if e.from-max(f.End, f.Start) <= tolerance && (best == nil || e.from-f.Start < f.Start-best.to) {
			best = e
		}
	}
	if best == nil && l.has {
		best = &l.always
	}
	return best
}

// holding is the last of the first n records that ends at t or later; -1 is none.
func (l *list) holding(n int, t int64) int {
	if n == 0 {
		return -1
	}
	i := l.size + n - 1
	for l.tree[i] < t { // to the left neighbour, up as long as there is none
		for i&1 == 0 {
			if i >>= 1; i == 0 {
				return -1
			}
		}
		if i == 1 {
			return -1
		}
		i--
	}
	for i < l.size { // down, the right side first
		if i = 2*i + 1; l.tree[i] < t {
			i--
		}
	}
	return i - l.size
}

// Unused is how many records applied to no flow so far; contradicted and repeated ones are not in it.
func (s *Set) Unused() (n int) {
	for l := range s.lists {
		for i := range l.timed {
			if atomic.LoadUint32(&l.timed[i].used) == 0 {
				n++
			}
		}
		if l.has && atomic.LoadUint32(&l.always.used) == 0 {
			n++
		}
	}
	return n
}

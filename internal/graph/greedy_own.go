package graph

// A bucket holds pairs of one owner with the same number of edges. The best one has the
// smallest degree, then the smallest member.
type bucket struct {
	edges uint32
	heap  []other
}

// An other is the other community of a pair. Its degree may have grown since, or the pair
// may be another's, or have more edges, or none: that is found out when it comes first.
type other struct {
	degree  int64
	low, id uint32
}

func lighter(a, b other) bool {
	return a.degree < b.degree || a.degree == b.degree && a.low < b.low
}

// own sets the pair (i, j) to so many edges and gives it to the one of larger degree.
func (m *merger) own(i, j, edges uint32) {
	if m.degree[i] < m.degree[j] {
		i, j = j, i
	}
	m.pairs[key(i, j)] = pair{edges, i}
	r := m.rate(i, j, edges)
	if r.gain < 0 { // and will be until edges are added
		return
	}
	b := m.bucket(i, edges)
	b.heap = push(b.heap, other{m.degree[j], m.low[j], j}, lighter)
	if r.before(m.bound[i]) {
		m.bid(i, r)
	}
}

func (m *merger) bucket(i, edges uint32) *bucket {
	for k := range m.owned[i] {
		if m.owned[i][k].edges == edges {
			return &m.owned[i][k]
		}
	}
	m.owned[i] = append(m.owned[i], bucket{edges: edges})
	return &m.owned[i][len(m.owned[i])-1]
}

// first is the best pair that i owns, with its exact rating; none if no gain is 0 or more.
func (m *merger) first(i uint32) (j uint32, r rating) {
	for {
		r = none
		at := -1
		for k := 0; k < len(m.owned[i]); {
			b := &m.owned[i][k]
			var bound rating
			if len(b.heap) > 0 {
				bound = m.bounded(i, b)
			}
			if len(b.heap) == 0 || bound.gain < 0 {
				last := len(m.owned[i]) - 1
				m.owned[i][k] = m.owned[i][last]
				m.owned[i][last] = bucket{}
				m.owned[i] = m.owned[i][:last]
				continue
			}
			if bound.before(r) {
				r, at = bound, k
			}
			k++
		}
		if at < 0 {
			return 0, none
		}
		if b := &m.owned[i][at]; m.settled(i, b) {
			return b.heap[0].id, r
		}
	}
}

// bounded rates the first pair of a bucket by what was known when it came in.
func (m *merger) bounded(i uint32, b *bucket) rating {
	o, a := b.heap[0], m.low[i]
	return rating{m.twice*int64(b.edges) - m.degree[i]*o.degree, min(a, o.low), max(a, o.low)}
}

// settled reports whether the first pair of a bucket is as it says; if not it is mended,
// dropped, or given to the other if that has grown to twice the owner's degree (so that no
// pair changes hands more than log E times without gaining edges).
func (m *merger) settled(i uint32, b *bucket) bool {
	o := &b.heap[0]
	j := o.id
	p, known := m.pairs[key(i, j)]
	switch {
	case !known || p.owner != i || p.edges != b.edges:
		b.heap = pop(b.heap, lighter)
	case o.degree == m.degree[j]:
		return true
	case m.degree[j] >= 2*m.degree[i]:
		b.heap = pop(b.heap, lighter)
		m.own(j, i, p.edges)
	default:
		o.degree, o.low = m.degree[j], m.low[j]
		sink(b.heap, lighter)
	}
	return false
}

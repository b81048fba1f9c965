package graph

import (
	"context"
	"fmt"
	"math"
)

// greedyMerge finds communities by merging (Clauset, Newman and Moore, "Finding community
// structure in very large networks", 2004), unweighted: every node is a community; the two
// whose merging gains the greatest modularity merge, ties to the pair with the smallest
// members, until every gain is negative. Gains of 0 are taken.
//
// The gain of merging i and j is, up to a factor, 2m·e − d·d′: e edges between them, d and
// d′ their degrees. Each merge changes the gains of all pairs of the merged community, and
// to follow them at once costs a hub with L leaves L² steps. But such a change is a fall
// unless e changed as well. So an old gain is a bound, and is computed again only when it
// comes first:
//
//   - A pair belongs to one of its two, as a rule the one of larger degree, which keeps its
//     pairs by e, those of equal e in a heap by the other's degree: first is best, whatever
//     the owner's own degree is by now.
//   - A heap over all owners holds the best gain each had when last computed.
//   - The community with fewer neighbours merges into the other, so a neighbour moves
//     O(log V) times.
//
// A star is O(V log V); in general O(E log² V) steps and, for each merge, one for every
// distinct e of an owner (at most √2E, in practice a few). 120 bytes an edge.
func greedyMerge(ctx context.Context, g rows, self []uint64) ([]uint32, error) {
	m, err := newMerger(g, self)
	if err != nil {
		return nil, err
	}
	p := pulse{ctx: ctx}
	for {
		i, j, found := m.best()
		if !found {
			break
		}
		if err := p.beat(1 + len(m.near[i]) + len(m.near[j])); err != nil {
			return nil, err
		}
		m.merge(i, j)
	}
	labels := make([]uint32, g.nodes())
	for v := range labels {
		labels[v] = m.root(uint32(v))
	}
	return labels, nil
}

type merger struct {
	twice  int64      // edges, twice; a self-loop is one
	degree []int64    // of a community, self-loops and inner edges counting twice
	low    []uint32   // smallest member
	into   []uint32   // what a community merged into; itself as long as it is one
	near   [][]uint32 // its neighbours, and former ones that merged
	many   []uint32   // number of its neighbours
	pairs  map[uint64]pair
	owned  [][]bucket
	bound  []rating // of each owner: what the queue holds for it
	queue  []offer
}

// A pair is two neighbouring communities.
type pair struct{ edges, owner uint32 }

// key is that of an unordered pair.
func key(i, j uint32) uint64 { return uint64(min(i, j))<<32 | uint64(max(i, j)) }

// A rating orders pairs: greater gain first, then smaller members.
type rating struct {
	gain      int64
	low, high uint32
}

func (a rating) before(b rating) bool {
	if a.gain != b.gain {
		return a.gain > b.gain
	}
	return a.low < b.low || a.low == b.low && a.high < b.high
}

// none rates an owner without a pair worth merging.
var none = rating{gain: math.MinInt64}

// An offer is an owner's best pair as last computed. It counts iff it equals the bound.
type offer struct {
	rating
	owner uint32
}

func sooner(a, b offer) bool { return a.before(b.rating) }

func newMerger(g rows, self []uint64) (*merger, error) {
	n := uint32(g.nodes())
	if len(g.to)/2 > math.MaxInt32-int(n) { // 2m·e must fit an int64
		return nil, fmt.Errorf("graph: %d edges are too many for %s communities", len(g.to)/2, Greedy)
	}
	m := &merger{
		degree: make([]int64, n), low: make([]uint32, n), into: make([]uint32, n), many: make([]uint32, n),
		near: make([][]uint32, n), pairs: make(map[uint64]pair, len(g.to)/2),
		owned: make([][]bucket, n), bound: make([]rating, n),
	}
	for v := range n {
		near := g.of(v)
		m.near[v] = near[:len(near):len(near)] // copied when it grows
		m.many[v] = uint32(len(near))
		m.degree[v] = int64(len(near))
		if self[v] > 0 {
			m.degree[v] += 2
		}
		m.twice += m.degree[v]
		m.low[v], m.into[v], m.bound[v] = v, v, none
	}
	for v := range n {
		for _, w := range g.of(v) {
			if v < w {
				m.own(v, w, 1)
			}
		}
	}
	return m, nil
}

func (m *merger) rate(i, j, edges uint32) rating {
	a, b := m.low[i], m.low[j]
	return rating{m.twice*int64(edges) - m.degree[i]*m.degree[j], min(a, b), max(a, b)}
}

// root is the community that i is in by now.
func (m *merger) root(i uint32) uint32 {
	for m.into[i] != i {
		m.into[i] = m.into[m.into[i]]
		i = m.into[i]
	}
	return i
}

// best takes the pair to merge next out of the queue.
func (m *merger) best() (i, j uint32, found bool) {
	for len(m.queue) > 0 {
		o := m.queue[0]
		m.queue = pop(m.queue, sooner)
		i := o.owner
		if m.into[i] != i || o.rating != m.bound[i] {
			continue
		}
		j, exact := m.first(i)
		if exact == o.rating {
			return i, j, true
		}
		m.bid(i, exact)
	}
	return 0, 0, false
}

// bid makes r the bound of owner i. A negative gain can only fall until edges are added,
// and is left out.
func (m *merger) bid(i uint32, r rating) {
	m.bound[i] = r
	if r.gain >= 0 {
		m.queue = push(m.queue, offer{r, i}, sooner)
	}
}

// merge makes one community of neighbours i and j.
func (m *merger) merge(i, j uint32) {
	if m.many[i] < m.many[j] {
		i, j = j, i
	}
	delete(m.pairs, key(i, j))
	m.many[i]--
	m.degree[i] += m.degree[j]
	m.low[i] = min(m.low[i], m.low[j])
	m.into[j] = i
	m.owned[j] = nil
	for _, k := range m.near[j] {
		p, known := m.pairs[key(j, k)]
		if !known { // k is i, or merged before
			continue
		}
		delete(m.pairs, key(j, k))
		q, known := m.pairs[key(i, k)]
		if known {
			m.many[k]--
		} else {
			m.near[i] = append(m.near[i], k)
			m.near[k] = append(m.near[k], i)
			m.many[i]++
		}
		m.own(i, k, q.edges+p.edges)
	}
	m.near[j] = nil
	_, exact := m.first(i)
	m.bid(i, exact)
}

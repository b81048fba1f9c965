package graph

// huge is the number of shortest paths beyond which a search counts them again with an
// exponent of their own: diamonds in a row double it each.
const huge = 0x1p900

// A searcher runs Brandes' algorithm ("A faster algorithm for betweenness centrality",
// 2001) from one source after the other.
//
// With σ(v) shortest paths from the source to v, the source's dependency on v is
//
//	δ(v) = σ(v) · Σ c(w), c(w) = (weight(w) + δ(w)) / σ(w)
//
// over the successors w of v that are one step farther, plus the leaves of v. Once c(v) is
// known σ(v) is not needed, so both share x.
//
// The way out notes those successors, so that the way back looks at no other edge; and it
// takes no branch on what it finds at an edge's end, which nothing could predict
// (BenchmarkSearch, with fetch: 12 ms for a search of 10⁶ edges at random instead of 17).
type searcher struct {
	k     *core
	sum   []float64 // Σ times·δ, over the searches so far
	x     []float64 // σ on the way out, 0 if not reached; c on the way back
	mark  []mark
	queue []uint32 // vertices by distance, and a place that is written before it is known to be needed
	next  []uint32 // successors one step farther, and such a place
	from  []int    // where those of the vertex at a place of queue begin in next
	touch uint32   // what fetch read, so that it is not optimised away
	wide  []wide   // like x; made when first needed
}

// A mark is what the way out knows of a vertex.
type mark uint8

const (
	unseen  mark = iota
	ahead        // one step farther than the distance at hand
	settled      // not farther than that
)

func newSearcher(k *core) *searcher {
	n := k.out.nodes()
	return &searcher{
		k: k, sum: make([]float64, n), x: make([]float64, n), mark: make([]mark, n),
		queue: make([]uint32, n+1), next: make([]uint32, len(k.out.to)+1), from: make([]int, n+1),
	}
}

func (s *searcher) run(from source) {
	q := s.forth(from.vertex)
	x, most := s.x, 0.0
	for _, v := range q {
		most = max(most, x[v])
	}
	if most > huge {
		s.back(q, from.times)
	} else {
		for i := len(q) - 1; i > 0; i-- {
			v, c := q[i], 0.0
			for _, w := range s.next[s.from[i]:s.from[i+1]] {
				c += x[w]
			}
			d := x[v]*c + s.k.leaves[v]
			s.sum[v] += from.times * d
			x[v] = (s.k.weight[v] + d) / x[v]
		}
	}
	if len(q) > len(x)/8 { // most of it is dirty, and a run of bytes is cleared fast
		clear(x)
		clear(s.mark)
		return
	}
	for _, v := range q {
		x[v], s.mark[v] = 0, unseen
	}
}

// forth counts the shortest paths to every vertex and gives the vertices by distance.
func (s *searcher) forth(source uint32) []uint32 {
	out, x, marks, q, next := s.k.out, s.x, s.mark, s.queue, s.next
	q[0], x[source] = source, 1
	n, edges := 1, 0 // of q, of next
	for first, last := 0, 1; first < last; first, last = last, n {
		for _, v := range q[first:last] {
			marks[v] = settled
		}
		for i := first; i < last; i++ {
			v := q[i]
			if (i-first)%fetched == 0 {
				s.fetch(q[i:min(i+fetched, last)])
			}
			begin, paths := edges, x[v]
			s.from[i] = begin
			for _, w := range out.of(v) {
				next[edges] = w
				if marks[w] != settled {
					edges++
				}
			}
			for _, w := range next[begin:edges] {
				x[w] += paths
				q[n] = w
				if marks[w] == unseen {
					n++
				}
				marks[w] = ahead
			}
		}
	}
	s.from[n] = edges
	return q[:n]
}

// fetched is how many vertices' edges are asked for at once.
const fetched = 64

// fetch reads the ends of the lists of successors of q, which holds at most fetched
// vertices. The lists lie anywhere; in a loop with nothing else many are on their way from
// memory at once.
func (s *searcher) fetch(q []uint32) {
	at, to := s.k.out.at, s.k.out.to
	var ends [fetched][2]int
	n := 0
	for _, v := range q {
		ends[n%fetched] = [2]int{at[v], at[v+1] - 1}
		if at[v] < at[v+1] {
			n++
		}
	}
	var touch uint32
	for _, e := range ends[:n] {
		touch += to[e[0]] + to[e[1]]
	}
	s.touch += touch
}

// back is the second half of run for numbers of paths that no float64 holds: it counts
// them again and goes back likewise.
func (s *searcher) back(q []uint32, times float64) {
	if s.wide == nil {
		s.wide = make([]wide, len(s.x))
	}
	x := s.wide
	for _, v := range q {
		x[v] = wide{}
	}
	x[q[0]] = widen(1)
	for i, v := range q {
		for _, w := range s.next[s.from[i]:s.from[i+1]] {
			x[w] = x[w].plus(x[v])
		}
	}
	for i := len(q) - 1; i > 0; i-- {
		v := q[i]
		var c wide
		for _, w := range s.next[s.from[i]:s.from[i+1]] {
			c = c.plus(x[w])
		}
		d := x[v].times(c) + s.k.leaves[v]
		s.sum[v] += times * d
		x[v] = widen(s.k.weight[v] + d).over(x[v])
	}
}

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
type searcher struct {
	k     *core
	sum   []float64 // Σ times·δ, over the searches so far
	x     []float64 // σ on the way out, c on the way back
	dist  []int32   // −1 if not reached
	queue []uint32
	wide  []wide // like x; made when first needed
}

func newSearcher(k *core) *searcher {
	n := k.out.nodes()
	s := &searcher{k: k, sum: make([]float64, n), x: make([]float64, n), dist: make([]int32, n), queue: make([]uint32, 0, n)}
	for v := range s.dist {
		s.dist[v] = -1
	}
	return s
}

func (s *searcher) run(from source) {
	out, x, dist := s.k.out, s.x, s.dist
	q := append(s.queue[:0], from.vertex)
	x[from.vertex], dist[from.vertex] = 1, 0
	for i := 0; i < len(q); i++ {
		v := q[i]
		next, paths := dist[v]+1, x[v]
		for _, w := range out.of(v) {
			switch dist[w] {
			case -1:
				x[w], dist[w] = paths, next
				q = append(q, w)
			case next:
				x[w] += paths
			}
		}
	}
	most := 0.0
	for _, v := range q {
		most = max(most, x[v])
	}
	if most > huge {
		s.back(q, from.times)
	} else {
		for i := len(q) - 1; i > 0; i-- {
			v := q[i]
			next, c := dist[v]+1, 0.0
			for _, w := range out.of(v) {
				if dist[w] == next {
					c += x[w]
				}
			}
			d := x[v]*c + s.k.leaves[v]
			s.sum[v] += from.times * d
			x[v] = (s.k.weight[v] + d) / x[v]
		}
	}
	for _, v := range q {
		dist[v] = -1
	}
	s.queue = q
}

// back is the second half of run for numbers of paths that no float64 holds: it counts
// them again and goes back likewise.
func (s *searcher) back(q []uint32, times float64) {
	if s.wide == nil {
		s.wide = make([]wide, len(s.x))
	}
	out, dist, x := s.k.out, s.dist, s.wide
	for _, v := range q {
		x[v] = wide{}
	}
	x[q[0]] = widen(1)
	for _, v := range q {
		for _, w := range out.of(v) {
			if dist[w] == dist[v]+1 {
				x[w] = x[w].plus(x[v])
			}
		}
	}
	for i := len(q) - 1; i > 0; i-- {
		v := q[i]
		var c wide
		for _, w := range out.of(v) {
			if dist[w] == dist[v]+1 {
				c = c.plus(x[w])
			}
		}
		d := x[v].times(c) + s.k.leaves[v]
		s.sum[v] += times * d
		x[v] = widen(s.k.weight[v] + d).over(x[v])
	}
}

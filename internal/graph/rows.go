package graph

// rows is an adjacency in compressed rows: the neighbours of v are to[at[v]:at[v+1]],
// ascending and distinct, without v. Weights stand beside them, or are nil.
type rows struct {
	at     []int
	to     []uint32
	weight []uint64
}

func (r rows) nodes() int           { return len(r.at) - 1 }
func (r rows) of(v uint32) []uint32 { return r.to[r.at[v]:r.at[v+1]] }
func (r rows) degree(v uint32) int  { return r.at[v+1] - r.at[v] }

func (r rows) weights(v uint32) []uint64 { return r.weight[r.at[v]:r.at[v+1]] }

// adjacency gives the simple directed graph without self-loops in both directions, by
// rank, and each node's self-loop flows. Weights are flows, kept if communities want them.
func (g *Graph) adjacency(rank []uint32) (out, in rows, self []uint64) {
	self = make([]uint64, len(rank))
	out.at = make([]int, len(rank)+1)
	for _, e := range g.edges {
		if e.src == e.dst {
			self[rank[e.src]] = e.flows
		} else {
			out.at[rank[e.src]+1]++
		}
	}
	next := starts(out.at)
	out.to = make([]uint32, out.at[len(rank)])
	if g.opt.Communities == Louvain {
		out.weight = make([]uint64, len(out.to))
	}
	for _, e := range g.edges {
		if e.src == e.dst {
			continue
		}
		i := next[rank[e.src]]
		next[rank[e.src]]++
		out.to[i] = rank[e.dst]
		if out.weight != nil {
			out.weight[i] = e.flows
		}
	}
	in = out.transpose() // ascending, whatever the order in out
	return in.transpose(), in, self
}

// starts turns counts, each one place to the right, into offsets, and returns a copy to
// advance while filling.
func starts(at []int) []int {
	for v := 1; v < len(at); v++ {
		at[v] += at[v-1]
	}
	return append([]int(nil), at[:len(at)-1]...)
}

// transpose turns every edge round, in O(V + E).
func (r rows) transpose() rows {
	t := rows{at: make([]int, len(r.at)), to: make([]uint32, len(r.to))}
	if r.weight != nil {
		t.weight = make([]uint64, len(r.weight))
	}
	for _, w := range r.to {
		t.at[w+1]++
	}
	next := starts(t.at)
	for v := range r.nodes() {
		for i := r.at[v]; i < r.at[v+1]; i++ {
			j := next[r.to[i]]
			next[r.to[i]]++
			t.to[j] = uint32(v)
			if r.weight != nil {
				t.weight[j] = r.weight[i]
			}
		}
	}
	return t
}

// union is the undirected graph of a graph's two directions; weights add up.
func union(out, in rows) rows {
	u := rows{at: make([]int, 1, len(out.at)), to: make([]uint32, 0, len(out.to))}
	for v := range uint32(out.nodes()) {
		a, b := out.of(v), in.of(v)
		for i, j := 0, 0; i < len(a) || j < len(b); {
			fromA := j == len(b) || i < len(a) && a[i] <= b[j]
			fromB := i == len(a) || j < len(b) && b[j] <= a[i]
			var w uint64
			if fromA {
				u.to = append(u.to, a[i])
			} else {
				u.to = append(u.to, b[j])
			}
			if fromA {
				if out.weight != nil {
					w = out.weights(v)[i]
				}
				i++
			}
			if fromB {
				if in.weight != nil {
					w += in.weights(v)[j]
				}
				j++
			}
			if out.weight != nil {
				u.weight = append(u.weight, w)
			}
		}
		u.at = append(u.at, len(u.to))
	}
	return u
}

package graph

import (
	"hash/maphash"
	"slices"
)

// A core is the part of the directed graph that shortest paths with something in between
// need, its vertices numbered anew:
//
//   - nodes with edges in both directions, the only ones that can stand between others;
//   - sources with a successor among them, one for all those without edges inward that
//     have the same successors, since their searches are the same;
//   - sinks (without edges outward) of two or more predecessors, one for all those with
//     the same predecessors.
//
// A sink with a single predecessor is a number there. Where clients ask and servers
// answer, nearly nothing is left.
type core struct {
	out    rows
	rank   []uint32  // of a vertex, in the whole graph
	weight []float64 // nodes a vertex stands for as an end of paths
	leaves []float64 // sinks with no other predecessor
	from   []source
}

// A source is a vertex to search from, for as many nodes as times says.
type source struct {
	vertex uint32
	times  float64
}

// reduce makes the core for searches from sources, which are distinct. O(V + E).
func reduce(out, in rows, sources []uint32) *core {
	k := &core{}
	n := uint32(out.nodes())
	between := func(v uint32) bool { return out.degree(v) > 0 && in.degree(v) > 0 }

	// What stands for each node: itself, a twin, or nothing.
	stand := make([]uint32, n)
	weight := make([]float64, n) // of nodes that stand for themselves
	for v := range stand {
		stand[v] = n
	}
	sinks, starts := newTwins(in), newTwins(out)
	for v := range n {
		switch {
		case between(v):
			stand[v] = v
		case in.degree(v) > 1:
			stand[v] = sinks.first(v)
		default:
			continue
		}
		weight[stand[v]]++
	}
	times := make([]float64, n)
	for _, v := range sources {
		if !slices.ContainsFunc(out.of(v), between) {
			continue
		}
		if in.degree(v) == 0 {
			stand[v] = starts.first(v)
		}
		times[stand[v]]++
	}

	vertex := make([]uint32, n)
	for v := range n {
		if stand[v] == v {
			vertex[v] = uint32(len(k.rank))
			k.rank = append(k.rank, v)
		}
	}
	k.out.at = make([]int, 1, len(k.rank)+1)
	k.weight, k.leaves = make([]float64, len(k.rank)), make([]float64, len(k.rank))
	for i, v := range k.rank {
		k.weight[i] = weight[v]
		for _, w := range out.of(v) {
			switch {
			case stand[w] == w:
				k.out.to = append(k.out.to, vertex[w])
			case stand[w] == n: // in.degree(w) is 1
				k.leaves[i]++
			}
		}
		k.out.at = append(k.out.at, len(k.out.to))
		if times[v] > 0 {
			k.from = append(k.from, source{uint32(i), times[v]})
		}
	}
	return k
}

// twins finds nodes with equal lists of neighbours. Should hashes of different lists meet,
// the later node has no twin, which costs a search and no more.
type twins struct {
	r    rows
	seed maphash.Seed
	seen map[uint64]uint32 // first node by hash of its list
}

func newTwins(r rows) *twins {
	return &twins{r: r, seed: maphash.MakeSeed(), seen: map[uint64]uint32{}}
}

// first is the first node that was asked for with the same neighbours as v.
func (t *twins) first(v uint32) uint32 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	list := t.r.of(v)
	for _, w := range list {
		h.Write([]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)})
	}
	sum := h.Sum64()
	w, known := t.seen[sum]
	if !known {
		t.seen[sum] = v
		return v
	}
	if slices.Equal(t.r.of(w), list) {
		return w
	}
	return v
}

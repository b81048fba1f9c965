package graph

import (
	"context"
	"runtime"
	"sync"
)

// searchParts is the number of parts the searches are cut into. Parts are summed in their
// order, so that the sums do not depend on how many run at once.
const searchParts = 64

// betweenness gives, in the directed graph without self-loops,
//
//	B(v) = Σ (shortest paths x→y through v / shortest paths x→y) / ((N−1)(N−2))
//
// over ordered pairs x ≠ v ≠ y of the N nodes; 0 for N ≤ 2. It searches from each node
// with outbound flows, or from so many of them as Options.MaxSources allows: evenly spaced
// in node order, the sum scaled by all / taken.
//
// Time O(S·E) for S sources (Brandes), after reduce has left out what changes nothing;
// memory 29 bytes a node and 4 an edge for each worker.
func (g *Graph) betweenness(ctx context.Context, order []uint32, out, in rows) ([]float64, error) {
	var sources []uint32
	for r, n := range order {
		if g.hosts[n].OutFlows > 0 {
			sources = append(sources, uint32(r))
		}
	}
	all := len(sources)
	sources = spaced(sources, g.opt.MaxSources)
	g.taken, g.sources = len(sources), all

	b := make([]float64, len(order))
	k := reduce(out, in, sources)
	if len(k.from) == 0 || len(order) <= 2 {
		return b, nil
	}
	sum, err := k.search(ctx, g.opt.Workers)
	if err != nil {
		return nil, err
	}
	n := float64(len(order))
	scale := float64(all) / float64(len(sources))
	for i, x := range sum {
		b[k.rank[i]] = x * scale / ((n - 1) * (n - 2))
	}
	return b, nil
}

// spaced takes at most limit of s, evenly; all of them if limit is not positive.
func spaced(s []uint32, limit int) []uint32 {
	if limit <= 0 || len(s) <= limit {
		return s
	}
	taken := make([]uint32, limit)
	for i := range taken {
		taken[i] = s[int(uint64(i)*uint64(len(s))/uint64(limit))]
	}
	return taken
}

// search adds up what the searches from every source give each vertex.
func (k *core) search(ctx context.Context, workers int) ([]float64, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	parts := min(searchParts, len(k.from))
	workers = min(workers, parts)
	searchers := make([]*searcher, workers)
	for i := range searchers {
		searchers[i] = newSearcher(k)
	}
	sum := make([]float64, k.out.nodes())
	for first := 0; first < parts; first += workers {
		running := searchers[:min(workers, parts-first)]
		var wait sync.WaitGroup
		for i, s := range running {
			from, to := (first+i)*len(k.from)/parts, (first+i+1)*len(k.from)/parts
			wait.Go(func() {
				for _, source := range k.from[from:to] {
					if ctx.Err() != nil {
						return
					}
					s.run(source)
				}
			})
		}
		wait.Wait()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, s := range running {
			for v, x := range s.sum {
				sum[v] += x
			}
			clear(s.sum)
		}
	}
	return sum, nil
}

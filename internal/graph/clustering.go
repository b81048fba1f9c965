package graph

import "context"

// clustering gives, in the undirected graph, c(v) = 2T / (k(k−1)), T being the edges among
// the k neighbours of v; 0 if k < 2.
//
// Every edge is directed from its end of smaller degree to the other, so that a node has
// at most √2E successors, hubs too; each triangle is then found once, from its least node.
// Time O(E√E), memory 4 bytes an edge and 8 a node.
func clustering(ctx context.Context, g rows) ([]float64, error) {
	n := uint32(g.nodes())
	up := rows{at: make([]int, 1, n+1), to: make([]uint32, 0, len(g.to)/2)}
	for v := range n {
		for _, w := range g.of(v) {
			if dv, dw := g.degree(v), g.degree(w); dv < dw || dv == dw && v < w {
				up.to = append(up.to, w)
			}
		}
		up.at = append(up.at, len(up.to))
	}
	triangles := make([]uint64, n)
	mark := make([]uint32, n) // v+1 on the successors of v
	p := pulse{ctx: ctx}
	for v := range n {
		if up.degree(v) < 2 {
			continue
		}
		for _, w := range up.of(v) {
			mark[w] = v + 1
		}
		for _, w := range up.of(v) {
			if err := p.beat(1 + up.degree(w)); err != nil {
				return nil, err
			}
			for _, x := range up.of(w) {
				if mark[x] == v+1 {
					triangles[v]++
					triangles[w]++
					triangles[x]++
				}
			}
		}
	}
	c := make([]float64, n)
	for v := range n {
		if k := uint64(g.degree(v)); k > 1 {
			c[v] = float64(2*triangles[v]) / float64(k*(k-1))
		}
	}
	return c, nil
}

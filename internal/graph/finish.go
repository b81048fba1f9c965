package graph

import (
	"context"
	"slices"
)

// Finish computes everything that depends on all flows. It returns ctx's error if that is
// done before; the graph is of no use then. Values depend on the flows and on nothing
// else, neither their order nor the number of workers: nodes are visited in their order
// (Node.Compare), sums are exact or added in that order.
//
// With V nodes, E edges and F flows it takes O(V log V + E) time, O(F log F) more with
// Options.Temporal, and with Options.Metrics the times given at each algorithm.
func (g *Graph) Finish(ctx context.Context) error {
	g.numbers4, g.numbers, g.edgeAt, g.portAt = nil, nil, nil, nil
	if g.opt.Temporal {
		if err := g.temporal(ctx); err != nil {
			return err
		}
	}
	if !g.opt.Metrics || len(g.nodes) == 0 {
		return ctx.Err()
	}
	order, rank := g.order()
	out, in, self := g.adjacency(rank)

	b, err := g.betweenness(ctx, order, out, in)
	if err != nil {
		return err
	}
	both := union(out, in)
	out, in = rows{}, rows{}
	c, err := clustering(ctx, both)
	if err != nil {
		return err
	}
	labels, err := communities(ctx, g.opt.Communities, both, self)
	if err != nil {
		return err
	}
	number(labels)
	for r, n := range order {
		h := &g.hosts[n]
		h.Betweenness, h.Clustering, h.Community = b[r], c[r], int32(labels[r])
	}
	return nil
}

// order gives the node numbers in the nodes' order, and each node's rank in it. Everything
// below works on ranks.
func (g *Graph) order() (order, rank []uint32) {
	order = make([]uint32, len(g.nodes))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return g.nodes[a].Compare(g.nodes[b]) })
	rank = make([]uint32, len(order))
	for r, n := range order {
		rank[n] = uint32(r)
	}
	return order, rank
}

package graph

import (
	"context"
	"slices"
)

// propagate finds communities by semi-synchronous label propagation (Cordasco and Gargano,
// "Community detection via semi-synchronous label propagation algorithms", 2010). A node's
// label is its own number at first. The nodes are coloured; in every round one colour
// after the other updates, and since a colour's nodes are no neighbours, the order among
// them means nothing. A node keeps its label if no other is more frequent among its
// neighbours, else takes the largest of the most frequent ones.
//
// Every change makes more edges join equal labels, so it ends. A node is looked at again
// only if a neighbour changed: a round takes O(V + E), in practice far less after the
// first few, and 16 bytes a node.
func propagate(ctx context.Context, g rows, self []uint64) ([]uint32, error) {
	n := uint32(g.nodes())
	order, ends := colour(g, self)
	label, seen := make([]uint32, n), make([]uint32, n)
	stale := make([]bool, n)
	for v := range n {
		label[v], stale[v] = v, true
	}
	var met []uint32 // labels with seen > 0
	p := pulse{ctx: ctx}
	for changed := true; changed; {
		changed = false
		from := 0
		for _, end := range ends {
			for _, v := range order[from:end] {
				if err := p.beat(1 + g.degree(v)); err != nil {
					return nil, err
				}
				if !stale[v] {
					continue
				}
				stale[v] = false
				met = met[:0]
				for _, w := range g.of(v) {
					met = count(label[w], seen, met)
				}
				if self[v] > 0 {
					met = count(label[v], seen, met)
				}
				best := label[v]
				for _, l := range met {
					if seen[l] > seen[best] || seen[l] == seen[best] && best != label[v] && l > best {
						best = l
					}
				}
				for _, l := range met {
					seen[l] = 0
				}
				if best == label[v] {
					continue
				}
				label[v], changed = best, true
				for _, w := range g.of(v) {
					stale[w] = true
				}
			}
			from = end
		}
	}
	return label, nil
}

func count(label uint32, seen, met []uint32) []uint32 {
	if seen[label] == 0 {
		met = append(met, label)
	}
	seen[label]++
	return met
}

// colour colours the nodes greedily, largest degree first and then in node order, each
// with the smallest colour no neighbour has. It returns the nodes by colour and where each
// colour ends. O(V log V + E).
func colour(g rows, self []uint64) (order []uint32, ends []int) {
	n := uint32(g.nodes())
	degree := func(v uint32) int { return g.degree(v) + 2*int(min(self[v], 1)) }
	order = make([]uint32, n)
	for v := range n {
		order[v] = v
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return degree(b) - degree(a) })
	colours := make([]uint32, n) // plus one
	taken := make([]uint32, n+2) // v+1 on the colours of v's neighbours
	for _, v := range order {
		for _, w := range g.of(v) {
			taken[colours[w]] = v + 1
		}
		c := uint32(1)
		for taken[c] == v+1 {
			c++
		}
		colours[v] = c
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return int(colours[a]) - int(colours[b]) })
	for i, v := range order {
		if i+1 == len(order) || colours[order[i+1]] != colours[v] {
			ends = append(ends, i+1)
		}
	}
	return order, ends
}

package graph

import (
	"context"
	"slices"
)

// communities gives every node of the undirected graph a label; equal labels are one
// community. self holds each node's self-loop weight: a self-loop is one edge, adds twice
// to its node's degree, and makes the node its own neighbour once.
func communities(ctx context.Context, a Algorithm, g rows, self []uint64) ([]uint32, error) {
	switch a {
	case Greedy:
		return greedyMerge(ctx, g, self)
	case LabelPropagation:
		return propagate(ctx, g, self)
	}
	return louvain(ctx, g, self)
}

// number replaces labels, which are below len(labels), by community numbers: from 0 by
// falling size, ties to the community with the smallest node.
func number(labels []uint32) {
	type community struct {
		label, size uint32
	}
	at := make([]uint32, len(labels)) // of a label in found, plus one
	var found []community             // by smallest node
	for _, l := range labels {
		if at[l] == 0 {
			found = append(found, community{label: l})
			at[l] = uint32(len(found))
		}
		found[at[l]-1].size++
	}
	slices.SortStableFunc(found, func(a, b community) int { return int(b.size) - int(a.size) })
	for i, c := range found {
		at[c.label] = uint32(i)
	}
	for v, l := range labels {
		labels[v] = at[l]
	}
}

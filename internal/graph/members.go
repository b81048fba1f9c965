package graph

import "slices"

// members knows which community each node is in and the smallest node of a community.
// Community c starts with node c. Leaving costs nothing: a community's heap may name nodes
// that left, which are dropped when they come to its top, or when they are too many.
type members struct {
	of   []uint32
	size []uint32
	came [][]uint32 // min-heap of the nodes that moved in; node c is of community c without
}

func newMembers(n int) members {
	m := members{of: make([]uint32, n), size: make([]uint32, n), came: make([][]uint32, n)}
	for v := range m.of {
		m.of[v], m.size[v] = uint32(v), 1
	}
	return m
}

// move takes v from its community to c.
func (m *members) move(v, c uint32) {
	m.size[m.of[v]]--
	m.size[c]++
	m.of[v] = c
	if v == c {
		return
	}
	h := m.came[c]
	if len(h) > 16+2*int(m.size[c]) {
		h = slices.DeleteFunc(h, func(w uint32) bool { return m.of[w] != c })
		slices.Sort(h) // a sorted list is a heap
		h = slices.Compact(h)
	}
	m.came[c] = push(h, v, below)
}

// smallest is the smallest node of c, which must have one.
func (m *members) smallest(c uint32) uint32 {
	h := m.came[c]
	for len(h) > 0 && m.of[h[0]] != c {
		h = pop(h, below)
	}
	m.came[c] = h
	if m.of[c] == c && (len(h) == 0 || c < h[0]) {
		return c
	}
	return h[0]
}

func below(a, b uint32) bool { return a < b }

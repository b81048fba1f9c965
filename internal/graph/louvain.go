package graph

import (
	"context"
	"math/bits"
)

// minGain is the modularity a level of Louvain must gain for another one to follow.
const minGain = 1e-7

// louvain finds communities of great modularity (Blondel et al., "Fast unfolding of
// communities in large networks", 2008), resolution 1. Nodes are visited in their order,
// again and again until none moves; a node moves to the neighbouring community of greatest
// positive gain, ties to the one with the smallest member. Communities then become nodes,
// in the order of their smallest members, and the next level begins.
//
// Gains are compared as 128-bit integers, so equal gains are equal. A pass takes O(V + E),
// plus O(log V) a move; 50 bytes a node and, with the next level, 24 an edge.
func louvain(ctx context.Context, g rows, self []uint64) ([]uint32, error) {
	labels := make([]uint32, g.nodes())
	for v := range labels {
		labels[v] = uint32(v)
	}
	l := newLevel(g, self)
	for q := l.modularity(); ; {
		if err := l.move(ctx); err != nil {
			return nil, err
		}
		of := l.renumber()
		for v, c := range labels {
			labels[v] = of[c]
		}
		l = l.fold(of)
		next := l.modularity()
		if next-q < minGain {
			return labels, nil
		}
		q = next
	}
}

// A level is a graph whose nodes are moved between communities.
type level struct {
	g      rows
	self   []uint64 // weight of self-loops
	degree []uint64 // weight of edges, self-loops twice
	total  uint64   // Σ degree: twice the graph's weight
	sum    []uint64 // degrees of a community
	in     members
}

func newLevel(g rows, self []uint64) *level {
	n := g.nodes()
	l := &level{g: g, self: self, degree: make([]uint64, n), sum: make([]uint64, n), in: newMembers(n)}
	for v := range l.degree {
		d := 2 * self[v]
		for _, w := range g.weights(uint32(v)) {
			d += w
		}
		l.degree[v], l.sum[v] = d, d
		l.total += d
	}
	return l
}

// modularity is that of every node as a community of its own.
func (l *level) modularity() (q float64) {
	for v, d := range l.degree {
		f := float64(d) / float64(l.total)
		q += 2*float64(l.self[v])/float64(l.total) - f*f
	}
	return q
}

// A gain is, up to a factor, what the modularity gains when a node without a community
// joins one: total·w − sum·degree, w being the weight between them. Signed, 128 bits.
type gain struct {
	hi int64
	lo uint64
}

func (a gain) less(b gain) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

func (l *level) gain(w, sum, degree uint64) gain {
	h0, l0 := bits.Mul64(l.total, w)
	h1, l1 := bits.Mul64(sum, degree)
	lo, borrow := bits.Sub64(l0, l1, 0)
	hi, _ := bits.Sub64(h0, h1, borrow)
	return gain{int64(hi), lo}
}

// move moves nodes until none wants to.
func (l *level) move(ctx context.Context) error {
	to := make([]uint64, len(l.degree)) // weight from a node to a community
	var met []uint32                    // communities with to > 0
	p := pulse{ctx: ctx}
	for moved := true; moved; {
		moved = false
		for v := range uint32(len(l.degree)) {
			if err := p.beat(1 + l.g.degree(v)); err != nil {
				return err
			}
			weights := l.g.weights(v)
			met = met[:0]
			for i, w := range l.g.of(v) {
				c := l.in.of[w]
				if to[c] == 0 {
					met = append(met, c)
				}
				to[c] += weights[i]
			}
			own, d := l.in.of[v], l.degree[v]
			best, most := own, l.gain(to[own], l.sum[own]-d, d)
			for _, c := range met {
				if c == own {
					continue
				}
				switch x := l.gain(to[c], l.sum[c], d); {
				case most.less(x):
					best, most = c, x
				case x == most && best != own && l.in.smallest(c) < l.in.smallest(best):
					best = c
				}
			}
			for _, c := range met {
				to[c] = 0
			}
			if best != own {
				l.sum[own] -= d
				l.sum[best] += d
				l.in.move(v, best)
				moved = true
			}
		}
	}
	return nil
}

// renumber numbers the communities by their smallest members and gives each node's.
func (l *level) renumber() []uint32 {
	number := make([]uint32, len(l.degree)) // plus one
	of := make([]uint32, len(l.degree))
	var n uint32
	for v, c := range l.in.of {
		if number[c] == 0 {
			n++
			number[c] = n
		}
		of[v] = number[c] - 1
	}
	return of
}

// fold makes the graph whose nodes are this one's communities.
func (l *level) fold(of []uint32) *level {
	var n uint32
	for _, c := range of {
		n = max(n, c+1)
	}
	at := make([]int, n+1)
	for _, c := range of {
		at[c+1]++
	}
	next := starts(at)
	nodes := make([]uint32, len(of))
	for v, c := range of {
		nodes[next[c]] = uint32(v)
		next[c]++
	}
	g := rows{at: make([]int, 1, n+1)}
	self := make([]uint64, n)
	to := make([]uint64, n)
	for c := range n {
		from := len(g.to)
		var twice uint64 // edges within are seen from both ends
		for _, v := range nodes[at[c]:at[c+1]] {
			self[c] += l.self[v]
			weights := l.g.weights(v)
			for i, w := range l.g.of(v) {
				switch d := of[w]; {
				case d == c:
					twice += weights[i]
				default:
					if to[d] == 0 {
						g.to = append(g.to, d)
					}
					to[d] += weights[i]
				}
			}
		}
		self[c] += twice / 2
		for _, d := range g.to[from:] {
			g.weight = append(g.weight, to[d])
			to[d] = 0
		}
		g.at = append(g.at, len(g.to))
	}
	return newLevel(g, self)
}

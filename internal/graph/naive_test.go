package graph

import (
	"cmp"
	"math"
	"math/big"
	"slices"
)

// naive is the graph the plain way, its nodes the hosts 0 to n−1, some of them without any
// flow.
type naive struct {
	n     int
	flows [][]uint64 // by source and destination
	node  []bool
}

func newNaive(n int, flows []flow) *naive {
	g := &naive{n: n, flows: make([][]uint64, n), node: make([]bool, n)}
	for i := range g.flows {
		g.flows[i] = make([]uint64, n)
	}
	for _, f := range flows {
		g.flows[f.s][f.d]++
		g.node[f.s], g.node[f.d] = true, true
	}
	return g
}

// joined is the number of flows between i and j in either direction.
func (g *naive) joined(i, j int) uint64 {
	if i == j {
		return g.flows[i][i]
	}
	return g.flows[i][j] + g.flows[j][i]
}

// betweenness counts the shortest paths of all pairs.
func (g *naive) betweenness(sources []int, of int) []float64 {
	dist, paths := make([][]int, g.n), make([][]float64, g.n)
	for s := range g.n {
		dist[s], paths[s] = make([]int, g.n), make([]float64, g.n)
		for v := range dist[s] {
			dist[s][v] = -1
		}
		dist[s][s], paths[s][s] = 0, 1
		for queue := []int{s}; len(queue) > 0; queue = queue[1:] {
			v := queue[0]
			for w := range g.n {
				if v == w || g.flows[v][w] == 0 {
					continue
				}
				if dist[s][w] < 0 {
					dist[s][w] = dist[s][v] + 1
					queue = append(queue, w)
				}
				if dist[s][w] == dist[s][v]+1 {
					paths[s][w] += paths[s][v]
				}
			}
		}
	}
	nodes := 0
	for _, is := range g.node {
		if is {
			nodes++
		}
	}
	b := make([]float64, g.n)
	if nodes <= 2 {
		return b
	}
	for v := range b {
		for _, x := range sources {
			for y := range g.n {
				if x != v && v != y && x != y && dist[x][v] > 0 && dist[v][y] > 0 && dist[x][v]+dist[v][y] == dist[x][y] {
					b[v] += paths[x][v] * paths[v][y] / paths[x][y]
				}
			}
		}
		b[v] *= float64(of) / float64(len(sources)) / (float64(nodes-1) * float64(nodes-2))
	}
	return b
}

func (g *naive) clustering() []float64 {
	c := make([]float64, g.n)
	for v := range c {
		var near []int
		for w := range g.n {
			if w != v && g.joined(v, w) > 0 {
				near = append(near, w)
			}
		}
		edges := 0
		for i, a := range near {
			for _, b := range near[:i] {
				if g.joined(a, b) > 0 {
					edges++
				}
			}
		}
		if k := len(near); k > 1 {
			c[v] = 2 * float64(edges) / float64(k*(k-1))
		}
	}
	return c
}

// edges is the undirected graph as a matrix of weights, a self-loop's counted twice, and
// its sum.
func (g *naive) edges(weighted bool) (e [][]int64, total int64) {
	e = make([][]int64, g.n)
	for i := range e {
		e[i] = make([]int64, g.n)
		for j := range e[i] {
			w := int64(g.joined(i, j))
			if !weighted {
				w = min(w, 1)
			}
			if i == j {
				w *= 2
			}
			e[i][j] = w
			total += w
		}
	}
	return e, total
}

// quality is total² times the modularity, and exact.
func quality(e [][]int64, total int64, label []uint32) int64 {
	inside, sum := map[uint32]int64{}, map[uint32]int64{}
	for i := range e {
		for j, w := range e[i] {
			sum[label[i]] += w
			if label[i] == label[j] {
				inside[label[i]] += w
			}
		}
	}
	q := int64(0)
	for c, s := range sum {
		q += inside[c]*total - s*s
	}
	return q
}

// group is a community while it is sought: nodes ascending.
type group []int

func (g *naive) labels(groups []group) []uint32 {
	label := make([]uint32, g.n)
	for i, c := range groups {
		for _, v := range c {
			label[v] = uint32(i)
		}
	}
	return label
}

func (g *naive) singles() (groups []group) {
	for v, is := range g.node {
		if is {
			groups = append(groups, group{v})
		}
	}
	return groups
}

func numbered(groups []group) []group {
	groups = slices.DeleteFunc(groups, func(c group) bool { return len(c) == 0 })
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(len(b)-len(a), a[0]-b[0])
	})
	return groups
}

func between(e [][]int64, a, b group) (w int64) {
	for _, i := range a {
		for _, j := range b {
			w += e[i][j]
		}
	}
	return w
}

func degree(e [][]int64, a group) (d int64) {
	for _, i := range a {
		for _, w := range e[i] {
			d += w
		}
	}
	return d
}

// greedy looks at all pairs before every merge. Communities stay in the order of their
// smallest members.
func (g *naive) greedy() []group {
	e, total := g.edges(false)
	groups := g.singles()
	for {
		x, y, most := 0, 0, int64(-1)
		for i, a := range groups {
			for j, b := range groups[:i] {
				w := between(e, a, b)
				if gain := total*w - degree(e, a)*degree(e, b); w > 0 && (gain > most || gain == most && (j < x || j == x && i < y)) {
					x, y, most = j, i, gain
				}
			}
		}
		if most < 0 {
			return numbered(groups)
		}
		groups[x] = append(groups[x], groups[y]...)
		slices.Sort(groups[x])
		groups = slices.Delete(groups, y, y+1)
	}
}

// louvain moves whole groups (the nodes of a level) between communities. Weights are small,
// so 64 bits serve.
func (g *naive) louvain() []group {
	e, total := g.edges(true)
	nodes := g.singles()
	for total > 0 {
		before := quality(e, total, g.labels(nodes))
		in := make([]int, len(nodes))
		for i := range in {
			in[i] = i
		}
		members := func(c, without int) (m group) {
			for i, own := range in {
				if own == c && i != without {
					m = append(m, nodes[i]...)
				}
			}
			slices.Sort(m)
			return m
		}
		for moved := true; moved; {
			moved = false
			for i, node := range nodes {
				rate := func(c int) int64 {
					m := members(c, i)
					return total*between(e, node, m) - degree(e, node)*degree(e, m)
				}
				best, most := in[i], rate(in[i])
				for c := range nodes {
					m := members(c, i)
					if c == in[i] || between(e, node, m) == 0 {
						continue
					}
					if r := rate(c); r > most || r == most && best != in[i] && m[0] < members(best, i)[0] {
						best, most = c, r
					}
				}
				if best != in[i] {
					in[i], moved = best, true
				}
			}
		}
		var next []group
		for c := range nodes {
			if m := members(c, -1); len(m) > 0 {
				next = append(next, m)
			}
		}
		slices.SortFunc(next, func(a, b group) int { return a[0] - b[0] })
		gained := quality(e, total, g.labels(next)) - before
		nodes = next
		if float64(gained)/float64(total)/float64(total) < minGain {
			break
		}
	}
	return numbered(nodes)
}

// propagate updates every node of every colour in every round.
func (g *naive) propagate() []group {
	e, _ := g.edges(false)
	var order []int
	for v, is := range g.node {
		if is {
			order = append(order, v)
		}
	}
	label := make([]int, g.n)
	for i, v := range order {
		label[v] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(degree(e, group{b}) - degree(e, group{a})) })
	colour := make([]int, g.n)
	for _, v := range order {
		for colour[v] = 1; slices.ContainsFunc(order, func(w int) bool {
			return w != v && e[v][w] > 0 && colour[w] == colour[v]
		}); colour[v]++ {
		}
	}
	for changed := true; changed; {
		changed = false
		for c := 1; c <= g.n; c++ {
			for _, v := range order {
				if colour[v] != c {
					continue
				}
				seen := make([]int, g.n)
				for _, w := range order {
					if e[v][w] > 0 {
						seen[label[w]]++
					}
				}
				if most := slices.Max(seen); most > 0 && seen[label[v]] < most {
					for l, n := range seen {
						if n == most {
							label[v] = l
						}
					}
					changed = true
				}
			}
		}
	}
	groups := make([]group, g.n)
	for v, is := range g.node {
		if is {
			groups[label[v]] = append(groups[label[v]], v)
		}
	}
	return numbered(groups)
}

// spreadOf is the standard deviation to 200 bits, in seconds.
func spreadOf(starts []int64) float64 {
	n := big.NewInt(int64(len(starts)))
	sum, squares := new(big.Int), new(big.Int)
	for _, t := range starts {
		b := big.NewInt(t)
		sum.Add(sum, b)
		squares.Add(squares, b.Mul(b, b))
	}
	v := new(big.Int).Sub(squares.Mul(squares, n), sum.Mul(sum, sum))
	f, _ := new(big.Float).SetPrec(200).Sqrt(new(big.Float).SetPrec(200).SetInt(v)).Float64()
	return f / float64(len(starts)) / 1e9
}

func burstOf(starts []int64) (most uint32) {
	for _, a := range starts {
		n := uint32(0)
		for _, b := range starts {
			if b >= a && uint64(b)-uint64(a) <= 1e9 {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// near reports whether two values agree but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b)) }

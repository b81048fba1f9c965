package filter

// A filter for many hosts or ports tests a few values in turns. group brings tests of the
// same value together, so that each is loaded once. It does so where all loads have been
// made before, on every way: the order of the tests is then of no consequence.
//
// A run is a line of tests that all leave for the same node if they leave it.
func (g *graph) group(order []int32, loaded []bool) {
	ways := make([]int32, len(g.nodes))
	for _, id := range order {
		if n := &g.nodes[id]; n.op >= nodeTest {
			ways[n.t]++
			if n.op != nodeSet && n.f != n.t {
				ways[n.f]++
			}
		}
	}
	done := make([]bool, len(g.nodes))
	var run []int32
	for _, id := range order {
		n := &g.nodes[id]
		if n.op != nodeTest || done[id] || n.t == n.f {
			continue
		}
		for _, exit := range [...]int32{n.t, n.f} {
			run = run[:0]
			for at := next(n, exit); at >= 0 && ways[at] == 1 && loaded[at] && !done[at]; {
				m := &g.nodes[at]
				if m.op != nodeTest || m.t == m.f || m.t != exit && m.f != exit {
					break
				}
				run = append(run, at)
				at = next(m, exit)
			}
			if len(run) > 1 {
				g.regroup(run, exit, n.v)
				for _, r := range run {
					done[r] = true
				}
				break
			}
		}
	}
}

// next is where a test leads that does not leave for exit.
func next(n *node, exit int32) int32 {
	switch exit {
	case n.t:
		return n.f
	case n.f:
		return n.t
	}
	return -1
}

// regroup puts the tests of a run in order: those of value first, then the others as they
// first come.
func (g *graph) regroup(run []int32, exit int32, first vid) {
	type part struct {
		jump uint16
		v, w vid
		yes  bool // it leaves if the test holds
	}
	rank := map[vid]int{first: 0}
	buckets := [][]part{nil}
	for _, id := range run {
		n := &g.nodes[id]
		r, ok := rank[n.v]
		if !ok {
			r = len(buckets)
			rank[n.v] = r
			buckets = append(buckets, nil)
		}
		buckets[r] = append(buckets[r], part{n.jump, n.v, n.w, n.t == exit})
	}
	i := 0
	for _, b := range buckets {
		for _, p := range b {
			n := &g.nodes[run[i]]
			on := next(n, exit)
			n.jump, n.v, n.w = p.jump, p.v, p.w
			if n.t, n.f = on, exit; p.yes {
				n.t, n.f = exit, on
			}
			i++
		}
	}
}

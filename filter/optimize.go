package filter

// maxPasses and maxSteps bound the optimizer. A graph that is left early is right all the
// same, only longer than it could be.
const (
	maxPasses = 8
	maxSteps  = 1 << 20
)

// optimize makes the graph shorter: edges lead past tests whose outcome is known on the
// way to them, tests that decide nothing go, and equal nodes become one. It changes no
// verdict: a load that may refuse a packet stays, even if nothing else depends on it. What
// does change verdicts, rearrange, comes before.
func (g *graph) optimize() {
	steps := maxSteps
	g.merge(g.order(), nil, true)
	for range maxPasses {
		changed, loaded := g.thread(g.order(), &steps)
		if g.merge(g.order(), loaded, true) {
			changed = true
		}
		if !changed {
			g.group(g.order(), loaded)
			g.merge(g.order(), nil, true)
		}
		if !changed || steps <= 0 {
			break
		}
	}
}

// order gives the nodes that can be reached, each before those that it leads to.
func (g *graph) order() []int32 {
	post := make([]int32, 0, len(g.nodes))
	state := make([]uint8, len(g.nodes)) // 1: on the stack, 2: done with t, 3: done
	stack := []int32{g.root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		n := &g.nodes[i]
		// f is walked first, so that t comes directly after its node.
		next := int32(-1)
		switch state[i] {
		case 0:
			if n.op >= nodeTest && n.op != nodeSet {
				next = n.f
			}
		case 1:
			if n.op >= nodeTest {
				next = n.t
			}
		default:
			if state[i] == 2 {
				post = append(post, i)
			}
			state[i] = 3
			stack = stack[:len(stack)-1]
			continue
		}
		state[i]++
		if next >= 0 && state[next] == 0 {
			stack = append(stack, next)
		}
	}
	for a, b := 0, len(post)-1; a < b; a, b = a+1, b-1 {
		post[a], post[b] = post[b], post[a]
	}
	return post
}

// merge makes equal nodes one, from the ends up. With drop it drops tests that decide
// nothing and load nothing, or only what has been loaded.
func (g *graph) merge(order []int32, loaded []bool, drop bool) bool {
	same := make(map[node]int32, len(order))
	to := make([]int32, len(g.nodes))
	changed := false
	for i := len(order) - 1; i >= 0; i-- {
		id := order[i]
		n := &g.nodes[id]
		to[id] = id
		if n.op < nodeTest {
			continue
		}
		n.t = to[n.t]
		if n.op != nodeSet {
			n.f = to[n.f]
		}
		if drop && n.op == nodeTest && n.t == n.f &&
			(n.t == atReject || loaded != nil && loaded[id] || g.vs.sure(n.v) && g.vs.sure(n.w)) {
			to[id] = n.t
		} else if first, ok := same[*n]; ok {
			to[id] = first
		} else {
			same[*n] = id
			continue
		}
		changed = true
	}
	g.root = to[g.root]
	return changed
}

// thread leads every edge past the tests that its way has decided. What is known at a node
// is what is known on all ways to it. loaded are the nodes whose loads have been made on
// all of them.
func (g *graph) thread(order []int32, steps *int) (changed bool, loaded []bool) {
	known := make([]facts, len(g.nodes))
	loaded = make([]bool, len(g.nodes))
	seen := make([]bool, len(g.nodes))
	var here facts
	reach := func(to int32, fs facts) {
		if !seen[to] {
			seen[to] = true
			known[to] = append(facts(nil), fs...)
		} else {
			known[to] = known[to].meet(fs)
		}
	}
	seen[g.root] = true
	for _, id := range order {
		n := &g.nodes[id]
		if !seen[id] || n.op < nodeTest {
			continue // an edge that led here does so no more
		}
		switch n.op {
		case nodeTest:
			jump, v, k := g.key(n)
			loaded[id] = known[id].find(v) != nil
			for _, outcome := range [...]bool{true, false} {
				here = append(here[:0], known[id]...).learn(jump, v, k, outcome)
				edge := &n.f
				if outcome {
					edge = &n.t
				}
				if to := g.follow(*edge, here, steps); to != *edge {
					*edge, changed = to, true
				}
				reach(*edge, here)
			}
		case nodeSet:
			here = append(here[:0], known[id]...).forget(g.vs, n.reg)
			if to := g.follow(n.t, here, steps); to != n.t {
				n.t, changed = to, true
			}
			reach(n.t, here)
		case nodeChain:
			reach(n.t, known[id])
			reach(n.f, known[id])
		}
		known[id] = nil
	}
	return changed, loaded
}

// key is a test as one of a value with a constant. Of two that are not constant it is
// whether their comparison, as a value of its own, is 1.
func (g *graph) key(n *node) (jump uint16, v vid, k uint32) {
	if k, ok := g.vs.isConst(n.w); ok {
		return n.jump, n.v, k
	}
	return jmpEQ, g.vs.intern(value{op: vCmp, alu: n.jump, a: n.v, b: n.w}), 1
}

// follow walks on from a node as long as the facts decide.
func (g *graph) follow(id int32, fs facts, steps *int) int32 {
	for *steps > 0 && g.nodes[id].op == nodeTest {
		*steps--
		n := &g.nodes[id]
		jump, v, k := g.key(n)
		outcome, ok := fs.decide(jump, v, k)
		if !ok && (n.t != n.f || fs.find(v) == nil) {
			break
		}
		if id = n.f; outcome {
			id = n.t
		}
	}
	return id
}

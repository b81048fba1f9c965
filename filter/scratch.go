package filter

// settle sees to the scratch registers: one that is read where nothing may have set it is
// set to 0 first, as the kernel demands, and setting one that nobody reads afterwards goes,
// unless its loads may refuse the packet.
func (g *graph) settle() {
	order := g.order()
	live := make([]uint16, len(g.nodes)) // registers read from here on before they are set
	to := make([]int32, len(g.nodes))
	for i := len(order) - 1; i >= 0; i-- {
		id := order[i]
		n := &g.nodes[id]
		to[id] = id
		if n.op < nodeTest {
			continue
		}
		n.t = to[n.t]
		after := live[n.t]
		if n.op == nodeSet {
			if after>>n.reg&1 == 0 && g.vs.sure(n.v) {
				to[id], live[id] = n.t, after
				continue
			}
			live[id] = after&^(1<<n.reg) | g.vs.deps[n.v]
			continue
		}
		n.f = to[n.f]
		live[id] = after | live[n.f] | g.vs.deps[n.v] | g.vs.deps[n.w]
	}
	g.root = to[g.root]
	for r, need := uint8(0), live[g.root]; need != 0; r, need = r+1, need>>1 {
		if need&1 != 0 {
			g.root = g.add(node{op: nodeSet, reg: r, test: test{v: g.vs.constant(0)}, t: g.root})
		}
	}
}

package filter

import "math/bits"

// A cond is what a predicate becomes: tests of values, joined. The order of operands is
// that of evaluation, and matters: a load behind the captured bytes ends it with no.
type cond struct {
	op   condOp
	t    test
	reg  uint8  // of condSet
	k    uint32 // of condChain
	l, r *cond
}

type condOp uint8

const (
	condTest condOp = iota
	condAnd
	condOr
	condNot
	condSet   // put value t.v into scratch register reg; then true
	condChain // find protocol t.v in the chain of headers of version reg from offset k
	condConst // reg is 1 for true
)

// A test compares value v with value w.
type test struct {
	jump uint16 // jmpEQ, jmpGT, jmpGE, jmpSet
	v, w vid
	rel  bool // written as a relation of two computed numbers
	// either byte order of w will do. This is one test until values are folded: libpcap has
	// but one, too.
	either bool
}

func and(l, r *cond) *cond { return &cond{op: condAnd, l: l, r: r} }
func or(l, r *cond) *cond  { return &cond{op: condOr, l: l, r: r} }
func not(c *cond) *cond    { return &cond{op: condNot, l: c} }

func always(yes bool) *cond {
	c := &cond{op: condConst}
	if yes {
		c.reg = 1
	}
	return c
}

// A node is a step of the decision graph. Edges lead to nodes of any number; there are
// no cycles. Nodes 0 and 1 are the ends.
type node struct {
	op    nodeOp
	reg   uint8  // of nodeChain: the IP version
	test         // of nodeTest; of nodeSet and nodeChain the value
	chain uint32 // of nodeChain: offset of the network header
	t, f  int32  // a set goes to t
}

type nodeOp uint8

const (
	nodeReject nodeOp = iota
	nodeAccept
	nodeTest
	nodeSet
	nodeChain
)

const (
	atReject int32 = iota
	atAccept
)

// A graph is a filter between its text and its instructions.
type graph struct {
	vs    *values
	nodes []node
	root  int32
}

// lower appends the nodes of c, which go on to t or f, and gives the first of them.
func (g *graph) lower(c *cond, t, f int32) int32 {
	switch c.op {
	case condAnd:
		return g.lower(c.l, g.lower(c.r, t, f), f)
	case condOr:
		return g.lower(c.l, t, g.lower(c.r, t, f))
	case condNot:
		return g.lower(c.l, f, t)
	case condConst:
		// A test of constants, as any other until values are folded.
		return g.add(node{op: nodeTest, test: test{jump: jmpEQ, v: g.vs.constant(uint32(c.reg)), w: g.vs.constant(1)}, t: t, f: f})
	case condSet:
		return g.add(node{op: nodeSet, reg: c.reg, test: c.t, t: t})
	case condChain:
		return g.add(node{op: nodeChain, reg: c.reg, test: c.t, chain: c.k, t: t, f: f})
	}
	return g.add(node{op: nodeTest, test: c.t, t: t, f: f})
}

// fold gives the same graph with values in another form.
func (g *graph) fold(to *values) graph {
	f := folder{from: g.vs, to: to, known: make([]vid, len(g.vs.list))}
	out := graph{vs: to, nodes: []node{{op: nodeReject}, {op: nodeAccept}}}
	order := g.order()
	at := make([]int32, len(g.nodes))
	at[atAccept] = atAccept
	for i := len(order) - 1; i >= 0; i-- {
		switch n := g.nodes[order[i]]; n.op {
		case nodeTest:
			c, fails := test{jump: n.jump, v: f.value(n.v), w: f.value(n.w)}, at[n.f]
			if n.either && at[n.t] != fails {
				k, _ := to.isConst(c.w)
				other := test{jump: n.jump, v: c.v, w: to.constant(bits.ReverseBytes32(k))}
				fails = out.test(other, at[n.t], fails)
			}
			at[order[i]] = out.test(c, at[n.t], fails)
		case nodeSet:
			n.v, n.t = f.value(n.v), at[n.t]
			at[order[i]] = out.add(n)
		case nodeChain:
			n.v, n.t, n.f = f.value(n.v), at[n.t], at[n.f]
			at[order[i]] = out.add(n)
		}
	}
	out.root = at[g.root]
	return out
}

func (g *graph) add(n node) int32 {
	g.nodes = append(g.nodes, n)
	return int32(len(g.nodes) - 1)
}

// test appends a test, in the form that says the most about the least: constants on the
// right, bits under a mask as jset.
func (g *graph) test(c test, t, f int32) int32 {
	vs := g.vs
	x, xok := vs.isConst(c.v)
	y, yok := vs.isConst(c.w)
	if xok && yok {
		if !compare(c.jump, x, y) {
			t = f
		}
		if vs.form != dropped {
			return t
		}
		// It stays until shorten has seen where the root leads.
		return g.add(node{op: nodeTest, test: c, t: t, f: t})
	}
	if xok {
		switch c.v, c.w, y, yok = c.w, c.v, x, true; c.jump {
		case jmpGT: // x > v is not v >= x
			c.jump, t, f = jmpGE, f, t
		case jmpGE:
			c.jump, t, f = jmpGT, f, t
		}
	}
	if v := vs.list[c.v]; vs.form >= folded && yok && y == 0 && c.jump == jmpEQ && v.op == vBin && v.alu == aluAnd {
		if _, ok := vs.isConst(v.b); ok {
			c, t, f = test{jump: jmpSet, v: v.a, w: v.b}, f, t
		}
	}
	if y, yok = vs.isConst(c.w); yok && y == 0 && c.jump == jmpSet {
		t = f // but the loads are made
	}
	return g.add(node{op: nodeTest, test: c, t: t, f: f})
}

func compare(jump uint16, a, b uint32) bool {
	switch jump {
	case jmpEQ:
		return a == b
	case jmpGT:
		return a > b
	case jmpGE:
		return a >= b
	}
	return a&b != 0
}

package filter

import "slices"

// What libpcap's optimizer does to a program can be seen: a frame may be cut within a
// header, and a load behind its end refuses it. Where the optimizer drops a test because
// both ways lead to the same, or because an earlier one has decided it, the load goes
// too; where it moves a test of a value up to another of that value, it comes before
// loads that stood before it. tcpdump optimizes unless told not to, so a filter is to
// give the verdicts of that program. A mirror repeats the moves, and only the moves:
// shorter code that decides the same is left to optimize.
//
// It knows a graph as libpcap does, as blocks that each end in one test, and works on
// values as they are written: 2+3 is not 5 there yet, and ip[9] not what "ip proto" loads,
// so tests of them are not brought together.
type mirror struct {
	vs     *values
	blocks []block // numbered from the root, what a test that holds leads to first
	levels [][]int32
	words  int      // of a set of blocks
	dom    []uint64 // for every block the blocks on every way to it, itself among them
	edom   []uint64 // for every block the edges on every way to it, twice as many words
	row    []uint64 // the edges on every way over an edge
	steps  int      // that may be taken still
}

// A block is a test, in the form that the last pass left it in.
type block struct {
	sets []node // of scratch registers, before the test
	test
	byX  bool // w is computed, and not a constant
	diff bool // it is about to compare by subtraction still
	to   [2]int32
	end  bool

	level int32
	seen  vid // what the test finds in A, which is v as of the pass before
	// reg tells what the scratch register holds behind the block: a value, notSet, or 0 if
	// that depends on the way. No program that is optimized has two of them.
	reg        vid
	use, reads bool // it is read after the test; from the block on
	in         []edge
}

// notSet is what a scratch register holds that nothing has been put into.
const notSet vid = -1

// An edge is what a block's test leads to.
type edge struct {
	from int32
	side int8 // 1 if the test holds, 0 if not
}

const (
	maxBlocks      = 10000   // 37 MB
	maxMirrorSteps = 1 << 25 // about a third of a second
	// maxMoves passes in a row that only move edges about are a circle.
	maxMoves = 100
)

// rearrange does to the graph what libpcap's optimizer does to the order of tests. It
// gives false, and leaves the graph alone, if that is too much work.
func (g *graph) rearrange() bool {
	m := mirror{vs: g.vs, steps: maxMirrorSteps}
	index := make([]int32, len(g.nodes))
	for i := range index {
		index[i] = -1
	}
	if !m.enter(g, g.root, index) {
		return false
	}
	n := len(m.blocks)
	m.words = (n + 63) / 64
	m.dom = make([]uint64, n*m.words)
	m.edom = make([]uint64, n*2*m.words)
	m.row = make([]uint64, 2*m.words)
	for moves := 0; moves < maxMoves; {
		changed, simpler := m.pass()
		if m.steps <= 0 {
			return false
		}
		if !changed {
			break
		}
		if moves++; simpler {
			moves = 0
		}
	}
	m.leave(g)
	return true
}

// enter makes blocks of the nodes from id on, and gives false if a node is not for blocks.
func (m *mirror) enter(g *graph, id int32, index []int32) bool {
	if index[id] >= 0 {
		return m.blocks[index[id]].sets == nil // what a set is for has one way to it
	}
	at := int32(len(m.blocks))
	if at == maxBlocks {
		return false
	}
	index[id] = at
	m.blocks = append(m.blocks, block{})
	n := g.nodes[id]
	var sets []node
	for n.op == nodeSet {
		sets = append(sets, n)
		if id = n.t; index[id] >= 0 {
			return false
		}
		index[id] = at
		n = g.nodes[id]
	}
	b := block{sets: sets, test: n.test}
	switch n.op {
	case nodeReject, nodeAccept:
		b.end, b.to = true, [2]int32{-1 - id, -1 - id}
		m.blocks[at] = b
		return sets == nil
	case nodeChain:
		return false
	}
	_, fixed := m.vs.isConst(n.w)
	b.byX = !fixed
	b.diff = n.rel && n.jump == jmpEQ
	m.blocks[at] = b
	if !m.enter(g, n.t, index) || !m.enter(g, n.f, index) {
		return false
	}
	m.blocks[at].to = [2]int32{index[n.f], index[n.t]}
	return true
}

// leave puts the blocks back as nodes.
func (m *mirror) leave(g *graph) {
	m.level()
	g.nodes = g.nodes[:2]
	at := make([]int32, len(m.blocks))
	for _, list := range m.levels {
		for _, i := range list {
			b := &m.blocks[i]
			if b.end {
				at[i] = -1 - b.to[0]
				continue
			}
			at[i] = g.add(node{op: nodeTest, test: b.test, t: at[b.to[1]], f: at[b.to[0]]})
			for s := len(b.sets) - 1; s >= 0; s-- {
				set := b.sets[s]
				set.t = at[i]
				at[i] = g.add(set)
			}
		}
	}
	g.root = at[0]
}

// shorten drops tests at the root that decide nothing, with their loads: of the first only
// if nothing is left to test, of those behind it always. It is the last that libpcap does.
func (g *graph) shorten() {
	g.merge(g.order(), nil, false)
	idle := func(n *node) bool { return n.op == nodeTest && n.t == n.f }
	root := &g.nodes[g.root]
	if !idle(root) {
		return
	}
	to := root.t
	for idle(&g.nodes[to]) {
		to = g.nodes[to].t
	}
	if root.t, root.f = to, to; g.nodes[to].op < nodeTest {
		g.root = to
	}
}

// pass goes once through all blocks. simpler is whether more was done than moving edges.
func (m *mirror) pass() (changed, simpler bool) {
	m.level()
	m.dominate()
	m.live()
	m.edges()
	for _, list := range slices.Backward(m.levels) {
		for _, i := range list {
			m.flow(i)
			if m.refine(&m.blocks[i]) {
				changed, simpler = true, true
			}
		}
	}
	for _, list := range m.levels[1:] {
		for _, i := range list {
			for _, side := range [...]int8{1, 0} {
				c, s := m.thread(edge{i, side})
				changed, simpler = changed || c, simpler || s
			}
		}
	}
	m.edges()
	for _, list := range m.levels[1:] {
		for _, i := range list {
			// A line of alternatives leads on where a test fails, one of conditions where it holds.
			if m.pull(i, 0) {
				changed = true
			}
			if m.pull(i, 1) {
				changed = true
			}
		}
	}
	return changed, simpler
}

package engine

import (
	"cmp"
	"sync"
	"sync/atomic"

	"pinyon/flow"
	"pinyon/internal/groups"
)

// order is a row's place in the output: logical end, then first packet. Nothing else counts,
// so it does not matter where an input is cut into epochs, or whether silence or the end of
// the input ended a flow.
type order struct {
	end   int64
	first uint64
}

func (a order) compare(b order) int {
	if a.end != b.end {
		return cmp.Compare(a.end, b.end)
	}
	return cmp.Compare(a.first, b.first)
}

// chunk is a run of rows in order, from one worker.
type chunk struct {
	rows  []groups.Row
	order []order
	n     int
	next  int  // first row that the merger has not taken yet
	done  bool // the worker has no more rows for this epoch
	last  bool // of this input
	live  bool // the input's rows are wanted as they come
	input int
	held  flow.Holding // on the last chunk of an input: what its worker held back of it
	whole bool         // the rows are counted, and know their place in the graph of hosts
	home  *pile
	users atomic.Int32 // jobs and goroutines that still read rows
	batch uint64       // serial number of the latest batch that got rows of it; the assembler's
}

func (c *chunk) reset() {
	c.n, c.next, c.done, c.last, c.live, c.whole, c.batch, c.held = 0, 0, false, false, false, false, 0, flow.Holding{}
	c.users.Store(1)
}

// release ends one use of the chunk. After the last one it goes back to be filled again.
func (c *chunk) release() {
	if c.users.Add(-1) == 0 {
		c.home.put(c)
	}
}

// pile keeps chunks that wait to be filled again; making one anew each time costs as much as
// everything else that a second worker adds.
type pile struct {
	rows int // of a chunk
	mu   sync.Mutex
	free []*chunk
}

// take gives a chunk to fill, in use once.
func (p *pile) take() *chunk {
	var c *chunk
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		c, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()
	if c == nil {
		c = &chunk{home: p, rows: make([]groups.Row, p.rows), order: make([]order, p.rows)}
	}
	c.reset()
	return c
}

func (p *pile) put(c *chunk) {
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
}

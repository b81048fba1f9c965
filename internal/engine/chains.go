package engine

import (
	"context"

	"pinyon/flow"
)

// Chains are the packets of a part of a union of captures by chain: the longest run of packets of
// one flow key in the order of merge time whose gaps are no longer than Width. A chain is an edge if
// some packet outside the part may change what its flows are; all others have their rows without
// one.
type Chains struct {
	width int64 // ns; the longer of flow timeout and the memory of fragments
	// near reports whether captures outside the part have anything in an interval of merge times.
	near  func(first, last int64) bool
	open  map[flow.Key]span
	edges map[flow.Key][]span // in order
	sweep int                 // how many may be open before those that are over are closed
}

// span is a chain by the merge times of its first and last packet.
type span struct{ first, last int64 }

// newChains makes chains without packets.
func newChains(timeout int64, near func(first, last int64) bool) *Chains {
	return &Chains{width: max(timeout, fragmentMemory), near: near, open: map[flow.Key]span{}, edges: map[flow.Key][]span{}, sweep: 1 << 14}
}

// Reach is how far from a chain a packet may lie that changes what its flows are: as far as a chain
// may be continued, and a first fragment before that.
func (c *Chains) Reach() int64 { return c.width + fragmentMemory }

// add takes the next packet.
func (c *Chains) add(k *flow.Key, now int64) {
	s, ok := c.open[*k]
	switch {
	case ok && now-s.last <= c.width:
		s.last = now
	default:
		if ok {
			c.close(k, s)
		}
		s = span{now, now}
	}
	c.open[*k] = s
	if len(c.open) > c.sweep {
		for k, s := range c.open {
			if now-s.last > c.width {
				c.close(&k, s)
				delete(c.open, k)
			}
		}
		c.sweep = max(1<<14, 2*len(c.open))
	}
}

// close decides on a chain that is whole.
func (c *Chains) close(k *flow.Key, s span) {
	if c.near(s.first-c.Reach(), s.last+c.Reach()) {
		c.edges[*k] = append(c.edges[*k], s)
	}
}

// end decides on all that are open.
func (c *Chains) end() {
	for k, s := range c.open {
		c.close(&k, s)
	}
	c.open = nil
}

// Edge reports whether a packet of a key at a merge time is in a chain that is an edge.
func (c *Chains) Edge(k *flow.Key, now int64) bool {
	for _, s := range c.edges[*k] {
		if s.first <= now && now <= s.last {
			return true
		}
	}
	return false
}

// Survey reads a part of a union and finds its edges. near reports whether captures outside the part
// have anything between two merge times, both included. What is read counts nowhere.
func (r *Run) Survey(ctx context.Context, in Input, near func(first, last int64) bool) (*Chains, *Report, error) {
	opt := *r.opt
	opt.Edge, opt.Account = nil, &Account{}
	once := New(&opt)
	c, e, rep := newChains(opt.Flow.Timeout, near), newEpoch(), &Report{}
	defer e.release()
	rd := once.reader()
	if !rd.open(0, in, rep) {
		return nil, rep, rep.Err
	}
	defer rd.close()
	for e.last = false; !e.last; {
		if err := ctx.Err(); err != nil {
			return nil, rep, err
		}
		rd.fill(e)
		for i := range e.items[:e.n] {
			it := &e.items[i]
			c.add(&it.key, it.clock)
		}
	}
	c.end()
	return c, rep, nil
}

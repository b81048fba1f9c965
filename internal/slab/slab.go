// Package slab hands out numbered objects of one type from slabs that never move. Numbers
// instead of pointers keep the state of a flow free of pointers, so the collector does not
// look at a million flows.
package slab

import "unsafe"

const (
	bits = 6
	size = 1 << bits
	mask = size - 1
)

// A Pool of T. The zero value is empty; number 0 is no object. Not safe for use from
// several goroutines.
type Pool[T any] struct {
	slabs []*[size]T
	free  []uint32
	used  uint32
}

// Get returns an object and its number. What it holds is what Put left in it, or zero.
func (p *Pool[T]) Get() (uint32, *T) {
	if n := len(p.free); n > 0 {
		h := p.free[n-1]
		p.free = p.free[:n-1]
		return h, p.At(h)
	}
	p.used++
	if int(p.used>>bits) >= len(p.slabs) {
		p.slabs = append(p.slabs, new([size]T))
	}
	return p.used, p.At(p.used)
}

// At is object h.
func (p *Pool[T]) At(h uint32) *T { return &p.slabs[h>>bits][h&mask] }

// Put gives object h back; number 0 is ignored.
func (p *Pool[T]) Put(h uint32) {
	if h != 0 {
		p.free = append(p.free, h)
	}
}

// Live is the number of objects handed out and not given back.
func (p *Pool[T]) Live() int { return int(p.used) - len(p.free) }

// Bytes is the memory of the slabs.
func (p *Pool[T]) Bytes() uint64 { return uint64(len(p.slabs)) * uint64(unsafe.Sizeof([size]T{})) }

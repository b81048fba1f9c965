package flow

import "unsafe"

const (
	slabBits = 7
	slabSize = 1 << slabBits
	slabMask = slabSize - 1
)

// links join entries into the three lists of a table; kept apart from the entries, since a
// packet moves its flow in one list and so touches two neighbours.
type links [3]link

// The lists an entry may be in.
const (
	byLru = iota // latest packet
	byOpen
	byClosing
)

type link struct{ prev, next uint32 }

// A Pool holds entries for any number of tables that one goroutine serves. Entries never
// move, and are handed out again in the order last given back.
type Pool[S any] struct {
	slabs []*[slabSize]Entry[S]
	links []links
	free  []uint32
	used  uint32
}

// At is entry i.
func (p *Pool[S]) At(i uint32) *Entry[S] { return &p.slabs[i>>slabBits][i&slabMask] }

// Bytes is the memory of the entries and of their lists.
func (p *Pool[S]) Bytes() uint64 {
	return uint64(p.Cap())*uint64(unsafe.Sizeof(Entry[S]{})) + uint64(cap(p.links))*uint64(unsafe.Sizeof(links{})) + 4*uint64(cap(p.free))
}

// Cap is the number of entries ever made.
func (p *Pool[S]) Cap() int { return len(p.slabs) * slabSize }

func (p *Pool[S]) get() uint32 {
	if n := len(p.free); n > 0 {
		i := p.free[n-1]
		p.free = p.free[:n-1]
		return i
	}
	if p.used == 0 {
		p.used = 1 // entry 0 is no entry: link value 0 ends a list
	}
	i := p.used
	p.used++
	if int(i>>slabBits) >= len(p.slabs) {
		p.slabs = append(p.slabs, new([slabSize]Entry[S]))
		p.links = append(p.links, make([]links, slabSize)...)
	}
	return i
}

// Put gives entry i back. Its state is cleared when it is handed out again.
func (p *Pool[S]) Put(i uint32) { p.free = append(p.free, i) }

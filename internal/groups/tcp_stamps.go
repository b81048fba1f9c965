package groups

import "pinyon/internal/slab"

// A stampLog remembers when 32-bit numbers of a connection passed by: the newest maxStamps of
// them, oldest first, in a ring that Memory lends. Numbers nearly always ascend (modulo 2³²),
// so a look-up searches the ascending part by halves, and anything older, if there is any,
// one by one.
type stampLog struct {
	block uint32 // number of the ring in the pool of its class; 0 before the first
	head  uint16 // position of the oldest
	n     uint16
	run   uint16 // newest entries that ascend, over less than 2³¹
	class uint8
}

const maxStamps = 1024

// The rings, by class. A short connection gets by with the first.
type (
	stamps8    struct{ stamps [8]stamp }
	stamps64   struct{ stamps [64]stamp }
	stamps1024 struct{ stamps [maxStamps]stamp }
)

// A stamp is a number and the flow time at which it passed, the low half first. Three words
// instead of a uint32 and an int64 save the padding.
type stamp struct{ num, lo, hi uint32 }

func (s *stamp) time() int64 { return int64(s.hi)<<32 | int64(s.lo) }

type stampPools struct {
	few  slab.Pool[stamps8]
	some slab.Pool[stamps64]
	most slab.Pool[stamps1024]
}

// ring is the log's memory; its length is a power of two. The log has one.
func (p *stampPools) ring(s *stampLog) []stamp {
	switch s.class {
	case 0:
		return p.few.At(s.block).stamps[:]
	case 1:
		return p.some.At(s.block).stamps[:]
	}
	return p.most.At(s.block).stamps[:]
}

// grow gives the log its first ring, or one of the next class.
func (p *stampPools) grow(s *stampLog) []stamp {
	if s.block == 0 {
		s.block, _ = p.few.Get()
		return p.ring(s)
	}
	old := *s
	from := p.ring(&old)
	s.class++
	if s.class == 1 {
		s.block, _ = p.some.Get()
	} else {
		s.block, _ = p.most.Get()
	}
	to := p.ring(s)
	n := copy(to, from[old.head:])
	copy(to[n:], from[:old.head])
	s.head = 0
	p.put(&old)
	return to
}

// put gives the ring back and empties the log.
func (p *stampPools) put(s *stampLog) {
	switch s.class {
	case 0:
		p.few.Put(s.block)
	case 1:
		p.some.Put(s.block)
	default:
		p.most.Put(s.block)
	}
	*s = stampLog{}
}

// push adds a number as the newest. The oldest goes if there are maxStamps.
func (p *stampPools) push(s *stampLog, num uint32, time int64) {
	var ring []stamp
	if s.block != 0 {
		ring = p.ring(s)
	}
	switch {
	case int(s.n) < len(ring):
	case len(ring) < maxStamps:
		ring = p.grow(s)
	default:
		s.head = (s.head + 1) & (maxStamps - 1)
		s.n--
		s.run = min(s.run, s.n)
	}
	mask := len(ring) - 1
	end := int(s.head) + int(s.n)
	if s.n > 0 && after(num, ring[(end-1)&mask].num) && after(num, ring[(end-int(s.run))&mask].num) {
		s.run++
	} else {
		s.run = 1
	}
	ring[end&mask] = stamp{num, uint32(time), uint32(time >> 32)}
	s.n++
}

// after reports whether a comes after b modulo 2³² (RFC 1982).
func after(a, b uint32) bool { return int32(a-b) > 0 }

// find is the flow time at which num passed; of several, the newest of the ascending part.
func (p *stampPools) find(s *stampLog, num uint32) (time int64, ok bool) {
	if s.n == 0 {
		return 0, false
	}
	ring := p.ring(s)
	mask := len(ring) - 1
	end := int(s.head) + int(s.n)
	if e := &ring[(end-1)&mask]; e.num == num {
		return e.time(), true
	}
	// Relative to the first of the run, its numbers ascend without a wrap.
	lo, hi := end-int(s.run), end-1
	base := ring[lo&mask].num
	want := num - base
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if ring[mid&mask].num-base < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if e := &ring[lo&mask]; e.num == num {
		return e.time(), true
	}
	for i := int(s.head); i < end-int(s.run); i++ {
		if e := &ring[i&mask]; e.num == num {
			return e.time(), true
		}
	}
	return 0, false
}

// remember adds num unless it is remembered already.
func (p *stampPools) remember(s *stampLog, num uint32, time int64) {
	if s.n > 0 {
		ring := p.ring(s)
		mask := len(ring) - 1
		newest := ring[(int(s.head)+int(s.n)-1)&mask].num
		if num == newest {
			return
		}
		// A number after the newest of an ascending log is new to it.
		if s.run < s.n || !after(num, newest) {
			if _, ok := p.find(s, num); ok {
				return
			}
		}
	}
	p.push(s, num, time)
}

// upTo forgets all numbers not after num, and returns the time of num itself if it was
// among them.
func (p *stampPools) upTo(s *stampLog, num uint32) (time int64, ok bool) {
	ring := p.ring(s)
	mask := len(ring) - 1
	if newest := ring[(int(s.head)+int(s.n)-1)&mask].num; s.run < s.n || after(ring[s.head].num, num) && !after(newest, num) {
		time, ok = p.find(s, num)
		p.remove(s, num-1<<31, 1<<31+1)
		return time, ok
	}
	// The log ascends, so they are the oldest.
	for s.n > 0 {
		e := &ring[s.head]
		if after(e.num, num) {
			break
		}
		if e.num == num {
			time, ok = e.time(), true
		}
		s.head = (s.head + 1) & uint16(mask)
		s.n--
	}
	s.run = s.n
	return time, ok
}

// remove forgets the n numbers from num on.
func (p *stampPools) remove(s *stampLog, num, n uint32) {
	ring := p.ring(s)
	mask := len(ring) - 1
	old := *s
	s.n, s.run = 0, 0
	var first, last uint32 // of the run
	for i := range int(old.n) {
		e := ring[(int(old.head)+i)&mask]
		if e.num-num < n {
			continue
		}
		if s.n > 0 && after(e.num, last) && after(e.num, first) {
			s.run++
		} else {
			s.run, first = 1, e.num
		}
		last = e.num
		ring[(int(old.head)+int(s.n))&mask] = e
		s.n++
	}
}

package process

import "time"

// Limits of what is remembered.
const (
	maxPairs     = 1 << 18
	maxSockets   = 1 << 18
	maxProcesses = 1 << 20
	maxSpaces    = 64
)

// How long something is remembered that the system lists no longer: of a pair packets may come
// for as long as either system keeps its end (RFC 9293, 3.3.2: TIME-WAIT); what was sent from a
// socket without peer is read at once, but on a machine that is busy.
const (
	pairTime   = 2 * time.Minute
	localTime  = 20 * time.Second
	socketTime = 2 * time.Minute
)

// socket is what is known of one, by its cookie.
type socket struct {
	owners []uint32 // numbers of processes, the oldest first
	space  int      // number of its namespace; -1 is unknown
	first  int64    // when it was seen first, and last
	seen   int64
	early  []early // what it was seen to do before its owner was known
}

// early is a pair that a socket sends on.
type early struct {
	local, remote end
	proto         uint8
}

// maxEarly is how many of them a socket has.
const maxEarly = 16

// listedSocket is a socket as the system lists it.
type listedSocket struct {
	cookie        uint64
	inode         uint32
	proto         uint8
	local, remote end
	lone          bool // it has no peer
	dual          bool // it takes IPv4 too, at its unspecified address of IPv6
	space         int
}

// book is what a tracker knows of sockets, and makes the changes of an index of.
type book struct {
	sockets map[uint64]*socket
	pairs   map[pair]*pairState
	locals  map[localKey]*localState
	chosen  func(process uint32) bool
	selects bool
	changes []change
	refused uint64
}

type pairState struct {
	at   [2]holder
	by   [2]uint64 // cookies of the sockets
	seen int64
}

type localState struct {
	whose holder
	by    uint64
	seen  int64
}

func newBook(selects bool, chosen func(uint32) bool) *book {
	return &book{sockets: map[uint64]*socket{}, pairs: map[pair]*pairState{}, locals: map[localKey]*localState{}, selects: selects, chosen: chosen}
}

// socket finds or makes the one of a cookie; nil if there are too many.
func (b *book) socket(cookie uint64, now int64) *socket {
	s := b.sockets[cookie]
	if s == nil {
		if len(b.sockets) >= maxSockets {
			b.refused++
			return nil
		}
		s = &socket{space: -1, first: now}
		b.sockets[cookie] = s
	}
	s.seen = now
	return s
}

// holder is who has a socket: one that is wanted, otherwise the oldest.
func (b *book) holder(s *socket) holder {
	if len(s.owners) == 0 {
		return holder{}
	}
	for _, p := range s.owners {
		if b.selects && b.chosen(p) {
			return holder{p, true}
		}
	}
	return holder{process: s.owners[0]}
}

// created takes the event that a process made a socket, or connected it.
func (b *book) created(cookie uint64, process uint32, space int, now int64) {
	s := b.socket(cookie, now)
	if s == nil {
		return
	}
	if space >= 0 {
		s.space = space
	}
	s.owners = append(s.owners[:0], process)
	b.late(cookie, s, now)
}

// sends takes the event that a socket sends to a peer. It reports whether its owner is known.
func (b *book) sends(cookie uint64, e early, now int64) bool {
	s := b.socket(cookie, now)
	if s == nil {
		return false
	}
	if len(s.owners) == 0 {
		if len(s.early) < maxEarly {
			s.early = append(s.early, e)
		}
		return false
	}
	b.pair(cookie, s, e, now)
	return true
}

// late has the pairs known that a socket sent on before its owner was.
func (b *book) late(cookie uint64, s *socket, now int64) {
	for _, e := range s.early {
		b.pair(cookie, s, e, now)
	}
	s.early = nil
}

// pair notes that a socket has a peer.
func (b *book) pair(cookie uint64, s *socket, e early, now int64) {
	if s.space != 0 && e.local.loopback() {
		return // another namespace's loopback device, which nobody captures from here
	}
	h := b.holder(s)
	p, at := pairOf(e.local, e.remote, e.proto)
	st := b.pairs[p]
	if h.process == 0 && (st == nil || st.by[at] == cookie) {
		return
	}
	if st == nil {
		if len(b.pairs) >= maxPairs {
			b.refused++
			return
		}
		st = &pairState{}
		b.pairs[p] = st
	}
	st.seen, st.by[at] = now, cookie
	if st.at[at] == h {
		return
	}
	st.at[at] = h
	b.changes = append(b.changes, change{pair: p, at: st.at})
}

// list takes a complete listing; the owners of its sockets are known as far as they will be.
func (b *book) list(all []listedSocket, now int64) {
	for i := range all {
		l := &all[i]
		s := b.socket(l.cookie, now)
		if s == nil {
			continue
		}
		s.space = l.space
		b.late(l.cookie, s, now)
		if !l.lone {
			b.pair(l.cookie, s, early{l.local, l.remote, l.proto}, now)
			continue
		}
		if len(s.owners) == 0 || l.space != 0 && l.local.loopback() {
			continue
		}
		k := localKey{at: l.local, proto: uint16(l.proto)}
		if l.local.unspecified() {
			k.space = uint16(l.space)
		}
		b.local(k, l.cookie, s, now)
		if k.at.addr == ([16]byte{}) && l.dual {
			k.at.addr = v4Unspecified
			// A socket of IPv4 alone comes first.
			if st := b.locals[k]; st == nil || st.by == l.cookie || st.seen != now {
				b.local(k, l.cookie, s, now)
			}
		}
	}
	b.expire(now)
}

// local notes a socket without peer. Of several in one place that of a process wanted counts.
func (b *book) local(k localKey, cookie uint64, s *socket, now int64) {
	h, st := b.holder(s), b.locals[k]
	switch {
	case st == nil:
		if len(b.locals) >= maxPairs {
			b.refused++
			return
		}
		st = &localState{}
		b.locals[k] = st
	case st.seen == now && st.by != cookie && (st.whose.chosen || !h.chosen):
		return
	}
	changed := st.whose != h
	st.whose, st.by, st.seen = h, cookie, now
	if changed {
		b.changes = append(b.changes, change{local: k, whose: h, lone: true})
	}
}

// expire forgets what has not been seen for long.
func (b *book) expire(now int64) {
	for p, st := range b.pairs {
		if now-st.seen > int64(pairTime) {
			delete(b.pairs, p)
			b.changes = append(b.changes, change{pair: p, gone: true})
		}
	}
	for k, st := range b.locals {
		if now-st.seen > int64(localTime) {
			delete(b.locals, k)
			b.changes = append(b.changes, change{local: k, lone: true, gone: true})
		}
	}
	for c, s := range b.sockets {
		if now-s.seen > int64(socketTime) {
			delete(b.sockets, c)
		}
	}
}

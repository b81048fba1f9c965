package process

import "net/netip"

// holder is who has a socket: the number of a Process, 0 if that is unknown, and whether one of
// those that have it is wanted.
type holder struct {
	process uint32
	chosen  bool
}

// localKey is a socket without peer: one that listens, or a UDP socket that is not connected. An
// unspecified address stands for those of its network namespace.
type localKey struct {
	at    end
	proto uint16
	space uint16 // number of the namespace, of an unspecified address; otherwise 0
}

// verdict is what becomes of a packet.
type verdict uint8

const (
	undecided verdict = iota
	taken
	refused
)

// index knows the sockets. One goroutine, the reader of packets, has it; the tracker hands it
// changes.
type index struct {
	selects bool
	pairs   map[pair][2]holder  // sockets that have a peer, at either end
	locals  map[localKey]holder // sockets that have none
	spaces  map[[16]byte]uint16 // own addresses, with their namespace
	casts   map[[16]byte]bool   // own broadcast addresses
	count   uint16              // of namespaces
	given   map[pair]int64      // pairs that nobody is known to have, with the time of that
}

// What an index remembers of pairs that belong to nobody.
const (
	maxGiven  = 1 << 15
	givenTime = int64(10e9) // ns; a socket may come later
)

func newIndex(selects bool) *index {
	return &index{selects: selects, pairs: map[pair][2]holder{}, locals: map[localKey]holder{}, given: map[pair]int64{}}
}

// change is one of what is known of sockets: of a pair, or of a socket without peer.
type change struct {
	pair  pair
	at    [2]holder
	local localKey
	whose holder
	lone  bool // it is one of a socket without peer
	gone  bool
}

func (x *index) apply(c *change) {
	switch {
	case c.lone && c.gone:
		delete(x.locals, c.local)
	case c.lone:
		x.locals[c.local] = c.whose
	case c.gone:
		delete(x.pairs, c.pair)
	default:
		x.pairs[c.pair] = c.at
		delete(x.given, c.pair)
	}
}

// giveUp notes that nobody is known to have the pair of a packet.
func (x *index) giveUp(e *ends, now int64) {
	if len(x.given) >= maxGiven {
		clear(x.given)
	}
	p, _ := pairOf(e.src, e.dst, e.proto)
	x.given[p] = now
}

// match finds whose a packet of a time is. Of one between two processes of this
// machine it is the sender's, or that of the one wanted.
func (x *index) match(e *ends, now int64) (holder, verdict) {
	p, at := pairOf(e.src, e.dst, e.proto)
	known := x.pairs[p]
	src, dst := known[at], known[1-at]
	if x.selects {
		if src.chosen {
			return src, taken
		}
		if dst.chosen {
			return dst, taken
		}
	} else if src.process != 0 {
		return src, taken
	}
	srcOwn, dstOwn := x.own(&e.src), x.own(&e.dst)
	if src.process == 0 && srcOwn {
		src = x.local(&e.src, e.proto)
	}
	if dst.process == 0 && dstOwn {
		dst = x.local(&e.dst, e.proto)
	}
	open := srcOwn && src.process == 0
	if x.selects {
		switch {
		case src.chosen:
			return src, taken
		case dst.chosen:
			return dst, taken
		}
		open = open || dstOwn && dst.process == 0
	} else {
		if src.process != 0 {
			return src, taken
		}
		if !srcOwn && dst.process != 0 {
			return dst, taken
		}
		open = open || dstOwn && dst.process == 0
	}
	if !open {
		return x.nobody(dst)
	}
	if since, ok := x.given[p]; ok {
		if now-since < givenTime && !e.fresh {
			return x.nobody(dst)
		}
		delete(x.given, p)
	}
	return holder{}, undecided
}

// nobody is what becomes of a packet none of whose sockets is known to be one wanted.
func (x *index) nobody(dst holder) (holder, verdict) {
	if x.selects {
		return holder{}, refused
	}
	return dst, taken
}

// own reports whether an end may be one of this machine.
func (x *index) own(e *end) bool {
	if _, ok := x.spaces[e.addr]; ok {
		return true
	}
	a := netip.AddrFrom16(e.addr).Unmap()
	return a.IsLoopback() || a.IsMulticast() || x.casts[e.addr] || a == limitedBroadcast
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// local finds who has a socket without peer at an end that is this machine's.
func (x *index) local(e *end, proto uint8) holder {
	if h, ok := x.locals[localKey{at: *e, proto: uint16(proto)}]; ok {
		return h
	}
	any := localKey{at: end{port: e.port}, proto: uint16(proto)}
	if !e.v6() {
		any.at.addr = v4Unspecified
	}
	if space, ok := x.spaces[e.addr]; ok {
		any.space = space
		return x.locals[any]
	}
	if netip.AddrFrom16(e.addr).Unmap().IsLoopback() {
		return x.locals[any]
	}
	// Who has not said where a datagram to a group is to come from may have it anywhere.
	var first holder
	for any.space = 0; any.space < max(x.count, 1); any.space++ {
		h := x.locals[any]
		if h.chosen {
			return h
		}
		if first.process == 0 {
			first = h
		}
	}
	return first
}

// v4Unspecified is 0.0.0.0, mapped.
var v4Unspecified = [16]byte{10: 0xff, 11: 0xff}

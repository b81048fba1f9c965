package process

import (
	"net/netip"
	"testing"

	"pinyon/packet"
)

// bookOf is a book in which processes 1 and 11 are wanted, and an index that follows it.
func bookOf(selects bool) (*book, *index, func()) {
	b := newBook(selects, func(n uint32) bool { return n == 1 || n == 11 })
	x := newIndex(selects)
	return b, x, func() {
		for i := range b.changes {
			x.apply(&b.changes[i])
		}
		b.changes = nil
	}
}

func connected(cookie uint64, local, remote string) listedSocket {
	return listedSocket{cookie: cookie, proto: packet.ProtoTCP, local: at(local), remote: at(remote)}
}

func (x *index) whose(local, remote string) holder {
	p, i := pairOf(at(local), at(remote), packet.ProtoTCP)
	return x.pairs[p][i]
}

const second = int64(1e9)

// TestBookOwners: of several who have a socket one that is wanted counts, otherwise the oldest;
// and who comes to have it later.
func TestBookOwners(t *testing.T) {
	b, x, follow := bookOf(true)
	l := []listedSocket{connected(5, here, peer)}
	b.list(l, 1)
	follow()
	if h := x.whose(here, peer); h.process != 0 {
		t.Error(h)
	}
	for _, test := range []struct {
		owners []uint32
		want   holder
	}{{[]uint32{2, 3}, holder{2, false}}, {[]uint32{2, 11, 1}, holder{11, true}}, {[]uint32{1}, holder{1, true}}} {
		b.sockets[5].owners = test.owners
		b.list(l, 2)
		follow()
		if h := x.whose(here, peer); h != test.want {
			t.Errorf("of %v: %+v, want %+v", test.owners, h, test.want)
		}
	}
	if len(b.changes) > 0 {
		t.Error(b.changes)
	}
	b.list(l, 3)
	if len(b.changes) > 0 {
		t.Error("changes without a change: ", b.changes)
	}
}

// TestBookEvents: what an event says of a socket is known whichever comes first, that it sends or
// whose it is.
func TestBookEvents(t *testing.T) {
	send := early{at(here), at(peer), packet.ProtoTCP}
	for _, first := range []bool{false, true} {
		b, x, follow := bookOf(true)
		if first {
			b.sends(5, send, 1)
			b.created(5, 1, 0, 2)
		} else {
			b.created(5, 1, 0, 1)
			b.sends(5, send, 2)
		}
		follow()
		if h := x.whose(here, peer); h != mine {
			t.Error(first, h)
		}
	}
	b, _, _ := bookOf(true)
	for i := range 1000 {
		send.remote.port = uint16(i)
		b.sends(5, send, 1)
	}
	if n := len(b.sockets[5].early); n != maxEarly {
		t.Error(n, "kept of a socket that nobody is known to have")
	}
}

// TestBookTime: a connection that the system lists no longer is remembered while its last packets
// may come; another socket in its place takes it over at once; a port is free again soon.
func TestBookTime(t *testing.T) {
	b, x, follow := bookOf(true)
	one := func(now int64, l ...listedSocket) {
		b.list(l, now)
		follow()
	}
	b.created(5, 1, 0, 0)
	b.created(6, 1, 0, 0)
	lone := listedSocket{cookie: 6, proto: packet.ProtoTCP, local: at("0.0.0.0:80"), lone: true}
	k := localKey{at: at("0.0.0.0:80"), proto: packet.ProtoTCP}
	one(1, connected(5, here, peer), lone)
	if x.locals[k] != mine {
		t.Error(x.locals)
	}
	one(60*second, lone)
	if h := x.whose(here, peer); h != mine {
		t.Error("forgotten: ", h)
	}
	one(60*second+int64(localTime)+1, connected(7, here, peer))
	if h := x.whose(here, peer); h.process != 0 {
		t.Error("another socket is taken for the old one: ", h)
	}
	if len(x.locals) != 0 {
		t.Error(x.locals)
	}
	one(600 * second)
	if len(x.pairs)+len(b.pairs)+len(b.sockets)+len(b.locals) != 0 {
		t.Error(x.pairs, b.pairs, b.sockets, b.locals)
	}
}

// TestBookSpaces: nobody captures from the loopback device of another namespace, and an
// unspecified address means those of its own.
func TestBookSpaces(t *testing.T) {
	b, x, follow := bookOf(true)
	x.spaces = map[[16]byte]uint16{at("172.17.0.2:0").addr: 1, at("127.0.0.1:0").addr: 0}
	b.created(5, 1, 1, 0)
	b.created(6, 1, 1, 0)
	b.created(7, 1, -1, 0)
	c := connected(5, "127.0.0.1:9", "127.0.0.1:10")
	c.space = 1
	l := listedSocket{cookie: 6, proto: packet.ProtoUDP, local: endOf(netip.MustParseAddrPort("[::]:53")), lone: true, dual: true, space: 1}
	b.list([]listedSocket{c, l}, 1)
	b.sends(7, early{at("127.0.0.1:11"), at("127.0.0.1:12"), packet.ProtoTCP}, 1)
	follow()
	if len(x.pairs) != 0 {
		t.Error(x.pairs)
	}
	for dst, want := range map[string]verdict{"172.17.0.2:53": taken, "127.0.0.1:53": undecided} {
		e := ends{src: at("198.51.100.1:9"), dst: at(dst), proto: packet.ProtoUDP}
		if _, v := x.match(&e, 0); v != want {
			t.Errorf("%s: %d, want %d", dst, v, want)
		}
	}
}

// TestBookLimits: what is remembered is bounded, and what is beyond is counted.
func TestBookLimits(t *testing.T) {
	b, _, _ := bookOf(false)
	const more = 100
	for i := range uint64(maxSockets + more) {
		b.created(i, 1, 0, 1)
	}
	if len(b.sockets) != maxSockets || b.refused != more {
		t.Error(len(b.sockets), b.refused)
	}
}

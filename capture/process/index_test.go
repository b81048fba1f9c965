package process

import (
	"net/netip"
	"testing"

	"pinyon/packet"
)

func at(s string) end { return endOf(netip.MustParseAddrPort(s)) }

// Processes of the tests: 1 is wanted, 2 is another one.
var (
	mine   = holder{1, true}
	others = holder{process: 2}
)

// exampleIndex knows a client of each, servers, and datagram sockets that are not connected.
func exampleIndex(selects bool) *index {
	x := newIndex(selects)
	x.count = 2
	x.spaces = map[[16]byte]uint16{
		at("192.0.2.1:0").addr: 0, at("[2001:db8::1]:0").addr: 0, at("127.0.0.1:0").addr: 0,
		at("172.17.0.2:0").addr: 1,
	}
	x.casts = map[[16]byte]bool{at("192.0.2.255:0").addr: true}
	known := func(local, remote string, proto uint8, h holder) {
		p, i := pairOf(at(local), at(remote), proto)
		c := change{pair: p, at: x.pairs[p]}
		c.at[i] = h
		x.apply(&c)
	}
	lone := func(local string, space uint16, proto uint8, h holder) {
		x.apply(&change{local: localKey{at(local), uint16(proto), space}, whose: h, lone: true})
	}
	known("192.0.2.1:40000", "198.51.100.1:443", packet.ProtoTCP, mine)
	known("192.0.2.1:40001", "198.51.100.1:443", packet.ProtoTCP, others)
	known("[2001:db8::1]:40002", "[2001:db8::9]:53", packet.ProtoUDP, mine)
	known("127.0.0.1:40003", "127.0.0.1:80", packet.ProtoTCP, others)
	known("127.0.0.1:80", "127.0.0.1:40003", packet.ProtoTCP, mine)
	lone("0.0.0.0:22", 0, packet.ProtoTCP, mine)
	lone("[::]:22", 0, packet.ProtoTCP, mine)
	lone("192.0.2.1:25", 0, packet.ProtoTCP, mine)
	lone("0.0.0.0:5353", 0, packet.ProtoUDP, mine)
	lone("0.0.0.0:67", 1, packet.ProtoUDP, mine)
	lone("0.0.0.0:8080", 0, packet.ProtoTCP, others)
	return x
}

func TestMatch(t *testing.T) {
	tests := []struct {
		src, dst string
		proto    uint8
		want     verdict
		all      holder // of an index that leaves nothing out; of no process and undecided
	}{
		{"192.0.2.1:40000", "198.51.100.1:443", packet.ProtoTCP, taken, mine},
		{"198.51.100.1:443", "192.0.2.1:40000", packet.ProtoTCP, taken, mine},
		{"192.0.2.1:40001", "198.51.100.1:443", packet.ProtoTCP, refused, others},
		{"192.0.2.1:40000", "198.51.100.1:443", packet.ProtoUDP, undecided, holder{}},
		{"[::ffff:192.0.2.1]:40000", "[::ffff:198.51.100.1]:443", packet.ProtoTCP, taken, mine},
		{"[2001:db8::9]:53", "[2001:db8::1]:40002", packet.ProtoUDP, taken, mine},
		// Between two processes of this machine.
		{"127.0.0.1:40003", "127.0.0.1:80", packet.ProtoTCP, taken, others},
		{"127.0.0.1:80", "127.0.0.1:40003", packet.ProtoTCP, taken, mine},
		// Sockets without peer: the local address has to be their own.
		{"198.51.100.9:1000", "192.0.2.1:22", packet.ProtoTCP, taken, mine},
		{"192.0.2.1:22", "198.51.100.9:1000", packet.ProtoTCP, taken, mine},
		{"[2001:db8::9]:1000", "[2001:db8::1]:22", packet.ProtoTCP, taken, mine},
		{"198.51.100.9:1000", "198.51.100.10:22", packet.ProtoTCP, refused, holder{}},
		{"192.0.2.1:1000", "198.51.100.10:22", packet.ProtoTCP, undecided, holder{}},
		{"198.51.100.9:1000", "192.0.2.1:25", packet.ProtoTCP, taken, mine},
		{"127.0.0.1:1000", "127.0.0.1:25", packet.ProtoTCP, undecided, holder{}},
		{"198.51.100.9:1000", "192.0.2.1:8080", packet.ProtoTCP, refused, others},
		// Groups and broadcasts.
		{"192.0.2.7:5353", "224.0.0.251:5353", packet.ProtoUDP, taken, mine},
		{"192.0.2.7:5353", "192.0.2.255:5353", packet.ProtoUDP, taken, mine},
		{"0.0.0.0:68", "255.255.255.255:67", packet.ProtoUDP, taken, mine},
		// Another namespace.
		{"172.17.0.9:68", "172.17.0.2:67", packet.ProtoUDP, taken, mine},
		{"192.0.2.9:68", "192.0.2.1:67", packet.ProtoUDP, undecided, holder{}},
	}
	for _, test := range tests {
		e := ends{src: at(test.src), dst: at(test.dst), proto: test.proto}
		h, v := exampleIndex(true).match(&e, 0)
		if v != test.want || (v == taken) != h.chosen {
			t.Errorf("%s to %s: %d, of %+v; want %d", test.src, test.dst, v, h, test.want)
		}
		h, v = exampleIndex(false).match(&e, 0)
		if want := verdict(taken); h.process != test.all.process || v != want && !(test.want == undecided && v == undecided) {
			t.Errorf("all: %s to %s: %d, of %+v; want %+v", test.src, test.dst, v, h, test.all)
		}
	}
}

// TestGiveUp: a pair that belongs to nobody does not wait again, until its socket comes, a new
// connection begins, or time has passed.
func TestGiveUp(t *testing.T) {
	e := ends{src: at("192.0.2.1:50000"), dst: at("198.51.100.1:443"), proto: packet.ProtoTCP}
	f := func(what string, want verdict, now int64, do func(x *index, e *ends)) {
		x, own := exampleIndex(true), e
		if _, v := x.match(&own, 0); v != undecided {
			t.Fatal(v)
		}
		x.giveUp(&own, 0)
		if do != nil {
			do(x, &own)
		}
		if _, v := x.match(&own, now); v != want {
			t.Errorf("%s: %d, want %d", what, v, want)
		}
	}
	f("at once", refused, 1, nil)
	f("later", undecided, givenTime, nil)
	f("a SYN", undecided, 1, func(_ *index, e *ends) { e.fresh = true })
	f("its socket", taken, 1, func(x *index, e *ends) {
		p, i := pairOf(e.src, e.dst, e.proto)
		c := change{pair: p}
		c.at[i] = mine
		x.apply(&c)
	})
	x := exampleIndex(true)
	for i := range 3 * maxGiven {
		e.src.port, e.dst.port = uint16(i), uint16(i>>16)
		x.giveUp(&e, 0)
	}
	if len(x.given) > maxGiven {
		t.Error(len(x.given), "pairs remembered")
	}
}

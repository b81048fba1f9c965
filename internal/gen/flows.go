package gen

import (
	"net/netip"
)

// Packets is the length of every generated flow of RoundRobin, Jumps and Files.
const Packets = 16

// start is the time of the first record: 2026-01-01 00:00:00 UTC.
const start = int64(1767225600e9)

// A script is one kind of flow: what each of its packets is.
type script [Packets]struct {
	reply bool
	flags uint16 // of a TCP segment
	size  int    // payload: 0, or at most this many bytes
}

const (
	fin = 1
	syn = 2
	psh = 8
	ack = 16

	mss = 1448
)

// tcpScript is a request with a longer answer, a second exchange and an orderly close.
var tcpScript = script{
	{false, syn, 0}, {true, syn | ack, 0}, {false, ack, 0},
	{false, psh | ack, 517}, {true, ack, 0}, {true, ack, mss}, {true, ack, mss}, {false, ack, 0},
	{true, psh | ack, 900}, {false, ack, 0},
	{false, psh | ack, 300}, {true, psh | ack, 700}, {false, ack, 0},
	{false, fin | ack, 0}, {true, fin | ack, 0}, {false, ack, 0},
}

// udpScript is shaped like a short QUIC connection.
var udpScript = script{
	{false, 0, 1200}, {true, 0, 1200}, {true, 0, 1200}, {false, 0, 1200},
	{false, 0, 80}, {true, 0, 90}, {false, 0, 400}, {true, 0, 1200},
	{true, 0, 1200}, {true, 0, 1200}, {false, 0, 40}, {true, 0, 1200},
	{true, 0, 700}, {false, 0, 40}, {false, 0, 60}, {true, 0, 60},
}

// A conversation is one flow on its way: everything about it follows from its number and
// the seed, but for the sequence numbers.
type conversation struct {
	next [2]uint32 // sequence number each side sends next
}

// traits are what the number and the seed say of a flow.
type traits struct {
	client, server Host
	tcp            bool
	rnd            uint64
}

var servicePorts = [...]uint16{443, 443, 443, 80, 22, 8443, 25, 993}

// traitsOf gives distinct endpoints for distinct numbers below 2³⁸. One flow in four is
// UDP, one in eight IPv6.
func traitsOf(seed, number uint64) traits {
	r := mix(seed ^ mix(number))
	t := traits{rnd: r, tcp: r&3 != 0}
	t.client = Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, TTL: 64, Port: 49152 + uint16(number>>24)&0x3fff}
	t.server = Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, TTL: uint8(48 + r>>8&15), Port: servicePorts[r>>16&7]}
	if !t.tcp {
		t.server.Port = 443
	}
	n := uint32(number*0x9e3779b1) & 0xffffff // odd factor: a permutation of 24 bits
	s := uint16(r >> 32)
	if r>>12&7 == 0 {
		t.client.Addr = netip.AddrFrom16([16]byte{0xfd, 0, 0, 1, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)})
		t.server.Addr = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 14: byte(s >> 8), 15: byte(s)})
	} else {
		t.client.Addr = netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		t.server.Addr = netip.AddrFrom4([4]byte{198, 18, byte(s >> 8), byte(s)})
	}
	return t
}

// packet appends packet k of flow t as a frame; now is the time in ms for timestamps.
func (c *conversation) packet(dst []byte, t *traits, k int, now uint32, maxPayload int) []byte {
	sc := &udpScript
	if t.tcp {
		sc = &tcpScript
	}
	step := sc[k]
	r := mix(t.rnd + uint64(k))
	var payload []byte
	if n := min(step.size, maxPayload); n > 0 {
		if n < mss {
			n = 1 + int(r%uint64(n)) // segments of full size stay so
		}
		payload = noise[r>>32&0x7fff:][:n]
	}
	from, to, side := &t.client, &t.server, 0
	if step.reply {
		from, to, side = to, from, 1
	}
	ip := IP{Src: from, Dst: to, ID: uint16(r >> 16), DF: true}
	if !t.tcp {
		u := UDP{IP: ip, Payload: payload}
		return u.Append(dst)
	}
	if k < 2 {
		c.next[side] = uint32(mix(t.rnd ^ uint64(side)))
	}
	s := TCP{IP: ip, Flags: step.flags, Window: 502, Seq: c.next[side], Payload: payload}
	if step.flags&ack != 0 {
		s.Ack = c.next[1-side]
	}
	var opt [20]byte
	tsval := [2]uint32{uint32(t.rnd) + now, uint32(t.rnd>>32) + now}
	var echo uint32
	if k > 0 {
		echo = tsval[1-side]
	}
	if step.flags&syn != 0 {
		s.Window = 64240
		s.Options = SYNOptions(opt[:0], tsval[side], echo)
	} else {
		s.Options = TimestampOptions(opt[:0], tsval[side], echo)
	}
	c.next[side] += uint32(len(payload))
	if step.flags&(syn|fin) != 0 {
		c.next[side]++
	}
	return s.Append(dst)
}

// noise is payload: incompressible, the same in every run.
var noise = func() (b [1<<15 + mss]byte) {
	for i := range b {
		b[i] = byte(mix(uint64(i)))
	}
	return b
}()

// mix is the output function of SplitMix64 with state x.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

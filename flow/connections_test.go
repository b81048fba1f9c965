package flow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pinyon/internal/gen"
	"pinyon/packet"
)

// TestConnections holds the cut into flows against generated connections of which it is known
// what belongs to what, and asks that the moment of sweeping changes nothing.
func TestConnections(t *testing.T) {
	seeds := 20_000
	if testing.Short() {
		seeds = 2_000
	}
	opt := Options{Timeout: 1000 * second, Terminate: true, CloseDelay: 5 * second}
	for seed := range seeds {
		segments := gen.Connections(rand.New(rand.NewPCG(uint64(seed), 11)), 6)
		var want, got [3][]int
		for sweep := range want {
			want[0] = want[0][:0]
			got[sweep] = cut(opt, segments, sweep)
		}
		for i := range segments {
			want[0] = append(want[0], segments[i].Connection)
		}
		for sweep := range got {
			if at := differ(want[0], got[sweep]); at >= 0 {
				t.Fatalf("seed %d, sweep %d: segment %d is in another flow than the truth has it\n%s", seed, sweep, at, describe(segments, got[sweep]))
			}
		}
	}
}

// cut gives the number of each segment's flow.
func cut(opt Options, segments []gen.Segment, sweep int) []int {
	var pool Pool[int]
	tab := NewTable(opt, &pool)
	clock := NewClock(opt.Timeout, opt.CloseDelay)
	flows := make([]int, len(segments))
	n := 0
	take := func(e *Entry[int], _ uint32, o *Obs) {
		if o.Index == 0 {
			n++
			e.State = n
		}
		flows[o.Number-1] = e.State
	}
	tab.Late = take
	var k Key
	var o Obs
	for i := range segments {
		s := &segments[i]
		p := tcp(uint64(i+1), s.At, s.Client, s.Flags)
		p.Seq, p.Ack, p.PayloadLen = s.Seq, s.Ack, uint32(s.Len)
		now := clock.Tick(p.TS)
		swapped := MakeKey(&k, &p, false)
		if e, i := tab.Step(&k, k.Hash(1, 2), swapped, &p, now, &o); e != nil {
			take(e, i, &o)
		}
		if sweep > 0 && i%sweep == 0 {
			tab.Sweep(now)
		}
		for _, i := range tab.Ended {
			pool.Put(i)
		}
		tab.Ended = tab.Ended[:0]
	}
	tab.Flush()
	return flows
}

// differ is the first segment at which two cuts differ, or -1.
func differ(a, b []int) int {
	to, from := map[int]int{}, map[int]int{}
	for i := range a {
		x, ok := to[a[i]]
		y, ko := from[b[i]]
		if ok != ko || ok && (x != b[i] || y != a[i]) {
			return i
		}
		to[a[i]], from[b[i]] = b[i], a[i]
	}
	return -1
}

func describe(segments []gen.Segment, flows []int) string {
	var b []byte
	for i, s := range segments {
		var flags []string
		for bit, name := range []string{"F", "S", "R", "P", "A"} {
			if s.Flags>>bit&1 != 0 {
				flags = append(flags, name)
			}
		}
		b = fmt.Appendf(b, "%d %.3f client %v %v seq %d ack %d len %d: connection %d, flow %d\n", i, float64(s.At)/1e9, s.Client, flags, s.Seq, s.Ack, s.Len, s.Connection, flows[i])
	}
	return string(b)
}

// TestHeldIsBounded sends SYNs to more connections than a table holds back.
func TestHeldIsBounded(t *testing.T) {
	var pool Pool[int]
	tab := NewTable(std, &pool)
	seen := map[uint64]int{}
	tab.Late = func(_ *Entry[int], _ uint32, o *Obs) { seen[o.Number]++ }
	var k Key
	var o Obs
	number := uint64(0)
	step := func(port int, flags uint16, seq uint32, payload []byte) {
		number++
		p := tcp(number, second, true, flags)
		p.SrcPort, p.Seq, p.Payload, p.PayloadLen = uint16(port), seq, payload, uint32(len(payload))
		swapped := MakeKey(&k, &p, false)
		if e, _ := tab.Step(&k, k.Hash(1, 2), swapped, &p, second, &o); e != nil {
			seen[number]++
		}
	}
	for port := range 500 {
		step(port, packet.ACK, 5, nil)
	}
	big := make([]byte, 9000)
	for round := range 3 {
		for port := range 500 {
			step(port, packet.SYN, uint32(1000*round+port+100), big)
		}
	}
	for i := range 30 {
		step(1, packet.SYN, uint32(1<<20+i), nil)
	}
	if len(tab.openings) > maxHeld || tab.heldNow > maxHeld {
		t.Errorf("%d places, %d held", len(tab.openings), tab.heldNow)
	}
	for i := range tab.openings {
		if c := cap(tab.openings[i].payload); c > 2*heldPayload {
			t.Errorf("%d bytes of payload kept", c)
		}
	}
	c := tab.TakeHolding()
	if c.Held != 1530 || c.Forced < 1530-maxHeld || c.Began != 0 {
		t.Errorf("%+v", c)
	}
	tab.Flush()
	for n := uint64(1); n <= number; n++ {
		if seen[n] != 1 {
			t.Fatalf("packet %d came %d times", n, seen[n])
		}
	}
	if tab.heldNow != 0 || len(tab.Ended) != 500 {
		t.Errorf("%d still held, %d flows", tab.heldNow, len(tab.Ended))
	}
}

// TestHeldKeepsItsBytes: what is held back lends nothing from a frame that is gone.
func TestHeldKeepsItsBytes(t *testing.T) {
	var pool Pool[int]
	tab := NewTable(std, &pool)
	var got *packet.Packet
	tab.Late = func(_ *Entry[int], _ uint32, o *Obs) {
		p := *o.Packet
		p.Payload, p.Options = slices.Clone(p.Payload), slices.Clone(p.Options)
		got = &p
	}
	var k Key
	var o Obs
	frame := []byte("options payload")
	step := func(p packet.Packet) {
		tab.Step(&k, 1, MakeKey(&k, &p, false), &p, 0, &o)
	}
	step(tcp(1, 0, true, packet.ACK))
	p := tcp(2, 0, true, packet.SYN)
	p.Seq, p.Options, p.Payload, p.PayloadLen = 500, frame[:7], frame[8:], 7
	step(p)
	clear(frame)
	p = tcp(3, 0, false, packet.SYN|packet.ACK)
	p.Ack = 508
	step(p)
	if got == nil || string(got.Options) != "options" || string(got.Payload) != "payload" || got.Seq != 500 {
		t.Errorf("held back came out as %+v", got)
	}
}

// TestHeldAlong: what comes between a SYN and its proof reaches the old flow whole and in order,
// however much it carries, and what a table keeps of it is bounded.
func TestHeldAlong(t *testing.T) {
	for _, big := range []int{0, 1, 9000, 65_000} {
		var pool Pool[int]
		tab := NewTable(std, &pool)
		var came []uint64
		flows := map[uint64]int{}
		take := func(e *Entry[int], i uint32, o *Obs) {
			came = append(came, o.Number)
			flows[o.Number] = int(i)
			if len(o.Payload) != int(o.PayloadLen) {
				t.Errorf("packet %d has %d of %d bytes", o.Number, len(o.Payload), o.PayloadLen)
			}
			for _, c := range o.Payload {
				if c != byte(o.Number) {
					t.Fatalf("packet %d has another's bytes", o.Number)
				}
			}
		}
		tab.Late = take
		var k Key
		var o Obs
		payload := make([]byte, big)
		number := uint64(0)
		step := func(client bool, flags uint16, seq, ack uint32, n int) {
			number++
			p := tcp(number, int64(number), client, flags)
			for i := range payload[:n] {
				payload[i] = byte(number)
			}
			p.Seq, p.Ack, p.Payload, p.PayloadLen = seq, ack, payload[:n], uint32(n)
			swapped := MakeKey(&k, &p, false)
			if e, i := tab.Step(&k, 1, swapped, &p, p.TS, &o); e != nil {
				take(e, i, &o)
			}
			if tab.heldAlong > heldBytes {
				t.Fatalf("%d bytes kept", tab.heldAlong)
			}
		}
		const S, A = packet.SYN, packet.ACK
		step(true, S, 1000, 0, 0)
		step(false, S|A, 5000, 1001, 0)
		step(true, A, 1001, 5001, 0)
		step(true, S, 70_000, 0, 0)
		for i := range 3 {
			step(false, A, 5001+uint32(i*big), 1001, big)
		}
		step(false, S|A, 80_000, 70_001, 0)
		if want := []uint64{1, 2, 3, 5, 6, 7, 4, 8}; !slices.Equal(came, want) {
			t.Errorf("%d bytes: packets came as %v; want %v", big, came, want)
		}
		if flows[7] != flows[1] || flows[4] != flows[8] || flows[4] == flows[1] {
			t.Errorf("%d bytes: flows %v", big, flows)
		}
		step(true, A, 70_001, 80_001, 0)
		step(true, S, 90_000, 0, 0)
		for i := range 10 {
			step(false, A, 80_001+uint32(i*big), 70_001, big)
		}
		held := tab.TakeHolding()
		if forced := uint64(10*big/heldBytes) > 0; (held.Forced > 0) != forced || held.Held != 2 || held.Began != 1 {
			t.Errorf("%d bytes: %+v", big, held)
		}
		tab.Flush()
		if tab.heldAlong != 0 || tab.heldNow != 0 || len(came) != int(number) || !slices.IsSorted(came[9:]) {
			t.Errorf("%d bytes: %d held, came %v", big, tab.heldNow, came)
		}
		for i := range tab.openings {
			if c := cap(tab.openings[i].payload); c > 2*heldPayload {
				t.Errorf("%d bytes kept when nothing is held", c)
			}
		}
	}
}

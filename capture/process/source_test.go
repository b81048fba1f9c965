package process

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/source"
)

// datagram is a frame between two ends that holds a number.
func datagram(src, dst string, number int) []byte {
	host := func(s string) *gen.Host {
		a := netip.MustParseAddrPort(s)
		return &gen.Host{Addr: a.Addr(), Port: a.Port(), TTL: 64}
	}
	return (&gen.UDP{IP: gen.IP{Src: host(src), Dst: host(dst)}, Payload: fmt.Appendf(nil, "%8d", number)}).Append(nil)
}

// numberOf is the number in a datagram.
func numberOf(f *packet.Frame) (n int) {
	fmt.Sscanf(string(f.Data[len(f.Data)-8:]), "%d", &n)
	return n
}

// script is a source of frames, before each of which something may happen. It has one buffer, as
// a ring has.
type script struct {
	source.Tally
	frames [][]byte
	before map[int]func()
	next   int
	buf    []byte
	closed bool
}

func (s *script) Next(f *packet.Frame) error {
	if do := s.before[s.next]; do != nil {
		delete(s.before, s.next)
		do()
		return source.ErrTimeout
	}
	if s.next == len(s.frames) {
		return io.EOF
	}
	s.buf = append(s.buf[:0], s.frames[s.next]...)
	*f = packet.Frame{Data: s.buf, Wire: uint32(len(s.buf)), Link: packet.LinkEthernet, TS: int64(s.next) + 1, Number: uint64(s.next) + 1}
	s.next++
	s.Count(f)
	return nil
}

func (s *script) Close() error { s.closed = true; return nil }

// told are sockets that become known when the test says so.
type told struct {
	changes []change
	asked   int
	settled func()
	closed  bool
}

func (k *told) update(x *index) bool {
	if x.spaces == nil {
		x.spaces = map[[16]byte]uint16{at("192.0.2.1:0").addr: 0}
	}
	for i := range k.changes {
		x.apply(&k.changes[i])
	}
	n := len(k.changes)
	k.changes = nil
	return n > 0
}

func (k *told) know(local, remote string, h holder) {
	p, i := pairOf(at(local), at(remote), packet.ProtoUDP)
	c := change{pair: p}
	c.at[i] = h
	k.changes = append(k.changes, c)
}

func (k *told) wanted()       { k.asked++ }
func (k *told) listed() int64 { return 0 }
func (k *told) settle() {
	if k.settled != nil {
		k.settled()
	}
}
func (k *told) stats() Stats { return Stats{} }
func (k *told) Close() error { k.closed = true; return nil }

// drain reads a source to its end, and checks its sums.
func drain(t *testing.T, s *Source) (got []int) {
	t.Helper()
	var f packet.Frame
	for {
		err := s.Next(&f)
		if err == source.ErrTimeout {
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, numberOf(&f))
		if f.Number != uint64(len(got)) {
			t.Errorf("packet %d has number %d", len(got), f.Number)
		}
	}
	st, p := s.Stats(), s.Process()
	if st.Received != st.Captured+st.QueueDropped+st.ProcessDropped || st.Captured != uint64(len(got)) {
		t.Errorf("%d packets given; %+v", len(got), st)
	}
	if n := p.Matched + p.Unmatched + p.Unknown + st.QueueDropped; n != st.Received {
		t.Errorf("%d of %d packets counted: %+v", n, st.Received, p)
	}
	return got
}

const (
	here  = "192.0.2.1:1000"
	peer  = "198.51.100.1:53"
	other = "192.0.2.1:2000"
	alien = "198.51.100.7:7"
)

// TestHeld: packets wait for their socket; those behind them keep their place, and nothing of
// another process is passed on.
func TestHeld(t *testing.T) {
	in := &script{frames: [][]byte{
		datagram(other, peer, 0), datagram(here, peer, 1), datagram(peer, here, 2), datagram(alien, "198.51.100.8:9", 3),
		datagram(other, peer, 4), datagram(peer, here, 5), datagram(here, alien, 6),
	}}
	k := &told{}
	k.know(other, peer, others)
	in.before = map[int]func(){3: func() { k.know(here, peer, mine) }}
	s := newSource(in, k, true, newQueue(100, 1<<16))
	if got := drain(t, s); !slices.Equal(got, []int{1, 2, 5}) {
		t.Error(got)
	}
	if p := s.Process(); p.Matched != 3 || p.Unmatched != 3 || p.Unknown != 1 || k.asked != 3 {
		t.Errorf("%+v, asked %d times", p, k.asked)
	}
	if err := s.Close(); err != nil || !in.closed || !k.closed {
		t.Error(err, in.closed, k.closed)
	}
}

// TestSettle: at the end the sockets are listed once more.
func TestSettle(t *testing.T) {
	k := &told{}
	k.settled = func() { k.know(here, peer, mine) }
	if got := drain(t, newSource(&script{frames: [][]byte{datagram(here, peer, 1)}}, k, true, newQueue(100, 1<<16))); !slices.Equal(got, []int{1}) {
		t.Error(got)
	}
}

// TestAttributed: where all are wanted every packet is passed on, in order, with its process if it
// has become known in time.
func TestAttributed(t *testing.T) {
	in := &script{frames: [][]byte{datagram(here, peer, 0), datagram(other, peer, 1), datagram(alien, "198.51.100.8:9", 2)}}
	k := &told{}
	in.before = map[int]func(){3: func() { k.know(here, peer, holder{process: 7}) }}
	s := newSource(in, k, false, newQueue(100, 1<<16))
	var f packet.Frame
	var got []uint32
	for {
		err := s.Next(&f)
		if err == io.EOF {
			break
		}
		if err == nil {
			if numberOf(&f) != len(got) {
				t.Errorf("packet %d at place %d", numberOf(&f), len(got))
			}
			got = append(got, f.Process)
		}
	}
	if !slices.Equal(got, []uint32{7, 0, 0}) {
		t.Error(got)
	}
	if p := s.Process(); p.Unknown != 1 || p.Matched != 2 {
		t.Errorf("%+v", p)
	}
}

// TestOverflow: what waits is bounded; the oldest packets are given up, and counted.
func TestOverflow(t *testing.T) {
	in := &script{}
	for i := range 100 {
		in.frames = append(in.frames, datagram(here, peer, i))
	}
	k := &told{}
	in.before = map[int]func(){100: func() { k.know(here, peer, mine) }}
	s := newSource(in, k, true, newQueue(10, 1<<16))
	if got := drain(t, s); !slices.Equal(got, []int{90, 91, 92, 93, 94, 95, 96, 97, 98, 99}) {
		t.Error(got)
	}
	if p := s.Process(); p.Overflowed != 90 || p.Unknown != 90 {
		t.Errorf("%+v", p)
	}
}

// TestLimit: the source ends after so many packets passed on, and says what was left.
func TestLimit(t *testing.T) {
	in := &script{}
	for i := range 20 {
		in.frames = append(in.frames, datagram(here, peer, i))
	}
	k := &told{}
	in.before = map[int]func(){10: func() { k.know(here, peer, mine) }}
	s := newSource(in, k, true, newQueue(100, 1<<16))
	stopped := 0
	s.Limit(4, func() { stopped++ })
	if got := drain(t, s); !slices.Equal(got, []int{0, 1, 2, 3}) || stopped != 1 {
		t.Error(got, stopped)
	}
	if st := s.Stats(); st.QueueDropped != 6 || st.Beyond != 6 || st.Lost() != 0 {
		t.Errorf("%+v", st)
	}
}

// TestOrder: whatever becomes known when, packets of one process come complete and in order, once
// its sockets are known at the end.
func TestOrder(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		in := &script{before: map[int]func(){}}
		k := &told{}
		var want []int
		flows := 1 + rng.IntN(8)
		for i := range 60 {
			n := rng.IntN(flows)
			local := fmt.Sprintf("192.0.2.1:%d", 1000+n)
			if rng.IntN(2) == 0 {
				in.frames = append(in.frames, datagram(local, peer, i))
			} else {
				in.frames = append(in.frames, datagram(peer, local, i))
			}
			if n%2 == 0 {
				want = append(want, i)
			}
		}
		know := func(n int) {
			h := others
			if n%2 == 0 {
				h = mine
			}
			k.know(fmt.Sprintf("192.0.2.1:%d", 1000+n), peer, h)
		}
		late := map[int]bool{}
		for n := range flows {
			if rng.IntN(4) == 0 {
				late[n] = true
				continue
			}
			when := rng.IntN(60)
			was := in.before[when]
			in.before[when] = func() {
				if was != nil {
					was()
				}
				know(n)
			}
		}
		k.settled = func() {
			for n := range late {
				know(n)
			}
		}
		if got := drain(t, newSource(in, k, true, newQueue(100, 1<<16))); !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %v, want %v", seed, got, want)
		}
	}
}

// TestClock: while a packet waits, time does not pass it.
func TestClock(t *testing.T) {
	in := &script{frames: [][]byte{datagram(here, peer, 1), datagram(here, alien, 2)}}
	k := &told{}
	in.before = map[int]func(){2: func() {}}
	s := newSource(in, k, true, newQueue(100, 1<<16))
	var f packet.Frame
	if err := s.Next(&f); err != source.ErrTimeout {
		t.Fatal(err)
	}
	if s.Clock() != 1 {
		t.Error(s.Clock())
	}
}

// forever gives one frame again and again.
type forever struct {
	script
}

func (s *forever) Next(f *packet.Frame) error {
	s.next = 0
	return s.script.Next(f)
}

// TestAllocs: nothing is allocated for a packet, whether it is passed on at once or waits.
func TestAllocs(t *testing.T) {
	var f packet.Frame
	k := &told{}
	k.know(here, peer, mine)
	s := newSource(&forever{script{frames: [][]byte{datagram(here, peer, 1)}}}, k, true, newQueue(100, 1<<16))
	if n := allocs.PerRun(t, 1000, func() {
		if s.Next(&f) != nil {
			t.Fatal("no packet")
		}
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	q := newQueue(100, 1<<16)
	if n := allocs.PerRun(t, 1000, func() { q.push(&f); q.push(&f); q.pop(&f); q.pop(nil) }); n != 0 {
		t.Errorf("%v allocations a packet that waits", n)
	}
}

// BenchmarkNext: what a packet costs whose process is known.
func BenchmarkNext(b *testing.B) {
	var f packet.Frame
	k := &told{}
	k.know(here, peer, mine)
	s := newSource(&forever{script{frames: [][]byte{datagram(here, peer, 1)}}}, k, true, newQueue(100, 1<<16))
	b.ReportAllocs()
	for b.Loop() {
		s.Next(&f)
	}
}

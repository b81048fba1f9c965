package flow

import (
	"fmt"
	"unsafe"

	"pinyon/packet"
)

// Reason says why a flow ended.
type Reason uint8

// The reasons. A closing flow keeps FIN or RST however it leaves the table.
const (
	Open    Reason = iota // has not ended
	FIN                   // FIN from both sides, each acknowledged
	RST                   // a reset
	Idle                  // no packet for longer than the timeout
	Active                // older than the active timeout; its successor goes on
	Evicted               // made room under the flow limit
	Flushed               // the input ended
	Reused                // a new connection began on the ports of one that was not closed
	Reasons               // how many there are
)

// String is the word in the end_reason column.
func (r Reason) String() string {
	return [...]string{"open", "fin", "rst", "idle", "active", "evicted", "flushed", "reused"}[r]
}

// Strategy says which flow makes room under a limit.
type Strategy uint8

// LRU evicts the flow whose latest packet came longest ago, Oldest the one opened first.
const (
	LRU Strategy = iota
	Oldest
)

// MaxPackets is the most packets one flow may have. A flow that reaches it ends as Active
// and its successor goes on, so 32-bit counters never wrap.
const MaxPackets = 1 << 31

// Options are a table's rules. Times are nanoseconds.
type Options struct {
	Timeout    int64 // a gap longer than this ends a flow
	Active     int64 // a flow older than this ends at its next packet; 0 is never
	Terminate  bool  // FIN and RST close TCP flows
	CloseDelay int64 // how long a closed flow takes late packets
	Limit      int   // most flows in the table; 0 is no limit
	Strategy   Strategy
}

// A Head is what the table itself keeps of a flow.
type Head struct {
	Key        Key
	First      int64 // flow time of the first packet, ns since 1970-01-01 UTC
	Last       int64 // flow time of the latest packet
	StartClock int64 // capture clock at the first packet
	LastClock  int64 // capture clock at the latest packet
	CloseClock int64 // capture clock at the packet that closed it; valid iff Closing
	End        int64 // logical end on the capture clock; valid once ended
	FirstNo    uint64
	LastNo     uint64 // record numbers of the first and latest packet
	Packets    uint32
	Swapped    bool   // the initiator is endpoint B of the key
	Closing    Reason // FIN or RST once closed, else Open
	Reason     Reason // why it ended
	hash       uint64
	connection // of TCP
}

// An Entry is one flow: the table's part and the owner's.
type Entry[S any] struct {
	Head
	State S
}

// A Table is the flows of one logical shard. It is used from one goroutine.
type Table[S any] struct {
	opt     Options
	pool    *Pool[S]
	buckets []uint64 // hash in the high half, entry number in the low one; 0 is free
	mask    uint32
	n       int
	lru     list
	open    list // in use only where Oldest evicts
	closing list
	oldest  bool

	openings  []opening // held back; some places are free
	heldNow   int
	heldEver  uint64
	heldAlong int // bytes of payload
	counts    Holding
	obs       Obs

	// Late is given packets that were held back, once it is known which flow they belong to:
	// from Step before that returns, or from Sweep or Flush. The Obs is borrowed.
	Late func(e *Entry[S], i uint32, o *Obs)

	// Ended are the entries that left the table, in the order they did. The owner takes
	// them, gives each back to the Pool, and empties the slice.
	Ended []uint32
}

// NewTable makes an empty table whose entries come from pool.
func NewTable[S any](opt Options, pool *Pool[S]) *Table[S] {
	if opt.Timeout <= 0 {
		panic(fmt.Sprintf("BUG: flow timeout %d", opt.Timeout))
	}
	const start = 16
	return &Table[S]{
		opt: opt, pool: pool, buckets: make([]uint64, start), mask: start - 1,
		oldest: opt.Limit > 0 && opt.Strategy == Oldest,
	}
}

// Len is the number of flows in the table, closing ones included.
func (t *Table[S]) Len() int { return t.n }

// Bytes is the memory of the table itself; that of its entries is the pool's.
func (t *Table[S]) Bytes() uint64 {
	return 8*uint64(cap(t.buckets)) + uint64(cap(t.openings))*uint64(unsafe.Sizeof(opening{})) + 4*uint64(cap(t.Ended))
}

// Each calls f with every flow, the one with the longest silence first.
func (t *Table[S]) Each(f func(*Entry[S])) {
	for i := t.lru.head; i != 0; i = t.pool.links[i][byLru].next {
		f(t.pool.At(i))
	}
}

// Touch reads from where a packet with this hash will most likely be looked for, so that
// the memory is on its way when Step comes to it. What it returns means nothing. With 10⁶
// flows in turn the wait for memory is most of the cost of a packet (BenchmarkTurns).
func (t *Table[S]) Touch(hash uint64) uint64 {
	b := uint32(t.buckets[uint32(hash)&t.mask])
	if b == 0 {
		return 0
	}
	e := t.pool.At(b)
	return e.FirstNo + e.LastNo
}

// find returns the bucket of the key, or the free bucket where it belongs.
func (t *Table[S]) find(k *Key, hash uint64) uint32 {
	h := uint64(uint32(hash))
	i := uint32(h) & t.mask
	for {
		b := t.buckets[i]
		if b == 0 || b>>32 == h && t.pool.At(uint32(b)).Key == *k {
			return i
		}
		i = (i + 1) & t.mask
	}
}

// TakeHolding is what was held back since the last call.
func (t *Table[S]) TakeHolding() Holding {
	c := t.counts
	t.counts = Holding{}
	return c
}

// Step takes a packet: it finds or opens its flow, ends what has to end first, and updates
// the entry's head. hash is the key's, under whatever seeds the caller always uses; swapped
// is MakeKey's; now is the capture clock. o is filled in for the caller's accumulators; its
// Index is 0 for the packet that opened the flow, whose State is zero then. The entry is nil
// if the packet is held back: Late gets it later.
func (t *Table[S]) Step(k *Key, hash uint64, swapped bool, p *packet.Packet, now int64, o *Obs) (*Entry[S], uint32) {
	b := t.find(k, hash)
	i := uint32(t.buckets[b])
	var e *Entry[S]
	if i != 0 {
		e = t.pool.At(i)
		if e.held != 0 && now > t.patience(i) {
			if t.expire(i); uint32(t.buckets[t.find(k, hash)]) == 0 {
				i = 0
			}
		}
	}
	if i != 0 {
		if reason, end := t.over(&e.Head, p, now); reason != Open {
			t.end(b, i, reason, end)
			old := e
			i, e = t.openFlow(k, hash, p, swapped, now)
			if reason == Active {
				t.succeed(e, &old.Head, p, swapped)
			}
		} else if t.opt.Terminate && (e.held != 0 || p.Has&packet.HasTCP != 0 && p.TCPFlags&packet.SYN != 0) {
			switch t.judge(i, e, p, swapped, now) {
			case waits:
				t.hold(i, e, p, swapped, false, now)
				return nil, 0
			case waitsAlong:
				t.hold(i, e, p, swapped, true, now)
				return nil, 0
			case begins:
				i, e = t.reuse(b, i, p, swapped, now)
			case stays:
				if e.held != 0 {
					t.settle(i)
				}
				if t.late(&e.Head, now) { // it only waited for what was held
					t.end(b, i, Idle, now)
					i, e = t.openFlow(k, hash, p, swapped, now)
				}
			}
		}
	} else {
		i, e = t.openFlow(k, hash, p, swapped, now)
	}
	t.admit(i, e, p, swapped, now, o)
	if t.lru.tail != i {
		t.toTail(i)
	}
	return e, i
}

// admit enters a packet into its flow.
func (t *Table[S]) admit(i uint32, e *Entry[S], p *packet.Packet, swapped bool, now int64, o *Obs) {
	o.Packet = p
	o.Dir = Fwd
	if swapped != e.Swapped {
		o.Dir = Bwd
	}
	o.Time = max(p.TS, e.Last)
	o.Gap = o.Time - e.Last
	o.Index = int(e.Packets)
	o.Opened, o.Stray = Opened{}, false
	e.Last, e.LastClock, e.LastNo = o.Time, max(now, e.LastClock), p.Number
	e.Packets++
	if p.Has&packet.HasTCP != 0 && (p.TCPFlags&rareFlags != 0 || e.watch&watching[o.Dir] != 0) {
		t.follow(i, e, p, o, now)
	}
}

// succeed has e go on with the connection of a flow that became too old, unless p begins
// another one.
func (t *Table[S]) succeed(e *Entry[S], old *Head, p *packet.Packet, swapped bool) {
	d := Fwd
	if swapped != old.Swapped {
		d = Bwd
	}
	if p.Has&packet.HasTCP != 0 && p.TCPFlags&packet.SYN != 0 && old.numbers.stray(p, d) {
		return
	}
	e.Swapped = old.Swapped
	if old.Closing == Open {
		e.connection = old.connection
	}
}

// openFlow makes the flow that p begins. Its sender is the initiator, unless it answers with a
// SYN-ACK: then who asked for it is (RFC 9293 section 3.5).
func (t *Table[S]) openFlow(k *Key, hash uint64, p *packet.Packet, swapped bool, now int64) (uint32, *Entry[S]) {
	if t.opt.Limit > 0 && t.n >= t.opt.Limit {
		t.Sweep(now) // whoever is over makes room first, so nothing depends on when the owner sweeps
		if t.n >= t.opt.Limit {
			victim := t.lru.head
			if t.oldest {
				victim = t.open.head
			}
			t.endEntry(victim, Evicted, now)
		}
	}
	if uint32(t.n)*4 > t.mask*3 {
		t.grow()
	}
	i := t.pool.get()
	e := t.pool.At(i)
	*e = Entry[S]{}
	e.Key = *k
	e.hash = hash
	e.First, e.Last, e.StartClock, e.FirstNo = p.TS, p.TS, now, p.Number
	e.Swapped = swapped != (p.Has&packet.HasTCP != 0 && p.TCPFlags&(packet.SYN|packet.ACK|packet.RST) == packet.SYN|packet.ACK)
	e.watch = watchFwd | watchBwd
	t.buckets[t.find(k, hash)] = uint64(uint32(hash))<<32 | uint64(i)
	t.n++
	t.push(&t.lru, i, byLru)
	if t.oldest {
		t.push(&t.open, i, byOpen)
	}
	return i, e
}

func (t *Table[S]) grow() {
	old := t.buckets
	t.buckets = make([]uint64, 2*len(old))
	t.mask = uint32(len(t.buckets) - 1)
	for _, b := range old {
		if b != 0 {
			t.buckets[t.freeBucket(uint32(b>>32))] = b
		}
	}
}

func (t *Table[S]) freeBucket(h uint32) uint32 {
	i := h & t.mask
	for t.buckets[i] != 0 {
		i = (i + 1) & t.mask
	}
	return i
}

// clearBucket empties bucket b and moves later ones of its run up (linear probing
// without tombstones).
func (t *Table[S]) clearBucket(b uint32) {
	hole := b
	for i := (b + 1) & t.mask; t.buckets[i] != 0; i = (i + 1) & t.mask {
		home := uint32(t.buckets[i]>>32) & t.mask
		if (i-home)&t.mask >= (i-hole)&t.mask {
			t.buckets[hole] = t.buckets[i]
			hole = i
		}
	}
	t.buckets[hole] = 0
}

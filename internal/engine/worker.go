package engine

import (
	"cmp"
	"slices"
	"time"

	"pinyon/account"
	"pinyon/flow"
	"pinyon/internal/groups"
)

// shard is a logical shard: its flows and its account.
type shard struct {
	table   *flow.Table[groups.State]
	account groups.Shard
}

// ended is a flow that left its table.
type ended struct {
	order
	number uint32
	shard  uint32 // index into the worker's shards
}

// worker keeps the flows of its shards.
type worker struct {
	mem     *groups.Memory
	pool    flow.Pool[groups.State]
	shards  []shard
	numbers []int // logical number of each shard
	obs     flow.Obs
	ended   []ended
	custom  bool
	touch   uint64 // what looking ahead read, so that it is not optimised away

	in     chan *epoch
	out    chan *chunk
	gave   time.Time // when direct gave rows last
	chunks *pile
	counts *account.Tables
	gone   uint64 // flows that left the tables
}

// newWorker makes worker id of n over the given number of logical shards.
func newWorker(opt *Options, id, n, shards int) *worker {
	w := &worker{mem: groups.NewMemory(opt.Plan)}
	w.custom = w.mem.HasCustom()
	for s := id; s < shards; s += n {
		o := opt.Flow
		if o.Limit > 0 && shards > 1 {
			o.Limit = opt.Flow.Limit / shards
			if s < opt.Flow.Limit%shards {
				o.Limit++
			}
		}
		t := flow.NewTable(o, &w.pool)
		t.Late = w.observe
		w.numbers = append(w.numbers, s)
		w.shards = append(w.shards, shard{table: t, account: groups.Shard{Each: func(f func(*groups.State)) {
			t.Each(func(e *flow.Entry[groups.State]) { f(&e.State) })
		}}})
	}
	return w
}

// update takes the worker's part of an epoch and collects the flows it ends.
func (w *worker) update(e *epoch) {
	for i := range w.shards {
		s := &w.shards[i]
		t := s.table
		w.mem.Use(&s.account)
		part := e.part[w.numbers[i]]
		for j, k := range part {
			if j+ahead < len(part) {
				w.touch += t.Touch(e.items[part[j+ahead]].hash)
			}
			it := &e.items[k]
			if en, number := t.Step(&it.key, it.hash, it.swapped, &it.Packet, it.clock, &w.obs); en != nil {
				w.observe(en, number, &w.obs)
			}
		}
		t.Sweep(e.now)
		w.collect(i)
	}
	w.publish()
}

// publish tells the account how many flows there are, and what memory they have.
func (w *worker) publish() {
	n, bytes := 0, w.pool.Bytes()+w.mem.Bytes()
	for i := range w.shards {
		t := w.shards[i].table
		n += t.Len()
		bytes += t.Bytes()
	}
	w.counts.Set(int64(n), w.gone, bytes)
}

// observe has a flow take a packet. The shard's account is in use.
func (w *worker) observe(e *flow.Entry[groups.State], number uint32, o *flow.Obs) {
	e.State.Update(w.mem, o)
	if w.custom {
		w.mem.Packet(number, o)
	}
}

// ahead is how many packets ahead a flow's memory is asked for.
const ahead = 4

// collect moves the ended flows of shard i to the worker's.
func (w *worker) collect(i int) {
	t := w.shards[i].table
	for _, number := range t.Ended {
		h := &w.pool.At(number).Head
		w.ended = append(w.ended, ended{order{h.End, h.FirstNo}, number, uint32(i)})
	}
	w.gone += uint64(len(t.Ended))
	t.Ended = t.Ended[:0]
}

// flush ends every flow.
func (w *worker) flush() {
	for i := range w.shards {
		w.mem.Use(&w.shards[i].account)
		w.shards[i].table.Flush()
		w.collect(i)
	}
	w.publish()
}

// emit hands the rows of the ended flows on, in order, and frees the flows. What ended at
// the very reading of the clock where the epoch ends waits, unless it is the last: the next
// one may hold more of the same end. The last chunk has done set and may be empty.
func (w *worker) emit(e *epoch, give func(*chunk)) {
	slices.SortFunc(w.ended, func(a, b ended) int { return a.compare(b.order) })
	n := len(w.ended)
	if !e.last {
		n, _ = slices.BinarySearchFunc(w.ended, e.now, func(a ended, now int64) int { return cmp.Compare(a.end, now) })
	}
	c := w.chunks.take()
	for i := range w.ended[:n] {
		if c.n == len(c.rows) {
			give(c)
			c = w.chunks.take()
		}
		number := w.ended[i].number
		en := w.pool.At(number)
		c.order[c.n] = w.ended[i].order
		w.mem.Use(&w.shards[w.ended[i].shard].account)
		c.rows[c.n].Fill(w.mem, en, number, e.input)
		c.n++
		w.pool.Put(number)
	}
	w.ended = append(w.ended[:0], w.ended[n:]...)
	c.done, c.last, c.live, c.input = true, e.last, e.live, e.input
	if e.last {
		for i := range w.shards {
			c.held.Add(w.shards[i].table.TakeHolding())
		}
	}
	give(c)
}

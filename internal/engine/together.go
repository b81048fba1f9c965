package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/column"
)

const (
	epochsInFlight  = 4
	chunksInFlight  = 2
	batchesInFlight = 2
	// Of live rows more may wait for the sink: a row group of 65,536 rows with 400 columns
	// keeps it busy for half a second, and the ring must not wait for that.
	liveBatches = 24
	liveChunks  = 32
	wakeEvery   = 200 * time.Millisecond
	// sparePerWorker chunks wait to be used again. Half a megabyte made anew each time cost as
	// much as everything else that a second worker adds.
	sparePerWorker = 16
)

// together runs the reader, the workers, the merger and the sink side by side. What they
// hand to each other is bounded, and every one of them comes to its end when the reader
// does: after an error they go on taking and giving, and only drop what they get.
//
// Of live inputs with one worker the reader is that worker: a packet waits for no other
// thread, and the blocks of a ring go back at once.
func (r *run) together(inputs []Input) error {
	var failed atomic.Bool
	live := slices.ContainsFunc(inputs, func(in Input) bool { return in.Live })
	direct := live && len(r.workers) == 1
	inFlight, chunks, spares := batchesInFlight, chunksInFlight, sparePerWorker
	if live {
		inFlight = liveBatches
	}
	if direct {
		chunks, spares = liveChunks, liveChunks
	}
	epochs := make(chan *epoch, epochsInFlight)
	for range epochsInFlight {
		epochs <- newEpoch()
	}
	var working sync.WaitGroup
	for _, w := range r.workers {
		w.in = make(chan *epoch, epochsInFlight)
		w.out = make(chan *chunk, chunks)
		w.free = make(chan *chunk, spares)
		if direct {
			break
		}
		working.Add(1)
		go func() {
			defer working.Done()
			w.run(epochs, &failed)
		}()
	}
	batches := make(chan *column.Batch, inFlight)
	spare := make(chan *column.Batch, inFlight+1)
	for range inFlight + 1 {
		spare <- column.New(r.opt.Plan.Schema, batchRows)
	}
	var sinkErr error
	var sinking sync.WaitGroup
	sinking.Add(1)
	go func() {
		defer sinking.Done()
		for b := range batches {
			if sinkErr == nil {
				if b != nil {
					sinkErr = r.emit(b)
				} else {
					sinkErr = r.flush()
				}
				if sinkErr != nil {
					failed.Store(true)
				}
			}
			if b != nil {
				b.Reset()
				spare <- b
			}
		}
	}()
	m := &merger{run: r, heads: make([]*chunk, len(r.workers)), batches: batches, spare: spare, batch: <-spare, failed: &failed}
	var merging sync.WaitGroup
	merging.Add(1)
	go func() {
		defer merging.Done()
		m.merge()
		close(batches)
	}()

	for i := range inputs {
		if failed.Load() || r.ctx.Err() != nil || r.stopped() {
			break
		}
		if !r.reader.open(inputs[i], &r.reports[i]) {
			continue
		}
		r.opened(i)
		for last := false; !last; {
			e := <-epochs
			e.input = i
			r.reader.fill(e)
			if failed.Load() || r.ctx.Err() != nil {
				failed.Store(true)
				e.last = true
			}
			last = e.last
			if direct {
				r.workers[0].live(e, &failed)
				e.release()
				epochs <- e
				continue
			}
			e.left = int32(len(r.workers))
			for _, w := range r.workers {
				w.in <- e
			}
		}
		r.reader.close()
		r.ended()
	}
	for _, w := range r.workers {
		close(w.in)
		if direct {
			close(w.out)
		}
	}
	working.Wait()
	merging.Wait()
	sinking.Wait()
	for range epochsInFlight {
		(<-epochs).release()
	}
	r.dropLate()
	if sinkErr != nil {
		return sinkErr
	}
	if m.err != nil {
		return m.err
	}
	return r.ctx.Err()
}

func (r *run) stopped() bool { return r.opt.Stop != nil && r.opt.Stop.Load() }

// run serves the worker's epochs until there are no more.
func (w *worker) run(epochs chan<- *epoch, failed *atomic.Bool) {
	defer close(w.out)
	for e := range w.in {
		w.step(e, failed)
		w.emit(e, w.take, w.give)
		if atomic.AddInt32(&e.left, -1) == 0 {
			e.release()
			epochs <- e
		}
	}
}

// step takes the worker's part of an epoch.
func (w *worker) step(e *epoch, failed *atomic.Bool) {
	if failed.Load() {
		return
	}
	w.update(e)
	if e.last {
		w.flush()
	}
}

// live is what the reader does with an epoch itself. Who waits for the rows is not woken
// for none, but now and then to flush.
func (w *worker) live(e *epoch, failed *atomic.Bool) {
	w.step(e, failed)
	if now := time.Now(); e.last || now.Sub(w.gave) > wakeEvery || slices.ContainsFunc(w.ended, func(f ended) bool { return f.end < e.now }) {
		w.gave = now
		w.emit(e, w.take, w.give)
	}
}

// take gives a chunk to fill, and give hands it on.
func (w *worker) take() *chunk {
	select {
	case c := <-w.free:
		c.reset()
		return c
	default:
		return &chunk{owner: w}
	}
}

func (w *worker) give(c *chunk) { w.out <- c }

// merger joins the rows of all workers in their order.
type merger struct {
	*run
	heads   []*chunk
	used    []*chunk             // exhausted; given back once their rows are written
	batches chan<- *column.Batch // nil is a moment to flush
	spare   <-chan *column.Batch
	batch   *column.Batch
	last    bool // the epoch at hand is its input's last
	live    bool // and belongs to a live one
	failed  *atomic.Bool
	err     error // of the late stage
}

// merge runs until the workers have closed their channels.
func (m *merger) merge() {
	for m.epoch() {
	}
	m.rows()
	if m.late == nil && m.batch.Rows > 0 {
		m.batches <- m.batch
	}
}

// epoch merges the rows of one epoch; false when there is none.
func (m *merger) epoch() bool {
	if len(m.used) > 2*len(m.workers) {
		m.rows()
	}
	open := 0
	m.last, m.live = false, false
	for i, w := range m.workers {
		c, ok := <-w.out
		if !ok {
			return false
		}
		m.heads[i] = c
		open++
		if m.advance(i) {
			open--
		}
	}
	for open > 0 {
		best := -1
		for i, c := range m.heads {
			if c != nil && (best < 0 || c.order[c.next].compare(m.heads[best].order[m.heads[best].next]) < 0) {
				best = i
			}
		}
		c := m.heads[best]
		row := &c.rows[c.next]
		m.count(row)
		m.ptrs = append(m.ptrs, row)
		c.next++
		if m.advance(best) {
			open--
		}
		if len(m.ptrs) >= chunkRows {
			m.rows()
		}
	}
	switch {
	case m.late != nil && m.last:
		m.endLate()
	case m.late == nil && m.live:
		m.rows()
		// A sink that is busy gets what gathers meanwhile at once: a batch for each of the
		// hundreds of epochs of a second would soon fill the queue.
		if len(m.batches) == 0 || m.last {
			m.full()
			m.batches <- nil
		}
	}
	return true
}

// endLate completes the rows of an input that ended and hands them on.
func (m *merger) endLate() {
	m.rows()
	m.full()
	if m.err != nil || m.failed.Load() {
		m.dropLate()
		m.late.begin()
		return
	}
	m.fail(m.late.end(func() *column.Batch { return m.batch }, func(b *column.Batch) error {
		m.batches <- b
		m.batch = <-m.spare
		return nil
	}))
}

// fail notes an error of the late stage, which ends the run.
func (m *merger) fail(err error) {
	if err != nil && m.err == nil {
		m.err = err
		m.failed.Store(true)
	}
}

// full hands a batch on, or to the rows that wait for the end of their input.
func (m *merger) full() {
	switch {
	case m.batch.Rows == 0:
	case m.late == nil:
		m.batches <- m.batch
		m.batch = <-m.spare
	default:
		if m.err == nil {
			m.fail(m.late.spool.add(m.batch))
		}
		m.batch.Reset()
	}
}

// advance fetches worker i's next chunk if its head is used up; it reports true once the
// worker has no more rows for this epoch.
func (m *merger) advance(i int) bool {
	for {
		c := m.heads[i]
		if c.next < c.n {
			return false
		}
		m.used = append(m.used, c)
		m.heads[i] = nil
		if c.done {
			m.ending(c)
			m.last, m.live = c.last, c.live
			return true
		}
		// The worker may wait for a chunk that is in used.
		if len(m.used) > 2*len(m.workers) {
			m.rows()
		}
		m.heads[i] = <-m.workers[i].out
	}
}

// rows writes what is pending and gives the chunks it came from back.
func (m *merger) rows() {
	rows := m.ptrs
	for len(rows) > 0 {
		n := min(len(rows), batchRows-m.batch.Rows)
		m.writer.Write(m.batch, rows[:n])
		rows = rows[n:]
		if m.batch.Rows == batchRows {
			m.full()
		}
	}
	m.ptrs = m.ptrs[:0]
	for _, c := range m.used {
		select {
		case c.owner.free <- c:
		default:
		}
	}
	m.used = m.used[:0]
}

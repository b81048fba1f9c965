package engine

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/column"
)

const (
	epochsInFlight = 4
	chunksInFlight = 8 // of a worker
	jobsInFlight   = 1 // and one for each goroutine that lays out
	// Of live rows more may wait for the consumer: a row group of 65,536 rows with 400 columns
	// keeps it busy for half a second, and the ring must not wait for that.
	liveJobs   = 24
	liveChunks = 128
	wakeEvery  = 200 * time.Millisecond
)

// together runs reader, workers, merger and layout side by side; the consumer's loop stays in
// this goroutine. What they hand to each other is bounded, and every one of them comes to its
// end when the reader does: after an error they go on taking and giving, and only drop what
// they get.
//
// Of live inputs with one worker the reader is that worker: a packet waits for no other
// thread, and the blocks of a ring go back at once.
func (r *Run) together(ctx context.Context, inputs []Input, emit func(*column.Batch) error) error {
	t := &team{run: r, ctx: ctx, inputs: inputs}
	t.live = slices.ContainsFunc(inputs, func(in Input) bool { return in.Live })
	n := min(max(r.opt.Workers, 1), r.shards)
	t.direct = t.live && n == 1
	for id := range n {
		t.workers = append(t.workers, r.worker(id, n))
	}
	t.start(max(r.opt.Workers, 1))
	stage := r.stage(emit, t.pool)
	var err error
	defer func() { // the consumer's loop may also be left by a panic
		t.failed.Store(true)
		for j := range t.ready {
			t.drop(j)
		}
		t.pool.close()
		t.all.Wait()
		for range epochsInFlight {
			(<-t.epochs).release()
		}
		stage.spool.reset()
	}()
	var paused time.Time
	fresh := false // rows were yielded since the last pause
	for j := range t.ready {
		if j.done != nil {
			<-j.done
		}
		switch {
		case err != nil:
		case j.fate != pauses:
			fresh = fresh || j.fate == leaves
			err = stage.take(j)
		case fresh && time.Since(paused) >= pauseEvery:
			fresh, paused = false, time.Now()
			err = stage.take(j)
		}
		if err != nil {
			t.failed.Store(true)
		}
		t.again(j)
	}
	if err != nil {
		return err
	}
	if t.err != nil {
		return t.err
	}
	return ctx.Err()
}

// team is the goroutines of a run.
type team struct {
	run     *Run
	ctx     context.Context
	inputs  []Input
	live    bool // some input is
	direct  bool // the reader is the worker
	workers []*worker
	pool    *layouts
	epochs  chan *epoch // free ones
	turns   chan turn   // to the merger, in the order of the inputs
	ready   chan *job   // to the consumer, in order
	spare   chan *job
	failed  atomic.Bool // everything that comes is dropped
	err     error       // of the merger; valid once ready is closed
	all     sync.WaitGroup
}

// turn says where the merger's next rows come from: from all workers, until an epoch that is
// the last of its input, or from those who read small inputs.
type turn struct{ small *small }

// start makes the queues and sets everyone to work.
func (t *team) start(n int) {
	r := t.run
	t.epochs = make(chan *epoch, epochsInFlight)
	for range epochsInFlight {
		t.epochs <- newEpoch()
	}
	jobs, chunks := jobsInFlight+n, chunksInFlight
	if t.live {
		jobs = liveJobs
	}
	if t.direct {
		chunks = liveChunks
	}
	t.pool = newLayouts(r.opt.Plan, n)
	t.ready = make(chan *job, jobs)
	t.spare = make(chan *job, jobs+1)
	for range jobs + 1 {
		t.spare <- &job{batch: column.New(r.opt.Plan.Schema, batchRows), done: make(chan struct{}, 1)}
	}
	t.turns = make(chan turn, turnsInFlight)
	r.account.Queue("epochs", epochsInFlight, func() int { return epochsInFlight - len(t.epochs) })
	r.account.Queue("batches", jobs, func() int { return len(t.ready) })
	for _, w := range t.workers {
		w.in = make(chan *epoch, epochsInFlight)
		w.out = make(chan *chunk, chunks)
		r.account.Queue("rows", chunks, func() int { return len(w.out) })
		if !t.direct {
			t.all.Go(func() { t.serve(w) })
		}
	}
	t.all.Go(t.merge)
	t.all.Go(t.read)
}

// again makes a job ready for other rows.
func (t *team) again(j *job) {
	if j.batch != nil {
		t.spare <- j
	}
}

// drop waits for a job that nobody wants any more.
func (t *team) drop(j *job) {
	if j.done != nil {
		<-j.done
	}
	t.again(j)
}

// over reports whether the run is to end before its inputs do.
func (t *team) over() bool { return t.failed.Load() || t.ctx.Err() != nil }

// read reads the inputs.
func (t *team) read() {
	lanes := t.lanes()
	rd := t.run.reader()
	for i := 0; i < len(t.inputs) && !t.over() && !t.run.stopped(); {
		if lanes != nil {
			if n := lanes.take(i); n > 0 {
				i += n
				continue
			}
		}
		t.one(rd, i)
		i++
	}
	lanes.close()
	for _, w := range t.workers {
		close(w.in)
		if t.direct {
			close(w.out)
		}
	}
	close(t.turns)
}

// one reads input i for all workers.
func (t *team) one(rd *reader, i int) {
	if !rd.open(i, t.inputs[i], &t.run.reports[i]) {
		return
	}
	defer rd.close()
	t.run.opened(i, rd)
	t.turns <- turn{}
	for last := false; !last; {
		e := <-t.epochs
		e.input = i
		rd.fill(e)
		if t.over() {
			t.failed.Store(true)
			e.last = true
		}
		last = e.last
		if t.direct {
			t.serveDirectly(e)
			e.done()
			t.epochs <- e
			continue
		}
		e.left.Store(int32(len(t.workers)))
		for _, w := range t.workers {
			w.in <- e
		}
	}
}

// serve does a worker's part of all epochs.
func (t *team) serve(w *worker) {
	defer close(w.out)
	for e := range w.in {
		t.step(w, e)
		w.emit(e, func(c *chunk) { w.out <- c })
		if e.left.Add(-1) == 0 {
			e.done()
			t.epochs <- e
		}
	}
}

// step takes the worker's part of an epoch.
func (t *team) step(w *worker, e *epoch) {
	if t.failed.Load() {
		return
	}
	w.update(e)
	if e.last {
		w.flush()
	}
}

// serveDirectly is what the reader does with an epoch itself. Who waits for the rows is not
// woken for none, but now and then so that it can flush.
func (t *team) serveDirectly(e *epoch) {
	w := t.workers[0]
	t.step(w, e)
	if now := time.Now(); e.last || now.Sub(w.gave) > wakeEvery || slices.ContainsFunc(w.ended, func(f ended) bool { return f.end < e.now }) {
		w.gave = now
		w.emit(e, func(c *chunk) { w.out <- c })
	}
}

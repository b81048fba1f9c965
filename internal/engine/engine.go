package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"pinyon/column"
	"pinyon/extract"
)

// Run reads the inputs one after the other, each with flow tables of its own, and gives the
// rows to emit in batches. An input that fails is in its Report, and the run goes on; an
// error of emit ends it. Reports are complete when Run returns. When ctx ends the run stops
// without flushing, and Run returns its error.
func Run(ctx context.Context, inputs []Input, opt *Options, emit Emit) ([]Report, extract.Stats, error) {
	r := newRun(ctx, opt, emit)
	r.reports = make([]Report, len(inputs))
	var err error
	if opt.Workers <= 1 && !slices.ContainsFunc(inputs, func(in Input) bool { return in.Live }) {
		err = r.alone(inputs)
	} else {
		err = r.together(inputs)
	}
	var stats extract.Stats
	for _, w := range r.workers {
		stats.Add(w.mem.Stats)
	}
	stats.BetweennessApproximated = r.approximated
	return r.reports, stats, err
}

// run is what a call of Run holds.
type run struct {
	ctx     context.Context
	opt     *Options
	reports []Report
	reader  reader
	workers []*worker

	writer *extract.Writer
	batch  *column.Batch
	emit   Emit
	ptrs   []*extract.Row
	late   *late // nil unless some column needs all flows of an input

	approximated uint64 // inputs whose betweenness is

	flushed   time.Time // when Flush was called last
	unflushed bool      // rows were emitted since
}

func newRun(ctx context.Context, opt *Options, emit Emit) *run {
	shards := Shards
	if l := opt.Flow.Limit; l > 0 && l < smallLimit {
		shards = 1
	}
	r := &run{
		ctx: ctx, opt: opt,
		writer: extract.NewWriter(opt.Plan),
		batch:  column.New(opt.Plan.Schema, batchRows),
		reader: reader{opt: opt, shards: uint64(shards), seed0: rand.Uint64(), seed1: rand.Uint64()},
	}
	r.emit = func(b *column.Batch) error {
		r.unflushed = true
		return emit(b)
	}
	if opt.Plan.Late() {
		r.late = r.newLate()
	}
	n := min(max(opt.Workers, 1), shards)
	for id := range n {
		r.workers = append(r.workers, newWorker(opt, id, n, shards))
	}
	return r
}

// alone runs everything in this goroutine.
func (r *run) alone(inputs []Input) error {
	w := r.workers[0]
	e := newEpoch()
	c := &chunk{}
	var err error
	take := func() *chunk { c.reset(); return c }
	give := func(c *chunk) {
		r.ending(c)
		for i := range c.n {
			r.count(&c.rows[i])
			r.ptrs = append(r.ptrs, &c.rows[i])
		}
		if err == nil {
			err = r.write(r.ptrs)
		}
		r.ptrs = r.ptrs[:0]
	}
	for i := range inputs {
		if r.stopped() {
			break
		}
		if !r.reader.open(inputs[i], &r.reports[i]) {
			continue
		}
		r.opened(i)
		e.input = i
		for e.last = false; !e.last; {
			r.reader.fill(e)
			w.update(e)
			if e.last {
				w.flush()
			}
			w.emit(e, take, give)
			if e.live && r.late == nil && err == nil {
				if err = r.flushBatch(); err == nil {
					err = r.flush()
				}
			}
			if e.last && r.late != nil && err == nil {
				err = r.endLate()
			}
			if err == nil {
				err = r.ctx.Err()
			}
			if err != nil {
				e.release()
				r.reader.close()
				r.dropLate()
				return err
			}
		}
		r.ended()
	}
	e.release()
	return r.flushBatch()
}

func (r *run) opened(i int) {
	if r.opt.Opened != nil {
		r.opt.Opened(i, r.reader.src)
	}
}

func (r *run) ended() {
	if p := r.opt.Progress; p != nil {
		p.Inputs.Add(1)
	}
}

// ending takes what the last chunk of an input says of it.
func (r *run) ending(c *chunk) {
	if c.done && c.last {
		r.reports[c.input].Held.Add(c.held)
	}
}

// count enters a row into the report of its input.
func (r *run) count(row *extract.Row) {
	rep := &r.reports[row.Input]
	rep.Rows++
	rep.InRows += uint64(row.Packets)
	rep.Ended[row.Reason]++
	if r.late != nil {
		r.late.join.Add(row)
	}
	if p := r.opt.Progress; p != nil {
		p.Flows.Add(1)
	}
}

// write appends rows to the batch and emits it whenever it is full. Batches are cut by
// number of rows alone.
func (r *run) write(rows []*extract.Row) error {
	for len(rows) > 0 {
		n := min(len(rows), batchRows-r.batch.Rows)
		r.writer.Write(r.batch, rows[:n])
		rows = rows[n:]
		if r.batch.Rows == batchRows {
			if err := r.flushBatch(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) flushBatch() error {
	if r.batch.Rows == 0 {
		return nil
	}
	out := r.emit
	if r.late != nil {
		out = r.late.spool.add
	}
	err := out(r.batch)
	r.batch.Reset()
	return err
}

// flush has live rows leave the sink too, now and then. It runs in the goroutine that emits.
func (r *run) flush() error {
	if r.opt.Flush == nil || !r.unflushed || time.Since(r.flushed) < flushEvery {
		return nil
	}
	r.unflushed, r.flushed = false, time.Now()
	return r.opt.Flush()
}

// endLate completes the rows of an input that ended.
func (r *run) endLate() error {
	if err := r.flushBatch(); err != nil {
		return err
	}
	return r.late.end(func() *column.Batch { return r.batch }, func(b *column.Batch) error {
		err := r.emit(b)
		b.Reset()
		return err
	})
}

// dropLate gives up rows that wait for the end of an input.
func (r *run) dropLate() {
	if r.late != nil {
		r.late.spool.reset()
	}
}

// close gives up an input half way.
func (r *reader) close() {
	if r.src != nil {
		r.src.Close()
		r.src = nil
	}
}

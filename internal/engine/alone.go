package engine

import (
	"context"

	"pinyon/column"
)

// line is a run in a single goroutine: reader, worker, assembler and consumer take turns.
type line struct {
	run   *Run
	work  *worker
	epoch *epoch
	rows  *assembler
	stage *stage
	keep  bool   // batches wait for who asks for them
	queue []*job // those that do
	spare []*job
	err   error // of the stage; nothing goes on behind it
}

func (r *Run) line(emit func(*column.Batch) error) *line {
	r.chunks.rows = aloneRows
	l := &line{run: r, work: r.worker(0, 1), epoch: newEpoch(), stage: r.stage(emit, nil)}
	l.rows = r.assembler(l.next, l.send, l.lay)
	return l
}

// next gives an empty job.
func (l *line) next() *job {
	if n := len(l.spare); n > 0 {
		j := l.spare[n-1]
		l.spare = l.spare[:n-1]
		j.reset()
		return j
	}
	return &job{batch: column.New(l.run.opt.Plan.Schema, batchRows)}
}

// lay lays rows out while they are in the processor's cache.
func (l *line) lay(j *job) { l.stage.layout.rows(j) }

// send takes a job that is complete.
func (l *line) send(j *job) {
	if j.fate == waits {
		j.store = appendBatch(j.store[:0], j.batch)
	} else if l.keep {
		l.queue = append(l.queue, j)
		return
	}
	l.take(j)
}

// take consumes a job, whose batch can be used again then.
func (l *line) take(j *job) {
	if l.err == nil {
		l.err = l.stage.take(j)
	}
	if j.batch != nil {
		l.spare = append(l.spare, j)
	}
}

// step takes the epoch.
func (l *line) step(ctx context.Context) error {
	e, w := l.epoch, l.work
	w.update(e)
	if e.last {
		w.flush()
	}
	w.emit(e, func(c *chunk) {
		l.run.ending(c)
		l.rows.add(c, 0, c.n)
		c.release()
	})
	if e.last && l.err == nil {
		if err := l.rows.end(ctx); l.err == nil {
			l.err = err
		}
	}
	if l.err == nil {
		l.err = ctx.Err()
	}
	return l.err
}

// close gives back what the line holds.
func (l *line) close() {
	l.epoch.release()
	l.stage.spool.reset()
}

// alone runs everything in this goroutine.
func (r *Run) alone(ctx context.Context, inputs []Input, emit func(*column.Batch) error) error {
	l := r.line(emit)
	defer l.close()
	rd := r.reader()
	for i := range inputs {
		if r.stopped() || ctx.Err() != nil {
			break
		}
		if !rd.open(i, inputs[i], &r.reports[i]) {
			continue
		}
		r.opened(i, rd)
		l.epoch.input = i
		for l.epoch.last = false; !l.epoch.last; {
			rd.fill(l.epoch)
			if err := l.step(ctx); err != nil {
				rd.close()
				return err
			}
		}
	}
	l.rows.flush()
	if l.err == nil {
		l.err = ctx.Err()
	}
	return l.err
}

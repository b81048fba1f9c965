package engine

import (
	"pinyon/column"
	"pinyon/internal/groups"
)

// stage is the consumer's side of a run: it takes the jobs in order, stores the batches that
// wait for the end of their input, and yields all others. It belongs to the goroutine that
// loops over the batches.
type stage struct {
	run    *Run
	emit   func(*column.Batch) error
	spool  spool
	pool   *layouts // nil if the jobs that the stage makes are done at once
	layout *layout
	back   []*job // jobs for stored batches
	empty  *column.Batch
}

func (r *Run) stage(emit func(*column.Batch) error, pool *layouts) *stage {
	return &stage{
		run: r, emit: emit, pool: pool, layout: newLayout(r.opt.Plan),
		spool: spool{memory: r.opt.WaitMemory}, empty: column.New(r.opt.Plan.Schema, 0),
	}
}

// take does what is left to do with a job that was laid out.
func (s *stage) take(j *job) error {
	switch j.fate {
	case waits:
		return s.spool.add(j.store, j.place)
	case returns:
		return s.replay(j.joins[0].join)
	case pauses:
		return s.emit(s.empty)
	}
	return s.emit(j.batch)
}

// replay completes the batches that waited and yields them.
func (s *stage) replay(join *groups.Join) error {
	defer s.spool.reset()
	ahead := 1
	if s.pool != nil {
		ahead = s.pool.n + 1
	}
	for len(s.back) < ahead {
		j := &job{batch: column.New(s.run.opt.Plan.Schema, batchRows)}
		if s.pool != nil {
			j.done = make(chan struct{}, 1)
		}
		s.back = append(s.back, j)
	}
	first, begun := 0, 0 // numbers of the next job to yield and the next to begin
	var err error
	for more := true; more || first < begun; {
		if more && begun-first < ahead {
			j := s.back[begun%ahead]
			j.reset()
			j.fate = returns
			var p place
			if j.stored, p, more, err = s.spool.next(&j.store); err != nil {
				more = false
				break
			}
			if more {
				j.joins = append(j.joins, joined{join, p.from, p.n})
				begun++
				s.do(j)
			}
			continue
		}
		j := s.back[first%ahead]
		first++
		s.wait(j)
		if err = s.emit(j.batch); err != nil {
			break
		}
	}
	for ; first < begun; first++ {
		s.wait(s.back[first%ahead])
	}
	return err
}

func (s *stage) do(j *job) {
	if s.pool == nil {
		s.layout.do(j)
		return
	}
	s.pool.jobs <- j
}

func (s *stage) wait(j *job) {
	if s.pool != nil {
		<-j.done
	}
}

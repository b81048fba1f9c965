package engine

import (
	"pinyon/column"
	"pinyon/extract"
)

// late is the stage behind the merger: it holds an input's rows back until all its flows are
// known, and then fills the columns that need them.
type late struct {
	run    *run
	join   *extract.Join
	spool  spool
	writer *extract.Writer
}

func (r *run) newLate() *late {
	l := &late{run: r, spool: spool{plan: r.opt.Plan}, writer: extract.NewWriter(r.opt.Plan)}
	l.begin()
	return l
}

// begin makes ready for an input.
func (l *late) begin() { l.join = extract.NewJoin(l.run.opt.Plan, max(l.run.opt.Workers, 1)) }

// end fills the late columns of the input's rows and hands them to f.
func (l *late) end(next func() *column.Batch, f func(*column.Batch) error) error {
	g := l.join.Graph()
	if err := g.Finish(l.run.ctx); err != nil {
		l.spool.reset()
		return err
	}
	if taken, all := g.Sources(); taken < all {
		l.run.approximated++
	}
	err := l.spool.replay(next, func(b *column.Batch, from int) error {
		l.writer.WriteLate(b, l.join, from)
		return f(b)
	})
	l.begin()
	return err
}

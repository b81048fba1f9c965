package engine

import (
	"context"

	"pinyon/internal/groups"
)

// assembler puts rows that come in order into jobs. It computes no value: it cuts batches by
// number of rows alone, and knows which rows wait for the end of their input, because some of
// their columns (those of group connection) need all flows of it.
type assembler struct {
	run    *Run
	open   *job         // the batch that rows go into
	serial uint64       // its number, from 1
	next   func() *job  // gives an empty one
	send   func(*job)   // takes one that is complete
	lay    func(*job)   // lays the rows of the open job out at once; nil leaves that to who gets it
	join   *groups.Join // of the input at hand; nil unless the plan has late columns

	rows    int  // rows of the input at hand that join has
	waiting int  // those of them in the open job
	stored  bool // others are stored
}

func (r *Run) assembler(next func() *job, send, lay func(*job)) *assembler {
	a := &assembler{run: r, next: next, send: send, lay: lay, serial: 1}
	a.open = next()
	if r.opt.Plan.Late() {
		a.join = r.newJoin()
	}
	return a
}

func (r *Run) newJoin() *groups.Join { return groups.NewJoin(r.opt.Plan, max(r.opt.Workers, 1)) }

// add takes rows from to to of a chunk.
func (a *assembler) add(c *chunk, from, to int) {
	for i := from; i < to; i++ {
		row := &c.rows[i]
		if c.batch != a.serial {
			c.batch = a.serial
			c.users.Add(1)
			a.open.used = append(a.open.used, c)
		}
		switch {
		case a.join == nil:
		case c.whole:
			a.open.whole()
		default:
			a.join.Add(row)
			a.rows++
			a.waiting++
		}
		a.run.count(row)
		a.open.rows = append(a.open.rows, row)
		if a.open.n++; a.open.n == batchRows {
			a.full()
		}
	}
	if a.lay != nil && len(a.open.rows) > 0 {
		a.lay(a.open)
	}
}

// whole notes that the row about to be added carries its late columns.
func (j *job) whole() {
	at := len(j.rows)
	if k := len(j.joins) - 1; k >= 0 && j.joins[k].join == nil && j.joins[k].from+j.joins[k].n == at {
		j.joins[k].n++
		return
	}
	j.joins = append(j.joins, joined{nil, at, 1})
}

// full hands the open job on.
func (a *assembler) full() {
	j := a.open
	if a.waiting > 0 {
		j.fate, j.place = waits, place{a.rows - a.waiting, a.waiting}
		a.waiting, a.stored = 0, true
	}
	if a.lay != nil {
		a.lay(j)
	}
	a.run.account.Rows(&a.run.outcome)
	a.send(j)
	a.open = a.next()
	a.serial++
}

// flush hands the open job on though it is not full, and says that nothing else is at hand.
func (a *assembler) flush() {
	if a.open.n > 0 {
		a.full()
	}
}

// end completes the input at hand: what follows from all its flows is computed, and rows that
// waited for it can leave.
func (a *assembler) end(ctx context.Context) error {
	if a.join == nil || a.rows == 0 {
		return nil
	}
	if err := a.run.finish(ctx, a.join); err != nil {
		return err
	}
	if a.stored {
		a.send(&job{fate: returns, joins: []joined{{join: a.join}}})
	}
	if a.waiting > 0 {
		a.open.joins = append(a.open.joins, joined{a.join, a.rows - a.waiting, a.waiting})
		if a.lay != nil {
			a.lay(a.open)
		}
	}
	a.join = a.run.newJoin()
	a.rows, a.waiting, a.stored = 0, 0, false
	return nil
}

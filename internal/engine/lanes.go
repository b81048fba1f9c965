package engine

import (
	"slices"

	"pinyon/internal/groups"
)

// Several small inputs are read side by side, each by one goroutine: cutting an input of a
// few packets into epochs for several workers costs more than it brings. Their rows go on in
// the order of the inputs, so that nobody can tell.

const (
	turnsInFlight = 64      // small runs of inputs that are read before their turn
	smallInput    = 1 << 20 // bytes up to which an input is small
	smallRun      = 4 << 20 // bytes that are read in one go
	smallInputs   = 64      // inputs that are read in one go
	heldRows      = 1024    // rows of an input that wait for its end here
	heldChunks    = 4       // chunks that wait for their turn
)

// small is a run of small inputs that one goroutine reads.
type small struct {
	from, to int
	out      chan *chunk // their rows, in order
}

// lanes read small inputs.
type lanes struct {
	*team
	todo chan *small
}

// lanes makes them if they have something to do: when there are at least two small inputs for
// every core.
func (t *team) lanes() *lanes {
	n := t.run.opt.Workers
	few := 0
	for i := range t.inputs {
		if t.inputs[i].Live {
			return nil
		}
		if isSmall(&t.inputs[i]) {
			few++
		}
	}
	if n < 2 || few < 2*n {
		return nil
	}
	l := &lanes{team: t, todo: make(chan *small)}
	for range n {
		t.all.Go(l.readRuns)
	}
	return l
}

func isSmall(in *Input) bool { return in.Size > 0 && in.Size <= smallInput }

// take begins to read the small inputs from i on, and says how many these are.
func (l *lanes) take(i int) int {
	to, bytes := i, int64(0)
	for to < len(l.inputs) && to-i < smallInputs && bytes < smallRun && isSmall(&l.inputs[to]) {
		bytes += l.inputs[to].Size
		to++
	}
	if to == i {
		return 0
	}
	s := &small{i, to, make(chan *chunk, heldChunks)}
	l.turns <- turn{s}
	l.todo <- s
	return to - i
}

func (l *lanes) close() {
	if l != nil {
		close(l.todo)
	}
}

// lane is one goroutine that reads small inputs.
type lane struct {
	*team
	out   chan *chunk
	work  *worker
	epoch *epoch
	held  []*chunk // rows of the input at hand, if late columns need all of them
	rows  int      // in held
	over  bool     // there were too many; whoever assembles does the rest
}

// readRuns reads one run of inputs after the other.
func (l *lanes) readRuns() {
	x := &lane{team: l.team, epoch: newEpoch()}
	x.work = l.run.worker(0, 1)
	rd := l.run.reader()
	for s := range l.todo {
		x.out = s.out
		for i := s.from; i < s.to && !l.team.over() && !l.team.run.stopped(); i++ {
			x.read(rd, i)
		}
		close(s.out)
	}
	x.epoch.release()
}

// read reads input i.
func (x *lane) read(rd *reader, i int) {
	if !rd.open(i, x.inputs[i], &x.run.reports[i]) {
		return
	}
	defer rd.close()
	x.run.opened(i, rd)
	e := x.epoch
	e.input = i
	x.over = false
	for e.last = false; !e.last; {
		rd.fill(e)
		if x.team.over() {
			x.failed.Store(true)
			e.last = true
		}
		x.step(x.work, e)
		x.work.emit(e, x.give)
	}
}

// give takes a chunk from the worker.
func (x *lane) give(c *chunk) {
	late := x.run.opt.Plan.Late()
	switch {
	case !late:
		c.whole = true
		x.out <- c
		return
	case x.over:
		x.out <- c
		return
	}
	x.held = append(x.held, c)
	if x.rows += c.n; x.rows > heldRows {
		x.over = true
		x.pass()
		return
	}
	if c.last {
		x.join()
		x.pass()
	}
}

// pass hands on what is held.
func (x *lane) pass() {
	for _, c := range x.held {
		x.out <- c
	}
	x.held, x.rows = slices.Delete(x.held, 0, len(x.held)), 0
}

// join fills in what follows from all rows of the input, which are at hand.
func (x *lane) join() {
	if x.rows == 0 || x.failed.Load() {
		return
	}
	j := groups.NewJoin(x.run.opt.Plan, 1)
	for _, c := range x.held {
		for i := range c.n {
			j.Add(&c.rows[i])
		}
	}
	if err := x.run.finish(x.ctx, j); err != nil {
		return // the run ends for the same reason
	}
	n := 0
	for _, c := range x.held {
		for i := range c.n {
			j.Fill(&c.rows[i], n)
			n++
		}
		c.whole = true
	}
}

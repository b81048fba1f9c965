package engine

import (
	"pinyon/column"
	"pinyon/internal/groups"
)

// A fate is what becomes of a job's batch.
type fate uint8

const (
	leaves  fate = iota // its consumer gets it
	waits               // it is stored until its input ends
	returns             // nothing was laid out: what is stored leaves now
	pauses              // nothing was laid out: its consumer may flush
)

// job is a batch on its way: rows to lay out as columns, and what becomes of it afterwards.
type job struct {
	fate   fate
	batch  *column.Batch
	n      int           // rows of the batch, laid out or not
	rows   []*groups.Row // those that are not laid out yet
	used   []*chunk      // that these lie in
	joins  []joined
	place  place         // of a batch that waits
	store  []byte        // a batch that is to wait, encoded, and memory to read one into
	stored []byte        // a batch that waited, encoded; the spool's, or in store
	done   chan struct{} // takes a value once the batch is laid out; nil without a pool
}

// joined are rows whose late columns can be filled: the next n of the batch. They are number
// from of the join on, or carry what the join knows if it is nil.
type joined struct {
	join    *groups.Join
	from, n int
}

// place says which rows of the input at hand a batch holds that waits: n, from number from on.
// Rows of earlier inputs, complete already, may stand before them.
type place struct{ from, n int }

func (j *job) reset() {
	j.batch.Reset()
	j.fate, j.n, j.joins = leaves, 0, j.joins[:0]
}

// layout lays rows out as columns. It belongs to one goroutine.
type layout struct {
	plan   *groups.Plan
	writer *groups.Writer
}

func newLayout(p *groups.Plan) *layout { return &layout{plan: p, writer: groups.NewWriter(p)} }

// rows lays out what of the job is not yet, and gives the chunks back.
func (l *layout) rows(j *job) {
	whole := j.rows
	for rows := j.rows; len(rows) > 0; {
		n := min(len(rows), layoutRows)
		l.writer.Write(j.batch, rows[:n])
		rows = rows[n:]
	}
	for _, g := range j.joins {
		if g.join != nil {
			l.writer.WriteLate(j.batch, g.join, g.from, g.n)
			continue
		}
		for rows := whole[g.from : g.from+g.n]; len(rows) > 0; {
			n := min(len(rows), layoutRows)
			l.writer.WriteJoined(j.batch, rows[:n])
			rows = rows[n:]
		}
	}
	j.joins = j.joins[:0]
	j.rows = j.rows[:0]
	for _, c := range j.used {
		c.release()
	}
	j.used = j.used[:0]
}

// do lays the job out. A batch that waits is encoded as well.
func (l *layout) do(j *job) {
	if j.fate == returns { // a stored batch comes back
		readBatch(j.stored, j.batch)
	}
	l.rows(j)
	if j.fate == waits {
		j.store = appendBatch(j.store[:0], j.batch)
	}
}

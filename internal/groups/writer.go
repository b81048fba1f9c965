package groups

import (
	"slices"

	"pinyon/column"
)

// A Writer turns rows into columns. It is used from one goroutine.
type Writer struct {
	plan    *Plan
	applies [][]bool // by group
	used    []bool   // groups with a column
	late    []int    // positions of late columns
	joined  []*Row   // rows that know their place in the graph and nothing else
}

// lateRows is how many rows late columns are written for at once.
const lateRows = 256

// NewWriter makes a writer for the plan's schema.
func NewWriter(p *Plan) *Writer {
	w := &Writer{plan: p, applies: make([][]bool, len(tables)), used: make([]bool, len(tables))}
	for _, c := range p.columns {
		if c.group >= 0 {
			w.used[c.group] = true
		}
	}
	for i := range p.columns {
		if p.IsLate(i) {
			w.late = append(w.late, i)
		}
	}
	return w
}

// Write appends rows to b, one column over all rows at a time. Runs of a few hundred rows
// are best: they stay in the cache while three hundred columns pass over them.
func (w *Writer) Write(b *column.Batch, rows []*Row) {
	for g := range tables {
		w.applies[g] = w.applies[g][:0]
		if f := tables[g].applies; f != nil && w.used[g] && !tables[g].late {
			for _, r := range rows {
				w.applies[g] = append(w.applies[g], f(r))
			}
		}
	}
	for i := range w.plan.columns {
		c := &w.plan.columns[i]
		if c.group >= 0 && tables[c.group].late {
			continue
		}
		var applies []bool
		if c.group >= 0 && tables[c.group].applies != nil {
			applies = w.applies[c.group]
		}
		c.f.add(&b.Cols[i], rows, applies)
	}
	b.Rows += len(rows)
}

// WriteLate appends the late columns of n rows to b, those of the join from number from on.
func (w *Writer) WriteLate(b *column.Batch, j *Join, from, n int) {
	if len(w.late) == 0 {
		return
	}
	for len(w.joined) < min(n, lateRows) {
		w.joined = append(w.joined, new(Row))
	}
	for to := from + n; from < to; {
		rows := w.joined[:min(to-from, lateRows)]
		for i := range rows {
			j.Fill(rows[i], from+i)
		}
		w.WriteJoined(b, rows)
		from += len(rows)
	}
}

// WriteJoined appends the late columns of rows that Join.Fill filled in.
func (w *Writer) WriteJoined(b *column.Batch, rows []*Row) {
	if len(w.late) == 0 {
		return
	}
	applies := w.applies[groupConnection][:0]
	for _, r := range rows {
		applies = append(applies, r.isJoined())
	}
	w.applies[groupConnection] = applies
	if !slices.Contains(applies, false) {
		applies = nil
	}
	for _, i := range w.late {
		w.plan.columns[i].f.add(&b.Cols[i], rows, applies)
	}
}

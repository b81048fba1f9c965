package extract

import "pinyon/column"

// A Writer turns rows into columns. It is used from one goroutine.
type Writer struct {
	plan    *Plan
	applies [][]bool // by group
	used    []bool   // groups with a column
}

// NewWriter makes a writer for the plan's schema.
func NewWriter(p *Plan) *Writer {
	w := &Writer{plan: p, applies: make([][]bool, len(tables)), used: make([]bool, len(tables))}
	for _, c := range p.columns {
		if c.group >= 0 {
			w.used[c.group] = true
		}
	}
	return w
}

// Write appends rows to b, one column over all rows at a time. Runs of a few hundred rows
// are best: they stay in the cache while three hundred columns pass over them.
func (w *Writer) Write(b *column.Batch, rows []*Row) {
	for g := range tables {
		w.applies[g] = w.applies[g][:0]
		if f := tables[g].applies; f != nil && w.used[g] {
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

// WriteLate fills the late columns of b, whose rows are those of the join from number from on.
func (w *Writer) WriteLate(b *column.Batch, j *Join, from int) {
	j.each(from, from+b.Rows, func(rows []*Row) {
		for i := range w.plan.columns {
			if w.plan.IsLate(i) {
				w.plan.columns[i].f.add(&b.Cols[i], rows, nil)
			}
		}
	})
}

package extract

import "pinyon/column"

// A Writer turns rows into columns. It is used from one goroutine.
type Writer struct {
	plan    *Plan
	applies [groupCount][]bool
}

// NewWriter makes a writer for the plan's schema.
func NewWriter(p *Plan) *Writer { return &Writer{plan: p} }

// Write appends rows to b, one column over all rows at a time. Runs of a few hundred rows
// are best: they stay in the cache while three hundred columns pass over them.
func (w *Writer) Write(b *column.Batch, rows []*Row) {
	for g := range groups {
		w.applies[g] = w.applies[g][:0]
		if f := groups[g].applies; f != nil && w.plan.on.has(g) {
			for _, r := range rows {
				w.applies[g] = append(w.applies[g], f(r))
			}
		}
	}
	for i := range w.plan.columns {
		c := &w.plan.columns[i]
		var applies []bool
		if c.group >= 0 && groups[c.group].applies != nil {
			applies = w.applies[c.group]
		}
		c.f.add(&b.Cols[i], rows, applies)
	}
	b.Rows += len(rows)
}

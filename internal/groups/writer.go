package groups

import "pinyon/column"

// A Writer turns rows into columns. It is used from one goroutine.
type Writer struct {
	plan    *Plan
	applies [][]uint16 // by group: positions of the rows at hand that it applies to
	used    []bool     // groups with a column
	late    []int      // positions of late columns
	joined  []*Row     // rows that know their place in the graph and nothing else
}

const (
	lateRows = 256     // rows that late columns are written for at once
	maxRows  = 1 << 10 // rows that all others are written for at once
)

// NewWriter makes a writer for the plan's schema.
func NewWriter(p *Plan) *Writer {
	w := &Writer{plan: p, applies: make([][]uint16, len(tables)), used: make([]bool, len(tables))}
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
	for len(rows) > maxRows {
		w.write(b, rows[:maxRows])
		rows = rows[maxRows:]
	}
	w.write(b, rows)
}

func (w *Writer) write(b *column.Batch, rows []*Row) {
	every := everyRow[:len(rows)]
	for g := range tables {
		f := tables[g].applies
		if f == nil || !w.used[g] || tables[g].late {
			continue
		}
		at := w.applies[g][:0]
		for i, r := range rows {
			if f(r) {
				at = append(at, uint16(i))
			}
		}
		w.applies[g] = at
	}
	for i := range w.plan.columns {
		c := &w.plan.columns[i]
		apply := every
		if c.group >= 0 {
			if tables[c.group].late {
				continue
			}
			if tables[c.group].applies != nil {
				apply = w.applies[c.group]
			}
		}
		c.f.add(&b.Cols[i], rows, apply)
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
	for ; len(rows) > 0; rows = rows[min(len(rows), maxRows):] {
		n := min(len(rows), maxRows)
		at := w.applies[groupConnection][:0]
		for i, r := range rows[:n] {
			if r.isJoined() {
				at = append(at, uint16(i))
			}
		}
		w.applies[groupConnection] = at
		for _, i := range w.late {
			w.plan.columns[i].f.add(&b.Cols[i], rows[:n], at)
		}
	}
}

package sql

import (
	"fmt"
	"slices"
	"strings"

	"pinyon/column"
)

// A Column is a column of a table.
type Column struct {
	Name, Type string
	Required   bool // may be neither null nor left out
}

// A Plan is what a run writes to: tables, columns and how far it has come.
type Plan struct {
	Options
	Rows    *column.Schema
	Name    Name     // the table
	Into    Name     // where rows go: the table, or the one that takes its place at the end
	Columns []Column // of the schema, in its order, and then of Meta, as the table has them
	Run     Run
}

// Native reports whether the database's own types are wanted.
func (p *Plan) Native() bool { return p.Types == "native" }

// A Run is a row of the table of runs.
type Run struct {
	ID     string
	Head   string        // provenance as far as it is known at first, JSON or ""
	Tail   func() string // the same at the end
	Resume bool
	From   uint64 // number of the first row that is given
	Done   uint64 // rows that are committed
	Known  bool   // the table of runs has it already
	Ended  bool   // all its rows are there
}

// meta are the columns of Meta.
const (
	MetaRun  = "run_id"
	MetaRow  = "run_row"
	MetaTime = "ingested_at"
)

// Types say which types columns of a database may have to hold values as they are; the first
// is what a new table gets.
type Types interface {
	Of(f *column.Field, native bool) []string
	// Meta are the types for run_id, run_row and ingested_at.
	Meta(native bool) [3][]string
}

// wanted are the columns of the rows with the types that each may have.
func (p *Plan) wanted(types Types) (names []string, choices [][]string) {
	for i := range p.Rows.Fields {
		f := &p.Rows.Fields[i]
		names, choices = append(names, f.Out), append(choices, types.Of(f, p.Native()))
	}
	if p.Meta {
		m := types.Meta(p.Native())
		names, choices = append(names, MetaRun, MetaRow, MetaTime), append(choices, m[0], m[1], m[2])
	}
	return names, choices
}

// Fresh makes Columns those of a new table.
func (p *Plan) Fresh(types Types) {
	names, choices := p.wanted(types)
	p.Columns = p.Columns[:0]
	for i, name := range names {
		p.Columns = append(p.Columns, Column{Name: name, Type: choices[i][0]})
	}
}

// Fit makes Columns those of a table that is there, and returns the ones that it lacks. A
// column that cannot hold its values as they are, or one that has to be filled and is not
// among the rows, is an error.
func (p *Plan) Fit(types Types, there []Column) (missing []Column, err error) {
	names, choices := p.wanted(types)
	var faults []string
	p.Columns = p.Columns[:0]
	for i, name := range names {
		k := slices.IndexFunc(there, func(c Column) bool { return c.Name == name })
		if k < 0 {
			c := Column{Name: name, Type: choices[i][0]}
			missing = append(missing, c)
			p.Columns = append(p.Columns, c)
			continue
		}
		if !slices.Contains(choices[i], there[k].Type) {
			faults = append(faults, fmt.Sprintf("column %s is %s, rows need %s", name, there[k].Type, strings.Join(choices[i], " or ")))
		}
		p.Columns = append(p.Columns, there[k])
	}
	for _, c := range there {
		if c.Required && !slices.Contains(names, c.Name) {
			faults = append(faults, fmt.Sprintf("column %s may not be null, and rows do not have it", c.Name))
		}
	}
	if len(faults) > 0 {
		const some = 5
		if n := len(faults); n > some {
			faults = append(faults[:some], fmt.Sprintf("and %d more", n-some))
		}
		return nil, fmt.Errorf("%w: %s: %s", ErrTypes, p.Name, strings.Join(faults, "; "))
	}
	return missing, nil
}

// Indexed are the columns to index; an error names one that the rows do not have.
func (p *Plan) Indexed() ([]string, error) {
	var names []string
	for _, name := range strings.Split(p.Index, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if p.Rows.Index(name) < 0 && !(p.Meta && (name == MetaRun || name == MetaRow || name == MetaTime)) {
			return nil, fmt.Errorf("index: no column %q", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// List is names as SQL lists them.
func List(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Quote(n)
	}
	return strings.Join(quoted, ", ")
}

// Names are the names of Columns.
func (p *Plan) Names() []string {
	names := make([]string, len(p.Columns))
	for i := range p.Columns {
		names[i] = p.Columns[i].Name
	}
	return names
}

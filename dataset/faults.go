package dataset

import (
	"fmt"

	"pinyon/extract"
	"pinyon/feature"
)

// Faults are the ways in which a table is not one of a version of the schema: names, types,
// values and order, a sentence each.
func (t *Table) Faults(version string) []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if t.Version != "" && t.Version != version {
		add("the file says schema %s", t.Version)
	}
	position := map[string]int{}
	for i, d := range extract.All() {
		position[d.ID()] = i
	}
	known := knownColumns()
	seen := map[string]bool{}
	last := -1
	for i := range t.Columns {
		c := &t.Columns[i]
		d, ok := known[c.Name]
		switch {
		case seen[c.Name]:
			add("column %s: twice", c.Name)
			continue
		case !ok:
			add("column %s: unknown", c.Name)
			continue
		}
		seen[c.Name] = true
		if c.typed && c.Type != d.Kind.String() && !(d.Kind.IsList() && c.Type == "string") && !(d.Form == feature.Stamp && c.Type == stampWord) {
			add("column %s: type %s, want %s", c.Name, c.Type, d.Kind)
		}
		if c.bad > 0 {
			want := d.Kind.String()
			if d.Form == feature.Stamp {
				want = "time"
			}
			add("column %s: %d values are no %s, the first in %s", c.Name, c.bad, want, c.first)
		}
		if at := position[d.ID()]; at < last {
			add("column %s: out of order", c.Name)
		} else {
			last = at
		}
	}
	return faults
}

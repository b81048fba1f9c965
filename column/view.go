package column

import "fmt"

// A View shows batches of one schema as batches of another one, whose columns are among theirs. It
// copies no value. It is used from one goroutine.
type View struct {
	from []int
	b    Batch
}

// NewView is a view of batches of a schema; to has the columns that it shows, by output name. An
// error names one that is not there, or of another kind.
func NewView(from, to *Schema) (*View, error) {
	v := &View{b: Batch{Schema: to, Cols: make([]Column, len(to.Fields))}}
	for i := range to.Fields {
		f := &to.Fields[i]
		k := from.Index(f.Out)
		if k < 0 || from.Fields[k].Kind != f.Kind {
			return nil, fmt.Errorf("column: no column %s of kind %s to show", f.Out, f.Kind)
		}
		v.from = append(v.from, k)
	}
	return v, nil
}

// Of shows a batch. What it returns is valid as long as that, until the next call.
func (v *View) Of(b *Batch) *Batch {
	v.b.Rows = b.Rows
	for i, k := range v.from {
		v.b.Cols[i] = b.Cols[k]
		v.b.Cols[i].Field = &v.b.Schema.Fields[i]
	}
	return &v.b
}

// Pick is the schema of the columns that words name: output names, names with their group, and groups.
// An error names a word that none has.
func (s *Schema) Pick(words []string) (*Schema, error) {
	part := &Schema{Nulls: s.Nulls, Version: s.Version}
	used := make([]bool, len(words))
	for i := range s.Fields {
		f, wanted := &s.Fields[i], false
		for k, w := range words {
			if w == f.Out || w == f.Group || w == f.ID() || w == "all" {
				wanted, used[k] = true, true
			}
		}
		if wanted {
			part.Fields = append(part.Fields, *f)
		}
	}
	for k, w := range words {
		if !used[k] {
			return nil, fmt.Errorf("column: there is no column and no group %q", w)
		}
	}
	return part, nil
}

package dataset

import (
	"encoding/json"
	"io"
	"os"
)

// versionKey is where Arrow and Parquet files say which schema theirs is of.
const versionKey = "pinyon.schema_version"

// arrow takes over what a check has found.
func (t *Table) arrow(format string, c *arrowCheck) {
	t.Format, t.Rows, t.Version = format, c.rows, c.meta[versionKey]
	known := knownColumns()
	for i := range c.fields {
		t.column(known, c.fields[i].name, c.fields[i].word).Missing = c.missing[i]
	}
	t.says(c.meta[provenanceKey])
}

// scanParquet counts rows and nulls by the footer, and checks all pages. Nulls of list columns
// count elements there, so that theirs are left out.
func (t *Table) scanParquet(r io.ReaderAt, size int64, b *budget) error {
	t.Format = "parquet"
	c := parquetCheck{budget: b}
	if err := c.footer(r, size); err != nil {
		return err
	}
	if err := c.pages(r); err != nil {
		return err
	}
	t.Rows, t.Version = uint64(c.rows), c.meta[versionKey]
	t.says(c.meta[provenanceKey])
	known := knownColumns()
	plain := map[*parquetNode]int{} // position of columns that are not lists
	for i, n := range c.root.children {
		t.column(known, n.name, n.word())
		plain[n] = i
	}
	for i := range c.groups {
		for k := range c.groups[i].chunks {
			if at, ok := plain[c.leaves[k].node]; ok {
				t.Columns[at].Missing += uint64(max(c.groups[i].chunks[k].nulls, 0))
			}
		}
	}
	return nil
}

// says takes over what the provenance of a table says of it.
func (t *Table) says(provenance string) {
	var v struct {
		Partial bool `json:"partial"`
	}
	if json.Unmarshal([]byte(provenance), &v) == nil && v.Partial {
		t.Partial = true
	}
}

// sidecar takes over what the file beside a table says of it.
func (t *Table) sidecar() {
	const longest = 64 << 20
	info, err := os.Stat(t.Path + ".provenance.json")
	if err != nil || !info.Mode().IsRegular() || info.Size() > longest {
		return
	}
	if b, err := os.ReadFile(t.Path + ".provenance.json"); err == nil {
		t.says(string(b))
	}
}

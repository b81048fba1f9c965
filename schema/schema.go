// Package schema exports what columns there are: as lists, as Markdown, as JSON Schema, as an
// Arrow schema and as SQL.
package schema

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"pinyon/extract"
	"pinyon/feature"
	"pinyon/internal/near"
)

// Forms are the forms of Write: json and csv list the columns by group and
// name, with their position; markdown has a table a group; jsonschema describes a row of
// JSON Lines output; arrow is the schema in Arrow's JSON form; sql creates a table; full
// and minimal are objects keyed by id and by name.
var Forms = []string{"json", "csv", "markdown", "jsonschema", "arrow", "sql", "full", "minimal"}

// Options say which columns Write tells of, and how. The zero value is every
// column as JSON.
type Options struct {
	Form  string // one of Forms; "" is json
	Group string // only this group; "extra" is every further column, "extra.tls" those of a group; "" is all
	Nulls bool   // absent values leave as nulls (missing: null)
	Table string // sql: name of the table; "" is pinyon_features
}

// Write describes the columns that can be asked for, optional ones included and
// marked. Errors name an unknown group or form, or are w's.
func Write(w io.Writer, o *Options) error {
	if o == nil {
		o = &Options{}
	}
	d, err := newDoc(o)
	if err != nil {
		return err
	}
	switch o.Form {
	case "", "json":
		return writeJSON(w, d.list())
	case "csv":
		return d.csv(w)
	case "markdown":
		return d.markdown(w)
	case "jsonschema":
		return writeJSON(w, d.jsonSchema())
	case "arrow":
		return writeJSON(w, d.arrow())
	case "sql":
		return d.sql(w, cmp.Or(o.Table, "pinyon_features"))
	case "full":
		return writeJSON(w, d.full())
	case "minimal":
		return writeJSON(w, d.minimal())
	}
	return fmt.Errorf("unknown form of the schema %q; forms are: %s", o.Form, strings.Join(Forms, ", "))
}

// doc is the columns to describe, in column order.
type doc struct {
	columns []column
	nulls   bool
}

// column is a column and its place among all, from 0.
type column struct {
	feature.Desc
	position int
}

func newDoc(o *Options) (*doc, error) {
	d := &doc{nulls: o.Nulls}
	for i, f := range extract.All() {
		if o.Group == "" || f.Group == o.Group || strings.HasPrefix(o.Group, "extra") && extract.IsExtra(f.Name) && (o.Group == "extra" || o.Group == "extra."+f.Group) {
			d.columns = append(d.columns, column{f, i})
		}
	}
	if len(d.columns) == 0 {
		return nil, fmt.Errorf("unknown feature group %q; groups are: %s%s", o.Group, strings.Join(Groups(), ", "), near.Hint(o.Group, Groups()))
	}
	return d, nil
}

// Groups are the words that Options.Group may be: the groups, extra, and the groups of which
// extra has columns.
func Groups() []string {
	words := append(extract.Groups(), "extra")
	for _, f := range extract.All() {
		if !extract.IsExtra(f.Name) {
			continue
		}
		if !slices.Contains(words, f.Group) {
			words = append(words, f.Group)
		}
		if part := "extra." + f.Group; !slices.Contains(words, part) {
			words = append(words, part)
		}
	}
	return words
}

// groups are the names of the groups described, in column order.
func (d *doc) groups() []string {
	var names []string
	for i := range d.columns {
		if g := d.columns[i].Group; !slices.Contains(names, g) {
			names = append(names, g)
		}
	}
	return names
}

// sorted is the columns by group and name.
func (d *doc) sorted() []column {
	s := slices.Clone(d.columns)
	slices.SortFunc(s, func(a, b column) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return s
}

// missing is the policy for an absent value of the column and the value that stands for it.
func (d *doc) missing(c *column) (policy string, value any) {
	switch {
	case !c.Nullable:
		return "never", nil
	case d.nulls:
		return "null", nil
	case c.Kind == feature.Text && c.MissingText == "":
		return "empty", ""
	case c.Kind == feature.Text:
		return "sentinel", c.MissingText
	case c.Kind == feature.Int && c.MissingInt != 0:
		return "sentinel", c.MissingInt
	case c.Kind == feature.Bool:
		return "zero", false
	case c.Kind.IsList():
		return "empty", []any{}
	}
	return "zero", 0
}

func (d *doc) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write([]string{"name", "type", "description", "unit", "group"}) // errors show in Flush
	for _, f := range d.sorted() {
		c.Write([]string{f.Name, typeWord(&f.Desc), f.Doc, string(f.Unit), f.Group})
	}
	c.Flush()
	return c.Error()
}

func (d *doc) markdown(w io.Writer) error {
	var b strings.Builder
	for _, g := range d.groups() {
		fmt.Fprintf(&b, "## %s\n\n| Feature | Type | Description | Unit |\n|---|---|---|---|\n", g)
		for i := range d.columns {
			if f := &d.columns[i]; f.Group == g {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, typeWord(&f.Desc), markdownCell(f.Doc), cmp.Or(string(f.Unit), "-"))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}

// dtype is the type of a column's values in the formats that have types.
func dtype(d *feature.Desc) string {
	if d.Form == feature.Stamp {
		return "timestamp[ns, UTC]"
	}
	return d.Kind.String()
}

// typeWord is that in a word for readers.
func typeWord(d *feature.Desc) string {
	if d.Form == feature.Stamp {
		return "timestamp"
	}
	return d.Kind.TypeWord()
}

// markdownCell keeps a bar in the text from ending the cell.
func markdownCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

var sqlTypes = map[feature.Kind]string{
	feature.Int: "BIGINT", feature.Float: "DOUBLE PRECISION", feature.Bool: "BOOLEAN", feature.Text: "TEXT",
	feature.IntList: "JSONB", feature.FloatList: "JSONB", feature.Triples: "JSONB",
}

// sql writes a CREATE TABLE that PostgreSQL and SQLite take.
func (d *doc) sql(w io.Writer, table string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "-- pinyon schema %s; absent values leave as %s\nCREATE TABLE %s (\n", feature.SchemaVersion, d.policy(), sqlName(table))
	for i := range d.columns {
		f := &d.columns[i]
		end := ","
		if i == len(d.columns)-1 {
			end = ""
		}
		note := f.Doc
		if f.Unit != feature.None {
			note += " Unit: " + string(f.Unit) + "."
		}
		if f.Optional {
			note += " Optional."
		}
		fmt.Fprintf(&b, "    %s %s%s -- %s\n", sqlName(f.Name), sqlTypes[f.Kind], end, note)
	}
	b.WriteString(");\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// sqlName quotes an identifier.
func sqlName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func (d *doc) policy() string {
	if d.nulls {
		return "null"
	}
	return "zero"
}

// Package sql has what sinks of databases share: the table that a schema makes, what becomes
// of one that is there, transactions, the table of runs, and going on behind a run that was
// killed. What a kind of database does itself is a Conn, in a package of its own below this
// one, so that no program holds a driver that it does not name.
package sql

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinyon/sink"
)

// Options say which table rows go to, and how. NewOptions gives the defaults.
type Options struct {
	Table     string // name, with a schema and a dot in front where the database has schemas
	IfExists  string // append, replace or fail
	BatchSize int    // rows a transaction, 1 at least
	Types     string // native, or plain for the types of Parquet
	Atomic    bool   // one transaction for all rows
	Meta      bool   // columns run_id, run_row and ingested_at
	Index     string // columns to index once all rows are there, with commas
	Partition string // none, or day
	// Connections are how many transactions bring rows side by side, where the database can do that.
	// They commit in the order of the rows, but with more than one the table has them in any order.
	Connections int
	Runs        bool // keep the table of runs, without which nothing can be resumed
}

// NewOptions are the defaults.
func NewOptions() any {
	return &Options{Table: "pinyon_features", IfExists: "append", BatchSize: 1000, Types: "native", Partition: "none", Connections: 4, Runs: true}
}

// OptionList are the options that all sinks of databases have.
var OptionList = []sink.Option{
	sink.Text("table", "db-table", "table for the rows, also SCHEMA.TABLE; pinyon_features if not given", func(o *Options) *string { return &o.Table }),
	sink.Text("if-exists", "db-if-exists", "what becomes of a table that is there: append to it, replace it at the end of the run, or fail",
		func(o *Options) *string { return &o.IfExists }, "append", "replace", "fail"),
	{Name: "batch-size", Flag: "db-batch-size", Doc: "rows a transaction, 1000 if not given", Set: func(o any, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("got %q; want a number of rows", v)
		}
		o.(*Options).BatchSize = max(n, 1)
		return nil
	}},
	sink.Text("types", "db-types", "native for times, addresses and arrays where the database has them, plain for numbers and text as in Parquet",
		func(o *Options) *string { return &o.Types }, "native", "plain"),
	sink.Switch("atomic", "db-atomic", "all rows in one transaction", func(o *Options) *bool { return &o.Atomic }),
	sink.Switch("meta", "db-meta", "add columns run_id, run_row and ingested_at", func(o *Options) *bool { return &o.Meta }),
	sink.Text("index", "db-index", "columns to index once all rows are there, with commas", func(o *Options) *string { return &o.Index }),
	sink.Text("partition", "db-partition", "none, or day for a part a day where the database has parts", func(o *Options) *string { return &o.Partition }, "none", "day"),
	sink.Count("connections", "db-connections", "connections that bring rows to a server side by side, 4 if not given; 1 keeps the order of the rows in the table",
		1, func(o *Options) *int { return &o.Connections }),
	sink.Switch("runs", "db-runs", "keep the table of runs, TABLE_runs, which --resume reads; true if not given", func(o *Options) *bool { return &o.Runs }),
}

// check refuses words that no option has.
func (o *Options) check() error {
	for _, c := range []struct {
		name, got string
		want      []string
	}{
		{"if-exists", o.IfExists, []string{"append", "replace", "fail"}},
		{"types", o.Types, []string{"native", "plain"}},
		{"partition", o.Partition, []string{"none", "day"}},
	} {
		if !slices.Contains(c.want, c.got) {
			return fmt.Errorf("%s: got %q; want %s", c.name, c.got, strings.Join(c.want, " or "))
		}
	}
	if o.BatchSize < 1 {
		return fmt.Errorf("batch-size: got %d; want 1 or more", o.BatchSize)
	}
	return nil
}

// A Name is a table's, with its schema if one was given.
type Name struct{ Schema, Table string }

// ParseName reads TABLE or SCHEMA.TABLE, which is split at the first dot.
func ParseName(s string) (Name, error) {
	schema, table, ok := strings.Cut(s, ".")
	if !ok {
		schema, table = "", s
	}
	if table == "" || ok && schema == "" || strings.ContainsRune(s, 0) {
		return Name{}, fmt.Errorf("table %q: want a name, or SCHEMA.TABLE", s)
	}
	return Name{schema, table}, nil
}

// With is the name of a table beside this one.
func (n Name) With(suffix string) Name { return Name{n.Schema, n.Table + suffix} }

// Quoted is the name as SQL has it.
func (n Name) Quoted() string {
	if n.Schema == "" {
		return Quote(n.Table)
	}
	return Quote(n.Schema) + "." + Quote(n.Table)
}

// String is the name as messages have it.
func (n Name) String() string { return strings.TrimPrefix(n.Schema+"."+n.Table, ".") }

// Quote makes a delimited identifier (SQL:2016 5.2).
func Quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Errors that callers decide on.
var (
	// ErrExists is the error for a table that is there under if-exists=fail.
	ErrExists = errors.New("the table is there already")
	// ErrTypes is the error for a table with columns that cannot hold the rows.
	ErrTypes = errors.New("the table does not fit")
)

// Package sqlite writes rows into a table of an SQLite database, which it makes if there is
// none. It needs no C compiler: the library is SQLite itself, translated to Go.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	lib "modernc.org/sqlite/lib"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/internal/text"
	"pinyon/sink/sql"
)

// Format describes SQLite databases.
var Format = sql.Descriptor(sink.Descriptor{
	Name: "sqlite", Extensions: []string{".db", ".sqlite", ".sqlite3"}, Schemes: []string{"sqlite"},
	Doc: "SQLite database.",
}, open)

// Path is the file that an address means: a plain name is one, sqlite:///a.db is a.db,
// sqlite:////a.db is /a.db, and sqlite:// and sqlite:///:memory: are in memory, which "" says.
func Path(address string) (string, error) {
	rest, ok := strings.CutPrefix(address, "sqlite:")
	switch {
	case !ok:
		rest = address
	case strings.HasPrefix(rest, "//"):
		rest = rest[2:]
		if rest != "" && rest[0] != '/' {
			return "", fmt.Errorf("%s: a host; want sqlite:///FILE, or sqlite:////FILE for a name from the root", address)
		}
		rest = strings.TrimPrefix(rest, "/")
		var err error
		if rest, err = url.PathUnescape(rest); err != nil {
			return "", err
		}
	}
	if rest == ":memory:" {
		rest = ""
	}
	return rest, nil
}

func open(ctx context.Context, address string, count *sink.Counters) (sql.Store, error) {
	path, err := Path(address)
	if err != nil {
		return nil, err
	}
	name := ":memory:"
	if path != "" {
		// The system's own words say what is wrong with a name.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		f.Close()
		if name, err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	c, err := openConn(name)
	if err != nil {
		return nil, err
	}
	d := &database{conn: c, count: count}
	for _, pragma := range []string{"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"} {
		if _, err := d.Exec(ctx, pragma); err != nil {
			c.close()
			return nil, err
		}
	}
	return sql.Transactional(d), nil
}

// A database is a sql.Conn.
type database struct {
	*conn
	count  *sink.Counters
	plan   *sql.Plan
	insert uintptr // the statement that inserts a row
	cell   []byte  // text of a list

	err error
}

// types are SQLite's: an INTEGER has 64 bits, a BOOLEAN is 0 or 1 and a list JSON.
type types struct{}

func (types) Of(f *column.Field, _ bool) []string {
	switch f.Kind {
	case feature.Int:
		return []string{"INTEGER", "BIGINT", "INT"}
	case feature.Float:
		return []string{"REAL", "DOUBLE PRECISION", "DOUBLE", "FLOAT"}
	case feature.Bool:
		return []string{"BOOLEAN", "INTEGER"}
	}
	return []string{"TEXT"}
}

func (types) Meta(bool) [3][]string { return [3][]string{{"TEXT"}, {"INTEGER"}, {"TEXT"}} }

func (d *database) Types() sql.Types { return types{} }

func (d *database) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	if err := d.query(ctx, statement, args, func(uintptr) {}); err != nil {
		return 0, err
	}
	return d.changes(), nil
}

func (d *database) First(ctx context.Context, dst []any, query string, args ...any) (found bool, err error) {
	err = d.query(ctx, query, args, func(stmt uintptr) {
		if found {
			return
		}
		found = true
		for i := range dst {
			switch v := dst[i].(type) {
			case *int64:
				*v = d.int(stmt, i)
			case *string:
				*v = d.text(stmt, i)
			}
		}
	})
	return found, err
}

var errSchema = errors.New("sqlite has no schemas but main, unless a database is attached")

func (d *database) Columns(ctx context.Context, n sql.Name) (list []sql.Column, err error) {
	if n.Schema != "" && !strings.EqualFold(n.Schema, "main") {
		return nil, fmt.Errorf("table %s: %w", n, errSchema)
	}
	err = d.query(ctx, `SELECT "name", upper("type"), "notnull" AND "dflt_value" IS NULL FROM pragma_table_info($1)`, []any{n.Table}, func(stmt uintptr) {
		list = append(list, sql.Column{Name: d.text(stmt, 0), Type: d.text(stmt, 1), Required: d.int(stmt, 2) != 0})
	})
	return list, err
}

func (d *database) Create(p *sql.Plan) (string, error) {
	if p.Partition != "none" {
		return "", errors.New("partition: sqlite has no parts of tables")
	}
	return "", nil
}

// Lock: transactions lock the whole database, and the one that commits second finds that the
// run has moved on.
func (d *database) Lock(context.Context, string) error { return nil }

func (d *database) Prepare(_ context.Context, p *sql.Plan) (err error) {
	d.plan = p
	marks := strings.TrimSuffix(strings.Repeat("?,", len(p.Columns)), ",")
	d.insert, err = d.prepare("INSERT INTO " + p.Into.Quoted() + " (" + sql.List(p.Names()) + ") VALUES (" + marks + ")")
	return err
}

// Append inserts rows, in a transaction that it begins.
func (d *database) Append(ctx context.Context, b *column.Batch, from, to int, row uint64) error {
	if !d.inTransaction() {
		if _, err := d.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
	}
	err := d.rows(ctx, b, from, to, row)
	if err != nil {
		d.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

func (d *database) rows(ctx context.Context, b *column.Batch, from, to int, row uint64) error {
	at := int32(len(b.Cols))
	if d.plan.Meta {
		if err := d.bind(d.insert, int(at)+1, d.plan.Run.ID); err != nil {
			return err
		}
		if err := d.bind(d.insert, int(at)+3, sql.Now()); err != nil {
			return err
		}
	}
	for i := from; i < to; i++ {
		for k := range b.Cols {
			if err := d.cellOf(int32(k+1), &b.Cols[k], i); err != nil {
				return err
			}
		}
		if d.plan.Meta {
			if err := d.bind(d.insert, int(at)+2, int64(row)+int64(i-from)); err != nil {
				return err
			}
		}
		if _, err := d.step(ctx, d.insert); err != nil {
			lib.Xsqlite3_reset(d.tls, d.insert)
			return err
		}
		if rc := lib.Xsqlite3_reset(d.tls, d.insert); rc != lib.SQLITE_OK {
			return d.fail(rc)
		}
	}
	return ctx.Err()
}

// cellOf sets argument at to row i of a column.
func (d *database) cellOf(at int32, c *column.Column, i int) error {
	rc := int32(lib.SQLITE_OK)
	switch {
	case !c.IsValid(i) || c.Field.Kind == feature.Float && math.IsNaN(c.Floats[i]):
		rc = lib.Xsqlite3_bind_null(d.tls, d.insert, at)
	case c.Field.Kind == feature.Int:
		rc = lib.Xsqlite3_bind_int64(d.tls, d.insert, at, c.Ints[i])
	case c.Field.Kind == feature.Float:
		rc = lib.Xsqlite3_bind_double(d.tls, d.insert, at, c.Floats[i])
	case c.Field.Kind == feature.Bool:
		v := int32(0)
		if c.Bool(i) {
			v = 1
		}
		rc = lib.Xsqlite3_bind_int(d.tls, d.insert, at, v)
	case c.Field.Kind == feature.Text:
		v := c.Text(i)
		if !text.ASCII(v) {
			var bad int
			d.cell, bad = text.AppendValid(d.cell[:0], v)
			d.count.Replaced.Add(uint64(bad))
			v = d.cell
		}
		return d.bindText(d.insert, at, v)
	default:
		d.cell = text.AppendList(d.cell[:0], c, i)
		return d.bindText(d.insert, at, d.cell)
	}
	return d.fail(rc)
}

// Send commits at once; nothing goes on behind.
func (d *database) Send(ctx context.Context, end func(context.Context, sql.Execute) error, committed func()) error {
	if end == nil {
		return nil
	}
	err := end(ctx, d.Exec)
	if err == nil {
		_, err = d.Exec(ctx, "COMMIT")
	}
	if err != nil {
		d.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		d.err = err
		return err
	}
	committed()
	return nil
}

// Wait has nothing to wait for.
func (d *database) Wait() error { return d.err }

// Revive has nothing to connect.
func (d *database) Revive(context.Context) error { return nil }

// Swapped has nothing to add.
func (d *database) Swapped(context.Context, *sql.Plan) error { return nil }

func (d *database) Close() error {
	if d.insert != 0 {
		d.finalize(d.insert)
		d.insert = 0
	}
	return d.close()
}

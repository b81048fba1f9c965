// Package postgres writes rows into a table of a PostgreSQL database by binary COPY. The
// address is a URL (postgres://user@host/db?sslmode=verify-full); what it leaves out comes
// from the environment as libpq has it (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE ...).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sql"
)

// Format describes PostgreSQL databases.
var Format = sql.Descriptor(sink.Descriptor{
	Name: "postgres", Aliases: []string{"postgresql"}, Schemes: []string{"postgres", "postgresql"}, Foreign: true,
	Doc: "PostgreSQL table.", Default: address,
}, open)

// address is the one of the environment, which libpq's variables may give in parts.
func address() (string, bool) {
	if a, ok := sql.Address(); ok {
		return a, true
	}
	for _, name := range []string{"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"} {
		if os.Getenv(name) != "" {
			return "postgres://", true
		}
	}
	return "", false
}

func open(ctx context.Context, address string, count *sink.Counters) (sql.Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "pinyon"
	}
	d := &database{config: config, count: count}
	if err := d.connect(ctx); err != nil {
		return nil, err
	}
	return sql.Transactional(d), nil
}

// A database is a sql.Conn.
type database struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
	count  *sink.Counters
	plan   *sql.Plan

	copying string // the COPY statement
	begin   string // what begins a transaction of rows
	kinds   []encoding
	filling *chunk // what Append adds to
	lanes   []*lane
	next    int   // the lane of the next transaction, which has the oldest one
	last    *turn // the transaction begun last
	days    days
	err     error
}

func (d *database) connect(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, d.config)
	if err != nil {
		return told(err)
	}
	d.conn = conn
	return nil
}

// told makes errors of permission those of the module.
func told(err error) error {
	var pe *pgconn.PgError
	if errors.As(err, &pe) && (pe.Code == "42501" || strings.HasPrefix(pe.Code, "28")) {
		return &fs.PathError{Op: "postgres", Path: pe.Message, Err: fs.ErrPermission}
	}
	return err
}

// types are PostgreSQL's. A list is an array of its elements and SPLT a JSONB array of arrays.
type types struct{}

func (types) Of(f *column.Field, native bool) []string {
	order := func(own string, plain ...string) []string {
		if native {
			return append([]string{own}, plain...)
		}
		return append(plain, own)
	}
	switch {
	case f.Kind == feature.Int:
		return []string{"bigint"}
	case f.Form == feature.Instant:
		return order("timestamp with time zone", "double precision")
	case f.Kind == feature.Float:
		return []string{"double precision"}
	case f.Kind == feature.Bool:
		return []string{"boolean"}
	case f.Form == feature.Address:
		return order("inet", "text")
	case f.Kind == feature.IntList:
		return order("bigint[]", "jsonb")
	case f.Kind == feature.FloatList:
		return order("double precision[]", "jsonb")
	case f.Kind == feature.Triples:
		return []string{"jsonb"}
	}
	return []string{"text", "character varying"}
}

func (types) Meta(bool) [3][]string {
	return [3][]string{{"text"}, {"bigint"}, {"timestamp with time zone"}}
}

func (d *database) Types() sql.Types { return types{} }

func (d *database) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	return execute(d.conn)(ctx, statement, args...)
}

func (d *database) First(ctx context.Context, dst []any, query string, args ...any) (bool, error) {
	err := d.conn.QueryRow(ctx, query, args...).Scan(dst...)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, told(err)
}

func (d *database) Columns(ctx context.Context, n sql.Name) (list []sql.Column, err error) {
	rows, err := d.conn.Query(ctx, `SELECT attname, format_type(atttypid, NULL), attnotnull AND NOT atthasdef FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, n.Quoted())
	if err != nil {
		return nil, told(err)
	}
	var c sql.Column
	_, err = pgx.ForEachRow(rows, []any{&c.Name, &c.Type, &c.Required}, func() error {
		list = append(list, c)
		return nil
	})
	return list, told(err)
}

// Lock takes an advisory lock of the session, which a killed process gives back as soon as
// the server notices.
func (d *database) Lock(ctx context.Context, word string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	if _, err := d.conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", word); err != nil {
		return fmt.Errorf("another process holds %s: %w", word, err)
	}
	return nil
}

// longest is how many bytes a name has at most; the server cuts longer ones.
const longest = 63

func (d *database) Create(p *sql.Plan) (string, error) {
	for _, c := range p.Columns {
		if len(c.Name) > longest {
			return "", fmt.Errorf("column %s: the name has more than %d bytes", c.Name, longest)
		}
	}
	if p.Partition != "day" {
		return "", nil
	}
	k := instant(p)
	if k < 0 {
		return "", errors.New("partition: no column says when a flow began")
	}
	return " PARTITION BY RANGE (" + sql.Quote(p.Columns[k].Name) + ")", nil
}

// instant is the first column of times; -1 if there is none.
func instant(p *sql.Plan) int {
	for i := range p.Rows.Fields {
		if p.Rows.Fields[i].Form == feature.Instant {
			return i
		}
	}
	return -1
}

func (d *database) Prepare(ctx context.Context, p *sql.Plan) error {
	d.plan = p
	d.copying = "COPY " + p.Into.Quoted() + " (" + sql.List(p.Names()) + ") FROM STDIN (FORMAT binary)"
	d.kinds = make([]encoding, len(p.Columns))
	for i, c := range p.Columns {
		d.kinds[i] = encodings[c.Type]
	}
	d.filling = d.newChunk()
	if err := d.days.open(ctx, d); err != nil {
		return err
	}
	return d.openLanes(ctx, p)
}

func (d *database) newChunk() *chunk { return newChunk(d.plan, d.kinds, d.count) }

func (d *database) Append(_ context.Context, b *column.Batch, from, to int, row uint64) error {
	d.days.note(b, from, to)
	return d.filling.add(b, from, to, row)
}

// Send copies what was appended. A transaction of its own goes on in a lane.
func (d *database) Send(ctx context.Context, end func(context.Context, sql.Execute) error, committed func()) error {
	if d.err != nil {
		return d.err
	}
	if end != nil {
		return d.start(ctx, end, committed)
	}
	if err := d.days.make(ctx, d); err != nil {
		return d.final(err)
	}
	return d.final(d.copy(ctx, d.conn, d.filling))
}

// copy sends the rows of a chunk, and empties it.
func (d *database) copy(ctx context.Context, conn *pgx.Conn, c *chunk) error {
	if c.rows == 0 {
		return nil
	}
	data := c.end()
	_, err := conn.PgConn().CopyFrom(ctx, data, d.copying)
	if err == nil {
		d.count.Bytes.Add(uint64(c.size))
	}
	c.reset()
	return told(err)
}

func (d *database) final(err error) error {
	if d.err == nil {
		d.err = err
	}
	return d.err
}

// Revive connects anew after a connection was given up.
func (d *database) Revive(ctx context.Context) error {
	if !d.conn.IsClosed() {
		return nil
	}
	if err := d.connect(ctx); err != nil {
		return err
	}
	if len(d.lanes) > 0 {
		d.lanes[0].conn = d.conn
	}
	return nil
}

// Swapped gives the parts of the new table their names.
func (d *database) Swapped(ctx context.Context, p *sql.Plan) error { return d.days.rename(ctx, d) }

func (d *database) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return errors.Join(d.closeLanes(ctx), d.conn.Close(ctx))
}

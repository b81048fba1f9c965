package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"pinyon/column"
)

// A Conn is a connection to a database with transactions, also of what makes tables. One
// goroutine at a time uses it.
type Conn interface {
	Types() Types
	// Exec runs a statement with arguments $1, $2 ... and returns how many rows it changed.
	Exec(ctx context.Context, statement string, args ...any) (int64, error)
	// First runs a query and scans its first row into dst; false if there is none.
	First(ctx context.Context, dst []any, query string, args ...any) (bool, error)
	// Columns are those of a table; nil if there is none.
	Columns(ctx context.Context, n Name) ([]Column, error)
	// Create is what follows the list of columns of a new table.
	Create(p *Plan) (string, error)
	// Lock waits until no other process has the word, and keeps it until the connection ends.
	Lock(ctx context.Context, word string) error
	// Prepare makes ready for rows of the plan, whose columns are settled.
	Prepare(ctx context.Context, p *Plan) error
	// Append takes rows, the first of which is number row of the run.
	Append(ctx context.Context, b *column.Batch, from, to int, row uint64) error
	// Send brings what Append took into the database. With an end it does so in a transaction
	// of its own, in which end is called before it commits, and calls committed afterwards. All
	// that may go on after Send has returned, until Wait, several of them side by side, but they
	// commit in the order in which they were sent, and none behind one that fails. end and
	// committed are called from any goroutine, one at a time. Without an end the rows are part of
	// the transaction that is open.
	Send(ctx context.Context, end func(context.Context, Execute) error, committed func()) error
	// Wait waits for what Send began.
	Wait() error
	// Revive connects anew if the connection has ended.
	Revive(ctx context.Context) error
	// Swapped is called in the transaction that gave a new table the place of an old one.
	Swapped(ctx context.Context, p *Plan) error
	Close() error
}

// Execute is a Conn's Exec, in the transaction that it is lent for.
type Execute func(ctx context.Context, statement string, args ...any) (int64, error)

// Transactional makes a Store of a connection with transactions.
func Transactional(c Conn) Store { return &transactions{Conn: c} }

type transactions struct {
	Conn
	plan  *Plan
	sent  uint64        // number of the row behind those that Send was given
	taken uint64        // number of the row behind those that Append was given
	done  atomic.Uint64 // number of the row behind those that are committed
}

func (t *transactions) runs() string { return t.plan.Name.With("_runs").Quoted() }

// Open prepares the tables.
func (t *transactions) Open(ctx context.Context, p *Plan) (err error) {
	t.plan = p
	if p.Runs {
		if err := t.claim(ctx); err != nil {
			return err
		}
	}
	there, err := t.Columns(ctx, p.Name)
	if err != nil {
		return err
	}
	if p.IfExists == "fail" && there != nil && !p.Run.Known {
		return fmt.Errorf("%w: %s", ErrExists, p.Name)
	}
	if _, err := t.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := t.tables(ctx, there); err != nil {
		t.rollback(ctx)
		return err
	}
	if !p.Atomic {
		if _, err := t.Exec(ctx, "COMMIT"); err != nil {
			return err
		}
	}
	t.done.Store(p.Run.Done)
	t.taken = max(p.Run.From, p.Run.Done)
	t.sent = t.taken
	return t.Prepare(ctx, p)
}

// claim makes the run this process's own and learns how far it has come.
func (t *transactions) claim(ctx context.Context) error {
	p, r := t.plan, &t.plan.Run
	word := "pinyon run " + r.ID
	if p.IfExists == "replace" {
		word = "pinyon table " + p.Name.String()
	}
	if err := t.Lock(ctx, word); err != nil {
		return err
	}
	there, err := t.Columns(ctx, p.Name.With("_runs"))
	if err != nil {
		return err
	}
	if there == nil {
		_, err := t.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+t.runs()+` ("run_id" TEXT PRIMARY KEY, "status" TEXT NOT NULL, "rows" BIGINT NOT NULL, "started_at" TEXT NOT NULL, "ended_at" TEXT, "started_as" TEXT NOT NULL, "provenance" TEXT NOT NULL)`)
		if err != nil {
			return err
		}
	}
	var rows int64
	var status, head string
	if r.Known, err = t.First(ctx, []any{&rows, &status, &head}, `SELECT "rows", "status", "started_as" FROM `+t.runs()+` WHERE "run_id" = $1`, r.ID); err != nil || !r.Known {
		return err
	}
	switch {
	case !r.Resume:
		return fmt.Errorf("run %s is there already: resume it, or give another name", r.ID)
	case head != r.Head && head != "" && r.Head != "":
		return fmt.Errorf("run %s was begun with other inputs or another configuration; it cannot go on with these", r.ID)
	}
	r.Done, r.Ended = uint64(max(rows, 0)), status == "complete"
	return nil
}

// tables makes or changes the tables, in a transaction.
func (t *transactions) tables(ctx context.Context, there []Column) error {
	p, r := t.plan, &t.plan.Run
	if p.IfExists == "replace" && !r.Ended {
		p.Into = p.Name.With("_new")
		var err error
		if there, err = t.Columns(ctx, p.Into); err != nil {
			return err
		}
		if there != nil && !(r.Known && r.Done > 0) { // of a run that never ended
			if _, err := t.Exec(ctx, "DROP TABLE "+p.Into.Quoted()); err != nil {
				return err
			}
			there = nil
		}
		if there == nil {
			r.Done = 0
		}
	} else if there == nil {
		r.Done = 0 // the rows went with the table
	}
	if there == nil {
		p.Fresh(t.Types())
		if err := t.create(ctx); err != nil {
			return err
		}
	} else {
		missing, err := p.Fit(t.Types(), there)
		if err != nil {
			return err
		}
		for _, c := range missing {
			if _, err := t.Exec(ctx, "ALTER TABLE "+p.Into.Quoted()+" ADD COLUMN "+Quote(c.Name)+" "+c.Type); err != nil {
				return err
			}
		}
	}
	if !p.Runs || r.Ended {
		return nil
	}
	r.Done = max(r.Done, r.From)
	if r.Known {
		_, err := t.Exec(ctx, "UPDATE "+t.runs()+` SET "rows" = $1, "status" = 'running' WHERE "run_id" = $2`, int64(r.Done), r.ID)
		return err
	}
	_, err := t.Exec(ctx, "INSERT INTO "+t.runs()+` ("run_id", "status", "rows", "started_at", "started_as", "provenance") VALUES ($1, 'running', $2, $3, $4, $4)`,
		r.ID, int64(r.Done), Now(), r.Head)
	return err
}

// Now is the time as tables of runs have it, UTC to the second.
func Now() string { return time.Now().UTC().Format(time.RFC3339) }

func (t *transactions) create(ctx context.Context) error {
	p := t.plan
	lines := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		lines[i] = Quote(c.Name) + " " + c.Type
	}
	tail, err := t.Create(p)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, "CREATE TABLE "+p.Into.Quoted()+" (\n"+strings.Join(lines, ",\n")+")"+tail)
	return err
}

// Append takes rows.
func (t *transactions) Append(ctx context.Context, b *column.Batch, from, to int) error {
	if err := t.Conn.Append(ctx, b, from, to, t.taken); err != nil {
		return err
	}
	t.taken += uint64(to - from)
	if t.plan.Atomic && t.taken-t.sent >= uint64(t.plan.BatchSize) {
		t.sent = t.taken
		return t.Send(ctx, nil, nil)
	}
	return nil
}

// Commit sends the rows, notes in the same transaction how far the run has come, and commits.
func (t *transactions) Commit(ctx context.Context) (uint64, error) {
	was, is := t.sent, t.taken
	t.sent = is
	err := t.Send(ctx, func(ctx context.Context, execute Execute) error {
		return t.advance(ctx, execute, was, is)
	}, func() { t.done.Store(is) })
	return t.done.Load(), err
}

// errTwice says that the run's row is not as this process left it.
var errTwice = errors.New("another process has written rows of this run")

// advance notes that the run has its rows up to is.
func (t *transactions) advance(ctx context.Context, execute Execute, was, is uint64) error {
	if !t.plan.Runs {
		return nil
	}
	n, err := execute(ctx, "UPDATE "+t.runs()+` SET "rows" = $1 WHERE "run_id" = $2 AND "rows" = $3`, int64(is), t.plan.Run.ID, int64(was))
	if err == nil && n != 1 {
		err = errTwice
	}
	return err
}

// Sync waits for the database.
func (t *transactions) Sync(context.Context) (uint64, error) {
	err := t.Wait()
	return t.done.Load(), err
}

// Complete puts the new table in its place, makes indexes and ends the run, in one
// transaction.
func (t *transactions) Complete(ctx context.Context) error {
	p, r := t.plan, &t.plan.Run
	if p.Atomic {
		if err := t.Send(ctx, nil, nil); err != nil {
			return err
		}
	} else if _, err := t.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := t.complete(ctx); err != nil {
		t.rollback(ctx)
		return err
	}
	if p.Runs && !r.Ended {
		rows := max(t.taken, r.Done)
		_, err := t.Exec(ctx, "UPDATE "+t.runs()+` SET "rows" = $1, "status" = 'complete', "ended_at" = $2, "provenance" = $3 WHERE "run_id" = $4`, int64(rows), Now(), r.Tail(), r.ID)
		if err != nil {
			t.rollback(ctx)
			return err
		}
	}
	_, err := t.Exec(ctx, "COMMIT")
	return err
}

func (t *transactions) complete(ctx context.Context) error {
	p := t.plan
	if p.Into != p.Name {
		for _, s := range []string{"DROP TABLE IF EXISTS " + p.Name.Quoted(), "ALTER TABLE " + p.Into.Quoted() + " RENAME TO " + Quote(p.Name.Table)} {
			if _, err := t.Exec(ctx, s); err != nil {
				return err
			}
		}
		if err := t.Swapped(ctx, p); err != nil {
			return err
		}
	}
	names, err := p.Indexed()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.index(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// index makes the index of a column, named after table and column.
func (t *transactions) index(ctx context.Context, name string) error {
	n := t.plan.Name
	index := Quote(n.Table + "_" + name + "_idx")
	_, err := t.Exec(ctx, "CREATE INDEX IF NOT EXISTS "+index+" ON "+n.Quoted()+" ("+Quote(name)+")")
	return err
}

// rollback undoes the transaction as far as the connection stands.
func (t *transactions) rollback(ctx context.Context) { t.Exec(context.WithoutCancel(ctx), "ROLLBACK") }

// Abort undoes what is not committed; a table that would have taken another's place goes too.
func (t *transactions) Abort(ctx context.Context) error {
	t.Wait()
	t.rollback(ctx)
	if err := t.Revive(ctx); err != nil {
		return err
	}
	p := t.plan
	if p.Into != p.Name {
		if _, err := t.Exec(ctx, "DROP TABLE IF EXISTS "+p.Into.Quoted()); err != nil {
			return err
		}
	}
	if p.Runs && !p.Run.Ended {
		_, err := t.Exec(ctx, "UPDATE "+t.runs()+` SET "status" = 'aborted', "ended_at" = $1 WHERE "run_id" = $2`, Now(), p.Run.ID)
		return err
	}
	return nil
}

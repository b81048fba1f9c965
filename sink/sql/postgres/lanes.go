package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pinyon/sink/sql"
)

// A server spends most of a row's time in the process of one connection, which has one core. A
// lane is a connection with a transaction of its own; several lanes copy side by side, and commit
// in the order of their rows, each after the one before. Thus what is committed is always the
// first rows of the run, as with one lane.
type lane struct {
	conn  *pgx.Conn
	chunk *chunk     // the rows of its transaction
	going chan error // has its result, once; nil if none goes on
	stop  context.CancelFunc
}

// A turn is the place of a transaction among those that go on.
type turn struct {
	locked chan struct{} // is closed once the transaction holds its lock of the table, or never will
	ended  chan struct{} // is closed once it has ended
	err    error         // why it failed; read after ended
}

// openLanes connects as often as is asked for. A server that allows fewer connections is content
// with fewer lanes.
func (d *database) openLanes(ctx context.Context, p *sql.Plan) error {
	d.lanes = []*lane{{conn: d.conn}}
	if p.Connections > 1 && !p.Atomic && !d.days.on {
		alone, err := d.alone(ctx, p.Into)
		if err != nil {
			return err
		}
		for !alone && len(d.lanes) < p.Connections {
			conn, err := pgx.ConnectConfig(ctx, d.config)
			if err != nil {
				break
			}
			d.lanes = append(d.lanes, &lane{conn: conn})
		}
	}
	d.begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
	if len(d.lanes) > 1 {
		// Whoever wants the table for himself comes behind all lanes that have this lock, and before
		// those that come later: a lane that locks after the one before never waits for one that
		// waits for it.
		d.begin += "; LOCK TABLE " + p.Into.Quoted() + " IN ROW EXCLUSIVE MODE"
	}
	return nil
}

// alone reports whether rows of a table may wait for other rows, because values are unique or
// triggers do something. Transactions that wait for each other's commits must not do that.
func (d *database) alone(ctx context.Context, n sql.Name) (bool, error) {
	var found int64
	_, err := d.First(ctx, []any{&found}, `SELECT count(*) FROM (SELECT 1 FROM pg_index WHERE indrelid = to_regclass($1) AND (indisunique OR indisexclusion)
		UNION ALL SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass($1) UNION ALL SELECT 1 FROM pg_inherits WHERE inhparent = to_regclass($1)
		UNION ALL SELECT 1 FROM pg_rewrite WHERE ev_class = to_regclass($1)) AS what`, n.Quoted())
	return found > 0, err
}

// start begins a transaction of what was appended, which goes on while the next rows are
// appended. It waits for the oldest one if every lane has one.
func (d *database) start(ctx context.Context, end func(context.Context, sql.Execute) error, committed func()) error {
	l := d.lanes[d.next]
	if err := d.final(l.wait()); err != nil {
		return err
	}
	if err := d.days.make(ctx, d); err != nil {
		return d.final(err)
	}
	d.next = (d.next + 1) % len(d.lanes)
	if l.chunk == nil {
		l.chunk = d.newChunk()
	}
	l.chunk, d.filling = d.filling, l.chunk
	before, t := d.last, &turn{locked: make(chan struct{}), ended: make(chan struct{})}
	d.last = t
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx)) // the caller's ends with his call; Close ends this one
	going := make(chan error, 1)
	l.going = going
	go func() {
		err := d.transaction(ctx, l, before, t, end)
		if err == nil {
			committed()
		}
		t.err = err
		close(t.ended)
		going <- err
	}()
	return nil
}

// transaction copies and commits the rows of a lane behind those of the turn before.
func (d *database) transaction(ctx context.Context, l *lane, before, t *turn, end func(context.Context, sql.Execute) error) error {
	if before != nil {
		<-before.locked
	}
	_, err := l.conn.PgConn().Exec(ctx, d.begin).ReadAll()
	close(t.locked)
	if err != nil {
		return told(err)
	}
	err = d.copy(ctx, l.conn, l.chunk)
	if before != nil {
		<-before.ended
		if before.err != nil {
			err = before.err
		}
	}
	if err == nil {
		err = end(ctx, execute(l.conn))
	}
	if err == nil {
		_, err = execute(l.conn)(ctx, "COMMIT")
		return err
	}
	execute(l.conn)(ctx, "ROLLBACK")
	return err
}

// execute runs statements by a connection.
func execute(conn *pgx.Conn) sql.Execute {
	return func(ctx context.Context, statement string, args ...any) (int64, error) {
		tag, err := conn.Exec(ctx, statement, args...)
		return tag.RowsAffected(), told(err)
	}
}

// wait waits for the lane's transaction, and returns what became of it.
func (l *lane) wait() error {
	if l.going == nil {
		return nil
	}
	err := <-l.going
	l.going = nil
	l.stop()
	return err
}

// Wait waits for the transactions that go on, the oldest first.
func (d *database) Wait() error {
	for i := range d.lanes {
		d.final(d.lanes[(d.next+i)%len(d.lanes)].wait())
	}
	return d.err
}

// closeLanes ends what goes on, and the connections but the first.
func (d *database) closeLanes(ctx context.Context) error {
	for _, l := range d.lanes {
		if l.going != nil {
			l.stop()
		}
	}
	var first error
	for i, l := range d.lanes {
		l.wait()
		if i > 0 {
			first = errors.Join(first, l.conn.Close(ctx))
		}
	}
	if first != nil {
		return fmt.Errorf("connections beside the first: %w", first)
	}
	return nil
}

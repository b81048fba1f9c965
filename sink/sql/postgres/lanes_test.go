//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
)

// numbered is a schema of one number, which tests fill with the row's own.
func numbered() *column.Schema {
	return &column.Schema{Fields: []column.Field{{Out: "n", Desc: feature.Desc{Name: "n", Kind: feature.Int}}}}
}

func numbers(s *column.Schema, from, to int) *column.Batch {
	rows := make([][]any, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, []any{int64(i)})
	}
	return fill(s, rows...)
}

// laneCount is how many connections a sink writes rows by.
func laneCount(t *testing.T, address string, set sink.Settings) int {
	t.Helper()
	k, err := openTable(t, address, numbered(), set, sink.Run{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close(ctx)
	var n int
	if err := theServer.connect(t, address).QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pinyon'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLaneCount: rows go by several connections only where no row can wait for another one.
func TestLaneCount(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		before string
		set    sink.Settings
		want   int
	}{
		{"", nil, 4},
		{"", sink.Settings{"connections": "1"}, 1},
		{"", sink.Settings{"connections": "3"}, 3},
		{"", sink.Settings{"atomic": "true"}, 1},
		{"CREATE TABLE t (n bigint)", nil, 4},
		{"CREATE TABLE t (n bigint); CREATE INDEX ON t (n)", nil, 4},
		{"CREATE TABLE t (n bigint PRIMARY KEY)", nil, 1},
		{"CREATE TABLE t (n bigint, EXCLUDE USING btree (n WITH =))", nil, 1},
		{"CREATE TABLE o (n bigint PRIMARY KEY); INSERT INTO o VALUES (1); CREATE TABLE t (n bigint REFERENCES o)", nil, 1},
	} {
		address := s.fresh(t)
		if c.before != "" {
			if _, err := s.connect(t, address).PgConn().Exec(ctx, c.before).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // connections of the test before end by themselves
			var n int
			if err := s.connect(t, address).QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pinyon'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n == 0 || time.Now().After(end) {
				break
			}
		}
		if n := laneCount(t, address, c.set); n != c.want {
			t.Errorf("%s %v: %d connections; want %d", c.before, c.set, n, c.want)
		}
	}
}

// TestLanesPrefix: if the rows of one transaction are refused, none of a later one is there, and
// the table of runs and the counters tell the number that is; the run then goes on behind them.
func TestLanesPrefix(t *testing.T) {
	s := start(t)
	schema := numbered()
	for bad := range 9 {
		address := s.fresh(t)
		if _, err := s.connect(t, address).PgConn().Exec(ctx, fmt.Sprintf("CREATE TABLE t (n bigint CHECK (n <> %d))", bad*10+3)).ReadAll(); err != nil {
			t.Fatal(err)
		}
		set, run := sink.Settings{"batch-size": "10"}, sink.Run{ID: "r", Resume: true}
		k, err := openTable(t, address, schema, set, run)
		if err != nil {
			t.Fatal(err)
		}
		err = k.Write(ctx, numbers(schema, 0, 90))
		if err == nil {
			err = k.Close(ctx)
		}
		if err == nil || !strings.Contains(err.Error(), "violates check") {
			t.Fatalf("got %v; want the error of the constraint", err)
		}
		want := bad * 10
		st := k.Counters().Stats()
		if st.Committed != uint64(want) || st.Lost != uint64(90-want) {
			t.Errorf("row %d refused: %+v", bad*10+3, st)
		}
		s.holds(t, address, want)
		if _, err := s.connect(t, address).Exec(ctx, "ALTER TABLE t DROP CONSTRAINT t_n_check"); err != nil {
			t.Fatal(err)
		}
		if k, err = openTable(t, address, schema, set, run); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(k.Write(ctx, numbers(schema, 0, 90)), k.Close(ctx)); err != nil {
			t.Fatal(err)
		}
		s.holds(t, address, 90)
	}
}

// holds demands that the table has the rows 0 to n-1, and the table of runs says so.
func (s *server) holds(t *testing.T, address string, n int) {
	t.Helper()
	var rows, different, run, most int
	err := s.connect(t, address).QueryRow(ctx, "SELECT count(*), count(DISTINCT n), coalesce(max(n), -1), (SELECT rows FROM t_runs) FROM t").Scan(&rows, &different, &most, &run)
	if err != nil {
		t.Fatal(err)
	}
	if rows != n || different != n || most != n-1 || run != n {
		t.Errorf("%d rows, %d different, up to %d, and the run has %d; want %d", rows, different, most, run, n)
	}
}

// TestLanesLock: somebody who wants the table for himself in the middle gets it, and rows go on
// behind him; nobody waits for ever.
func TestLanesLock(t *testing.T) {
	s := start(t)
	schema, address := numbered(), s.fresh(t)
	k, err := openTable(t, address, schema, sink.Settings{"batch-size": "1"}, sink.Run{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	conn := s.connect(t, address)
	go func() {
		for range 20 {
			if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
				return err
			}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for i := range 20 {
		if err := k.Write(ctx, numbers(schema, i*20, i*20+20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(k.Close(ctx), <-done); err != nil {
		t.Fatal(err)
	}
	s.holds(t, address, 400)
}

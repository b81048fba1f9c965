package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
	own "pinyon/sink/sql"
)

// reader opens the file of an address by database/sql.
func reader(t *testing.T, address string) *sql.DB {
	t.Helper()
	path, err := Path(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func tables(t *testing.T, address string) (names []string) {
	rows, err := reader(t, address).Query("SELECT name FROM sqlite_schema WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	return names
}

func read(t *testing.T, address, table string, s *column.Schema) (cells [][]any) {
	t.Helper()
	var names []string
	for i := range s.Fields {
		names = append(names, s.Fields[i].Out)
	}
	rows, err := reader(t, address).Query("SELECT " + own.List(names) + " FROM " + own.Quote(table) + " ORDER BY rowid")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]any, len(names))
		to := make([]any, len(names))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		for i := range row {
			v, isInt := row[i].(int64)
			switch f := &s.Fields[i]; {
			case row[i] == nil:
			case f.Kind == feature.Bool && isInt:
				row[i] = v != 0
			case f.Kind == feature.Float && isInt:
				row[i] = float64(v)
			case f.Kind.IsList():
				if row[i], err = sinktest.ParseList(f.Kind, []byte(row[i].(string))); err != nil {
					t.Fatal(err)
				}
			}
		}
		cells = append(cells, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}

func TestSuite(t *testing.T) {
	n := 0
	sinktest.RunDatabase(t, sinktest.Database{
		Sink: Format, Read: read, Tables: tables, Atomic: true,
		Address: func(t *testing.T) string {
			n++
			return "sqlite:///" + filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", n))
		},
		Want: func(f *column.Field, v any) any {
			if x, ok := v.(float64); ok && x == 0 && math.Signbit(x) {
				return 0.0 // a REAL that is whole is kept as an integer, which has no -0
			}
			return v
		},
	})
}

func TestPath(t *testing.T) {
	for address, want := range map[string]string{
		"a.db": "a.db", "/a.db": "/a.db", "sqlite:a.db": "a.db", "sqlite:///a.db": "a.db", "sqlite:////a/b.db": "/a/b.db", `C:\a.db`: `C:\a.db`,
		"sqlite://": "", "sqlite:///": "", "sqlite:///:memory:": "", ":memory:": "", "sqlite:///a%20b.db": "a b.db",
	} {
		if got, err := Path(address); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", address, got, err, want)
		}
	}
	if _, err := Path("sqlite://host/a.db"); err == nil {
		t.Error("a host was taken")
	}
}

// TestRuns: the table of runs tells what a run was and how many rows it gave.
func TestRuns(t *testing.T) {
	address := filepath.Join(t.TempDir(), "x.db")
	to, err := Format.Target(address + "?table=t&index=integer_false")
	if err != nil {
		t.Fatal(err)
	}
	s := sinktest.Schema(true)
	p := &sink.Provenance{Head: []byte(`{"at":"head"}`), Tail: func() []byte { return []byte(`{"at":"tail"}`) }}
	k, err := to.Open(context.Background(), s, &sink.Run{ID: "one", Provenance: p})
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 0)
	sinktest.Fill(b, sinktest.Rows(s, 33))
	if err := k.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	db := reader(t, address)
	check := func(status, provenance string, n, indexes int) {
		t.Helper()
		var gotStatus, gotProvenance string
		var rows, ix int
		if err := db.QueryRow("SELECT status, provenance, rows, (SELECT count(*) FROM sqlite_schema WHERE name = 't_integer_false_idx') FROM t_runs WHERE run_id = 'one'").Scan(&gotStatus, &gotProvenance, &rows, &ix); err != nil {
			t.Fatal(err)
		}
		if gotStatus != status || gotProvenance != provenance || rows != n || ix != indexes || !json.Valid([]byte(gotProvenance)) {
			t.Errorf("%s, %s, %d rows, %d indexes", gotStatus, gotProvenance, rows, ix)
		}
	}
	if err := k.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	check("running", `{"at":"head"}`, 33, 0)
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	check("complete", `{"at":"tail"}`, 33, 1)
	if _, err := to.Open(context.Background(), s, &sink.Run{ID: "one"}); err == nil {
		t.Error("a run was begun twice")
	}
}

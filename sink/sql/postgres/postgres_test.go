//go:build unix

package postgres

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
	"pinyon/sink/sql"
)

var ctx = context.Background()

func tables(t *testing.T, address string) []string {
	rows, err := theServer.connect(t, address).Query(ctx, "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func read(t *testing.T, address, table string, s *column.Schema) (cells [][]any) {
	t.Helper()
	var names []string
	for i := range s.Fields {
		names = append(names, s.Fields[i].Out)
	}
	rows, err := theServer.connect(t, address).Query(ctx, "SELECT "+sql.List(names)+" FROM "+sql.Quote(table)+" ORDER BY ctid")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		raw := rows.RawValues()
		types := rows.FieldDescriptions()
		for i := range row {
			row[i] = cell(t, s.Fields[i].Kind, types[i].DataTypeOID, row[i], raw[i])
		}
		cells = append(cells, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}

// cell makes a value what the suite has for it.
func cell(t *testing.T, k feature.Kind, oid uint32, v any, raw []byte) any {
	if v == nil {
		return nil
	}
	if oid == pgtype.JSONBOID {
		if raw[0] == 1 {
			raw = raw[1:]
		}
		list, err := sinktest.ParseList(k, raw)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	switch list := v.(type) {
	case []any:
		if k == feature.IntList {
			out := []int64{}
			for _, x := range list {
				out = append(out, x.(int64))
			}
			return out
		}
		out := []float64{}
		for _, x := range list {
			out = append(out, x.(float64))
		}
		return out
	case netip.Prefix:
		return list.Addr().String()
	case time.Time:
		return float64(list.UnixMicro()) / 1e6
	}
	return v
}

func TestSuite(t *testing.T) {
	s := start(t)
	sinktest.RunDatabase(t, sinktest.Database{
		Sink: Format, Read: read, Tables: tables, Atomic: true, Unordered: true,
		Address: func(t *testing.T) string { return s.fresh(t) },
		Want: func(_ *column.Field, v any) any {
			if text, ok := v.(string); ok {
				return strings.ReplaceAll(text, "\x00", "\uFFFD") // which the server cannot hold
			}
			return v
		},
	})
}

// openTable makes a sink for a table t.
func openTable(t testing.TB, address string, s *column.Schema, set sink.Settings, run sink.Run) (sink.Sink, error) {
	t.Helper()
	to, err := Format.Target(address)
	if err != nil {
		t.Fatal(err)
	}
	run.Settings = sink.Settings{"table": "t"}
	for k, v := range set {
		run.Settings[k] = v
	}
	return to.Open(ctx, s, &run)
}

// formed is a schema of an address and a time.
func formed() *column.Schema {
	field := func(name string, k feature.Kind, f feature.Form) column.Field {
		return column.Field{Out: name, Desc: feature.Desc{Name: name, Kind: k, Form: f}}
	}
	return &column.Schema{Fields: []column.Field{field("ip", feature.Text, feature.Address), field("at", feature.Float, feature.Instant)}}
}

func fill(s *column.Schema, rows ...[]any) *column.Batch {
	b := column.New(s, 0)
	sinktest.Fill(b, rows)
	return b
}

// TestForms: addresses are inet and times timestamptz, to the microsecond, and plain ones are
// not; a table of either kind takes rows of both.
func TestForms(t *testing.T) {
	s := start(t)
	schema := formed()
	r := rand.New(rand.NewPCG(1, 2))
	var rows [][]any
	for range 200 {
		var a6 [16]byte
		for i := range a6 {
			a6[i] = byte(r.Uint32())
		}
		rows = append(rows,
			[]any{netip.AddrFrom16(a6).String(), float64(r.Int64N(4e15)-1e15) / 1e6},
			[]any{netip.AddrFrom4([4]byte(a6[:4])).String(), float64(r.Int64N(2e9))})
	}
	for _, first := range []string{"native", "plain"} {
		address := s.fresh(t)
		for i, types := range []string{first, "native", "plain"} {
			k, err := openTable(t, address, schema, sink.Settings{"types": types}, sink.Run{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(k.Write(ctx, fill(schema, rows...)), k.Close(ctx)); err != nil {
				t.Fatal(err)
			}
			got := read(t, address, "t", schema)
			if len(got) != (i+1)*len(rows) {
				t.Fatalf("%d rows", len(got))
			}
			for n, row := range got {
				if want := rows[n%len(rows)]; row[0] != want[0] || row[1] != want[1] {
					t.Fatalf("%s: row %d: got %v; want %v", first, n, row, want)
				}
			}
		}
		var types string
		if err := s.connect(t, address).QueryRow(ctx, "SELECT string_agg(format_type(atttypid, NULL), ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0").Scan(&types); err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"native": "inet timestamp with time zone", "plain": "text double precision"}[first]; types != want {
			t.Errorf("types %s; want %s", types, want)
		}
	}
	k, err := openTable(t, s.fresh(t), schema, nil, sink.Run{})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Write(ctx, fill(schema, []any{"5f3a", 1.0})); err == nil || !strings.Contains(err.Error(), "no address") {
		t.Errorf("got %v", err)
	}
	if st := k.Counters().Stats(); st.Lost != 1 || st.Errors != 1 {
		t.Errorf("%+v", st)
	}
}

// TestDays: a part a day, whatever types, also where a table takes the place of another.
func TestDays(t *testing.T) {
	s := start(t)
	schema := formed()
	for _, types := range []string{"native", "plain"} {
		address := s.fresh(t)
		for _, mode := range []string{"replace", "append", "replace", "replace"} {
			k, err := openTable(t, address, schema, sink.Settings{"types": types, "partition": "day", "if-exists": mode, "batch-size": "2"}, sink.Run{})
			if err != nil {
				t.Fatal(err)
			}
			b := fill(schema, []any{"::1", 0.0}, []any{"::1", 86399.9}, []any{"::1", 86400.0}, []any{"::1", -0.5}, []any{"::1", 1.75e9})
			if err := errors.Join(k.Write(ctx, b), k.Write(ctx, b), k.Close(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		list := strings.Join(tables(t, address), " ")
		for _, part := range []string{"t_p19691231", "t_p19700101", "t_p19700102", "t_p20250615"} {
			if !strings.Contains(list, part) {
				t.Errorf("no %s in %s", part, list)
			}
		}
		if strings.Contains(list, "_new") {
			t.Error(list)
		}
		if n := len(read(t, address, "t", schema)); n != 10 {
			t.Errorf("%d rows", n)
		}
	}
	if _, err := openTable(t, s.fresh(t), sinktest.Schema(true), sink.Settings{"partition": "day"}, sink.Run{}); err == nil {
		t.Error("parts were made without times")
	}
}

// TestGone: when the server goes in the middle the rows committed and those lost are told
// apart, and after its return the run goes on behind what is there.
func TestGone(t *testing.T) {
	s := start(t)
	address := s.fresh(t)
	schema := sinktest.Schema(true)
	rows := sinktest.Rows(schema, 3000)
	set := sink.Settings{"batch-size": "100"}
	run := sink.Run{ID: "r", Resume: true}
	k, err := openTable(t, address, schema, set, run)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.Write(ctx, fill(schema, rows[:1050]...)), k.Flush(ctx)); err != nil {
		t.Fatal(err)
	}
	s.kill()
	err = k.Write(ctx, fill(schema, rows[1050:]...))
	if err == nil {
		err = k.Close(ctx)
	}
	if err == nil {
		t.Fatal("no error")
	}
	st := k.Counters().Stats()
	if st.Accepted != 3000 || st.Committed != 1050 || st.Lost != 1950 || st.Errors != 1 {
		t.Errorf("%+v", st)
	}
	if again := k.Close(ctx); again == nil {
		t.Error("Close after an error returned none")
	}
	if _, err := openTable(t, address, schema, set, run); err == nil {
		t.Error("a server that is gone was opened")
	}
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
	if k, err = openTable(t, address, schema, set, run); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.Write(ctx, fill(schema, rows...)), k.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if st := k.Counters().Stats(); st.Resumed != 1050 || st.Committed != 1950 {
		t.Errorf("%+v", st)
	}
	if n := len(read(t, address, "t", schema)); n != 3000 {
		t.Errorf("%d rows", n)
	}
}

// TestDenied: what a role may not do is an error of permission.
func TestDenied(t *testing.T) {
	s := start(t)
	address := s.fresh(t)
	if _, err := s.connect(t, address).Exec(ctx, "CREATE ROLE guest LOGIN; GRANT USAGE ON SCHEMA "+address[strings.LastIndex(address, "=")+1:]+" TO guest"); err != nil {
		t.Fatal(err)
	}
	_, err := openTable(t, strings.Replace(address, "user=pinyon", "user=guest", 1), formed(), nil, sink.Run{})
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v; want an error of permission", err)
	}
	if _, err := openTable(t, strings.Replace(address, "user=pinyon", "user=nobody&password=geheim", 1), formed(), nil, sink.Run{}); !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}

// TestTwice: a run that one process writes waits for it in another, and a table in the run's
// place is not filled twice.
func TestTwice(t *testing.T) {
	s := start(t)
	address := s.fresh(t)
	schema := formed()
	first, err := openTable(t, address, schema, nil, sink.Run{ID: "r", Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan sink.Sink)
	go func() {
		k, err := openTable(t, address, schema, nil, sink.Run{ID: "r", Resume: true})
		if err != nil {
			t.Error(err)
		}
		second <- k
	}()
	b := fill(schema, []any{"::1", 1.0}, []any{"::2", 2.0})
	if err := errors.Join(first.Write(ctx, b), first.Flush(ctx)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-second:
		t.Fatal("two processes have one run")
	default:
	}
	if err := first.Close(ctx); err != nil {
		t.Fatal(err)
	}
	k := <-second
	if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, address, "t", schema)); n != 2 {
		t.Errorf("%d rows", n)
	}
}

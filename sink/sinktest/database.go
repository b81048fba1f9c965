package sinktest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
)

// A Database is what the suite of databases needs to know of one.
type Database struct {
	Sink *sink.Descriptor
	// Address is the address of a database without tables, of its own for every call.
	Address func(t *testing.T) string
	// Read gives the cells of a table for the columns of s, in the order in which rows went in
	// unless Unordered. A cell is as for Format.Decode.
	Read func(t *testing.T, address, table string, s *column.Schema) [][]any
	// Tables lists what tables there are.
	Tables func(t *testing.T, address string) []string
	// Want is what comes back for a value; nil changes nothing.
	Want func(f *column.Field, v any) any
	// Unordered is set if a table does not keep the order of its rows.
	Unordered bool
	// Atomic is set if a transaction can hold all rows of a run (atomic).
	Atomic bool
}

// RunDatabase puts a database through the suite.
func RunDatabase(t *testing.T, d Database) {
	for _, types := range []string{"native", "plain"} {
		for _, nulls := range []bool{false, true} {
			for _, n := range []int{0, 1, 700, 3000} {
				t.Run(fmt.Sprintf("types=%s/nulls=%t/rows=%d", types, nulls, n), func(t *testing.T) {
					d.roundTrip(t, Schema(nulls), n, sink.Settings{"types": types})
				})
			}
		}
		for _, more := range []string{"meta", "atomic"} {
			if more == "atomic" && !d.Atomic {
				continue
			}
			t.Run("types="+types+"/"+more, func(t *testing.T) {
				d.roundTrip(t, Schema(true), 1500, sink.Settings{"types": types, more: "true"})
			})
		}
	}
	t.Run("batch sizes", func(t *testing.T) {
		for _, size := range []string{"1", "7", "1000", "5000"} {
			d.roundTrip(t, Schema(true), 100, sink.Settings{"batch-size": size})
		}
	})
	t.Run("append", d.appends)
	t.Run("replace", d.replaces)
	t.Run("fail", d.fails)
	t.Run("resume", d.resumes)
	t.Run("abort", d.aborts)
	t.Run("options", d.refuses)
}

const tableName = "t"

func (d *Database) open(t *testing.T, address string, s *column.Schema, set sink.Settings, run sink.Run) (sink.Sink, error) {
	t.Helper()
	to, err := d.Sink.Target(address)
	if err != nil {
		t.Fatal(err)
	}
	run.Settings = sink.Settings{"table": tableName}
	for k, v := range set {
		run.Settings[k] = v
	}
	return to.Open(ctx, s, &run)
}

// give writes rows in uneven batches, poisoning each.
func give(k sink.Sink, s *column.Schema, rows [][]any) error {
	b := column.New(s, 0)
	for i := 0; len(rows) > 0; i++ {
		n := min(batches[i%len(batches)], len(rows))
		Fill(b, rows[:n])
		if err := k.Write(ctx, b); err != nil {
			return err
		}
		poison(b)
		if i%3 == 2 {
			if err := k.Flush(ctx); err != nil {
				return err
			}
		}
		rows = rows[n:]
	}
	return nil
}

func (d *Database) write(t *testing.T, address string, s *column.Schema, rows [][]any, set sink.Settings, run sink.Run) sink.Stats {
	t.Helper()
	k, err := d.open(t, address, s, set, run)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(give(k, s, rows), k.Close(ctx), k.Close(ctx), k.Abort()); err != nil {
		t.Fatal(err)
	}
	if k.Write(ctx, column.New(s, 0)) == nil {
		t.Error("Write after Close returned no error")
	}
	st := k.Counters().Stats()
	if st.Accepted != uint64(len(rows)) || st.Committed+st.Resumed != st.Accepted || st.Lost+st.Errors != 0 {
		t.Errorf("stats %+v for %d rows", st, len(rows))
	}
	return st
}

// same demands that the table has these rows.
func (d *Database) same(t *testing.T, address string, s *column.Schema, rows [][]any) {
	t.Helper()
	got := d.Read(t, address, tableName, s)
	if len(got) != len(rows) {
		t.Fatalf("got %d rows; want %d", len(got), len(rows))
	}
	f := Format{Want: d.Want}
	want := make([][]any, len(rows))
	for i := range rows {
		want[i] = f.want(s, rows[i])
	}
	if d.Unordered {
		for _, list := range [][][]any{got, want} {
			slices.SortFunc(list, func(a, b []any) int { return strings.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b)) })
		}
	}
	for i := range want {
		if !equal(got[i], want[i]) {
			t.Fatalf("row %d:\n got %#v\nwant %#v", i, got[i], want[i])
		}
	}
}

func (d *Database) roundTrip(t *testing.T, s *column.Schema, n int, set sink.Settings) {
	t.Helper()
	address := d.Address(t)
	rows := Rows(s, n)
	for _, r := range rows {
		for k := range r {
			r[k] = fit(&s.Fields[k], r[k])
		}
	}
	d.write(t, address, s, rows, set, sink.Run{})
	d.same(t, address, s, rows)
}

// fit makes a value one of its column's Form, where that has one.
func fit(f *column.Field, v any) any {
	switch {
	case v == nil:
		return nil
	case f.Form == feature.Address:
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(len(v.(string)))}).String()
	case f.Form == feature.Instant:
		return 1.5
	}
	return v
}

// appends: rows go behind those that are there; a new column is added, one that is left out is
// null, and one of another type is refused.
func (d *Database) appends(t *testing.T) {
	address := d.Address(t)
	s := Schema(true)
	rows := Rows(s, 20)
	less := &column.Schema{Fields: s.Fields[:6], Nulls: true}
	d.write(t, address, less, Rows(less, 20), nil, sink.Run{})
	d.write(t, address, s, rows, nil, sink.Run{})
	var want [][]any
	for _, r := range Rows(less, 20) {
		want = append(want, append(r, make([]any, len(s.Fields)-6)...))
	}
	d.same(t, address, s, append(want, rows...))

	other := &column.Schema{Fields: append([]column.Field(nil), s.Fields[:4]...)}
	other.Fields[0].Kind, other.Fields[2].Kind = feature.Text, feature.Int
	k, err := d.open(t, address, other, nil, sink.Run{})
	if err == nil {
		k.Abort()
		t.Fatal("a table of other types was taken")
	}
	d.same(t, address, s, append(want, rows...))
}

// replaces: the old rows stay until the new ones are complete, and if they never are.
func (d *Database) replaces(t *testing.T) {
	address := d.Address(t)
	s := Schema(true)
	old, new := Rows(s, 30), Rows(s, 1300)
	set := sink.Settings{"if-exists": "replace"}
	d.write(t, address, s, old, set, sink.Run{})
	for _, end := range []string{"abort", "close"} {
		k, err := d.open(t, address, s, set, sink.Run{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(give(k, s, new), k.Flush(ctx)); err != nil {
			t.Fatal(err)
		}
		d.same(t, address, s, old)
		if end == "abort" {
			if err := k.Abort(); err != nil {
				t.Fatal(err)
			}
			d.same(t, address, s, old)
			continue
		}
		if err := k.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	d.same(t, address, s, new)
	for _, name := range d.Tables(t, address) {
		if name != tableName && name != tableName+"_runs" {
			t.Errorf("table %s is left", name)
		}
	}
}

func (d *Database) fails(t *testing.T) {
	address := d.Address(t)
	s := Schema(true)
	set := sink.Settings{"if-exists": "fail"}
	d.write(t, address, s, Rows(s, 5), set, sink.Run{})
	if k, err := d.open(t, address, s, set, sink.Run{}); err == nil {
		k.Abort()
		t.Error("a table that is there was taken")
	}
	d.same(t, address, s, Rows(s, 5))
}

// resumes: after an end in the middle, which leaves committed rows and others, the run goes on
// behind the committed ones, however often.
func (d *Database) resumes(t *testing.T) {
	for _, mode := range []string{"append", "replace"} {
		address := d.Address(t)
		s := Schema(true)
		rows := Rows(s, 2000)
		set := sink.Settings{"if-exists": mode, "meta": "true", "batch-size": "100"}
		run := sink.Run{ID: "r1", Resume: true, Provenance: &sink.Provenance{Head: []byte(`{"a":1}`)}}
		for i, upTo := range []int{950, 950, 1501, 700} {
			k, err := d.open(t, address, s, set, run)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(give(k, s, rows[:upTo]), k.Flush(ctx)); err != nil {
				t.Fatal(err)
			}
			st := k.Counters().Stats()
			if i == 1 && st.Resumed != 950 || st.Accepted != st.Committed+st.Resumed {
				t.Errorf("%s: attempt %d: %+v", mode, i, st)
			}
			kill(k)
		}
		if k, err := d.open(t, address, s, set, sink.Run{ID: "r1", Resume: true, Provenance: &sink.Provenance{Head: []byte(`{"a":2}`)}}); err == nil {
			kill(k)
			t.Error("a run of another configuration was resumed")
		}
		st := d.write(t, address, s, rows, set, run)
		if st.Resumed != 1501 {
			t.Errorf("%s: %d rows resumed; want 1501", mode, st.Resumed)
		}
		d.same(t, address, s, rows)
		if st := d.write(t, address, s, rows, set, run); st.Resumed != 2000 {
			t.Errorf("%s: a complete run: %+v", mode, st)
		}
		d.same(t, address, s, rows)
		late := sink.Run{ID: "r2", From: 10, Resume: true}
		d.write(t, address, s, rows[10:20], sink.Settings{"meta": "true"}, late)
		late.From = 15
		if st := d.write(t, address, s, rows[15:30], sink.Settings{"meta": "true"}, late); st.Resumed != 5 {
			t.Errorf("rows from number 15 on: %+v", st)
		}
		d.same(t, address, s, append(append([][]any(nil), rows...), rows[10:30]...))
	}
}

// A Killer is a sink that can end as a process does that is killed.
type Killer interface{ Kill() }

func kill(k sink.Sink) { k.(Killer).Kill() }

// aborts: nothing of an atomic run stays, and the committed rows of another.
func (d *Database) aborts(t *testing.T) {
	for _, atomic := range []bool{false, true} {
		if atomic && !d.Atomic {
			continue
		}
		address := d.Address(t)
		s := Schema(true)
		d.write(t, address, s, Rows(s, 3), nil, sink.Run{})
		k, err := d.open(t, address, s, sink.Settings{"atomic": fmt.Sprint(atomic), "batch-size": "10"}, sink.Run{})
		if err != nil {
			t.Fatal(err)
		}
		rows := Rows(s, 55)
		b := column.New(s, 0)
		Fill(b, rows)
		if err := errors.Join(k.Write(ctx, b), k.Abort()); err != nil {
			t.Fatal(err)
		}
		if err := k.Write(ctx, b); !errors.Is(err, sink.ErrAborted) {
			t.Errorf("Write after Abort: %v", err)
		}
		want := Rows(s, 3)
		if !atomic {
			want = append(want, rows[:50]...)
		}
		d.same(t, address, s, want)
	}
}

// refuses: options that make no sense are errors before anything is made.
func (d *Database) refuses(t *testing.T) {
	address := d.Address(t)
	s := Schema(true)
	for _, set := range []sink.Settings{
		{"types": "own"}, {"if-exists": "keep"}, {"index": "nothing"}, {"table": "."}, {"table": ""}, {"partition": "hour"}, {"batch-size": "x"},
	} {
		k, err := d.open(t, address, s, set, sink.Run{})
		var se *sink.SettingError
		if err == nil {
			k.Abort()
		}
		if !errors.As(err, &se) {
			t.Errorf("%v: got %v; want a SettingError", set, err)
		}
	}
	if list := d.Tables(t, address); len(list) != 0 {
		t.Errorf("tables %q", list)
	}
	if err := give(mustOpen(t, d, address, s), s, Rows(s, 1)); err != nil {
		t.Error(err)
	}
}

func mustOpen(t *testing.T, d *Database, address string, s *column.Schema) sink.Sink {
	k, err := d.open(t, address, s, sink.Settings{"index": s.Fields[0].Out}, sink.Run{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close(ctx) })
	return k
}

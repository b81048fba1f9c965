package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/extract"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/all"
	"pinyon/sink/sinktest"
)

// some are columns of each kind that the schema has, in its order.
func some(t *testing.T) *column.Schema {
	t.Helper()
	s := &column.Schema{Nulls: true, Version: feature.SchemaVersion}
	kinds := map[feature.Kind]int{}
	for _, d := range extract.All() {
		if kinds[d.Kind]++; kinds[d.Kind] <= 2 {
			s.Fields = append(s.Fields, column.Field{Desc: d, Out: d.Name})
		}
	}
	return s
}

// TestScan describes the file of every format that tells its columns.
func TestScan(t *testing.T) {
	s := some(t)
	b := column.New(s, 0)
	rows := sinktest.Rows(s, 30)
	for i := range rows {
		for k := range rows[i] {
			if v, ok := rows[i][k].(string); ok && v == "" {
				rows[i][k] = "x" // of a text file nobody can tell it from an absent one
			}
		}
	}
	sinktest.Fill(b, rows)
	missing := uint64(0)
	for _, row := range rows {
		for _, v := range row {
			if v == nil {
				missing++
			}
		}
	}
	for _, d := range all.Sinks() {
		if d.Stream == nil {
			continue // a database describes its tables itself
		}
		path := filepath.Join(t.TempDir(), "table")
		target, err := d.Target(path)
		if err != nil {
			t.Fatal(err)
		}
		k, err := target.Open(context.Background(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(k.Write(context.Background(), b), k.Close(context.Background())); err != nil {
			t.Fatal(err)
		}
		got, err := Scan(path)
		if err != nil {
			t.Errorf("%s: %v", d.Name, err)
			continue
		}
		if got.Format != d.Name || got.Rows != 30 || len(got.Columns) != len(s.Fields) && d.Name != "npy" {
			t.Errorf("%s: %s of %d rows, %d columns", d.Name, got.Format, got.Rows, len(got.Columns))
		}
		if faults := got.Faults(feature.SchemaVersion); len(faults) > 0 {
			t.Errorf("%s: %q", d.Name, faults)
		}
		n := uint64(0)
		for i := range got.Columns {
			n += got.Columns[i].Missing
		}
		// Parquet's footer counts the nulls of elements of lists, which are left out, and
		// JSON has no infinite numbers.
		if n != missing && d.Name != "parquet" && d.Name != "npy" && !strings.HasPrefix(d.Name, "json") {
			t.Errorf("%s: %d values missing; want %d", d.Name, n, missing)
		}
	}
}

func TestFaults(t *testing.T) {
	s := some(t)
	names := make([]string, 0, len(s.Fields))
	for i := range s.Fields {
		names = append(names, s.Fields[i].Out)
	}
	for _, c := range []struct {
		header []string
		want   string
	}{
		{names, ""},
		{append(slices.Clone(names), "bogus"), "column bogus: unknown"},
		{append(slices.Clone(names), names[0]), "column " + names[0] + ": twice"},
		{[]string{names[1], names[0]}, "column " + names[0] + ": out of order"},
	} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(strings.Join(c.header, ",")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		table, err := Scan(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(table.Faults(feature.SchemaVersion), "; "); got != c.want {
			t.Errorf("%q: got %q; want %q", c.header, got, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("who,knows\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Scan(path); !errors.Is(err, ErrNoTable) {
		t.Errorf("got %v; want ErrNoTable", err)
	}
}

func TestCompare(t *testing.T) {
	row := func(port int64, v float64, name string) map[string]any {
		return map[string]any{"src_ip": "10.0.0.1", "src_port": port, "v": v, "name": name, "list": []int64{1, 2}}
	}
	const flows = `{"flows": [
		{"src_ip": "10.0.0.1", "src_port": 1, "v": 0.5, "name": null, "list": [1, 2]},
		{"src_ip": "10.0.0.1", "src_port": 2, "v": 1.5, "name": "a", "list": [1, 2.0]},
		{"src_ip": "10.0.0.1", "src_port": 1, "v": 2, "name": "b", "list": [1, 3]},
		{"src_ip": "10.0.0.1", "src_port": 9, "v": 0, "name": "c", "list": []}]}`
	want, err := ReadFlows(strings.NewReader(flows))
	if err != nil {
		t.Fatal(err)
	}
	c := Comparison{Absolute: 1e-9, Relative: 1e-3}
	c.Compare(want, []map[string]any{row(2, 1.5001, "a"), row(1, 0.5, ""), row(1, 3, "b"), row(7, 0, "")})
	var got []string
	for _, d := range c.Differences {
		got = append(got, d.What+" "+d.Flow+" "+d.Column)
	}
	exp := []string{"value 10.0.0.1 1 list", "value 10.0.0.1 1 v", "missing flow 10.0.0.1 9 ", "extra flow 10.0.0.1 7 "}
	if !slices.Equal(got, exp) || c.Count != 4 || c.Expected != 4 || c.Extracted != 4 {
		t.Errorf("got %q, %d differences; want %q", got, c.Count, exp)
	}
	if b, err := json.Marshal(c.Differences); err != nil || !strings.Contains(string(b), `"expected":2`) {
		t.Errorf("%s, %v", b, err)
	}
	for _, bad := range []string{"{}", "[]", `{"flows": 1}`} {
		if _, err := ReadFlows(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

// TestPartial: what an interrupted run has written says so in every format, and what a whole run
// has written does not.
func TestPartial(t *testing.T) {
	s := some(t)
	for _, name := range []string{"x.parquet", "x.arrow", "x.arrows", "x.jsonl", "x.json", "x.csv", "x.npy"} {
		for _, header := range []bool{false, true} {
			for _, partial := range []bool{false, true} {
				path := filepath.Join(t.TempDir(), name)
				target, err := all.Sinks().Parse(path)
				if err != nil {
					t.Fatal(err)
				}
				says := func() []byte { return fmt.Appendf(nil, `{"tool":"pinyon","partial":%v}`, partial) }
				run := &sink.Run{Provenance: &sink.Provenance{
					Head: []byte(`{"tool":"pinyon","partial":false}`), Tail: says, File: says, Header: header,
					Partial: func() bool { return partial },
				}}
				k, err := target.Open(t.Context(), s, run)
				if err != nil {
					t.Fatal(err)
				}
				b := column.New(s, 0)
				sinktest.Fill(b, sinktest.Rows(s, 10))
				if err := errors.Join(k.Write(t.Context(), b), k.Close(t.Context())); err != nil {
					t.Fatal(err)
				}
				if got, err := Scan(path); err != nil || got.Partial != partial || got.Rows != 10 {
					t.Errorf("%s, header %v: partial %v; want %v; %d rows; %v", name, header, got.Partial, partial, got.Rows, err)
				}
			}
		}
	}
}

package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/all"
	"pinyon/sink/sinktest"
)

// TestOpen: what sinks have written is read back, column by column and value by value.
func TestOpen(t *testing.T) {
	ctx := context.Background()
	for _, nulls := range []bool{false, true} {
		s := some(t)
		s.Nulls = nulls
		rows := sinktest.Rows(s, 2500)
		b := column.New(s, 0)
		sinktest.Fill(b, rows)
		for _, d := range all.Sinks() {
			if d.Stream == nil || d.Name == "npy" {
				continue
			}
			path := filepath.Join(t.TempDir(), "table")
			target, err := d.Target(path)
			if err != nil {
				t.Fatal(err)
			}
			k, err := target.Open(ctx, s, &sink.Run{Provenance: &sink.Provenance{Head: []byte(`{"at":1}`), Header: true}})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
				t.Fatal(err)
			}
			in := os.Stdin
			name := path
			if d.Name == "arrow" || d.Name == "jsonl" || d.Name == "csv" {
				if in, err = os.Open(path); err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				name = "-"
			}
			r, err := Open(name, in)
			if err != nil {
				t.Errorf("%s: %v", d.Name, err)
				continue
			}
			if r.Format != d.Name {
				t.Errorf("%s was read as %s", d.Name, r.Format)
			}
			if holds := d.Stream.Embeds || d.Stream.Header; holds != (r.Provenance == `{"at":1}`) {
				t.Errorf("%s: provenance %q", d.Name, r.Provenance)
			}
			n := 0
			isText := d.Name[1:] == "sv"
			isJSON := strings.HasPrefix(d.Name, "json")
			for got, err := range r.Batches() {
				if err != nil {
					t.Fatalf("%s: %v", d.Name, err)
				}
				if err := got.Check(); err != nil {
					t.Fatal(err)
				}
				for i := range got.Rows {
					for k := range s.Fields {
						have, want := got.Row(i).At(k), b.Row(n).At(k)
						if !sameCell(have, want, isText, isJSON) {
							t.Fatalf("%s: row %d: column %s: got %#v; want %#v", d.Name, n, s.Fields[k].Out, have, want)
						}
					}
					n++
				}
			}
			if err := r.Close(); err != nil || n != 2500 {
				t.Errorf("%s: %d rows, %v", d.Name, n, err)
			}
		}
	}
}

// sameCell compares cells; text formats write control bytes and what is no UTF-8 otherwise,
// JSON has no infinity, and in both a list that is absent is an empty one.
func sameCell(got, want any, text, json bool) bool {
	if w, ok := want.(string); ok {
		g, _ := got.(string)
		return g == strings.ToValidUTF8(string([]rune(w)), "\uFFFD") || text && strings.Contains(g, `\x`) || text && strings.ContainsAny(w, "\r\n\t")
	}
	if w, ok := want.(float64); ok && json && math.IsInf(w, 0) {
		return got == nil || got == 0.0
	}
	if want == nil && (text || json) {
		return got == nil || got == "" || fmt.Sprint(got) == "[]"
	}
	if reflect.ValueOf(want).Kind() == reflect.Slice && reflect.ValueOf(want).Len() == 0 {
		return got == nil || reflect.ValueOf(got).Len() == 0
	}
	return reflect.DeepEqual(got, want)
}

// FuzzOpen: no input does more than fail.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("src_ip,total_packets\n1.2.3.4,5\n"))
	f.Add([]byte("{\"src_ip\":\"1.2.3.4\",\"total_packets\":5}\n"))
	f.Add([]byte("[{\"iat_sequence\":[1,2]}]"))
	f.Add([]byte("total_packets\tsplt\n5\t[[1,0.5,1]]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 3 && data[0] == 0xff || strings.HasPrefix(string(data), "ARROW1") || strings.HasPrefix(string(data), "PAR1") {
			return // other people's parsers
		}
		r, err := Open("-", strings.NewReader(string(data)))
		if err != nil {
			return
		}
		for b, err := range r.Batches() {
			if err != nil {
				return
			}
			if err := b.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

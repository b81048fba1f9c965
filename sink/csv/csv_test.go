package csv

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

var ctx = context.Background()

const null = `\N`

func TestSuite(t *testing.T) {
	for name, o := range map[string]Options{
		"plain": {Null: null},
		"semi":  {Null: null, Delimiter: ';', BoolStyle: "python"},
		"crlf":  {Null: null, CRLF: true},
	} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, sinktest.Format{Open: sinktest.With(New, o, sink.Common{}), Decode: decoder(o), Want: want})
		})
	}
	o := Options{Null: null, Delimiter: '\t'}
	t.Run("tsv", func(t *testing.T) {
		sinktest.Run(t, sinktest.Format{Open: sinktest.With(NewTSV, o, sink.Common{}), Decode: decoder(o), Want: want})
	})
}

// want is what encoding/csv gives back: it turns CR LF inside quotes into LF.
func want(_ *column.Field, v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	return strings.ReplaceAll(escaped(s), "\r\n", "\n")
}

func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func decoder(o Options) func([]byte, *column.Schema) ([][]any, error) {
	return func(data []byte, s *column.Schema) ([][]any, error) {
		r := csv.NewReader(bytes.NewReader(data))
		if o.Delimiter != 0 {
			r.Comma = rune(o.Delimiter)
		}
		records, err := r.ReadAll()
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, errors.New("no header")
		}
		for i, name := range records[0] {
			if name != s.Fields[i].Out {
				return nil, fmt.Errorf("header %q", name)
			}
		}
		rows := [][]any{}
		for _, rec := range records[1:] {
			row := make([]any, len(rec))
			for i, cell := range rec {
				if cell == null {
					continue
				}
				if row[i], err = parse(s.Fields[i].Kind, cell); err != nil {
					return nil, err
				}
			}
			rows = append(rows, row)
		}
		return rows, nil
	}
}

func parse(k feature.Kind, cell string) (any, error) {
	switch k {
	case feature.Int:
		return strconv.ParseInt(cell, 10, 64)
	case feature.Float:
		if !strings.ContainsAny(cell, ".en") {
			return nil, fmt.Errorf("float %q looks like an integer", cell)
		}
		return strconv.ParseFloat(cell, 64)
	case feature.Bool:
		return strconv.ParseBool(cell)
	case feature.Text:
		return cell, nil
	}
	return sinktest.ParseList(k, []byte(cell))
}

func TestFormula(t *testing.T) {
	s := &column.Schema{Fields: []column.Field{{Out: "t", Desc: feature.Desc{Kind: feature.Text}}, {Out: "n", Desc: feature.Desc{Kind: feature.Int}}}}
	var out bytes.Buffer
	k, err := New(&out, s, &Options{Safe: true, NoHeader: true})
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 4)
	sinktest.Fill(b, [][]any{{"=1+1", int64(-1)}, {"@a,b", int64(1)}, {"x=1", int64(0)}, {"\tx", int64(0)}})
	if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "'=1+1,-1\n\"'@a,b\",1\nx=1,0\n'\tx,0\n"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{Delimiter: '"'}, {Delimiter: '\n'}, {Delimiter: '7'}, {Delimiter: 0xa7}, {BoolStyle: "perl"}} {
		if _, err := New(io.Discard, sinktest.Schema(false), &o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// FuzzText checks that encoding/csv gets every cell back.
func FuzzText(f *testing.F) {
	f.Add("a", "b,c")
	f.Add("", "\"\"\n")
	f.Add("\xff\x00", "\r")
	s := &column.Schema{Fields: []column.Field{{Out: "a", Desc: feature.Desc{Kind: feature.Text}}, {Out: "b", Desc: feature.Desc{Kind: feature.Text}}}}
	f.Fuzz(func(t *testing.T, a, b string) {
		var out bytes.Buffer
		k, _ := New(&out, s, &Options{Null: null})
		batch := column.New(s, 1)
		sinktest.Fill(batch, [][]any{{a, b}})
		if err := errors.Join(k.Write(ctx, batch), k.Close(ctx)); err != nil {
			t.Fatal(err)
		}
		recs, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(recs) != 2 {
			t.Fatalf("%q: %v", recs, err)
		}
		for i, v := range []string{a, b} {
			if got, want := recs[1][i], want(nil, v); got != want {
				t.Errorf("got %q; want %q", got, want)
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	sinktest.Benchmark(b, sinktest.With(New, Options{}, sink.Common{}), io.Discard)
}

var update = flag.Bool("update", false, "rewrite golden files")

func TestGolden(t *testing.T) {
	o := Options{Null: null}
	sinktest.Golden(t, sinktest.Format{Open: sinktest.With(New, Options{}, sink.Common{})}, "testdata/suite.csv", *update)
	sinktest.Golden(t, sinktest.Format{Open: sinktest.With(NewTSV, o, sink.Common{})}, "testdata/suite.tsv", *update)
	o = Options{Delimiter: ';', CRLF: true, BoolStyle: "python", Safe: true}
	sinktest.Golden(t, sinktest.Format{Open: sinktest.With(New, o, sink.Common{})}, "testdata/options.csv", *update)
}

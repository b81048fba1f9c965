package json

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

var (
	ctx   = context.Background()
	jsonl = sinktest.With(New, Options{}, sink.Common{})
	array = sinktest.With(NewArray, Options{}, sink.Common{})
)

func TestSuite(t *testing.T) {
	t.Run("lines", func(t *testing.T) {
		sinktest.Run(t, sinktest.Format{Open: jsonl, Decode: decodeLines, Want: want})
	})
	t.Run("array", func(t *testing.T) {
		sinktest.Run(t, sinktest.Format{Open: array, Decode: decodeArray, Want: want})
	})
}

func want(_ *column.Field, v any) any {
	if x, ok := v.(float64); ok && math.IsInf(x, 0) {
		return nil
	}
	return v
}

func decodeLines(data []byte, s *column.Schema) ([][]any, error) {
	rows := [][]any{}
	for line := range bytes.Lines(data) {
		row, err := decodeObject(line, s)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func decodeArray(data []byte, s *column.Schema) ([][]any, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	rows := [][]any{}
	for _, o := range list {
		row, err := decodeObject(o, s)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// decodeObject also checks that keys stand in the order of columns.
func decodeObject(data []byte, s *column.Schema) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, fmt.Errorf("%v, %v", tok, err)
	}
	var row []any
	for i := range s.Fields {
		if key, err := d.Token(); err != nil || key != s.Fields[i].Out {
			return nil, fmt.Errorf("key %v, %v; want %s", key, err, s.Fields[i].Out)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		v, err := decodeValue(s.Fields[i].Kind, raw)
		if err != nil {
			return nil, err
		}
		row = append(row, v)
	}
	return row, nil
}

func decodeValue(k feature.Kind, raw []byte) (v any, err error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch k {
	case feature.Int:
		var x int64
		err = json.Unmarshal(raw, &x)
		v = x
	case feature.Float:
		var x float64
		err = json.Unmarshal(raw, &x)
		v = x
	case feature.Bool:
		var x bool
		err = json.Unmarshal(raw, &x)
		v = x
	case feature.Text:
		var x string
		err = json.Unmarshal(raw, &x)
		v = x
	default:
		v, err = sinktest.ParseList(k, raw)
	}
	return v, err
}

func TestHeadLine(t *testing.T) {
	var out bytes.Buffer
	o := &Options{sink.Common{HeadRow: true, Head: map[string]string{sink.MetadataProvenance: `{"tool": "pinyon"}`}}}
	k, err := New(&out, sinktest.Schema(false), o)
	if err := errors.Join(err, k.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), `{"type":"metadata","provenance":{"tool":"pinyon"}}`+"\n"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

func TestReplaced(t *testing.T) {
	s := &column.Schema{Fields: []column.Field{{Out: "t", Desc: feature.Desc{Kind: feature.Text}}}}
	k, _ := New(io.Discard, s, nil)
	b := column.New(s, 1)
	sinktest.Fill(b, [][]any{{"a\xff\xfeb"}, {"ok"}, {"\xe2\x82"}})
	if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := k.Counters().Stats().Replaced; got != 4 {
		t.Errorf("replaced %d; want 4", got)
	}
}

// FuzzText checks that encoding/json gets every text and key back.
func FuzzText(f *testing.F) {
	f.Add("key", "a\"\\\n\x00\xff\u2028é")
	f.Fuzz(func(t *testing.T, key, text string) {
		s := &column.Schema{Fields: []column.Field{{Out: key, Desc: feature.Desc{Kind: feature.Text}}}}
		var out strings.Builder
		k, _ := New(&out, s, nil)
		b := column.New(s, 1)
		sinktest.Fill(b, [][]any{{text}})
		if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
		if got[string([]rune(key))] != string([]rune(text)) {
			t.Errorf("%q: got %q", out.String(), got)
		}
	})
}

func BenchmarkWrite(b *testing.B) { sinktest.Benchmark(b, jsonl, io.Discard) }

var update = flag.Bool("update", false, "rewrite golden files")

func TestGolden(t *testing.T) {
	sinktest.Golden(t, sinktest.Format{Open: jsonl}, "testdata/suite.jsonl", *update)
	sinktest.Golden(t, sinktest.Format{Open: array}, "testdata/suite.json", *update)
}

package arrow

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

var ctx = context.Background()

func TestSuite(t *testing.T) {
	for _, c := range []string{"", "lz4", "zstd"} {
		o, about := Options{Compression: c}, sink.Common{Head: map[string]string{sink.MetadataProvenance: "{}", "b": "1", "a": "2"}}
		t.Run("stream "+c, func(t *testing.T) {
			sinktest.Run(t, sinktest.Format{Open: sinktest.With(New, o, about), Decode: decodeStream})
		})
		t.Run("file "+c, func(t *testing.T) {
			sinktest.Run(t, sinktest.Format{Open: sinktest.With(NewFile, o, about), Decode: decodeFile})
		})
	}
}

func decodeStream(data []byte, _ *column.Schema) ([][]any, error) {
	r, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer r.Release()
	rows := [][]any{}
	for r.Next() {
		rows = appendRows(rows, r.RecordBatch())
	}
	return rows, r.Err()
}

func decodeFile(data []byte, _ *column.Schema) ([][]any, error) {
	r, err := ipc.NewFileReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if _, ok := r.Schema().Metadata().GetValue(sink.MetadataProvenance); !ok {
		return nil, errors.New("no provenance")
	}
	rows := [][]any{}
	for i := range r.NumRecords() {
		rec, err := r.RecordBatch(i)
		if err != nil {
			return nil, err
		}
		rows = appendRows(rows, rec)
	}
	return rows, nil
}

func appendRows(rows [][]any, rec arrow.RecordBatch) [][]any {
	for i := range int(rec.NumRows()) {
		row := make([]any, rec.NumCols())
		for k := range row {
			row[k] = cell(rec.Column(k), i)
		}
		rows = append(rows, row)
	}
	return rows
}

func cell(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	case *array.String:
		return string([]byte(a.Value(i)))
	}
	list := a.(*array.List)
	from, to := list.ValueOffsets(i)
	switch v := list.ListValues().(type) {
	case *array.Int64:
		return append([]int64{}, v.Int64Values()[from:to]...)
	case *array.Float64:
		return append([]float64{}, v.Float64Values()[from:to]...)
	}
	s := list.ListValues().(*array.Struct)
	v := []sinktest.Triple{}
	for k := int(from); k < int(to); k++ {
		v = append(v, sinktest.Triple{Length: s.Field(0).(*array.Int64).Value(k),
			Gap: s.Field(1).(*array.Float64).Value(k), Dir: s.Field(2).(*array.Int64).Value(k)})
	}
	return v
}

func TestMetadata(t *testing.T) {
	var out bytes.Buffer
	k, err := New(&out, sinktest.Schema(true), &Options{Common: sink.Common{Head: map[string]string{"who": "me"}}})
	if err := errors.Join(err, k.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	f := r.Schema().Field(1)
	for key, want := range map[string]string{"id": "test.integer_true", "unit": "s", "group": "test", "profile": "JJ-CORE"} {
		if got, _ := f.Metadata.GetValue(key); got != want {
			t.Errorf("field %s: got %q; want %q", key, got, want)
		}
	}
	if !f.Nullable || r.Schema().Field(0).Nullable {
		t.Error("nullable is wrong")
	}
	for key, want := range map[string]string{"who": "me", "pinyon.schema_version": "v1"} {
		if m := r.Schema().Metadata(); m.FindKey(key) < 0 || m.Values()[m.FindKey(key)] != want {
			t.Errorf("%s: got %v", key, m)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	sinktest.Benchmark(b, sinktest.With(New, Options{}, sink.Common{}), io.Discard)
}

var update = flag.Bool("update", false, "rewrite golden files")

func TestGolden(t *testing.T) {
	about := sink.Common{Head: map[string]string{sink.MetadataProvenance: "{}"}}
	sinktest.Golden(t, sinktest.Format{Open: sinktest.With(New, Options{}, about)}, "testdata/suite.arrows", *update)
	sinktest.Golden(t, sinktest.Format{Open: sinktest.With(NewFile, Options{}, about)}, "testdata/suite.arrow", *update)
}

package parquet

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

func field(name string, k feature.Kind) column.Field {
	return column.Field{Out: name, Desc: feature.Desc{Name: name, Group: "g", Kind: k, Unit: feature.Bytes,
		Profile: feature.Core, Doc: "A sentence."}}
}

// written is the file of s that fill's batches make, opened.
func written(t *testing.T, s *column.Schema, o *Options, batches int, fill func(b *column.Batch, i int)) *file.Reader {
	t.Helper()
	var out bytes.Buffer
	k, err := New(&out, s, o)
	if err != nil {
		t.Fatal(err)
	}
	b := column.New(s, 0)
	for i := range batches {
		b.Reset()
		fill(b, i)
		if err := k.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestChoice demands the encoding that a column's values ask for, group by group.
func TestChoice(t *testing.T) {
	s := &column.Schema{Fields: []column.Field{
		field("constant", feature.Int), field("few", feature.Float), field("turns", feature.Int), field("ints", feature.Int),
		field("floats", feature.Float), field("bools", feature.Bool), field("names", feature.Text), field("ids", feature.Text)}}
	r := rand.New(rand.NewPCG(1, 2))
	const rows = 5000
	f := written(t, s, &Options{RowGroup: rows}, 2, func(b *column.Batch, i int) {
		var all [][]any
		for range rows {
			turns := int64(r.Uint32())
			if i == 1 {
				turns %= 9
			}
			all = append(all, []any{int64(7), float64(r.Uint32()%9) / 7, turns, int64(r.Uint32()), r.Float64(), r.Uint32()%2 == 0,
				fmt.Sprint("name ", r.Uint32()%900), fmt.Sprint(r.Uint64())})
		}
		sinktest.Fill(b, all)
	})
	e := parquet.Encodings
	for g := range 2 {
		turns := e.DeltaBinaryPacked
		if g == 1 {
			turns = e.RLEDict
		}
		for i, want := range []parquet.Encoding{e.RLEDict, e.RLEDict, turns, e.DeltaBinaryPacked, e.ByteStreamSplit, e.RLE, e.RLEDict, e.DeltaLengthByteArray} {
			c, err := f.MetaData().RowGroup(g).ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Encodings(); !slices.Contains(got, want) || c.HasDictionaryPage() != (want == e.RLEDict) {
				t.Errorf("group %d, column %s: encodings %v; want %v", g, s.Fields[i].Out, got, want)
			}
			if set, err := c.StatsSet(); !set || err != nil {
				t.Errorf("group %d, column %s: no statistics, %v", g, s.Fields[i].Out, err)
			}
		}
	}
}

// TestGroups ends row groups by rows and by bytes before compression.
func TestGroups(t *testing.T) {
	s := &column.Schema{Fields: []column.Field{field("n", feature.Int)}}
	ends := func(s *column.Schema, o *Options, rows int) (got []int64) {
		f := written(t, s, o, rows/1000, func(b *column.Batch, i int) {
			b.Rows = 1000
			for k := range b.Cols {
				b.Cols[k].Ints = append(b.Cols[k].Ints, make([]int64, 1000)...)
			}
		})
		for g := range f.NumRowGroups() {
			got = append(got, f.RowGroup(g).NumRows())
		}
		return got
	}
	if got, want := ends(s, nil, 70_000), []int64{65_536, 4_464}; !slices.Equal(got, want) {
		t.Errorf("groups of %v rows; want %v", got, want)
	}
	if got, want := ends(s, &Options{RowGroup: 1500}, 4000), []int64{1500, 1500, 1000}; !slices.Equal(got, want) {
		t.Errorf("groups of %v rows; want %v", got, want)
	}
	for i := range 999 {
		s.Fields = append(s.Fields, field(fmt.Sprint("n", i), feature.Int))
	}
	// 64 MiB are 8,388.6 rows of 1,000 integers; the end is seen in whole blocks.
	if got := ends(s, nil, 10_000); len(got) != 2 || got[0] < 8388 || got[0] > 8388+blockValues {
		t.Errorf("groups of %v rows; want 64 MiB in the first", got)
	}
}

// TestMetadata reads the footer of a file without rows.
func TestMetadata(t *testing.T) {
	s := &column.Schema{Nulls: true, Version: "v1", Fields: []column.Field{field("a", feature.Int), field("b.c", feature.Triples)}}
	s.Fields[0].Nullable = true
	f := written(t, s, &Options{Common: sink.Common{Head: map[string]string{"early": "1"},
		Tail: func() map[string]string { return map[string]string{sink.MetadataProvenance: `{"x":1}`} }}}, 0, nil)
	m := f.MetaData()
	if m.NumRows != 0 || f.NumRowGroups() != 0 || m.Schema.NumColumns() != 4 {
		t.Errorf("%d rows, %d groups, %d columns", m.NumRows, f.NumRowGroups(), m.Schema.NumColumns())
	}
	if got := m.Schema.Column(3).Path(); got != "b.c.list.element.direction" {
		t.Errorf("path %s", got)
	}
	if m.Schema.Column(0).MaxDefinitionLevel() != 1 || m.Schema.Column(1).MaxDefinitionLevel() != 1 {
		t.Error("the first column may have nulls, the second may not")
	}
	kv := m.KeyValueMetadata()
	if got := kv.FindValue(sink.MetadataProvenance); got == nil || *got != `{"x":1}` {
		t.Errorf("provenance %v", got)
	}
	if kv.FindValue("early") != nil {
		t.Error("Head is there although Tail is set")
	}
	embedded := kv.FindValue("ARROW:schema")
	if embedded == nil {
		t.Fatal("no ARROW:schema")
	}
	raw, err := base64.StdEncoding.DecodeString(*embedded)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for key, want := range map[string]string{"id": "g.a", "group": "g", "unit": "bytes", "profile": "JJ-CORE", "description": "A sentence."} {
		if got, _ := r.Schema().Field(0).Metadata.GetValue(key); got != want {
			t.Errorf("field metadata %s is %q; want %q", key, got, want)
		}
	}
}

// TestFloats has values that compare equal and are not, and such that never are equal.
func TestFloats(t *testing.T) {
	other := math.Float64frombits(0x7ff8_0000_dead_beef)
	for _, v := range [][]float64{{0, math.Copysign(0, -1), 0, 1}, {math.NaN(), other, 1, math.Inf(-1)}, {math.NaN(), math.NaN()}} {
		s := &column.Schema{Fields: []column.Field{field("f", feature.Float)}}
		const rows = 3000
		f := written(t, s, nil, 1, func(b *column.Batch, _ int) {
			b.Rows = rows
			for i := range rows {
				b.Cols[0].Floats = append(b.Cols[0].Floats, v[i%len(v)])
			}
		})
		c, err := f.RowGroup(0).Column(0)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, rows)
		for n := 0; n < rows; {
			_, read, err := c.(*file.Float64ColumnChunkReader).ReadBatch(int64(rows-n), got[n:], nil, nil)
			if err != nil || read == 0 {
				t.Fatal(n, err)
			}
			n += read
		}
		for i := range got {
			if math.Float64bits(got[i]) != math.Float64bits(v[i%len(v)]) {
				t.Fatalf("row %d of %v: got %x; want %x", i, v, math.Float64bits(got[i]), math.Float64bits(v[i%len(v)]))
			}
		}
	}
}

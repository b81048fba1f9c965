package parquet

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

var ctx = context.Background()

func TestSuite(t *testing.T) {
	for name, o := range map[string]Options{
		"zstd":   {},
		"none":   {Compression: "none", RowGroup: 1000},
		"snappy": {Compression: "snappy"},
		"gzip":   {Compression: "gzip", RowGroup: 77},
		"brotli": {Compression: "brotli"},
		"lz4":    {Compression: "lz4"},
	} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, sinktest.Format{Open: sinktest.With(New, o, sink.Common{}), Decode: decode})
		})
	}
	t.Run("json lists", func(t *testing.T) {
		sinktest.Run(t, sinktest.Format{Open: sinktest.With(New, Options{Lists: "json"}, sink.Common{}), Decode: decode})
	})
}

// decode reads a file with another implementation and puts lists together.
func decode(data []byte, s *column.Schema) ([][]any, error) {
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	rows := [][]any{}
	for g := range r.NumRowGroups() {
		group := r.RowGroup(g)
		part := make([][]any, group.NumRows())
		for i := range part {
			part[i] = make([]any, len(s.Fields))
		}
		leaf := 0
		for k := range s.Fields {
			n := 1
			if s.Fields[k].Kind == feature.Triples && r.MetaData().Schema.Column(leaf).MaxRepetitionLevel() > 0 {
				n = 3
			}
			var cols []decoded
			for range n {
				c, err := group.Column(leaf)
				if err != nil {
					return nil, err
				}
				d, err := read(c, numValues(group, leaf))
				if err != nil {
					return nil, fmt.Errorf("%s: %w", s.Fields[k].Out, err)
				}
				cols = append(cols, d)
				leaf++
			}
			if err := assemble(part, k, s.Fields[k].Kind, cols); err != nil {
				return nil, err
			}
		}
		rows = append(rows, part...)
	}
	return rows, nil
}

type decoded struct {
	values   []any
	def, rep []int16
	maxDef   int16
	list     bool
}

func read(c file.ColumnChunkReader, entries int64) (decoded, error) {
	d := decoded{def: make([]int16, entries), rep: make([]int16, entries),
		maxDef: c.Descriptor().MaxDefinitionLevel(), list: c.Descriptor().MaxRepetitionLevel() > 0}
	var err error
	switch c := c.(type) {
	case *file.Int64ColumnChunkReader:
		err = readAll(&d, func(n int64, v []int64, def, rep []int16) (int64, int, error) { return c.ReadBatch(n, v, def, rep) })
	case *file.Float64ColumnChunkReader:
		err = readAll(&d, func(n int64, v []float64, def, rep []int16) (int64, int, error) { return c.ReadBatch(n, v, def, rep) })
	case *file.BooleanColumnChunkReader:
		err = readAll(&d, func(n int64, v []bool, def, rep []int16) (int64, int, error) { return c.ReadBatch(n, v, def, rep) })
	case *file.ByteArrayColumnChunkReader:
		err = readAll(&d, func(n int64, v []parquet.ByteArray, def, rep []int16) (int64, int, error) {
			return c.ReadBatch(n, v, def, rep)
		})
	}
	return d, err
}

func readAll[T any](d *decoded, batch func(int64, []T, []int16, []int16) (int64, int, error)) error {
	v := make([]T, len(d.def))
	for at := 0; at < len(d.def); {
		n, values, err := batch(int64(len(d.def)-at), v, d.def[at:], d.rep[at:])
		if err != nil || n == 0 {
			return fmt.Errorf("entry %d of %d: %w", at, len(d.def), errors.Join(err, io.ErrUnexpectedEOF))
		}
		at += int(n)
		for _, x := range v[:values] {
			if b, ok := any(x).(parquet.ByteArray); ok {
				d.values = append(d.values, string(b))
			} else {
				d.values = append(d.values, x)
			}
		}
	}
	return nil
}

func assemble(rows [][]any, k int, kind feature.Kind, cols []decoded) error {
	d, row, at := cols[0], -1, 0
	for e := range d.def {
		if !d.list || d.rep[e] == 0 {
			row++
			if d.list && d.def[e] >= d.maxDef-1 {
				rows[row][k] = empty(kind)
			}
		}
		if d.def[e] < d.maxDef {
			continue
		}
		switch v := rows[row][k].(type) {
		case []int64:
			rows[row][k] = append(v, d.values[at].(int64))
		case []float64:
			rows[row][k] = append(v, d.values[at].(float64))
		case []sinktest.Triple:
			rows[row][k] = append(v, sinktest.Triple{Length: d.values[at].(int64),
				Gap: cols[1].values[at].(float64), Dir: cols[2].values[at].(int64)})
		default:
			rows[row][k] = d.values[at]
			if kind.IsList() {
				list, err := sinktest.ParseList(kind, []byte(d.values[at].(string)))
				if err != nil {
					return err
				}
				rows[row][k] = list
			}
		}
		at++
	}
	if row != len(rows)-1 || at != len(d.values) {
		return fmt.Errorf("column %d: %d rows of %d, %d values of %d", k, row+1, len(rows), at, len(d.values))
	}
	return nil
}

func empty(k feature.Kind) any {
	switch k {
	case feature.IntList:
		return []int64{}
	case feature.FloatList:
		return []float64{}
	}
	return []sinktest.Triple{}
}

func BenchmarkWrite(b *testing.B) {
	for _, c := range []string{"zstd", "snappy", "none"} {
		b.Run("codec="+c, func(b *testing.B) {
			sinktest.Benchmark(b, sinktest.With(New, Options{Compression: c}, sink.Common{}), io.Discard)
		})
	}
}

func numValues(g *file.RowGroupReader, leaf int) int64 {
	c, err := g.MetaData().ColumnChunk(leaf)
	if err != nil {
		return 0
	}
	return c.NumValues()
}

var update = flag.Bool("update", false, "rewrite golden files")

// The golden file is not compressed, so that it depends on no other library's version.
func TestGolden(t *testing.T) {
	about := sink.Common{Head: map[string]string{sink.MetadataProvenance: "{}"}}
	sinktest.Golden(t, sinktest.Format{Open: sinktest.With(New, Options{Compression: "none"}, about)}, "testdata/suite.parquet", *update)
}

// TestEncodings writes columns that take each way through a chunk, over several pages and
// row groups: constant, few values, many, so many that the dictionary gives up half-way, and
// text likewise.
func TestEncodings(t *testing.T) {
	kinds := []feature.Kind{feature.Int, feature.Float, feature.Text}
	value := func(k feature.Kind, n int64) any {
		switch k {
		case feature.Int:
			return n - 3
		case feature.Float:
			return float64(n) / 7
		}
		return fmt.Sprintf("text %d", n)
	}
	for _, nulls := range []bool{false, true} {
		s := &column.Schema{Nulls: nulls}
		var spreads []int64
		for _, k := range kinds {
			for _, spread := range []int64{1, 2, 300, 5000, 1 << 40} {
				s.Fields = append(s.Fields, column.Field{Out: fmt.Sprint(k, spread), Desc: feature.Desc{Kind: k, Nullable: spread != 300}})
				spreads = append(spreads, spread)
			}
		}
		r := rand.New(rand.NewPCG(7, 8))
		rows := make([][]any, 40_000)
		for i := range rows {
			for k, spread := range spreads {
				var v any
				if !nulls || spread == 300 || r.Uint32()%4 > 0 {
					v = value(s.Fields[k].Kind, r.Int64N(spread)*int64(min(i/9000, 1)))
				}
				rows[i] = append(rows[i], v)
			}
		}
		var out bytes.Buffer
		k, err := New(&out, s, &Options{RowGroup: 30_000})
		if err != nil {
			t.Fatal(err)
		}
		b := column.New(s, 0)
		for part := range slices.Chunk(rows, 1111) {
			sinktest.Fill(b, part)
			if err := k.Write(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Close(ctx); err != nil {
			t.Fatal(err)
		}
		got, err := decode(out.Bytes(), s)
		if err != nil || len(got) != len(rows) {
			t.Fatalf("%d rows, %v", len(got), err)
		}
		for i := range rows {
			if !slices.Equal(got[i], rows[i]) {
				t.Fatalf("row %d:\n got %v\nwant %v", i, got[i], rows[i])
			}
		}
	}
}

// TestMemory bounds what an open row group of 310 columns holds.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60,000 rows")
	}
	s := sinktest.Flows(310)
	b := column.New(s, 512)
	r := rand.New(rand.NewPCG(1, 2))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	k, err := New(io.Discard, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 60_000 / 512 {
		sinktest.FillFlows(b, 512, r)
		if err := k.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	const most = 64 << 20
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > most {
		t.Errorf("holds %d bytes; want at most %d", held, most)
	} else {
		t.Logf("holds %d bytes", held)
	}
	if err := k.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// FuzzNumbers checks that another implementation reads integers, floats and text back.
func FuzzNumbers(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), uint8(3))
	f.Add(bytes.Repeat([]byte{0, 0xff}, 200), uint8(60))
	s := &column.Schema{Fields: []column.Field{
		{Out: "i", Desc: feature.Desc{Kind: feature.Int}}, {Out: "f", Desc: feature.Desc{Kind: feature.Float}},
		{Out: "t", Desc: feature.Desc{Kind: feature.Text}}, {Out: "b", Desc: feature.Desc{Kind: feature.Bool}},
		{Out: "l", Desc: feature.Desc{Kind: feature.IntList}}}}
	f.Fuzz(func(t *testing.T, seed []byte, shift uint8) {
		var rows [][]any
		for i, c := range seed {
			x := int64(uint64(c)*0x9e3779b97f4a7c15) >> (shift & 63)
			list := []int64{}
			for j := range int64(c % 4) {
				list = append(list, x+j)
			}
			rows = append(rows, []any{x, float64(x) / 3, string([]rune(string(seed[i:min(len(seed), i+int(c%9))]))), c&1 != 0, list})
		}
		var out bytes.Buffer
		k, err := New(&out, s, &Options{Compression: "none", RowGroup: 1 + int(shift)})
		if err != nil {
			t.Fatal(err)
		}
		b := column.New(s, 0)
		sinktest.Fill(b, rows)
		if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
			t.Fatal(err)
		}
		got, err := decode(out.Bytes(), s)
		if err != nil || len(got) != len(rows) {
			t.Fatalf("%d rows of %d, %v", len(got), len(rows), err)
		}
		for i := range rows {
			if fmt.Sprint(got[i]) != fmt.Sprint(rows[i]) {
				t.Fatalf("row %d: got %v; want %v", i, got[i], rows[i])
			}
		}
	})
}

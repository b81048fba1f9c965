package parquet

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/column"
	"pinyon/feature"
)

// TestForms: numbers of fewer bits, and times, have types of their own, with a dictionary and
// without, and keep their greatest values.
func TestForms(t *testing.T) {
	s := &column.Schema{Nulls: true}
	for name, form := range map[string]feature.Form{"a": feature.Uint8, "b": feature.Uint16, "c": feature.Uint32, "d": feature.Stamp} {
		s.Fields = append(s.Fields, column.Field{Out: name, Desc: feature.Desc{Name: name, Kind: feature.Int, Form: form, Nullable: name != "b"}})
	}
	const rows = 5000
	b := column.New(s, rows)
	value := func(k, i int) int64 {
		most := map[string]int64{"a": math.MaxUint8, "b": math.MaxUint16, "c": math.MaxUint32, "d": math.MaxInt64}[s.Fields[k].Out]
		if s.Fields[k].Out == "c" {
			return most - int64(i) // all different
		}
		return most - int64(i%7)
	}
	for i := range rows {
		for k := range b.Cols {
			c := &b.Cols[k]
			is := c.Valid == nil || i%5 != 3
			if c.Valid != nil {
				c.Valid = column.AppendBit(c.Valid, i, is)
			}
			v := int64(0)
			if is {
				v = value(k, i)
			} else {
				c.Nulls++
			}
			c.Ints = append(c.Ints, v)
		}
		b.Rows++
	}
	var out bytes.Buffer
	w, err := New(&out, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	rd, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if rd.NumRowGroups() != 1 {
		t.Fatalf("%d row groups", rd.NumRowGroups())
	}
	for k, f := range s.Fields {
		c, err := rd.RowGroup(0).Column(k)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"a": "Int(bitWidth=8, isSigned=false)", "b": "Int(bitWidth=16, isSigned=false)", "c": "Int(bitWidth=32, isSigned=false)",
			"d": "Timestamp(isAdjustedToUTC=true, timeUnit=nanoseconds, is_from_converted_type=false, force_set_converted_type=false)"}[f.Out]
		if got := c.Descriptor().LogicalType().String(); got != want {
			t.Errorf("%s: %s; want %s", f.Out, got, want)
		}
		def := make([]int16, rows)
		narrow, wide := make([]int32, rows), make([]int64, rows)
		var n int64
		switch c := c.(type) {
		case *file.Int32ColumnChunkReader:
			n, _, err = c.ReadBatch(rows, narrow, def, nil)
		case *file.Int64ColumnChunkReader:
			n, _, err = c.ReadBatch(rows, wide, def, nil)
		}
		if err != nil || n != rows {
			t.Fatalf("%s: %d rows, %v", f.Out, n, err)
		}
		at := 0
		for i := range rows {
			is := f.Out == "b" || i%5 != 3
			if f.Out != "b" && (def[i] == 1) != is {
				t.Fatalf("%s: row %d: level %d", f.Out, i, def[i])
			}
			if !is {
				continue
			}
			got := wide[at]
			if f.Out != "d" {
				got = int64(uint32(narrow[at]))
			}
			if at++; got != value(k, i) {
				t.Fatalf("%s: row %d: %d; want %d", f.Out, i, got, value(k, i))
			}
		}
	}
}

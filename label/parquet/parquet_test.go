package parquet

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"pinyon/label"
)

const day = 17353 // 2017-07-06

// labels writes a file of n records in groups of rows, with a column of each type that labels may
// have, and a list, which is passed over.
func labels(t testing.TB, n, group int) []byte {
	t.Helper()
	logical := func(name string, kind parquet.Type, l schema.LogicalType) schema.Node {
		node, err := schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Optional, l, kind, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		return node
	}
	utc := schema.NewTimestampLogicalType(true, schema.TimeUnitMicros)
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{
		logical("label", parquet.Types.ByteArray, schema.StringLogicalType{}),
		schema.NewInt64Node("src_port", parquet.Repetitions.Required, -1),
		schema.NewFloat64Node("dst_port", parquet.Repetitions.Optional, -1),
		logical("protocol", parquet.Types.Int32, schema.NewIntLogicalType(8, false)),
		logical("src_ip", parquet.Types.ByteArray, schema.StringLogicalType{}),
		logical("from", parquet.Types.Int64, utc),
		logical("to", parquet.Types.Int32, schema.DateLogicalType{}),
		schema.NewInt32Node("dst_ip", parquet.Repetitions.Repeated, -1),
	}, -1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := file.NewParquetWriter(&b, root)
	for from := 0; from < n; from += group {
		g, err := w.AppendRowGroupChecked()
		if err != nil {
			t.Fatal(err)
		}
		def := make([]int16, min(group, n-from))
		for i := range def {
			def[i] = int16(1 - (from+i)%3/2) // every third value is null
		}
		for i := range root.NumFields() {
			c, err := g.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			put(t, c, i, from, def)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// put writes rows of column i; def says which of them have a value, but in those that always have.
func put(t testing.TB, c file.ColumnChunkWriter, i, from int, def []int16) {
	t.Helper()
	var err error
	switch w := c.(type) {
	case *file.ByteArrayColumnChunkWriter:
		var v []parquet.ByteArray
		full := make([]int16, len(def))
		for k := range def {
			full[k] = 1
			v = append(v, parquet.ByteArray("scan"))
			if i == 4 {
				v[k] = parquet.ByteArray("10.0.0.1")
			}
		}
		_, err = w.WriteBatch(v, full, nil)
	case *file.Int64ColumnChunkWriter:
		var v []int64
		for k := range def {
			v = append(v, int64(from+k))
			if i == 5 {
				v[k] = day*86400e6 + int64(from+k)
			}
		}
		if i != 5 {
			def = nil
		} else {
			for k := range def {
				def[k] = 1
			}
		}
		_, err = w.WriteBatch(v, def, nil)
	case *file.Float64ColumnChunkWriter:
		var v []float64
		for k := range def {
			if def[k] == 1 {
				v = append(v, float64(from+k))
			}
		}
		_, err = w.WriteBatch(v, def, nil)
	case *file.Int32ColumnChunkWriter:
		var v []int32
		full := make([]int16, len(def))
		for k := range def {
			full[k] = 1
			switch i {
			case 3:
				v = append(v, 17)
			case 6:
				v = append(v, day+1)
			default:
				v = append(v, 1)
			}
		}
		_, err = w.WriteBatch(v, full, make([]int16, len(def)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, content []byte) (*label.Records, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	records, files, err := label.Load([]string{path}, &label.Mapping{From: "from", To: "to"}, Format)
	if err != nil {
		return nil, err
	}
	return &label.Records{List: records, Blank: files[0].Blank}, nil
}

// TestRead: a Parquet file says what a text file of the same values says, over pages and row groups.
func TestRead(t *testing.T) {
	const n = 2500
	got, err := read(t, labels(t, n, 1100))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("label,src_port,dst_port,protocol,src_ip,from,to\n")
	for i := range n {
		port := ""
		if i%3 != 2 {
			port = strconv.Itoa(i)
		}
		text.WriteString("scan," + strconv.Itoa(i) + "," + port + ",udp,10.0.0.1," + time.UnixMicro(day*86400e6+int64(i)).UTC().Format(time.RFC3339Nano) + ",2017-07-07 00:00:00\n")
	}
	want, err := label.Read("labels.csv", strings.NewReader(text.String()), &label.Mapping{From: "from", To: "to"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.List) != n || !reflect.DeepEqual(got.List, want.List) {
		t.Errorf("%d records, of %d", len(got.List), n)
	}
}

// FuzzRead: no bytes make Read fail otherwise than by an error.
func FuzzRead(f *testing.F) {
	f.Add(labels(f, 3, 2))
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if r, err := read(t, content); (r == nil) == (err == nil) {
			t.Errorf("%v records, error %v", r, err)
		}
	})
}

// TestDamaged: a file with a byte changed, or cut, at many places, is read or refused.
func TestDamaged(t *testing.T) {
	whole := labels(t, 4, 2)
	refused := 0
	for i := 0; i < len(whole); i += 7 {
		for _, content := range [][]byte{whole[:i], append(append(bytes.Clone(whole[:i]), ^whole[i]), whole[i+1:]...)} {
			if _, err := read(t, content); err != nil {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("no damage was found")
	}
}

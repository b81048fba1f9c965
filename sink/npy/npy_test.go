package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

var matrix = sinktest.With(New, Options{}, sink.Common{})

func TestSuite(t *testing.T) {
	sinktest.Run(t, sinktest.Format{Open: matrix, Decode: decode, Want: want})
}

// want is v as a number: text and lists are not in the matrix.
func want(f *column.Field, v any) any {
	switch f.Kind {
	case feature.Int, feature.Float, feature.Bool:
	default:
		return sinktest.Gone
	}
	switch v := v.(type) {
	case int64:
		return float64(v)
	case bool:
		if v {
			return 1.0
		}
		return 0.0
	}
	return v
}

func decode(data []byte, s *column.Schema) ([][]any, error) {
	if len(data) < headerSize || !bytes.HasPrefix(data, []byte("\x93NUMPY\x01\x00")) {
		return nil, errors.New("no header")
	}
	if n := binary.LittleEndian.Uint16(data[8:]); n+10 != headerSize || data[headerSize-1] != '\n' {
		return nil, fmt.Errorf("header of %d bytes", n)
	}
	var rows, cols int
	const format = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }"
	if _, err := fmt.Sscanf(string(data[10:headerSize]), format, &rows, &cols); err != nil {
		return nil, err
	}
	data = data[headerSize:]
	if len(data) != 8*rows*cols {
		return nil, fmt.Errorf("%d bytes for %d by %d", len(data), rows, cols)
	}
	all := make([][]any, rows)
	for i := range all {
		for range cols {
			v := math.Float64frombits(binary.LittleEndian.Uint64(data))
			data = data[8:]
			if v != v {
				all[i] = append(all[i], nil)
			} else {
				all[i] = append(all[i], v)
			}
		}
	}
	return all, nil
}

func TestNeedsSeek(t *testing.T) {
	if _, err := New(io.Discard, sinktest.Schema(false), nil); err == nil {
		t.Error("no error for a plain writer")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := New(w, sinktest.Schema(false), nil); err == nil {
		t.Error("no error for a pipe")
	}
}

func TestColumns(t *testing.T) {
	s := sinktest.Schema(false)
	s.Fields = []column.Field{s.Fields[0], s.Fields[6], s.Fields[4]}
	want := `[
  {
    "name": "integer_false",
    "type": "int64",
    "unit": "s"
  },
  {
    "name": "boolean_false",
    "type": "bool",
    "unit": "s"
  }
]
`
	if got := string(Columns(s)); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// discard is a WriteSeeker that keeps nothing.
type discard struct{ pos int64 }

func (d *discard) Write(p []byte) (int, error) { d.pos += int64(len(p)); return len(p), nil }
func (d *discard) Seek(at int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		d.pos = at
	}
	return d.pos, nil
}

func BenchmarkWrite(b *testing.B) { sinktest.Benchmark(b, matrix, &discard{}) }

var update = flag.Bool("update", false, "rewrite golden files")

func TestGolden(t *testing.T) {
	sinktest.Golden(t, sinktest.Format{Open: matrix}, "testdata/suite.npy", *update)
}

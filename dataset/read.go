package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/column"
	"pinyon/feature"
)

// A Reader gives the rows of a feature file, as they were written.
type Reader struct {
	Format string
	// Provenance is what the file holds of it, JSON; "" is nothing.
	Provenance string

	schema *column.Schema
	rows   iter.Seq2[*column.Batch, error]
	close  []io.Closer
}

// rowsAtOnce is how many rows a batch of a Reader has at most.
const rowsAtOnce = 1024

// provenanceKey is where Arrow and Parquet files hold their provenance.
const provenanceKey = "pinyon.provenance"

// Open begins to read a feature file; "-" is in, in which Parquet and Arrow files cannot be
// read, for they are read from their ends. The content decides on the format. Columns that the
// schema of features does not have keep the types of the file; in text they are text.
func Open(path string, in io.Reader) (_ *Reader, err error) {
	r := &Reader{}
	defer func() {
		if err != nil {
			r.Close()
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	var f *os.File
	if path != "-" {
		if f, err = os.Open(path); err != nil {
			return nil, errors.Unwrap(err)
		}
		r.close, in = append(r.close, f), f
	}
	b := bufio.NewReaderSize(in, 1<<20)
	head, err := b.Peek(8)
	if err != nil && err != io.EOF {
		return nil, err
	}
	seekable := func() error {
		if f == nil {
			return errors.New("this format cannot be read from a pipe; an Arrow stream can")
		}
		_, err := f.Seek(0, io.SeekStart)
		return err
	}
	switch first := bytes.TrimLeft(head, " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PAR1")):
		if err := seekable(); err != nil {
			return nil, err
		}
		return r, r.parquet(f)
	case bytes.HasPrefix(head, []byte("ARROW1")):
		if err := seekable(); err != nil {
			return nil, err
		}
		return r, r.arrowFile(f)
	case bytes.HasPrefix(head, []byte{0xff, 0xff, 0xff, 0xff}):
		return r, r.arrowStream(b)
	case bytes.HasPrefix(first, []byte("{")), bytes.HasPrefix(first, []byte("[")):
		return r, r.json(b, first[0] == '[')
	case bytes.HasPrefix(head, []byte("\x93NUMPY")):
		return nil, errors.New("an npy matrix does not tell its columns")
	}
	return r, r.csv(b)
}

// Schema is the columns of every batch.
func (r *Reader) Schema() *column.Schema { return r.schema }

// Batches yields the rows once. The caller borrows a batch until the next step.
func (r *Reader) Batches() iter.Seq2[*column.Batch, error] { return r.rows }

// Close gives the file back.
func (r *Reader) Close() error {
	var err error
	for _, c := range r.close {
		err = errors.Join(err, c.Close())
	}
	r.close = nil
	return err
}

// fields makes the schema of names and kinds; a column that is known is described, if its kind
// is the file's.
func fields(names []string, kinds []feature.Kind, nullable func(int) bool) *column.Schema {
	known := knownColumns()
	s := &column.Schema{}
	for i, name := range names {
		f := column.Field{Out: name, Desc: feature.Desc{Name: name, Kind: kinds[i]}}
		if d, ok := known[name]; ok && d.Kind == kinds[i] {
			f.Desc = d
		}
		f.Nullable = nullable(i)
		s.Nulls = s.Nulls || f.Nullable
		s.Fields = append(s.Fields, f)
	}
	return s
}

// kindNamed is the kind that the exported schema calls by word.
func kindNamed(word string) (feature.Kind, error) {
	for k := feature.Int; k <= feature.Triples; k++ {
		if k.String() == word {
			return k, nil
		}
	}
	return 0, fmt.Errorf("type %s is none of a feature file", word)
}

func (r *Reader) arrowSchema(s *arrow.Schema) error {
	var names []string
	var kinds []feature.Kind
	for _, f := range s.Fields() {
		k, err := kindNamed(strings.Replace(arrowWord(f.Type), "utf8", "string", 1))
		if err != nil {
			return fmt.Errorf("column %s: %w", f.Name, err)
		}
		names, kinds = append(names, f.Name), append(kinds, k)
	}
	r.schema = fields(names, kinds, func(i int) bool { return s.Field(i).Nullable })
	r.schema.Version, _ = s.Metadata().GetValue(versionKey)
	if r.Provenance == "" {
		r.Provenance, _ = s.Metadata().GetValue(provenanceKey)
	}
	return nil
}

// records makes batches of record batches.
func (r *Reader) records(next func() (arrow.RecordBatch, error)) {
	r.rows = func(yield func(*column.Batch, error) bool) {
		b := column.New(r.schema, 0)
		for {
			rec, err := next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for from := int64(0); from < rec.NumRows(); from += rowsAtOnce {
				part := rec.NewSlice(from, min(from+rowsAtOnce, rec.NumRows()))
				b.Reset()
				for i := range b.Cols {
					appendArray(&b.Cols[i], part.Column(i))
				}
				b.Rows = int(part.NumRows())
				part.Release()
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// appendArray fills an empty column with an array of its kind.
func appendArray(c *column.Column, a arrow.Array) {
	n := a.Len()
	if c.Valid != nil {
		for i := range n {
			c.Valid = column.AppendBit(c.Valid, i, a.IsValid(i))
		}
		c.Nulls = a.NullN()
	}
	switch a := a.(type) {
	case *array.Int64:
		c.Ints = append(c.Ints, a.Int64Values()...)
	case *array.Float64:
		c.Floats = append(c.Floats, a.Float64Values()...)
	case *array.Boolean:
		for i := range n {
			c.Bits = column.AppendBit(c.Bits, i, a.Value(i))
		}
	case *array.String:
		for i := range n {
			if a.IsValid(i) {
				c.Bytes = append(c.Bytes, a.Value(i)...)
			}
			c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
		}
	case *array.List:
		for i := range n {
			from, to := a.ValueOffsets(i)
			if a.IsNull(i) {
				to = from
			}
			switch v := a.ListValues().(type) {
			case *array.Int64:
				c.Ints = append(c.Ints, v.Int64Values()[from:to]...)
			case *array.Float64:
				c.Floats = append(c.Floats, v.Float64Values()[from:to]...)
			case *array.Struct:
				c.Ints = append(c.Ints, v.Field(0).(*array.Int64).Int64Values()[from:to]...)
				c.Floats = append(c.Floats, v.Field(1).(*array.Float64).Float64Values()[from:to]...)
				c.Dirs = append(c.Dirs, v.Field(2).(*array.Int64).Int64Values()[from:to]...)
			}
			c.Offsets = append(c.Offsets, int32(max(len(c.Ints), len(c.Floats))))
		}
	}
}

func (r *Reader) arrowStream(in io.Reader) error {
	r.Format = "arrow"
	rd, err := ipc.NewReader(in)
	if err != nil {
		return err
	}
	r.records(func() (arrow.RecordBatch, error) { return rd.Read() })
	return r.arrowSchema(rd.Schema())
}

func (r *Reader) arrowFile(f *os.File) error {
	r.Format = "arrow-file"
	rd, err := ipc.NewFileReader(f)
	if err != nil {
		return err
	}
	r.close = append(r.close, rd)
	at := 0
	r.records(func() (arrow.RecordBatch, error) {
		if at == rd.NumRecords() {
			return nil, io.EOF
		}
		at++
		return rd.RecordBatch(at - 1)
	})
	return r.arrowSchema(rd.Schema())
}

func (r *Reader) csv(in *bufio.Reader) error {
	c, format, names, err := openCSV(in)
	if err != nil {
		return err
	}
	r.Format = format
	if err := r.text(append([]string(nil), names...)); err != nil {
		return err
	}
	row := 0
	r.cells(func(b *column.Batch) error {
		cells, err := c.Read()
		if err != nil {
			return err
		}
		row++
		for i, v := range cells {
			if err := appendText(&b.Cols[i], b.Rows, v); err != nil {
				return fmt.Errorf("row %d: column %s: %w", row, r.schema.Fields[i].Out, err)
			}
		}
		return nil
	})
	return nil
}

// text makes the schema of a format that tells no types: the known columns have theirs.
func (r *Reader) text(names []string) error {
	known := knownColumns()
	kinds := make([]feature.Kind, len(names))
	some := false
	for i, n := range names {
		kinds[i] = feature.Text
		if d, ok := known[n]; ok {
			kinds[i], some = d.Kind, true
		}
	}
	if !some {
		return fmt.Errorf("%w: no column is known", ErrNoTable)
	}
	r.schema = fields(names, kinds, func(i int) bool { return kinds[i] != feature.Text })
	return nil
}

// cells makes batches of a function that appends one row.
func (r *Reader) cells(add func(b *column.Batch) error) {
	r.rows = func(yield func(*column.Batch, error) bool) {
		b := column.New(r.schema, 0)
		for {
			b.Reset()
			var err error
			for b.Rows < rowsAtOnce && err == nil {
				if err = add(b); err == nil {
					b.Rows++
				}
			}
			if err != nil && err != io.EOF {
				yield(nil, err)
				return
			}
			if b.Rows > 0 && !yield(b, nil) || err == io.EOF {
				return
			}
		}
	}
}

// appendText appends a cell of text; an empty one is absent where the column is not text.
func appendText(c *column.Column, row int, v string) error {
	if c.Valid != nil {
		c.Valid = column.AppendBit(c.Valid, row, v != "")
		if v == "" {
			c.Nulls++
		}
	}
	var err error
	switch c.Field.Kind {
	case feature.Int:
		var x int64
		if v != "" {
			x, err = strconv.ParseInt(v, 10, 64)
		}
		c.Ints = append(c.Ints, x)
	case feature.Float:
		var x float64
		if v != "" {
			x, err = strconv.ParseFloat(v, 64)
		}
		c.Floats = append(c.Floats, x)
	case feature.Bool:
		x := false
		if v != "" {
			x, err = strconv.ParseBool(strings.ToLower(v))
		}
		c.Bits = column.AppendBit(c.Bits, row, x)
	case feature.Text:
		c.Bytes = append(c.Bytes, v...)
		c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
	default:
		if v == "" {
			v = "[]"
		}
		err = appendList(c, []byte(v))
	}
	return err
}

// appendList appends the JSON text of a list.
func appendList(c *column.Column, v []byte) error {
	var err error
	switch c.Field.Kind {
	case feature.IntList:
		var x []int64
		err = json.Unmarshal(v, &x)
		c.Ints = append(c.Ints, x...)
	case feature.FloatList:
		var x []float64
		err = json.Unmarshal(v, &x)
		c.Floats = append(c.Floats, x...)
	default:
		var x [][3]json.Number
		err = json.Unmarshal(v, &x)
		for _, t := range x {
			length, err1 := t[0].Int64()
			gap, err2 := t[1].Float64()
			dir, err3 := t[2].Int64()
			err = errors.Join(err, err1, err2, err3)
			c.Ints, c.Floats, c.Dirs = append(c.Ints, length), append(c.Floats, gap), append(c.Dirs, dir)
		}
	}
	c.Offsets = append(c.Offsets, int32(max(len(c.Ints), len(c.Floats))))
	return err
}

func (r *Reader) json(in io.Reader, isArray bool) error {
	r.Format = "jsonl"
	d := json.NewDecoder(in)
	if isArray {
		r.Format = "json-array"
		d.Token() // the bracket that was seen
	}
	next := func() ([]jsonMember, error) {
		if isArray && !d.More() {
			return nil, io.EOF
		}
		return readObject(d)
	}
	first, err := next()
	if err == nil && len(first) == 2 && first[0].name == "type" && string(first[0].value) == `"metadata"` {
		r.Provenance = string(first[1].value)
		first, err = next()
	}
	if err == io.EOF {
		return errors.New("no row, and so no column")
	}
	if err != nil {
		return err
	}
	var names []string
	for _, m := range first {
		names = append(names, m.name)
	}
	if err := r.text(names); err != nil {
		return err
	}
	row := 0
	r.cells(func(b *column.Batch) error {
		members := first
		if first = nil; members == nil {
			if members, err = next(); err != nil {
				return err
			}
		}
		row++
		if len(members) != len(names) {
			return fmt.Errorf("row %d: %d values for %d columns", row, len(members), len(names))
		}
		for i, m := range members {
			if m.name != names[i] {
				return fmt.Errorf("row %d: %s where %s was due", row, m.name, names[i])
			}
			v := string(m.value)
			switch {
			case v == "null":
				v = ""
			case b.Cols[i].Field.Kind == feature.Text && v[0] == '"':
				if err := json.Unmarshal(m.value, &v); err != nil {
					return err
				}
			}
			if err := appendText(&b.Cols[i], b.Rows, v); err != nil {
				return fmt.Errorf("row %d: column %s: %w", row, m.name, err)
			}
		}
		return nil
	})
	return nil
}

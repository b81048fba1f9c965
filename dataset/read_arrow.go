package dataset

import (
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/column"
	"pinyon/feature"
)

// arrowSchema takes over what a check has read.
func (r *Reader) arrowSchema(c *arrowCheck) error {
	var names []string
	var kinds []feature.Kind
	for _, f := range c.fields {
		k, err := kindNamed(f.word)
		if err != nil {
			return fmt.Errorf("column %s: %w", f.name, err)
		}
		names, kinds = append(names, f.name), append(kinds, k)
	}
	r.schema = fields(names, kinds, func(i int) bool { return c.fields[i].nullable })
	for i := range c.fields {
		if c.fields[i].word == stampWord {
			r.schema.Fields[i].Form = feature.Stamp
		}
	}
	r.schema.Version = c.meta[versionKey]
	if r.Provenance == "" {
		r.Provenance = c.meta[provenanceKey]
	}
	return nil
}

// records makes batches of record batches.
func (r *Reader) records(next func() (arrow.RecordBatch, error)) {
	r.rows = func(yield func(*column.Batch, error) bool) {
		b := column.New(r.schema, 0)
		fill := func(rec arrow.RecordBatch, from int64) (err error) {
			defer guard(&err)
			part := rec.NewSlice(from, min(from+rowsAtOnce, rec.NumRows()))
			b.Reset()
			for i := range b.Cols {
				appendArray(&b.Cols[i], part.Column(i))
			}
			b.Rows = int(part.NumRows())
			part.Release()
			return b.Check()
		}
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
				err := fill(rec, from)
				if err != nil {
					yield(nil, err)
					return
				}
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
	case *array.Timestamp:
		for _, v := range a.TimestampValues() {
			c.Ints = append(c.Ints, int64(v))
		}
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

// CheckArrow hands on a stream of Arrow messages, each after the lengths and positions in it were
// checked, so that what a damaged or hostile file claims costs a library no memory beyond l. size
// is the file's, in bytes. An error of reading says what is wrong.
func CheckArrow(r io.Reader, size int64, l Limits) io.Reader {
	return &arrowStream{arrowCheck: arrowCheck{budget: l.budget(size)}, r: r, keep: true}
}

func (r *Reader) arrowStream(in io.Reader) error {
	r.Format = "arrow"
	s := &arrowStream{arrowCheck: arrowCheck{budget: r.budget}, r: in, keep: true}
	rd, err := ipc.NewReader(s)
	if err != nil {
		return err
	}
	r.records(func() (rec arrow.RecordBatch, err error) {
		defer guard(&err)
		return rd.Read()
	})
	return r.arrowSchema(&s.arrowCheck)
}

func (r *Reader) arrowFile(f *os.File, size int64) error {
	r.Format = "arrow-file"
	c := arrowCheck{budget: r.budget}
	if err := c.arrowFile(f, size); err != nil {
		return err
	}
	rd, err := ipc.NewFileReader(f)
	if err != nil {
		return err
	}
	r.close = append(r.close, rd)
	at := 0
	r.records(func() (rec arrow.RecordBatch, err error) {
		defer guard(&err)
		if at == rd.NumRecords() {
			return nil, io.EOF
		}
		at++
		return rd.RecordBatch(at - 1)
	})
	return r.arrowSchema(&c)
}

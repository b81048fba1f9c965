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
	"time"

	"pinyon/column"
	"pinyon/feature"
)

// A Reader gives the rows of a feature file, as they were written.
type Reader struct {
	Format string
	// Provenance is what the file holds of it, JSON; "" is nothing.
	Provenance string

	budget *budget
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
func Open(path string, in io.Reader) (*Reader, error) { return Limits{}.Open(path, in) }

// Open begins to read a feature file within limits; see the function Open. Whatever the file
// says of lengths and positions is checked before a library reads it.
func (l Limits) Open(path string, in io.Reader) (_ *Reader, err error) {
	r := &Reader{}
	defer func() {
		if err != nil {
			r.Close()
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	defer guard(&err)
	var f *os.File
	var size int64 // of a regular file
	if path != "-" {
		if f, err = os.Open(path); err != nil {
			return nil, errors.Unwrap(err)
		}
		r.close, in = append(r.close, f), f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	r.budget = l.budget(size)
	room := int64(1 << 20)
	if size > 0 {
		room = min(room, max(size, peeked))
	}
	b := bufio.NewReaderSize(in, int(room))
	head, err := b.Peek(8)
	if err != nil && err != io.EOF {
		return nil, err
	}
	seekable := func() error {
		if size == 0 {
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
		return r, r.parquet(f, size)
	case bytes.HasPrefix(head, []byte("ARROW1")):
		if err := seekable(); err != nil {
			return nil, err
		}
		return r, r.arrowFile(f, size)
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

// stampWord is the type of times in nanoseconds.
const stampWord = "timestamp[ns]"

// kindNamed is the kind that the exported schema calls by word.
func kindNamed(word string) (feature.Kind, error) {
	if word == stampWord {
		return feature.Int, nil
	}
	for k := feature.Int; k <= feature.Triples; k++ {
		if k.String() == word {
			return k, nil
		}
	}
	return 0, fmt.Errorf("type %s is none of a feature file", word)
}

func (r *Reader) csv(in *bufio.Reader) error {
	c, format, names, err := openCSV(in, r.budget)
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

// parseStamp reads a time as RFC 3339 has it, within the years 1677 to 2262 that nanoseconds since
// 1970 have room for.
func parseStamp(v string) (int64, error) {
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		return 0, err
	}
	ns := t.UnixNano()
	if !time.Unix(0, ns).Equal(t) {
		return 0, fmt.Errorf("%s: want a time within the years 1677 to 2262", v)
	}
	return ns, nil
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
		switch {
		case v == "":
		case c.Field.Form == feature.Stamp:
			x, err = parseStamp(v)
		default:
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
	lines := &lineReader{r: in, limit: r.budget.line()}
	d := json.NewDecoder(lines)
	if isArray {
		r.Format = "json-array"
		d.Token() // the bracket that was seen
	}
	next := func() ([]jsonMember, error) {
		lines.at(d.InputOffset())
		if isArray && !d.More() {
			return nil, arrayEnd(d)
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
			case (b.Cols[i].Field.Kind == feature.Text || b.Cols[i].Field.Form == feature.Stamp) && strings.HasPrefix(v, `"`):
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

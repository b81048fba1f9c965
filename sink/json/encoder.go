package json

import (
	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink/internal/text"
)

// An Encoder turns rows into JSON objects: keys in column order, compact separators. It is
// what the sinks of this package and others that send rows as JSON are made of. It is used
// from one goroutine.
type Encoder struct {
	keys  []string // `{"first":`, `,"second":`, encoded once
	cells []cell
	// Replaced counts bytes that were not UTF-8 and left as U+FFFD.
	Replaced uint64
}

// cell is one column of the batch at hand, with what a row needs side by side.
type cell struct {
	key    string
	kind   feature.Kind
	ints   []int64
	floats []float64
	valid  []byte
	col    *column.Column
}

// NewEncoder makes an encoder of the schema's rows.
func NewEncoder(s *column.Schema) *Encoder {
	e := &Encoder{}
	for i := range s.Fields {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		key, _ := text.AppendString([]byte{before}, []byte(s.Fields[i].Out))
		e.keys = append(e.keys, string(append(key, ':')))
	}
	return e
}

// Batch sets the batch that AppendRow reads; it is borrowed until the next call. Its schema
// is the encoder's.
func (e *Encoder) Batch(b *column.Batch) {
	e.cells = e.cells[:0]
	for i := range b.Cols {
		c := &b.Cols[i]
		e.cells = append(e.cells, cell{e.keys[i], text.KindOf(c.Field), c.Ints, c.Floats, c.Valid, c})
	}
}

// AppendRow appends row i as one object, without a line end. What is absent or not finite
// is null.
func (e *Encoder) AppendRow(dst []byte, i int) []byte {
	for k := range e.cells {
		c := &e.cells[k]
		dst = append(dst, c.key...)
		if c.valid != nil && c.valid[i>>3]>>(i&7)&1 == 0 {
			dst = append(dst, "null"...)
			continue
		}
		switch c.kind {
		case feature.Int:
			dst = text.AppendInt(dst, c.ints[i])
		case feature.Float:
			dst = text.AppendNumber(dst, c.floats[i])
		case feature.Bool:
			if c.col.Bool(i) {
				dst = append(dst, "true"...)
			} else {
				dst = append(dst, "false"...)
			}
		case feature.Text:
			var bad int
			dst, bad = text.AppendString(dst, c.col.Text(i))
			e.Replaced += uint64(bad)
		case text.Stamp:
			dst = append(text.AppendStamp(append(dst, '"'), c.ints[i]), '"')
		default:
			dst = text.AppendList(dst, c.col, i)
		}
	}
	if len(e.cells) == 0 {
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

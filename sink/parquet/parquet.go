// Package parquet writes rows as an Apache Parquet file. It does not read.
//
// It has an encoder of its own, since every row is held by 300 columns at once: values wait
// for a page of 8,192 entries and nowhere else, finished pages lie compressed in one store,
// and each column chunk picks its encoding by what its first pages compress to: a
// dictionary, or DELTA_BINARY_PACKED for integers, BYTE_STREAM_SPLIT for floats and
// DELTA_LENGTH_BYTE_ARRAY for text. BenchmarkWrite and TestMemory hold what that buys.
package parquet

import (
	"fmt"
	"io"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/internal/out"
	"pinyon/sink/internal/text"
)

// Defaults of a row group's end: rows, or bytes before compression, whichever is first.
const (
	groupRows  = 65_536
	groupBytes = 64 << 20
)

// A Sink writes row groups. Rows are counted as written once their group is.
type Sink struct {
	out       *out.Buffer
	schema    *column.Schema
	options   sink.Options
	jsonLists bool
	limit     int // rows a group

	enc       *encoder
	chunks    []chunk
	arena     text.Arena // text of the column at hand, if it is not the column's own
	rows      int        // of the open group
	total     int64      // of closed groups
	ngroups   int
	groups    thrift // RowGroup structs of closed groups
	dictSizes []int
}

// Open makes a sink on w; a sink.Opener. It need not seek.
func Open(w io.Writer, s *column.Schema, o *sink.Options) (sink.Sink, error) {
	t := &Sink{out: out.New(w), schema: s, limit: groupRows}
	if o != nil {
		t.options = *o
	}
	if t.options.RowGroup > 0 {
		t.limit = t.options.RowGroup
	}
	switch t.options.ParquetLists {
	case "", "native":
	case "json":
		t.jsonLists = true
	default:
		return nil, fmt.Errorf("parquet: unknown form of lists %q; want native or json", t.options.ParquetLists)
	}
	c, err := newCodec(t.options.Compression)
	if err != nil {
		return nil, err
	}
	t.enc = &encoder{codec: c}
	all := leaves(s, t.jsonLists)
	t.chunks = make([]chunk, len(all))
	t.dictSizes = make([]int, len(all))
	for i, l := range all {
		t.chunks[i] = chunk{leaf: l, enc: t.enc}
	}
	t.out.B = append(t.out.B, magic...)
	return t, nil
}

// Write takes the rows of b into the open row group and ends the group when it is full.
func (t *Sink) Write(b *column.Batch) error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	t.out.Hold(b.Rows)
	for from := 0; from < b.Rows; {
		to := min(b.Rows, from+t.limit-t.rows)
		size, err := t.append(b, from, to)
		if err != nil {
			return t.out.Fail(err)
		}
		t.rows += to - from
		from = to
		if t.rows >= t.limit || size >= groupBytes {
			if err := t.endGroup(); err != nil {
				return t.out.Fail(err)
			}
		}
	}
	return nil
}

// append gives every chunk its part of rows from to to, and returns the size of the group's
// finished pages before compression.
func (t *Sink) append(b *column.Batch, from, to int) (size int64, err error) {
	for i := range t.chunks {
		c := &t.chunks[i]
		col := &b.Cols[c.field]
		var bytes []byte
		var offsets []int32
		if c.physical == typeText {
			bytes, offsets = t.texts(col, b.Rows, from == 0)
		}
		if err := c.append(col, from, to, bytes, offsets); err != nil {
			return 0, err
		}
		size += c.uncompressed
	}
	return size, nil
}

// texts is the column's text as valid UTF-8, lists as JSON. What is replaced is counted the
// first time.
func (t *Sink) texts(col *column.Column, rows int, first bool) ([]byte, []int32) {
	if col.Field.Kind == feature.Text {
		bytes, offsets, bad := t.arena.Clean(col, rows)
		if first {
			t.out.Replaced(bad)
		}
		return bytes, offsets
	}
	a := &t.arena
	a.Bytes, a.Offsets = a.Bytes[:0], append(a.Offsets[:0], 0)
	for i := range rows {
		a.Bytes = text.AppendList(a.Bytes, col, i)
		a.Offsets = append(a.Offsets, int32(len(a.Bytes)))
	}
	return a.Bytes, a.Offsets
}

// endGroup writes the open row group.
func (t *Sink) endGroup() error {
	start := t.out.Tell()
	for i := range t.chunks {
		c := &t.chunks[i]
		if err := c.flush(); err != nil {
			return err
		}
		dict, err := c.dictionary()
		if err != nil {
			return err
		}
		t.dictSizes[i] = len(dict)
		if _, err := t.out.Write(dict); err != nil {
			return err
		}
		for _, page := range c.pages {
			if _, err := t.out.Write(page); err != nil {
				return err
			}
		}
	}
	t.appendGroup(start)
	t.ngroups++
	t.total += int64(t.rows)
	t.rows = 0
	for i := range t.chunks {
		t.chunks[i].reset()
	}
	t.enc.store.reset()
	t.out.Release()
	return nil
}

// Flush writes what is left of closed row groups. It does not end the open one: small row
// groups would cost every reader.
func (t *Sink) Flush() error { return t.out.Flush() }

// Close ends the open row group and writes the footer. Without rows the file has the whole
// schema and no row group.
func (t *Sink) Close() error {
	if t.out.Ready() != nil {
		return t.out.Flush()
	}
	t.out.Closed = true
	if t.rows > 0 {
		if err := t.endGroup(); err != nil {
			return t.out.Fail(err)
		}
	}
	footer, err := t.appendFooter(nil)
	if err == nil {
		_, err = t.out.Write(footer)
	}
	if err != nil {
		return t.out.Fail(err)
	}
	return t.out.Flush()
}

// Stats are the counts so far.
func (t *Sink) Stats() sink.Stats { return t.out.Stats() }

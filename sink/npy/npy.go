// Package npy writes the numeric and boolean columns as one NumPy array: float64, little
// endian, rows after each other (format version 1.0, numpy.lib.format). Text and lists are
// left out; Columns says what remains. An integer beyond 2^53 is rounded, as float64 has it.
package npy

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/internal/out"
)

// headerSize is the length of magic, version, length and description. The description is
// padded, so that the number of rows can be put in at the end.
//
//	+---------+-----+-----+--------+-------------------------------------+------+
//	| \x93NUMPY | 1 | 0 | length | {'descr': '<f8', ... 'shape': (r, c)} | \n |
//	+---------+-----+-----+--------+-------------------------------------+------+
const headerSize = 128

// Options has what all sinks are told; a matrix has no options of its own.
type Options struct{ sink.Common }

// Format describes a NumPy matrix.
var Format = files.Format(sink.Descriptor{
	Name: "npy", Extensions: []string{".npy"},
	Doc: "One NumPy matrix of the numeric and boolean columns, float64.",
}, sink.Stream{Binary: true, Beside: map[string]func(*column.Schema) []byte{".columns.json": Columns}}, New)

// A writer writes one matrix. Absent values are NaN if the schema has nulls.
type writer struct {
	out   *out.Buffer
	file  io.WriteSeeker
	start int64 // where the file's header stands
	cols  []int
	rows  uint64
}

// New makes a sink on w, which must be an io.WriteSeeker that does seek, such as a regular
// file: the number of rows stands in the header.
func New(w io.Writer, s *column.Schema, _ *Options) (sink.Sink, error) {
	f, ok := w.(io.WriteSeeker)
	if !ok {
		return nil, fmt.Errorf("npy: the row count is written last and %T cannot seek: needs a regular file", w)
	}
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("npy: the row count is written last: needs a regular file: %w", err)
	}
	t := &writer{out: out.New(w), file: f, start: start}
	for i := range s.Fields {
		if isNumber(s.Fields[i].Kind) {
			t.cols = append(t.cols, i)
		}
	}
	t.out.B = t.appendHeader(t.out.B)
	return t, nil
}

func isNumber(k feature.Kind) bool {
	return k == feature.Int || k == feature.Float || k == feature.Bool
}

func (t *writer) appendHeader(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, "\x93NUMPY\x01\x00"...)
	dst = binary.LittleEndian.AppendUint16(dst, headerSize-10)
	dst = fmt.Appendf(dst, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", t.rows, len(t.cols))
	for len(dst) < start+headerSize-1 {
		dst = append(dst, ' ')
	}
	return append(dst, '\n')
}

// Write appends the rows of b.
func (t *writer) Write(_ context.Context, b *column.Batch) error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	t.out.Hold(b.Rows)
	for i := range b.Rows {
		t.out.B = t.appendRow(t.out.B, b, i)
		if err := t.out.Row(); err != nil {
			return err
		}
		t.rows++
	}
	return nil
}

func (t *writer) appendRow(dst []byte, b *column.Batch, i int) []byte {
	for _, k := range t.cols {
		v := sink.Number(&b.Cols[k], i)
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// Flush writes what is left; the header still tells of no rows.
func (t *writer) Flush(context.Context) error { return t.out.Flush() }

// Close writes what is left and puts the number of rows into the header.
func (t *writer) Close(context.Context) error {
	if err := t.out.Flush(); err != nil || t.out.Closed {
		return err
	}
	t.out.Closed = true
	end := t.out.Tell()
	if _, err := t.file.Seek(t.start, io.SeekStart); err != nil {
		return t.out.Fail(fmt.Errorf("npy: cannot go back to the header: %w", err))
	}
	if n, err := t.file.Write(t.appendHeader(nil)); err != nil || n < headerSize {
		if err == nil {
			err = io.ErrShortWrite
		}
		return t.out.Fail(err)
	}
	if _, err := t.file.Seek(t.start+end, io.SeekStart); err != nil {
		return t.out.Fail(fmt.Errorf("npy: cannot go to the end: %w", err))
	}
	return nil
}

// Abort has every later call refused.
func (t *writer) Abort() error { return t.out.Abort() }

// Counters are the sink's.
func (t *writer) Counters() *sink.Counters { return t.out.Counters() }

// Columns is what belongs beside the matrix: a JSON array with name, type and unit of each
// of its columns.
func Columns(s *column.Schema) []byte {
	type entry struct {
		Name string `json:"name"`
		Type string `json:"type"`
		Unit string `json:"unit"`
	}
	list := []entry{}
	for i := range s.Fields {
		if f := &s.Fields[i]; isNumber(f.Kind) {
			list = append(list, entry{f.Out, f.Kind.String(), string(f.Unit)})
		}
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		panic("BUG: npy: " + err.Error()) // strings always marshal
	}
	return append(b, '\n')
}

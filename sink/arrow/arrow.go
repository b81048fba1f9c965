// Package arrow writes rows in the Arrow columnar format: as an IPC stream, or as an IPC
// file (Feather version 2). Columns are lent to the encoder as they are, not copied. It
// does not read.
package arrow

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/internal/arrows"
	"pinyon/sink/internal/out"
)

// Options are how batches are written. The zero value works.
type Options struct {
	sink.Common
	Compression string // of values: lz4, zstd or none; "" is none
}

var options = []sink.Option{
	sink.Text("compression", "compression", "lz4, zstd or none", func(o *Options) *string { return &o.Compression }),
}

// Stream describes an Arrow IPC stream.
var Stream = files.Format(sink.Descriptor{
	Name: "arrow", Extensions: []string{".arrows"}, Options: options,
	Doc: "Arrow IPC stream.",
}, sink.Stream{Pipe: true, Binary: true, Embeds: true}, New)

// File describes an Arrow IPC file.
var File = files.Format(sink.Descriptor{
	Name: "arrow-file", Aliases: []string{"feather"}, Extensions: []string{".arrow", ".feather"}, Options: options,
	Doc: "Arrow IPC file (Feather version 2).",
}, sink.Stream{Pipe: true, Binary: true, Embeds: true}, NewFile)

// A writer writes one record batch per Write. A stream and a file carry Common.Head, the
// schema's version, and per field id, group, unit, profile and description.
type writer struct {
	out    *out.Buffer
	ipc    batchWriter
	schema *arrow.Schema
	cols   []columnData
	arrays []arrow.Array
}

type batchWriter interface {
	Write(arrow.RecordBatch) error
	Close() error
}

// New makes a sink for an IPC stream on w. A nil o means defaults.
func New(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) {
	t, opts, err := open(w, s, o)
	if err != nil {
		return nil, err
	}
	t.ipc = ipc.NewWriter(t.out, opts...)
	return &streamWriter{*t}, nil
}

// NewFile makes a sink for an IPC file on w, which need not seek. A nil o means defaults.
func NewFile(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) {
	t, opts, err := open(w, s, o)
	if err != nil {
		return nil, err
	}
	t.ipc, err = ipc.NewFileWriter(t.out, opts...)
	if err != nil {
		return nil, fmt.Errorf("arrow: %w", err)
	}
	return t, nil
}

func open(w io.Writer, s *column.Schema, o *Options) (*writer, []ipc.Option, error) {
	if o == nil {
		o = &Options{}
	}
	t := &writer{
		out:    out.New(w),
		schema: arrows.Schema(s, o.Head, false),
		cols:   make([]columnData, len(s.Fields)),
		arrays: make([]arrow.Array, len(s.Fields)),
	}
	opts := []ipc.Option{ipc.WithSchema(t.schema)}
	switch o.Compression {
	case "", "none":
	case "lz4":
		opts = append(opts, ipc.WithLZ4())
	case "zstd":
		opts = append(opts, ipc.WithZstd())
	default:
		return nil, nil, fmt.Errorf("arrow: unknown compression %q; want lz4, zstd or none", o.Compression)
	}
	return t, opts, nil
}

// Write appends b as one record batch; a batch without rows is left out.
func (t *writer) Write(_ context.Context, b *column.Batch) error {
	if err := t.out.Ready(); err != nil || b.Rows == 0 {
		return err
	}
	t.out.Hold(b.Rows)
	for i := range b.Cols {
		t.arrays[i] = t.cols[i].borrow(&b.Cols[i], t.schema.Field(i).Type, b.Rows, t.out)
	}
	rec := array.NewRecordBatch(t.schema, t.arrays, int64(b.Rows))
	err := t.ipc.Write(rec)
	rec.Release()
	for i := range t.arrays {
		t.arrays[i].Release()
		t.arrays[i] = nil
	}
	if err != nil {
		return t.out.Fail(fmt.Errorf("arrow: %w", err))
	}
	t.out.Release()
	return nil
}

// Flush writes what is left.
func (t *writer) Flush(context.Context) error { return t.out.Flush() }

// Close ends the stream or writes the file's footer. Without rows the result is the schema.
func (t *writer) Close(context.Context) error {
	if t.out.Ready() == nil {
		t.out.Closed = true
		if err := t.ipc.Close(); err != nil {
			return t.out.Fail(fmt.Errorf("arrow: %w", err))
		}
	}
	return t.out.Flush()
}

// A streamWriter writes a stream, of which whole batches stand after an error of writing.
type streamWriter struct{ writer }

// Complete is what is left of the output after an error of writing it. The end of the file
// ends a stream too.
func (t *streamWriter) Complete() (bytes int64, end []byte) { return t.out.Whole(), nil }

// Abort has every later call refused.
func (t *writer) Abort() error { return t.out.Abort() }

// Counters are the sink's.
func (t *writer) Counters() *sink.Counters { return t.out.Counters() }

// Package arrow writes rows in the Arrow columnar format: as an IPC stream, or as an IPC
// file (Feather version 2). Columns are lent to the encoder as they are, not copied. It
// does not read.
package arrow

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/internal/arrows"
	"pinyon/sink/internal/out"
)

// A Sink writes one record batch per Write. A stream and a file carry Options.Head, the
// schema's version, and per field id, group, unit, profile and description.
type Sink struct {
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

// Open makes a sink for an IPC stream on w; a sink.Opener. Compression is lz4, zstd or
// none, which is the default.
func Open(w io.Writer, s *column.Schema, o *sink.Options) (sink.Sink, error) {
	t, opts, err := open(w, s, o)
	if err != nil {
		return nil, err
	}
	t.ipc = ipc.NewWriter(t.out, opts...)
	return t, nil
}

// OpenFile makes a sink for an IPC file on w; a sink.Opener. It need not seek.
func OpenFile(w io.Writer, s *column.Schema, o *sink.Options) (sink.Sink, error) {
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

func open(w io.Writer, s *column.Schema, o *sink.Options) (*Sink, []ipc.Option, error) {
	if o == nil {
		o = &sink.Options{}
	}
	t := &Sink{
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
func (t *Sink) Write(b *column.Batch) error {
	if err := t.out.Ready(); err != nil || b.Rows == 0 {
		return err
	}
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
	t.out.Accept(b.Rows)
	if err != nil {
		return t.out.Fail(fmt.Errorf("arrow: %w", err))
	}
	return nil
}

// Flush writes what is left.
func (t *Sink) Flush() error { return t.out.Flush() }

// Close ends the stream or writes the file's footer. Without rows the result is the schema.
func (t *Sink) Close() error {
	if t.out.Ready() == nil {
		t.out.Closed = true
		if err := t.ipc.Close(); err != nil {
			return t.out.Fail(fmt.Errorf("arrow: %w", err))
		}
	}
	return t.out.Flush()
}

// Stats are the counts so far.
func (t *Sink) Stats() sink.Stats { return t.out.Stats() }

// Package parquet writes rows as an Apache Parquet file. It does not read.
//
// The format is arrow-go's; this package holds the open row group until it can be written
// one column at a time, so that the encoders, page buffers and dictionaries of one column
// exist at once and not those of 300. Values wait packed into as few bytes as their range
// needs (see series), and each column chunk gets the encoding that its values ask for: a
// dictionary if they repeat, or DELTA_BINARY_PACKED for integers, BYTE_STREAM_SPLIT for
// floats and DELTA_LENGTH_BYTE_ARRAY for text. BenchmarkWrite and TestMemory hold what that
// costs.
package parquet

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/internal/arrows"
	"pinyon/sink/internal/out"
)

// Defaults of a row group's end: rows, or bytes before compression, whichever is first.
const (
	groupRows  = 65_536
	groupBytes = 64 << 20
)

// A Sink writes row groups. Rows are counted as written once their group is.
type Sink struct {
	out     *out.Buffer
	schema  *column.Schema
	options sink.Options
	limit   int // rows a group

	file    *file.Writer
	columns []held
	store   store
	chunk   chunkWriter
	rows    int // of the open group
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
	case "", "native", "json":
	default:
		return nil, fmt.Errorf("parquet: unknown form of lists %q; want native or json", t.options.ParquetLists)
	}
	codec, err := Codec(t.options.Compression)
	if err != nil {
		return nil, err
	}
	root, err := schemaOf(s, t.jsonLists())
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	t.columns = columnsOf(s, t.jsonLists(), &t.store)
	props := append(codec, encodingProperties(t.columns)...)
	t.chunk.repeats = *parquet.NewWriterProperties(append(props, parquet.WithDictionaryDefault(true))...)
	t.chunk.plain = *parquet.NewWriterProperties(append(props, parquet.WithDictionaryDefault(false))...)
	t.file, err = file.NewParquetWriterWithError(t.out, root, file.WithWriterProps(parquet.NewWriterProperties(props...)))
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	t.chunk.props = t.file.Properties()
	return t, nil
}

func (t *Sink) jsonLists() bool { return t.options.ParquetLists == "json" }

// Write takes the rows of b into the open row group and ends the group when it is full.
func (t *Sink) Write(b *column.Batch) error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	t.out.Hold(b.Rows)
	for from := 0; from < b.Rows; {
		to := min(b.Rows, from+blockValues, from+t.limit-t.rows)
		for i := range t.columns {
			t.out.Replaced(t.columns[i].append(&b.Cols[i], from, to))
		}
		t.rows += to - from
		from = to
		if t.rows >= t.limit || t.store.size >= groupBytes {
			if err := t.endGroup(); err != nil {
				return t.out.Fail(err)
			}
		}
	}
	return nil
}

// endGroup writes the open row group.
func (t *Sink) endGroup() error {
	group, err := t.file.AppendRowGroupChecked()
	if err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	for i := range t.columns {
		c := &t.columns[i]
		if err := t.chunk.write(group, c, t.rows); err != nil {
			return fmt.Errorf("parquet: column %s: %w", c.path, err)
		}
		c.reset()
	}
	if err := group.Close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	t.store.reset()
	t.rows = 0
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
	if err := t.writeFooter(); err != nil {
		return t.out.Fail(fmt.Errorf("parquet: %w", err))
	}
	return t.out.Flush()
}

func (t *Sink) writeFooter() error {
	meta := t.options.Head
	if t.options.Tail != nil {
		meta = t.options.Tail()
	}
	embedded, err := arrowSchema(arrows.Schema(t.schema, meta, t.jsonLists()))
	if err != nil {
		return err
	}
	all := arrows.Metadata(t.schema, meta)
	for i := range all.Len() {
		if err := t.file.AppendKeyValueMetadata(all.Keys()[i], all.Values()[i]); err != nil {
			return err
		}
	}
	if err := t.file.AppendKeyValueMetadata("ARROW:schema", embedded); err != nil {
		return err
	}
	return t.file.Close()
}

// Stats are the counts so far.
func (t *Sink) Stats() sink.Stats { return t.out.Stats() }

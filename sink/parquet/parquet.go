// Package parquet writes rows as an Apache Parquet file. It does not read.
//
// The format is arrow-go's; this package holds the open row group until it can be written
// one column at a time a worker, so that the encoders, page buffers and dictionaries of a few
// columns exist at once and not those of 300. Values wait packed into as few bytes as their range
// needs (see series), and each column chunk gets the encoding that its values ask for: a
// dictionary if they repeat, or DELTA_BINARY_PACKED for integers, BYTE_STREAM_SPLIT for
// floats and DELTA_LENGTH_BYTE_ARRAY for text. Several workers take values and encode chunks
// side by side; the file is the same for any number of them. BenchmarkWrite and TestMemory hold what that
// costs.
package parquet

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/internal/arrows"
	"pinyon/sink/internal/out"
	"pinyon/sink/internal/par"
)

// Defaults of a row group's end: rows, or bytes before compression, whichever is first.
const (
	groupRows  = 65_536
	groupBytes = 64 << 20
)

// Options are how files are written. The zero value works.
type Options struct {
	sink.Common
	Compression string // snappy, gzip, brotli, lz4, zstd or none; "" is zstd
	Lists       string // "" or "native"; "json" writes lists as JSON text
	RowGroup    int    // rows a group; 0 is 65,536
}

// Format describes Apache Parquet.
var Format = files.Format(sink.Descriptor{
	Name: "parquet", Extensions: []string{".parquet"},
	Doc: "Apache Parquet with statistics, an encoding that each column's values ask for, and metadata.",
	Options: []sink.Option{
		sink.Text("compression", "compression", "snappy, gzip, brotli, lz4, zstd or none", func(o *Options) *string { return &o.Compression },
			"snappy", "gzip", "brotli", "lz4", "zstd", "none"),
		sink.Text("lists", "parquet-lists", "native, or json for lists as text", func(o *Options) *string { return &o.Lists }, "native", "json"),
		sink.Count("row-group", "", "rows a group", 1, func(o *Options) *int { return &o.RowGroup }),
	},
}, sink.Stream{Binary: true, Embeds: true}, New)

// A writer writes row groups. Rows are counted as committed once their group is written.
type writer struct {
	out     *out.Buffer
	schema  *column.Schema
	options Options
	limit   int // rows a group

	file    *fileWriter
	columns []held
	stripes []stripe
	chunks  []*chunkWriter // one a worker
	rows    int            // of the open group
}

// A stripe is a run of columns whose values one worker takes from a batch. Their memory is
// their own, so that several do so side by side.
type stripe struct {
	columns  []held
	first    int // of columns, in the schema
	store    *store
	replaced int // bytes that were not UTF-8, of the rows at hand
}

// New makes a sink on w, which need not seek. A nil o means defaults.
func New(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) {
	t := &writer{out: out.New(w), schema: s, limit: groupRows}
	if o != nil {
		t.options = *o
	}
	if t.options.RowGroup > 0 {
		t.limit = t.options.RowGroup
	}
	switch t.options.Lists {
	case "", "native", "json":
	default:
		return nil, fmt.Errorf("parquet: unknown form of lists %q; want native or json", t.options.Lists)
	}
	codec, err := Codec(t.options.Compression)
	if err != nil {
		return nil, err
	}
	root, err := schemaOf(s, t.jsonLists())
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	t.columns = columnsOf(s, t.jsonLists())
	workers := max(1, min(t.options.Workers, len(t.columns)))
	t.stripes = stripesOf(t.columns, workers)
	props := append(codec, encodingProperties(t.columns)...)
	for range workers {
		t.chunks = append(t.chunks, newChunkWriter(props))
	}
	t.file = newFileWriter(t.out, root, parquet.NewWriterProperties(props...))
	return t, nil
}

// stripesOf cuts the columns into as many runs as there are workers.
func stripesOf(columns []held, workers int) []stripe {
	stripes := make([]stripe, workers)
	for i := range stripes {
		from, to := i*len(columns)/workers, (i+1)*len(columns)/workers
		stripes[i] = stripe{columns: columns[from:to], first: from, store: &store{}}
		for k := from; k < to; k++ {
			columns[k].store = stripes[i].store
		}
	}
	return stripes
}

func (t *writer) jsonLists() bool { return t.options.Lists == "json" }

// Write takes the rows of b into the open row group and ends the group when it is full.
func (t *writer) Write(_ context.Context, b *column.Batch) error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	t.out.Hold(b.Rows)
	for from := 0; from < b.Rows; {
		to := min(b.Rows, from+blockValues, from+t.limit-t.rows)
		t.take(b, from, to)
		t.rows += to - from
		from = to
		if t.rows >= t.limit || t.size() >= groupBytes {
			if err := t.endGroup(); err != nil {
				return t.out.Fail(err)
			}
		}
	}
	return nil
}

// take appends rows from to to of b to the columns.
func (t *writer) take(b *column.Batch, from, to int) {
	workers := len(t.stripes)
	if to-from < fewRows {
		workers = 1
	}
	par.Each(workers, len(t.stripes), func(_, piece int) {
		s := &t.stripes[piece]
		s.replaced = 0
		for i := range s.columns {
			s.replaced += s.columns[i].append(&b.Cols[s.first+i], from, to)
		}
	})
	for i := range t.stripes {
		t.out.Replaced(t.stripes[i].replaced)
	}
}

// fewRows are taken sooner than a second worker could begin.
const fewRows = 64

// size is that of the open row group before compression, as PLAIN has it.
func (t *writer) size() (n int64) {
	for i := range t.stripes {
		n += t.stripes[i].store.size
	}
	return n
}

// endGroup writes the open row group: workers encode and compress chunks side by side, which
// are appended in order.
func (t *writer) endGroup() error {
	group := t.file.begin(t.rows)
	err := par.Ordered(len(t.chunks), len(t.columns), func(worker, i int) error {
		c := &t.columns[i]
		if err := t.chunks[worker].write(group, c, t.rows); err != nil {
			return fmt.Errorf("parquet: column %s: %w", c.path, err)
		}
		c.reset()
		return nil
	}, func(i int) error {
		c := &t.columns[i]
		if err := group.take(c.leaf, c.leaves()); err != nil {
			return fmt.Errorf("parquet: column %s: %w", c.path, err)
		}
		return nil
	})
	if err == nil {
		err = group.end()
	}
	if err != nil {
		return err
	}
	for i := range t.stripes {
		t.stripes[i].store.reset()
	}
	t.out.ReleaseRows(t.rows)
	t.rows = 0
	return nil
}

// Flush writes what is left of closed row groups. It does not end the open one: small row
// groups would cost every reader.
func (t *writer) Flush(context.Context) error { return t.out.Flush() }

// Close ends the open row group and writes the footer. Without rows the file has the whole
// schema and no row group.
func (t *writer) Close(context.Context) error {
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

// Keep writes the footer behind the closed row groups; rows of the open one are lost.
func (t *writer) Keep() error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	t.out.Closed = true
	t.out.Lose()
	if err := t.writeFooter(); err != nil {
		return t.out.Fail(fmt.Errorf("parquet: %w", err))
	}
	return t.out.Flush()
}

func (t *writer) writeFooter() error {
	meta := t.options.Metadata()
	embedded, err := arrowSchema(arrows.Schema(t.schema, meta, t.jsonLists()))
	if err != nil {
		return err
	}
	all := arrows.Metadata(t.schema, meta)
	for i := range all.Len() {
		if err := t.file.meta.AppendKeyValueMetadata(all.Keys()[i], all.Values()[i]); err != nil {
			return err
		}
	}
	if err := t.file.meta.AppendKeyValueMetadata("ARROW:schema", embedded); err != nil {
		return err
	}
	return t.file.end()
}

// Abort has every later call refused.
func (t *writer) Abort() error { return t.out.Abort() }

// Counters are the sink's.
func (t *writer) Counters() *sink.Counters { return t.out.Counters() }

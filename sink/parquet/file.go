package parquet

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"pinyon/sink/internal/out"
)

// magic begins and ends a file.
const magic = "PAR1"

// A fileWriter puts a file together of column chunks that were encoded apart:
//
//	PAR1 | chunks of a row group, each with its metadata behind it | ... | footer | its length | PAR1
type fileWriter struct {
	out    *out.Buffer
	schema *schema.Schema
	props  *parquet.WriterProperties
	meta   *metadata.FileMetaDataBuilder
	groups int16
	pages  shared // memory of pages, which one worker fills and another takes
}

func newFileWriter(o *out.Buffer, root *schema.GroupNode, props *parquet.WriterProperties) *fileWriter {
	s := schema.NewSchema(root)
	o.B = append(o.B, magic...)
	return &fileWriter{out: o, schema: s, props: props, meta: metadata.NewFileMetadataBuilder(s, props, nil)}
}

// A rowGroup is the row group that is being written.
type rowGroup struct {
	*fileWriter
	meta    *metadata.RowGroupMetaDataBuilder
	columns []*metadata.ColumnChunkMetaDataBuilder // by leaf
	pagers  []*pager                               // of chunks that are encoded and not taken
	rows    int
}

// begin begins a row group of so many rows.
func (f *fileWriter) begin(rows int) *rowGroup {
	g := &rowGroup{fileWriter: f, meta: f.meta.AppendRowGroup(), rows: rows, pagers: make([]*pager, f.schema.NumColumns())}
	for range g.pagers {
		g.columns = append(g.columns, g.meta.NextColumnChunk())
	}
	return g
}

// A pager keeps the pages of a chunk in memory until its place in the file is known.
type pager struct {
	file.PageWriter
	hasDict, fallback bool
}

// Close notes what the chunk's end is, which take writes.
func (p *pager) Close(hasDict, fallback bool) error {
	p.hasDict, p.fallback = hasDict, fallback
	return nil
}

// chunk begins a chunk, the encoded form of which take writes once it is closed. Several may
// be open at once, with properties that do not share an allocator.
func (g *rowGroup) chunk(leaf int, props *parquet.WriterProperties) (file.ColumnChunkWriter, error) {
	m := g.columns[leaf]
	path := m.Descr().Path()
	w, err := file.NewPageWriter(g.out, props.CompressionFor(path), props.CompressionLevelFor(path), m, g.groups, int16(leaf), &g.pages, true, nil, nil)
	if err != nil {
		return nil, err
	}
	g.pagers[leaf] = &pager{PageWriter: w}
	return file.NewColumnChunkWriter(m, g.pagers[leaf], props), nil
}

// close ends a chunk's encoding.
func (g *rowGroup) close(cw file.ColumnChunkWriter) error {
	if err := cw.Close(); err != nil {
		return err
	}
	if got := cw.RowsWritten(); got != g.rows {
		return fmt.Errorf("BUG: %d rows in a chunk of %d", got, g.rows)
	}
	return nil
}

// take appends the chunks of so many leaves to the file. Chunks are taken in their order.
func (g *rowGroup) take(leaf, leaves int) error {
	for i := leaf; i < leaf+leaves; i++ {
		p := g.pagers[i]
		g.pagers[i] = nil
		if err := p.PageWriter.Close(p.hasDict, p.fallback); err != nil {
			return err
		}
	}
	return nil
}

// end ends the row group.
func (g *rowGroup) end() error {
	g.meta.SetNumRows(g.rows)
	if err := g.meta.Finish(0, g.groups); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	g.groups++
	return nil
}

// end writes the footer.
func (f *fileWriter) end() error {
	m, err := f.meta.Finish()
	if err != nil {
		return err
	}
	n, err := m.WriteTo(f.out, nil)
	if err != nil {
		return err
	}
	_, err = f.out.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), magic...))
	return err
}

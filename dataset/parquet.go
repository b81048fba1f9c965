package dataset

import (
	"os"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// scanParquet reads the footer, which counts rows and nulls; pages are not read. Nulls of
// list columns count elements there, so that theirs are left out.
func (t *Table) scanParquet(f *os.File) error {
	t.Format = "parquet"
	rd, err := file.NewParquetReader(f)
	if err != nil {
		return err
	}
	defer rd.Close()
	meta := rd.MetaData()
	t.Rows = uint64(rd.NumRows())
	if v := meta.KeyValueMetadata().FindValue(versionKey); v != nil {
		t.Version = *v
	}
	known := knownColumns()
	root := meta.Schema.Root()
	plain := map[string]int{} // position of columns that are not lists
	for i := range root.NumFields() {
		field := root.Field(i)
		t.column(known, field.Name(), parquetWord(field))
		if _, ok := field.(*schema.PrimitiveNode); ok {
			plain[field.Name()] = i
		}
	}
	for g := range rd.NumRowGroups() {
		group := meta.RowGroup(g)
		for k := range group.NumColumns() {
			i, ok := plain[meta.Schema.Column(k).Path()]
			if !ok {
				continue
			}
			chunk, err := group.ColumnChunk(k)
			if err != nil {
				return err
			}
			stats, err := chunk.Statistics()
			if err != nil {
				return err
			}
			if stats != nil && stats.HasNullCount() {
				t.Columns[i].Missing += uint64(max(stats.NullCount(), 0))
			}
		}
	}
	return nil
}

// parquetWord is the type as the schema calls it, Parquet's own word for what no sink
// writes.
func parquetWord(n schema.Node) string {
	p, ok := n.(*schema.PrimitiveNode)
	if !ok {
		g := n.(*schema.GroupNode)
		if g.NumFields() != 1 {
			return "triple"
		}
		// LIST: a repeated group with the element in it.
		if inner, ok := g.Field(0).(*schema.GroupNode); ok {
			if inner.NumFields() == 1 {
				return "list<" + parquetWord(inner.Field(0)) + ">"
			}
		}
		return "group"
	}
	switch p.PhysicalType() {
	case parquet.Types.Int64:
		return "int64"
	case parquet.Types.Double:
		return "float64"
	case parquet.Types.Boolean:
		return "bool"
	case parquet.Types.ByteArray:
		return "string"
	}
	return p.PhysicalType().String()
}

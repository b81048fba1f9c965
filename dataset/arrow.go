package dataset

import (
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

func (t *Table) scanArrowStream(r io.Reader) error {
	t.Format = "arrow"
	rd, err := ipc.NewReader(r)
	if err != nil {
		return err
	}
	defer rd.Release()
	t.arrowSchema(rd.Schema())
	for rd.Next() {
		t.arrowRecord(rd.RecordBatch())
	}
	return rd.Err()
}

func (t *Table) scanArrowFile(f *os.File) error {
	t.Format = "arrow-file"
	rd, err := ipc.NewFileReader(f)
	if err != nil {
		return err
	}
	defer rd.Close()
	t.arrowSchema(rd.Schema())
	for i := range rd.NumRecords() {
		rec, err := rd.RecordBatch(i)
		if err != nil {
			return err
		}
		t.arrowRecord(rec)
	}
	return nil
}

// versionKey is where Arrow and Parquet files say which schema theirs is of.
const versionKey = "pinyon.schema_version"

func (t *Table) arrowSchema(s *arrow.Schema) {
	known := knownColumns()
	for _, f := range s.Fields() {
		t.column(known, f.Name, arrowWord(f.Type))
	}
	if v, ok := s.Metadata().GetValue(versionKey); ok {
		t.Version = v
	}
}

// arrowWord is the type as the schema calls it, Arrow's own word for what no sink writes.
func arrowWord(t arrow.DataType) string {
	switch t.ID() {
	case arrow.INT64:
		return "int64"
	case arrow.FLOAT64:
		return "float64"
	case arrow.BOOL:
		return "bool"
	case arrow.STRING:
		return "string"
	case arrow.LIST:
		elem := t.(*arrow.ListType).Elem()
		if elem.ID() == arrow.STRUCT {
			return "list<triple>"
		}
		return "list<" + arrowWord(elem) + ">"
	}
	return t.String()
}

func (t *Table) arrowRecord(rec arrow.RecordBatch) {
	t.Rows += uint64(rec.NumRows())
	for i := range t.Columns {
		t.Columns[i].Missing += uint64(rec.Column(i).NullN())
	}
}

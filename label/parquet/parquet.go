// Package parquet reads files of labels that are Parquet files, for package label, which needs no
// such library itself.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/label"
)

// Format is Parquet for label.Load.
var Format = label.Format{Name: "Parquet", Magic: "PAR1", Read: Read}

// Read reads the records of a Parquet file of size bytes. Of its columns it reads those that the
// mapping names: numbers, text, dates and instants. An instant of UTC needs no zone of the mapping.
func Read(name string, f *os.File, size int64, m *label.Mapping) (_ *label.Records, err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged files
			err = fmt.Errorf("label: %s: damaged Parquet: %v", name, r)
		}
	}()
	rd, err := file.NewParquetReader(io.NewSectionReader(f, 0, size))
	if err != nil {
		return nil, fmt.Errorf("label: %s: %w", name, err)
	}
	defer rd.Close()
	if m == nil {
		m = &label.Mapping{}
	}
	var names []string
	var leaves []int
	schema := rd.MetaData().Schema
	wanted := m.Columns()
	for i := range schema.NumColumns() {
		c := schema.Column(i)
		if slices.Contains(wanted, c.Name()) && len(c.ColumnPath()) == 1 && c.MaxRepetitionLevel() == 0 {
			names, leaves = append(names, c.Name()), append(leaves, i)
		}
	}
	t := &table{rd: rd, leaves: leaves, cells: make([]string, len(leaves)), columns: make([]*cells, len(leaves))}
	return label.ReadTable(name, names, t.next, m)
}

// A table reads the rows of a file, a row group after the other.
type table struct {
	rd      *file.Reader
	leaves  []int
	columns []*cells
	cells   []string
	group   int   // the next one
	left    int64 // rows of the one at hand
}

// next gives the texts of the next row, or io.EOF.
func (t *table) next() ([]string, error) {
	for t.left == 0 {
		if t.group == t.rd.NumRowGroups() {
			return nil, io.EOF
		}
		g := t.rd.RowGroup(t.group)
		t.group++
		t.left = g.NumRows()
		for i, leaf := range t.leaves {
			c, err := g.Column(leaf)
			if err == nil {
				t.columns[i], err = newCells(c)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	t.left--
	for i, c := range t.columns {
		s, err := c.next()
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", t.rd.MetaData().Schema.Column(t.leaves[i]).Name(), err)
		}
		t.cells[i] = s
	}
	return t.cells, nil
}

// errShort is the error of a column that ends before its row group does.
var errShort = errors.New("fewer values than rows")

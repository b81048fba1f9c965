package packetstore

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// node is the column in the file.
func (c *Column) node() (schema.Node, error) {
	repetition := parquet.Repetitions.Required
	if c.Nullable {
		repetition = parquet.Repetitions.Optional
	}
	physical := parquet.Types.Int32
	var logical schema.LogicalType = schema.NoLogicalType{}
	switch c.Type {
	case "uint8":
		logical = schema.NewIntLogicalType(8, false)
	case "uint16":
		logical = schema.NewIntLogicalType(16, false)
	case "uint32":
		logical = schema.NewIntLogicalType(32, false)
	case "date32":
		logical = schema.DateLogicalType{}
	case "timestamp[ns, UTC]":
		physical, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitNanos)
	case "string":
		physical, logical = parquet.Types.ByteArray, schema.StringLogicalType{}
	case "binary":
		physical = parquet.Types.ByteArray
	default:
		panic("BUG: a column of type " + c.Type)
	}
	return schema.NewPrimitiveNodeLogical(c.Name, repetition, logical, physical, -1, -1)
}

// schemaOf is the schema of every file.
func schemaOf(columns []Column) (*schema.GroupNode, error) {
	fields := make(schema.FieldList, len(columns))
	for i := range columns {
		var err error
		if fields[i], err = columns[i].node(); err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].Name, err)
		}
	}
	return schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
}

// held are the values of a column that wait for their row group to be full; absent ones
// have a level of 0 and, but for words, nothing else.
type held struct {
	ints   []int32 // of columns of up to 32 bits
	longs  []int64
	text   []byte // payloads, one behind the other
	ends   []int  // of them
	words  words
	levels []int16
}

// add takes a frame's value.
func (h *held) add(c *Column, r *row) {
	present := c.has == nil || c.has(r)
	switch {
	case !present:
	case c.store == dict:
		r.buf = c.text(r.buf[:0], r)
		present = len(r.buf) > 0 || !c.Nullable
		h.words.add(r.buf, present)
	case c.store == texts:
		n := len(h.text)
		h.text = c.text(h.text, r)
		if present = len(h.text) > n || !c.Nullable; present {
			h.ends = append(h.ends, len(h.text))
		}
	case c.store == longs:
		h.longs = append(h.longs, c.number(r))
	default:
		h.ints = append(h.ints, int32(c.number(r)))
	}
	if c.Nullable {
		level := int16(0)
		if present {
			level = 1
		}
		h.levels = append(h.levels, level)
	}
}

// A group is a row group that is being filled.
type group struct {
	schema  []Column
	columns []held
	rows    int
	payload int // bytes, those of whole frames included
	arrays  []parquet.ByteArray
}

// newGroup has room for so many rows, but for texts.
func newGroup(columns []Column, rows int) *group {
	g := &group{schema: columns, columns: make([]held, len(columns))}
	for i := range columns {
		h := &g.columns[i]
		switch columns[i].store {
		case ints:
			h.ints = make([]int32, 0, rows)
		case longs:
			h.longs = make([]int64, 0, rows)
		case texts:
			h.ends = make([]int, 0, rows)
		case dict:
			h.words = newWords(rows)
		}
		if columns[i].Nullable {
			h.levels = make([]int16, 0, rows)
		}
	}
	return g
}

func (g *group) add(r *row) {
	for i := range g.schema {
		g.columns[i].add(&g.schema[i], r)
	}
	g.rows++
}

func (g *group) reset() {
	for i := range g.columns {
		h := &g.columns[i]
		h.ints, h.longs, h.text, h.ends, h.levels = h.ints[:0], h.longs[:0], h.text[:0], h.ends[:0], h.levels[:0]
		h.words.reset()
	}
	g.rows, g.payload = 0, 0
}

// sought are the columns that have bloom filters.
var sought = []string{"src_ip", "dst_ip"}

// blooms make the bloom filters as long as the group's values need: the library keeps all of
// a file's until its end.
func (g *group) blooms() (props []parquet.WriterProperty) {
	for i, c := range g.schema {
		if slices.Contains(sought, c.Name) {
			props = append(props, parquet.WithBloomFilterNDVFor(c.Name, int64(max(1, len(g.columns[i].words.index)))))
		}
	}
	return props
}

// write encodes the group and writes it.
func (g *group) write(w *file.Writer) error {
	out, err := w.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	for i := range g.columns {
		if err := g.column(out, i); err != nil {
			return fmt.Errorf("column %s: %w", g.schema[i].Name, err)
		}
	}
	return out.Close()
}

func (g *group) column(out file.SerialRowGroupWriter, i int) error {
	cw, err := out.NextColumn()
	if err != nil {
		return err
	}
	h := &g.columns[i]
	var levels []int16
	if g.schema[i].Nullable {
		levels = h.levels
	}
	switch cw := cw.(type) {
	case *file.Int32ColumnChunkWriter:
		_, err = cw.WriteBatch(h.ints, levels, nil)
	case *file.Int64ColumnChunkWriter:
		_, err = cw.WriteBatch(h.longs, levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		if g.schema[i].store == dict {
			err = h.words.write(cw, levels)
			break
		}
		g.arrays = slices.Grow(g.arrays[:0], len(h.ends))
		from := 0
		for _, to := range h.ends {
			g.arrays = append(g.arrays, h.text[from:to])
			from = to
		}
		_, err = cw.WriteBatch(g.arrays, levels, nil)
	default:
		panic(fmt.Sprintf("BUG: a column of %T", cw))
	}
	if err != nil {
		return err
	}
	return cw.Close()
}

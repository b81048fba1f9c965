package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// dictionaryEncoder is what arrow-go's encoders with a dictionary can do.
type dictionaryEncoder interface {
	PutDictionary(arrow.Array) error
	NumEntries() int
}

// writeIndexed writes the numbers of c, which indexNumbers has indexed, as one page. The
// library would look up each value again, which adds a quarter to the time (BenchmarkWrite).
func (w *chunkWriter) writeIndexed(cw file.ColumnChunkWriter, c *held, rows int) error {
	entries := numbersArray(w.distinct.words, c.parts[0].float)
	defer entries.Release()
	encoder, ok := cw.CurrentEncoder().(dictionaryEncoder)
	if !ok {
		return fmt.Errorf("a %T has no dictionary", cw.CurrentEncoder())
	}
	if err := encoder.PutDictionary(entries); err != nil {
		return err
	}
	if got, want := encoder.NumEntries(), len(w.distinct.words); got != want {
		return fmt.Errorf("dictionary has %d entries; want %d", got, want)
	}
	present := len(w.indices)
	var def []int16
	var valid *memory.Buffer
	if c.optional {
		def, _ = w.levels(c, 0, rows)
		w.spread(c, rows)
		valid = memory.NewBufferBytes(c.valid.bytes)
	}
	indices := wrap(arrow.PrimitiveTypes.Uint16, rows, rows-present, valid, arrow.Uint16Traits.CastToBytes(w.indices))
	defer indices.Release()
	if stats := cw.PageStatistics(); stats != nil {
		if err := stats.UpdateFromArrow(entries, false); err != nil {
			return err
		}
		stats.IncNulls(int64(rows - present))
		stats.IncNumValues(int64(present))
	}
	return cw.WriteDictIndices(indices, def, nil)
}

// spread moves the indices of values to the rows they are in.
func (w *chunkWriter) spread(c *held, rows int) {
	k := len(w.indices)
	for len(w.indices) < rows {
		w.indices = append(w.indices, 0)
	}
	for row := rows - 1; row >= 0; row-- {
		if c.valid.at(row) {
			k--
			w.indices[row] = w.indices[k]
		} else {
			w.indices[row] = 0
		}
	}
}

func numbersArray(v []int64, float bool) arrow.Array {
	dt := arrow.PrimitiveTypes.Int64
	if float {
		dt = arrow.PrimitiveTypes.Float64
	}
	return wrap(dt, len(v), 0, nil, arrow.Int64Traits.CastToBytes(v))
}

// wrap is an array over memory that is lent.
func wrap(dt arrow.DataType, n, nulls int, valid *memory.Buffer, values []byte) arrow.Array {
	d := array.NewData(dt, n, []*memory.Buffer{valid, memory.NewBufferBytes(values)}, nil, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

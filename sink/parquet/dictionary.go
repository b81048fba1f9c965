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

// WriteDictionary writes a column chunk by a dictionary that was made beforehand: its
// entries, all different, and of every row the index of its entry, or null. def are the
// rows' definition levels, nil of a column that is required. The library would look up each
// value again, and of texts allocate for each.
func WriteDictionary(cw file.ColumnChunkWriter, entries, indices arrow.Array, def []int16) error {
	encoder, ok := cw.CurrentEncoder().(dictionaryEncoder)
	if !ok {
		return fmt.Errorf("a %T has no dictionary", cw.CurrentEncoder())
	}
	if err := encoder.PutDictionary(entries); err != nil {
		return err
	}
	if got, want := encoder.NumEntries(), entries.Len(); got != want {
		return fmt.Errorf("dictionary has %d entries; want %d", got, want)
	}
	if stats := cw.PageStatistics(); stats != nil {
		if err := stats.UpdateFromArrow(entries, false); err != nil {
			return err
		}
		stats.IncNulls(int64(indices.NullN()))
		stats.IncNumValues(int64(indices.Len() - indices.NullN()))
	}
	return cw.WriteDictIndices(indices, def, nil)
}

// writeIndexed writes the numbers of c, which indexNumbers has indexed, as one page.
func (w *chunkWriter) writeIndexed(cw file.ColumnChunkWriter, c *held, rows int) error {
	var entries arrow.Array
	if c.narrow {
		w.narrow = narrow(w.narrow[:0], w.distinct.words)
		entries = Lend(arrow.PrimitiveTypes.Int32, len(w.narrow), 0, nil, arrow.Int32Traits.CastToBytes(w.narrow))
	} else {
		entries = numbersArray(w.distinct.words, c.parts[0].float)
	}
	defer entries.Release()
	present := len(w.indices)
	var def []int16
	var valid []byte
	if c.optional {
		def, _ = w.levels(c, 0, rows)
		w.spread(c, rows)
		valid = c.valid.bytes
	}
	indices := Lend(arrow.PrimitiveTypes.Uint16, rows, rows-present, valid, arrow.Uint16Traits.CastToBytes(w.indices))
	defer indices.Release()
	return WriteDictionary(cw, entries, indices, def)
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
	return Lend(dt, len(v), 0, nil, arrow.Int64Traits.CastToBytes(v))
}

// Lend is an array of n values over memory that is lent: a bitmap of those that are not
// null, nil if all are, and what else Arrow has of the type.
func Lend(dt arrow.DataType, n, nulls int, valid []byte, values ...[]byte) arrow.Array {
	buffers := make([]*memory.Buffer, 1, 3)
	if valid != nil {
		buffers[0] = memory.NewBufferBytes(valid)
	}
	for _, v := range values {
		buffers = append(buffers, memory.NewBufferBytes(v))
	}
	d := array.NewData(dt, n, buffers, nil, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

package arrow

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink/internal/arrows"
	"pinyon/sink/internal/out"
	"pinyon/sink/internal/text"
)

// columnData is what one column keeps from batch to batch: text that had to be made valid, and
// numbers of fewer than 64 bits.
type columnData struct {
	arena  text.Arena
	narrow []byte
}

// numbers are the column's values in as many bytes as dt has for each.
func (d *columnData) numbers(v []int64, dt arrow.DataType) *memory.Buffer {
	width := dt.(arrow.FixedWidthDataType).Bytes()
	if width == arrow.Int64SizeBytes {
		return ints(v)
	}
	d.narrow = d.narrow[:0]
	for _, n := range v {
		switch width {
		case 1:
			d.narrow = append(d.narrow, byte(n))
		case 2:
			d.narrow = binary.LittleEndian.AppendUint16(d.narrow, uint16(n))
		default:
			d.narrow = binary.LittleEndian.AppendUint32(d.narrow, uint32(n))
		}
	}
	return memory.NewBufferBytes(d.narrow)
}

// borrow makes an array of dt over the column's own memory.
func (d *columnData) borrow(c *column.Column, dt arrow.DataType, rows int, o *out.Buffer) arrow.Array {
	var valid *memory.Buffer
	nulls := 0
	if c.Valid != nil && c.Nulls > 0 {
		valid, nulls = memory.NewBufferBytes(c.Valid[:(rows+7)/8]), c.Nulls
	}
	switch c.Field.Kind {
	case feature.Int:
		return wrap(dt, rows, nulls, valid, d.numbers(c.Ints[:rows], dt))
	case feature.Float:
		return wrap(dt, rows, nulls, valid, floats(c.Floats[:rows]))
	case feature.Bool:
		return wrap(dt, rows, nulls, valid, memory.NewBufferBytes(c.Bits[:(rows+7)/8]))
	case feature.Text:
		bytes, offsets, bad := d.arena.Clean(c, rows)
		o.Replaced(bad)
		return wrap(dt, rows, nulls, valid, int32s(offsets), memory.NewBufferBytes(bytes))
	}
	offsets := c.Offsets[:rows+1]
	n := int(offsets[rows])
	var elements arrow.ArrayData
	switch c.Field.Kind {
	case feature.IntList:
		elements = data(arrow.PrimitiveTypes.Int64, n, nil, ints(c.Ints[:n]))
	case feature.FloatList:
		elements = data(arrow.PrimitiveTypes.Float64, n, nil, floats(c.Floats[:n]))
	default:
		elements = data(arrows.Triple, n, []arrow.ArrayData{
			data(arrow.PrimitiveTypes.Int64, n, nil, ints(c.Ints[:n])),
			data(arrow.PrimitiveTypes.Float64, n, nil, floats(c.Floats[:n])),
			data(arrow.PrimitiveTypes.Int64, n, nil, ints(c.Dirs[:n])),
		})
	}
	list := array.NewData(dt, rows, []*memory.Buffer{valid, int32s(offsets)}, []arrow.ArrayData{elements}, nulls, 0)
	defer list.Release()
	return array.MakeFromData(list)
}

// data is an array without nulls.
func data(dt arrow.DataType, n int, children []arrow.ArrayData, values ...*memory.Buffer) arrow.ArrayData {
	return array.NewData(dt, n, append([]*memory.Buffer{nil}, values...), children, 0, 0)
}

func wrap(dt arrow.DataType, rows, nulls int, valid *memory.Buffer, values ...*memory.Buffer) arrow.Array {
	d := array.NewData(dt, rows, append([]*memory.Buffer{valid}, values...), nil, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

func ints(v []int64) *memory.Buffer {
	return memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(v))
}

func floats(v []float64) *memory.Buffer {
	return memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(v))
}

func int32s(v []int32) *memory.Buffer {
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(v))
}

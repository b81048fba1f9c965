package parquet

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// some is how many values are read at once.
const some = 1024

// cells are the values of a column chunk as text.
type cells struct {
	fill func() (levels int64, values int, err error) // reads the next values
	text func(i int) string                           // of value i of those
	def  [some]int16
	full int16 // definition level of a row that has a value

	n, at, value int // levels read, the next of them, and the next value
}

func newCells(c file.ColumnChunkReader) (*cells, error) {
	t := &cells{full: c.Descriptor().MaxDefinitionLevel()}
	kind := c.Descriptor().LogicalType()
	switch rd := c.(type) {
	case *file.BooleanColumnChunkReader:
		v := make([]bool, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		t.text = func(i int) string { return strconv.FormatBool(v[i]) }
	case *file.Int32ColumnChunkReader:
		v := make([]int32, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		write := whole(kind)
		t.text = func(i int) string { return write(int64(v[i])) }
	case *file.Int64ColumnChunkReader:
		v := make([]int64, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		write := whole(kind)
		t.text = func(i int) string { return write(v[i]) }
	case *file.Int96ColumnChunkReader: // an instant, as Spark and Impala wrote it
		v := make([]parquet.Int96, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		t.text = func(i int) string { return v[i].ToTime().UTC().Format(time.RFC3339Nano) }
	case *file.Float32ColumnChunkReader:
		v := make([]float32, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		t.text = func(i int) string { return number(float64(v[i]), 32) }
	case *file.Float64ColumnChunkReader:
		v := make([]float64, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		t.text = func(i int) string { return number(v[i], 64) }
	case *file.ByteArrayColumnChunkReader:
		v := make([]parquet.ByteArray, some)
		t.fill = func() (int64, int, error) { return rd.ReadBatchInPage(some, v, t.def[:], nil) }
		t.text = func(i int) string { return string(v[i]) }
	default:
		return nil, fmt.Errorf("column %s: type %s holds no label, address, port or time", c.Descriptor().Name(), c.Type())
	}
	return t, nil
}

// next is the text of the next row; a null is blank.
func (t *cells) next() (string, error) {
	if t.at == t.n {
		levels, _, err := t.fill()
		if err != nil {
			return "", err
		}
		if levels == 0 {
			return "", errShort
		}
		t.n, t.at, t.value = int(levels), 0, 0
	}
	t.at++
	if t.full > 0 && t.def[t.at-1] < t.full {
		return "", nil
	}
	t.value++
	return t.text(t.value - 1), nil
}

// number is a float that text files would have; what is not a number is blank.
func number(v float64, bits int) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

// whole writes whole numbers of a logical type.
func whole(kind schema.LogicalType) func(int64) string {
	switch kind := kind.(type) {
	case schema.DateLogicalType:
		return func(v int64) string { return time.Unix(v*86400, 0).UTC().Format(time.DateTime) }
	case schema.TimestampLogicalType:
		unit := map[schema.TimeUnitType]int64{schema.TimeUnitMillis: 1e6, schema.TimeUnitMicros: 1e3, schema.TimeUnitNanos: 1}[kind.TimeUnit()]
		layout := "2006-01-02 15:04:05.999999999"
		if kind.IsAdjustedToUTC() {
			layout = time.RFC3339Nano
		}
		return func(v int64) string {
			per := int64(1e9) / unit
			return time.Unix(v/per, v%per*unit).UTC().Format(layout)
		}
	case schema.IntLogicalType:
		if !kind.IsSigned() && kind.BitWidth() == 32 {
			return func(v int64) string { return strconv.FormatUint(uint64(uint32(v)), 10) }
		}
	}
	return func(v int64) string { return strconv.FormatInt(v, 10) }
}

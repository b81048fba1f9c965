package arrow

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pinyon/column"
	"pinyon/sink/internal/arrows"
	"pinyon/sink/internal/out"
)

// An Encoder turns rows of a batch into IPC streams that are complete by themselves, for
// sinks that send rows in messages. The fields of its schema have names and types alone, as
// every message repeats it. It is used from one goroutine.
type Encoder struct {
	schema   *arrow.Schema
	cols     []columnData
	arrays   []arrow.Array
	count    *out.Buffer // of replaced bytes
	told     uint64
	overhead int
	rows     int64 // of the batch
}

// NewEncoder makes an encoder of the schema's rows.
func NewEncoder(s *column.Schema) *Encoder {
	e := &Encoder{cols: make([]columnData, len(s.Fields)), count: out.New(nil)}
	full := arrows.Schema(s, nil, false)
	fields := full.Fields()
	for i := range fields {
		fields[i].Metadata = arrow.Metadata{}
	}
	meta := full.Metadata()
	e.schema = arrow.NewSchema(fields, &meta)
	if empty, err := e.stream(nil, array.NewRecordBatch(e.schema, emptyArrays(e.schema), 0)); err == nil {
		e.overhead = len(empty)
	}
	return e
}

func emptyArrays(s *arrow.Schema) []arrow.Array {
	arrays := make([]arrow.Array, s.NumFields())
	for i := range arrays {
		arrays[i] = array.MakeArrayOfNull(memory.DefaultAllocator, s.Field(i).Type, 0)
	}
	return arrays
}

// Overhead is about how many bytes of a stream do not depend on how many rows it has.
func (e *Encoder) Overhead() int { return e.overhead }

// Batch sets the batch that Append reads; it is borrowed until Release.
func (e *Encoder) Batch(b *column.Batch) {
	e.arrays, e.rows = e.arrays[:0], int64(b.Rows)
	for i := range b.Cols {
		e.arrays = append(e.arrays, e.cols[i].borrow(&b.Cols[i], e.schema.Field(i).Type, b.Rows, e.count))
	}
}

// Append appends a stream of rows from to to, the latter excluded, of the batch.
func (e *Encoder) Append(dst []byte, from, to int) ([]byte, error) {
	all := array.NewRecordBatch(e.schema, e.arrays, e.rows)
	defer all.Release()
	return e.stream(dst, all.NewSlice(int64(from), int64(to)))
}

// stream appends a stream of rec, and releases that.
func (e *Encoder) stream(dst []byte, rec arrow.RecordBatch) ([]byte, error) {
	defer rec.Release()
	b := bytes.NewBuffer(dst)
	w := ipc.NewWriter(b, ipc.WithSchema(e.schema))
	if err := w.Write(rec); err != nil {
		return nil, fmt.Errorf("arrow: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("arrow: %w", err)
	}
	return b.Bytes(), nil
}

// Release gives the batch back.
func (e *Encoder) Release() {
	for i := range e.arrays {
		e.arrays[i].Release()
	}
	e.arrays = e.arrays[:0]
}

// Replaced is how many bytes of text were not UTF-8 since the last call, and left as U+FFFD.
func (e *Encoder) Replaced() int {
	n := e.count.Counters().Stats().Replaced
	defer func() { e.told = n }()
	return int(n - e.told)
}

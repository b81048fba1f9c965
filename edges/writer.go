package edges

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pinyon/flow"
	"pinyon/packet"
)

// The columns of an edge file, an Arrow stream: one packet a row, in the order of merge time,
// position and record number.
const (
	colGroup    = iota // the plan's word for the site
	colPair            // hash of the two addresses of the flow key, in either order, and of the IP version
	colPosition        // of the capture in the plan
	colRecord          // number in the capture, from 1
	colMerge           // merge time, ns since 1970-01-01 UTC
	colTime            // timestamp, ns since 1970-01-01 UTC
	colLink            // LINKTYPE_ value
	colWire            // bytes on the wire
	colFlags           // bit 0: the record carries no time of its own
	colFrame           // captured bytes
	columns
)

var fields = [columns]arrow.Field{
	colGroup:    {Name: "group", Type: arrow.BinaryTypes.String},
	colPair:     {Name: "pair", Type: arrow.PrimitiveTypes.Uint64},
	colPosition: {Name: "capture", Type: arrow.PrimitiveTypes.Uint32},
	colRecord:   {Name: "record", Type: arrow.PrimitiveTypes.Uint64},
	colMerge:    {Name: "merge_ns", Type: arrow.PrimitiveTypes.Int64},
	colTime:     {Name: "time_ns", Type: arrow.PrimitiveTypes.Int64},
	colLink:     {Name: "link_type", Type: arrow.PrimitiveTypes.Uint16},
	colWire:     {Name: "wire_length", Type: arrow.PrimitiveTypes.Uint32},
	colFlags:    {Name: "flags", Type: arrow.PrimitiveTypes.Uint8},
	colFrame:    {Name: "frame", Type: arrow.BinaryTypes.Binary},
}

const (
	noTime = 1 << iota
)

// The keys of the schema's metadata.
const (
	metaPlan   = "pinyon.plan"   // the plan's JSON
	metaConfig = "pinyon.config" // hash of the configuration that says what flows are
)

const (
	batchRows  = 4096
	batchBytes = 1 << 20 // of frames, and one frame more
)

// Seeds of the hash of a pair of addresses. Edges may be divided by it among machines, so they never
// change.
const (
	pairSeed0 = 0x8ebc6af09c88c6e3
	pairSeed1 = 0x589965cc75374cc3
)

// Pair is a hash of the addresses of a key, in either order.
func Pair(k *flow.Key) uint64 {
	pair := flow.Key{A: k.A, B: k.B, Version: k.Version} // keys have the lower address first
	return pair.Hash(pairSeed0, pairSeed1)
}

// A Writer writes an edge file. It is used from one goroutine.
type Writer struct {
	w       *ipc.Writer
	schema  *arrow.Schema
	group   string
	build   [columns]array.Builder
	rows    int
	bytes   int
	packets uint64
	err     error
}

// NewWriter begins an edge file for a part of a plan, whose rows are made with a configuration of
// that hash.
func NewWriter(w io.Writer, p *Plan, config string) *Writer {
	meta := arrow.NewMetadata([]string{metaPlan, metaConfig}, []string{string(p.JSON()), config})
	e := &Writer{schema: arrow.NewSchema(fields[:], &meta), group: p.Group}
	e.w = ipc.NewWriter(w, ipc.WithSchema(e.schema))
	for i := range fields {
		e.build[i] = array.NewBuilder(memory.DefaultAllocator, fields[i].Type)
	}
	return e
}

// Add adds a packet by its frame, which is that of a union, its flow's key and its merge time. An
// error stays: Close has it too.
func (e *Writer) Add(f *packet.Frame, k *flow.Key, merge int64) error {
	if e.err != nil {
		return e.err
	}
	e.build[colGroup].(*array.StringBuilder).Append(e.group)
	e.build[colPair].(*array.Uint64Builder).Append(Pair(k))
	e.build[colPosition].(*array.Uint32Builder).Append(f.Iface)
	e.build[colRecord].(*array.Uint64Builder).Append(f.Number & packet.NumberMask)
	e.build[colMerge].(*array.Int64Builder).Append(merge)
	e.build[colTime].(*array.Int64Builder).Append(f.TS)
	e.build[colLink].(*array.Uint16Builder).Append(f.Link)
	e.build[colWire].(*array.Uint32Builder).Append(f.Wire)
	flags := uint8(0)
	if f.NoTime {
		flags |= noTime
	}
	e.build[colFlags].(*array.Uint8Builder).Append(flags)
	e.build[colFrame].(*array.BinaryBuilder).Append(f.Data)
	e.packets++
	e.bytes += len(f.Data)
	if e.rows++; e.rows == batchRows || e.bytes >= batchBytes {
		return e.flush()
	}
	return nil
}

// Packets is how many were added.
func (e *Writer) Packets() uint64 { return e.packets }

func (e *Writer) flush() error {
	arrays := make([]arrow.Array, columns)
	for i := range e.build {
		arrays[i] = e.build[i].NewArray()
		defer arrays[i].Release()
	}
	batch := array.NewRecordBatch(e.schema, arrays, int64(e.rows))
	defer batch.Release()
	e.rows, e.bytes = 0, 0
	if err := e.w.Write(batch); err != nil {
		e.err = fmt.Errorf("edges: %w", err)
	}
	return e.err
}

// Close completes the file, and does not close what it is written to.
func (e *Writer) Close() error {
	if e.rows > 0 && e.err == nil {
		e.flush()
	}
	if err := e.w.Close(); e.err == nil && err != nil {
		e.err = fmt.Errorf("edges: %w", err)
	}
	return e.err
}

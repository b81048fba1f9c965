package packetstore

import (
	"net/netip"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pinyon/packet"
)

// Batches gathers the rows of frames as Arrow record batches: Columns, and behind them
// ip_size, summary, and frame, all captured bytes. It is used from one goroutine.
type Batches struct {
	o       Options
	row     row
	dec     packet.Decoder
	columns []Column
	build   []array.Builder
	schema  *arrow.Schema
	rows    int
	bytes   int // of frames
}

// ipSize and summary are the columns that only batches in memory have.
var ipSize = u32("ip_size", "Bytes from the IP header onward, by the packet's own count.", isIP, func(r *row) uint32 { return r.p.TotalLen })

var summary = always(word("summary", "One line about the frame.", func(r *row) string { return r.frame.Summary() }))

// NewBatches makes an empty batch. Of o count Interface, Own, Payload and Decap; nil works. With
// raw only the columns timestamp, link_type, packet_size and frame are made, and nothing is decoded.
func NewBatches(o *Options, raw bool) *Batches {
	b := &Batches{}
	if o != nil {
		b.o = *o
	}
	b.dec.Decap, b.row.payload = b.o.Decap, b.o.Payload
	var fields []arrow.Field
	for _, c := range append(Columns(), ipSize, summary, frame) {
		if raw && c.Name != "timestamp" && c.Name != "link_type" && c.Name != "packet_size" && c.Name != frame.Name {
			continue
		}
		b.columns = append(b.columns, c)
		f := arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: c.Nullable,
			Metadata: arrow.NewMetadata([]string{"description"}, []string{c.Doc})}
		fields = append(fields, f)
		b.build = append(b.build, array.NewBuilder(memory.DefaultAllocator, f.Type))
	}
	b.schema = arrow.NewSchema(fields, nil)
	return b
}

// arrowType is the Arrow type of a column's Type.
func arrowType(name string) arrow.DataType {
	switch name {
	case "uint8":
		return arrow.PrimitiveTypes.Uint8
	case "uint16":
		return arrow.PrimitiveTypes.Uint16
	case "uint32":
		return arrow.PrimitiveTypes.Uint32
	case "date32":
		return arrow.FixedWidthTypes.Date32
	case "timestamp[ns, UTC]":
		return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	case "string":
		return arrow.BinaryTypes.String
	case "binary":
		return arrow.BinaryTypes.Binary
	}
	panic("BUG: a column of type " + name)
}

// Schema is that of every batch.
func (b *Batches) Schema() *arrow.Schema { return b.schema }

// Rows is how many frames wait.
func (b *Batches) Rows() int { return b.rows }

// Bytes is how many captured bytes wait.
func (b *Batches) Bytes() int { return b.bytes }

// Add takes a frame, of which nothing is borrowed afterwards.
func (b *Batches) Add(f *packet.Frame) {
	r := &b.row
	r.frame = f
	if len(b.columns) > len(columns) { // otherwise nothing of what is kept is decoded
		b.decode(f)
	}
	for i := range b.columns {
		c := &b.columns[i]
		if c.has != nil && !c.has(r) {
			b.build[i].AppendNull()
			continue
		}
		b.append(b.build[i], c)
	}
	b.rows++
	b.bytes += len(f.Data)
}

func (b *Batches) decode(f *packet.Frame) {
	r := &b.row
	r.ip = b.dec.Examine(f, &r.p, &r.v)
	r.arp, r.isARP = r.v.ARP()
	if b.o.Interface != nil {
		r.iface = b.o.Interface(f.Iface)
	}
	var src, dst netip.Addr
	switch {
	case r.ip:
		src, dst = r.p.SrcAddr(), r.p.DstAddr()
	case r.isARP:
		src, dst = r.arp.Sender(), r.arp.Target()
	}
	r.dir = packet.DirectionOf(r.p.PacketType, src, dst, b.o.Own)
}

// append adds the value that the row at hand has in a column.
func (b *Batches) append(to array.Builder, c *Column) {
	r := &b.row
	switch to := to.(type) {
	case *array.Uint8Builder:
		to.Append(uint8(c.number(r)))
	case *array.Uint16Builder:
		to.Append(uint16(c.number(r)))
	case *array.Uint32Builder:
		to.Append(uint32(c.number(r)))
	case *array.Date32Builder:
		to.Append(arrow.Date32(c.number(r)))
	case *array.TimestampBuilder:
		to.Append(arrow.Timestamp(c.number(r)))
	case *array.StringBuilder:
		if r.buf = c.text(r.buf[:0], r); len(r.buf) == 0 && c.Nullable {
			to.AppendNull()
		} else {
			to.Append(string(r.buf))
		}
	case *array.BinaryBuilder:
		if r.buf = c.text(r.buf[:0], r); len(r.buf) == 0 && c.Nullable {
			to.AppendNull()
		} else {
			to.Append(r.buf)
		}
	default:
		panic("BUG: no builder for column " + c.Name)
	}
}

// Take gives the rows that wait, which the caller releases, and begins anew.
func (b *Batches) Take() arrow.RecordBatch {
	arrays := make([]arrow.Array, len(b.build))
	for i := range b.build {
		arrays[i] = b.build[i].NewArray()
	}
	rec := array.NewRecordBatch(b.schema, arrays, int64(b.rows))
	for _, a := range arrays {
		a.Release()
	}
	b.rows, b.bytes = 0, 0
	return rec
}

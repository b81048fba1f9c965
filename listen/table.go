package listen

import (
	"iter"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/packet"
)

// A Table is the rows of a Drain, in the order of capture. It belongs to whoever drained it.
type Table struct {
	blocks []*block
	skip   int // rows of the first block that were dropped
	rows   int
}

// Rows are kept side by side in blocks: of a table's, the first is of leastRows, and each has four
// times as many as the one before, up to blockRows. So there is one allocation for so many packets.
const (
	leastRows = 64
	blockRows = 4096
)

// block is a run of rows.
type block struct{ rows []Row }

// Len is how many rows there are.
func (t *Table) Len() int { return t.rows }

// All yields the rows. They may be kept.
func (t *Table) All() iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		skip := t.skip
		for _, b := range t.blocks {
			for i := skip; i < len(b.rows); i++ {
				if !yield(&b.rows[i]) {
					return
				}
			}
			skip = 0
		}
	}
}

// A Style is how columns are called and directions are spelled.
type Style uint8

// The styles. Plain has all columns. Seed has the first twelve, under the names of the Network
// Data Listener of the source pages (Timestamp, Source_ip, Prot_type), and directions as Up, Down
// or nothing.
const (
	Plain Style = iota
	Seed
)

// Columns describe the table under a style.
func Columns(s Style) *column.Schema {
	schema := &column.Schema{Nulls: true}
	for i := range columns {
		c := &columns[i]
		if s == Seed && c.seed == "" {
			continue
		}
		d := feature.Desc{Name: c.name, Group: "listen", Kind: feature.Int, Form: c.form, Doc: c.doc, Nullable: c.put != nil || c.text != nil, Privacy: c.privacy}
		if c.text != nil {
			d.Kind = feature.Text
		}
		if c.name == "timestamp" {
			d.Unit = feature.Nanoseconds
		}
		if c.name == "size" || c.name == "captured" {
			d.Unit = feature.Bytes
		}
		if s == Seed {
			d.Name = c.seed
		}
		schema.Fields = append(schema.Fields, column.Field{Desc: d, Out: d.Name})
	}
	return schema
}

// listed is one column of the table: a number that is always there, one that may be absent, or a
// text, which is absent if it is empty.
type listed struct {
	name, seed string
	form       feature.Form
	privacy    feature.Privacy
	doc        string
	always     func(r *Row) int64
	put        func(r *Row) (int64, bool)
	text       func(b []byte, r *Row) []byte
}

func mac(b []byte, a [6]byte, ok bool) []byte {
	if !ok {
		return b
	}
	return packet.AppendMAC(b, a[:])
}

// columns are the table's, in their order.
var columns = []listed{
	{name: "timestamp", seed: "Timestamp", form: feature.Stamp, doc: "Capture time.", always: func(r *Row) int64 { return r.ts }},
	{name: "ethertype", seed: "Ethertype", form: feature.Uint16, doc: "EtherType behind VLAN tags.", put: func(r *Row) (int64, bool) { v, ok := r.EtherType(); return int64(v), ok }},
	{name: "direction", seed: "Direction", doc: "Up, Down, Local, Forwarded or Unknown.", text: func(b []byte, r *Row) []byte { return append(b, r.direction.String()...) }},
	{name: "source_mac", seed: "Source_mac", privacy: feature.Sensitive, doc: "Source address of the link.", text: func(b []byte, r *Row) []byte { a, ok := r.SourceMAC(); return mac(b, a, ok) }},
	{name: "destination_mac", seed: "Destination_mac", privacy: feature.Sensitive, doc: "Destination address of the link.", text: func(b []byte, r *Row) []byte { a, ok := r.DestinationMAC(); return mac(b, a, ok) }},
	{name: "source_ip", seed: "Source_ip", form: feature.Address, privacy: feature.Sensitive, doc: "Source address; of ARP for IPv4 the sender's.", text: func(b []byte, r *Row) []byte {
		if a := r.SourceIP(); a.IsValid() {
			return a.AppendTo(b)
		}
		return b
	}},
	{name: "source_port", seed: "Source_port", form: feature.Uint16, doc: "Source port.", put: func(r *Row) (int64, bool) { return int64(r.srcPort), r.has&hasPorts != 0 }},
	{name: "destination_ip", seed: "Destination_ip", form: feature.Address, privacy: feature.Sensitive, doc: "Destination address; of ARP for IPv4 the target's.", text: func(b []byte, r *Row) []byte {
		if a := r.DestinationIP(); a.IsValid() {
			return a.AppendTo(b)
		}
		return b
	}},
	{name: "destination_port", seed: "Destination_port", form: feature.Uint16, doc: "Destination port.", put: func(r *Row) (int64, bool) { return int64(r.dstPort), r.has&hasPorts != 0 }},
	{name: "prot_type", seed: "Prot_type", doc: "IANA keyword of the protocol behind IP, or what a frame without IP holds.", text: func(b []byte, r *Row) []byte { return append(b, r.protocol...) }},
	{name: "operation", seed: "Operation", form: feature.Uint16, doc: "Operation of ARP and RARP: 1 request, 2 reply.", put: func(r *Row) (int64, bool) { v, ok := r.Operation(); return int64(v), ok }},
	{name: "size", seed: "Size", form: feature.Uint32, doc: "Bytes on the wire.", always: func(r *Row) int64 { return int64(r.size) }},
	{name: "protocol", form: feature.Uint8, doc: "IANA number of the protocol behind IP.", put: func(r *Row) (int64, bool) { v, ok := r.ProtocolNumber(); return int64(v), ok }},
	{name: "vlan_id", form: feature.Uint16, doc: "VLAN of the outermost tag.", put: func(r *Row) (int64, bool) { v, ok := r.VLAN(); return int64(v), ok }},
	{name: "captured", form: feature.Uint32, doc: "Bytes captured.", always: func(r *Row) int64 { return int64(r.captured) }},
}

// Batches yields the rows as columns, for a sink. A batch is valid until the next.
func (t *Table) Batches(s Style) iter.Seq[*column.Batch] {
	return func(yield func(*column.Batch) bool) {
		schema := Columns(s)
		b := column.New(schema, min(t.rows, blockRows))
		for r := range t.All() {
			k := 0
			for i := range columns {
				c := &columns[i]
				if s == Seed && c.seed == "" {
					continue
				}
				c.add(&b.Cols[k], r, b.Rows, s)
				k++
			}
			if b.Rows++; b.Rows == blockRows {
				if !yield(b) {
					return
				}
				b.Reset()
			}
		}
		if b.Rows > 0 {
			yield(b)
		}
	}
}

// add appends a row's value.
func (c *listed) add(to *column.Column, r *Row, row int, s Style) {
	is := true
	switch {
	case c.always != nil:
		to.Ints = append(to.Ints, c.always(r))
	case c.put != nil:
		var v int64
		if v, is = c.put(r); !is {
			v = 0
		}
		to.Ints = append(to.Ints, v)
	case s == Seed && c.name == "direction" && r.direction != packet.Up && r.direction != packet.Down:
		is = false
		to.Offsets = append(to.Offsets, int32(len(to.Bytes)))
	default:
		n := len(to.Bytes)
		to.Bytes = c.text(to.Bytes, r)
		is = len(to.Bytes) > n
		to.Offsets = append(to.Offsets, int32(len(to.Bytes)))
	}
	if to.Valid != nil {
		to.Valid = column.AppendBit(to.Valid, row, is)
		if !is {
			to.Nulls++
		}
	}
}

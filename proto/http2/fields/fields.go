// Package fields decodes the header blocks of HTTP/2 (HPACK, RFC 7541). It is the only place
// of the module that knows golang.org/x/net, and it knows nothing but its decoder.
//
// Blocks of one direction share a dynamic table, so a Decoder has to be given every block
// of the direction from the first one on, each whole.
package fields

import "golang.org/x/net/http2/hpack"

const (
	// defaultTable is the size in bytes of a dynamic table until its encoder changes it
	// (RFC 9113, section 6.5.2), maxTable the largest that a Decoder keeps.
	defaultTable = 4096
	maxTable     = 64 << 10
	// maxString bounds a name or a value in bytes, decoded.
	maxString = 16 << 10
)

// A Sink takes the fields of a block in their order.
type Sink interface {
	Field(name, value string)
}

// A Decoder holds the state of one direction: a dynamic table of at most 64 KiB. The zero
// value is not ready; Reset makes it so, and new.
type Decoder struct {
	hpack *hpack.Decoder
	sink  Sink
}

// Reset forgets the direction.
func (d *Decoder) Reset() {
	if d.hpack == nil {
		d.hpack = hpack.NewDecoder(defaultTable, func(f hpack.HeaderField) { d.sink.Field(f.Name, f.Value) })
		d.hpack.SetMaxStringLength(maxString)
		d.hpack.SetAllowedMaxDynamicTableSize(maxTable)
		return
	}
	d.hpack.Close()                   // after an error too a block is to begin
	d.hpack.SetMaxDynamicTableSize(0) // which empties the table
	d.hpack.SetMaxDynamicTableSize(defaultTable)
}

// Block decodes a block and gives its fields to s. After an error no further block of the
// direction can be decoded, and ok is false.
func (d *Decoder) Block(b []byte, s Sink) (ok bool) {
	d.sink = s
	_, err := d.hpack.Write(b)
	last := d.hpack.Close()
	d.sink = nil
	return err == nil && last == nil
}

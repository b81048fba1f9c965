package parquet

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/sink/internal/arrows"
)

const magic = "PAR1"

// appendGroup writes the RowGroup struct of the open row group, whose chunks have been
// written from the position start on.
func (t *Sink) appendGroup(start int64) {
	g := &t.groups
	g.begin(0)
	g.list(1, thriftStruct, len(t.chunks))
	var raw, comp int64
	for i := range t.chunks {
		c := &t.chunks[i]
		g.begin(0)
		g.i64(2, 0) // file_offset: deprecated, 0 is what readers expect
		c.appendMeta(g, t.enc.codec.number, start+comp, t.dictSizes[i])
		g.end()
		raw += c.uncompressed
		comp += c.compressed
	}
	g.i64(2, raw)
	g.i64(3, int64(t.rows))
	g.i64(5, start)
	g.i64(6, comp)
	if t.ngroups <= 0x7fff {
		g.i16(7, int16(t.ngroups))
	}
	g.end()
}

// appendMeta writes the ColumnMetaData struct of a chunk that starts at the position at with
// a dictionary page of dict bytes.
func (c *chunk) appendMeta(t *thrift, codec int32, at int64, dict int) {
	t.begin(3)
	t.i32(1, c.physical)
	t.list(2, 5, bits.OnesCount32(c.encodings))
	for e := range int64(32) {
		if c.encodings>>e&1 != 0 {
			t.b = binary.AppendVarint(t.b, e)
		}
	}
	t.list(3, thriftBinary, len(c.path))
	for _, name := range c.path {
		t.element(name)
	}
	t.i32(4, codec)
	t.i64(5, c.values)
	t.i64(6, c.uncompressed)
	t.i64(7, c.compressed)
	t.i64(9, at+int64(dict))
	if dict > 0 {
		t.i64(11, at)
	}
	c.stats.append(t, 12, c.physical)
	t.end()
}

// appendFooter writes the FileMetaData struct, its length and the magic number.
func (t *Sink) appendFooter(dst []byte) ([]byte, error) {
	meta := t.options.Head
	if t.options.Tail != nil {
		meta = t.options.Tail()
	}
	embedded, err := arrowSchema(arrows.Schema(t.schema, meta, t.jsonLists))
	if err != nil {
		return nil, err
	}
	f := &thrift{}
	f.i32(1, 2)
	appendSchema(f, 2, t.schema, t.jsonLists)
	f.i64(3, t.total)
	f.list(4, thriftStruct, t.ngroups)
	f.b = append(f.b, t.groups.b...)
	all := arrows.Metadata(t.schema, meta)
	f.list(5, thriftStruct, all.Len()+1)
	for i := range all.Len() {
		f.pair(all.Keys()[i], all.Values()[i])
	}
	f.pair("ARROW:schema", embedded)
	f.text(6, "pinyon")
	f.list(7, thriftStruct, len(t.chunks))
	for range t.chunks {
		f.begin(0)
		f.empty(1) // the type's own order
		f.end()
	}
	f.end()
	dst = append(dst, f.b...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.b)))
	return append(dst, magic...), nil
}

// pair is a KeyValue struct in a list.
func (t *thrift) pair(key, value string) {
	t.begin(0)
	t.text(1, key)
	t.text(2, value)
	t.end()
}

// arrowSchema is s as Arrow's own readers want it: the message of an IPC stream in base64.
func arrowSchema(s *arrow.Schema) (string, error) {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(s))
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("parquet: schema: %w", err)
	}
	const end = 8 // the stream's end mark
	return base64.StdEncoding.EncodeToString(b.Bytes()[:b.Len()-end]), nil
}

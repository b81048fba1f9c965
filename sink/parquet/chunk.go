package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/feature"
)

// A chunkWriter hands held columns to arrow-go. It is what the columns of a row group that
// one worker encodes share, one after the other.
type chunkWriter struct {
	plain, repeats *parquet.WriterProperties // for chunks without and with a dictionary

	distinct distinct
	values   cursor
	lengths  cursor
	texts    textCursor

	indices  []uint16
	hashes   []int64
	def, rep []int16
	bools    []bool
	narrow   []int32
	arrays   []parquet.ByteArray
}

// newChunkWriter makes one with an allocator of its own.
func newChunkWriter(props []parquet.WriterProperty) *chunkWriter {
	props = append(props[:len(props):len(props)], parquet.WithAllocator(&recycler{}))
	return &chunkWriter{
		plain:   parquet.NewWriterProperties(append(props, parquet.WithDictionaryDefault(false))...),
		repeats: parquet.NewWriterProperties(append(props, parquet.WithDictionaryDefault(true))...),
	}
}

// write encodes the chunks of c, which has rows rows, for group to take.
func (w *chunkWriter) write(group *rowGroup, c *held, rows int) error {
	switch c.kind {
	case feature.Int, feature.Float:
		return w.writeNumbers(group, c, rows)
	case feature.Bool:
		return w.writeBools(group, c, rows)
	case feature.Text:
		return w.writeTexts(group, c, rows)
	}
	for k := range c.parts {
		if err := w.writeLists(group, c, k, rows); err != nil {
			return err
		}
	}
	return nil
}

// open begins the chunk of c's part k.
func (w *chunkWriter) open(group *rowGroup, c *held, k int, dictionary bool) (file.ColumnChunkWriter, error) {
	props := w.plain
	if dictionary {
		props = w.repeats
	}
	return group.chunk(c.leaf+k, props)
}

// levels makes the definition levels of rows from to to, and counts those that are there.
// Without optional values there are no levels.
func (w *chunkWriter) levels(c *held, from, to int) (def []int16, present int) {
	if !c.optional {
		return nil, to - from
	}
	w.def = w.def[:0]
	for i := from; i < to; i++ {
		level := int16(0)
		if c.valid.at(i) {
			level = 1
			present++
		}
		w.def = append(w.def, level)
	}
	return w.def, present
}

// narrow appends numbers as 32 bits each.
func narrow(dst []int32, v []int64) []int32 {
	for _, n := range v {
		dst = append(dst, int32(n))
	}
	return dst
}

// put writes values, integers or the bits of floats.
func (w *chunkWriter) put(cw file.ColumnChunkWriter, v []int64, def, rep []int16) (err error) {
	switch cw := cw.(type) {
	case *file.Int32ColumnChunkWriter:
		w.narrow = narrow(w.narrow[:0], v)
		_, err = cw.WriteBatch(w.narrow, def, rep)
	case *file.Int64ColumnChunkWriter:
		_, err = cw.WriteBatch(v, def, rep)
	case *file.Float64ColumnChunkWriter:
		_, err = cw.WriteBatch(arrow.Float64Traits.CastFromBytes(arrow.Int64Traits.CastToBytes(v)), def, rep)
	default:
		panic(fmt.Sprintf("BUG: numbers for a %T", cw))
	}
	return err
}

func (w *chunkWriter) writeNumbers(group *rowGroup, c *held, rows int) error {
	indexed := w.indexNumbers(&c.parts[0])
	cw, err := w.open(group, c, 0, indexed)
	if err != nil {
		return err
	}
	if indexed {
		if err := w.writeIndexed(cw, c, rows); err != nil {
			return err
		}
		return group.close(cw)
	}
	w.values.reset(&c.parts[0])
	for from := 0; from < rows; from += blockValues {
		def, n := w.levels(c, from, min(rows, from+blockValues))
		if err := w.put(cw, w.values.take(n), def, nil); err != nil {
			return err
		}
	}
	return group.close(cw)
}

func (w *chunkWriter) writeBools(group *rowGroup, c *held, rows int) error {
	cw, err := w.open(group, c, 0, false)
	if err != nil {
		return err
	}
	at := 0
	for from := 0; from < rows; from += blockValues {
		def, n := w.levels(c, from, min(rows, from+blockValues))
		w.bools = w.bools[:0]
		for range n {
			w.bools = append(w.bools, c.bits.at(at))
			at++
		}
		if _, err := cw.(*file.BooleanColumnChunkWriter).WriteBatch(w.bools, def, nil); err != nil {
			return err
		}
	}
	return group.close(cw)
}

func (w *chunkWriter) writeTexts(group *rowGroup, c *held, rows int) error {
	cw, err := w.open(group, c, 0, w.textsRepeat(c))
	if err != nil {
		return err
	}
	w.lengths.reset(&c.lengths)
	w.texts.reset(&c.texts)
	for from := 0; from < rows; from += blockValues {
		def, n := w.levels(c, from, min(rows, from+blockValues))
		w.arrays = w.arrays[:0]
		for _, length := range w.lengths.take(n) {
			w.arrays = append(w.arrays, w.texts.take(int(length)))
		}
		if _, err := cw.(*file.ByteArrayColumnChunkWriter).WriteBatch(w.arrays, def, nil); err != nil {
			return err
		}
	}
	return group.close(cw)
}

// writeLists writes part k of lists. An absent list is one entry at definition level 0, an
// empty one an entry at the level below that of elements; elements after a row's first
// repeat at level 1.
func (w *chunkWriter) writeLists(group *rowGroup, c *held, k, rows int) error {
	cw, err := w.open(group, c, k, w.indexNumbers(&c.parts[k]))
	if err != nil {
		return err
	}
	w.lengths.reset(&c.lengths)
	w.values.reset(&c.parts[k])
	element := int16(1)
	if c.optional {
		element = 2
	}
	w.def, w.rep = w.def[:0], w.rep[:0]
	values := 0
	for row := range rows {
		switch {
		case c.optional && !c.valid.at(row):
			w.def, w.rep = append(w.def, 0), append(w.rep, 0)
		default:
			n := int(w.lengths.take(1)[0])
			if n == 0 {
				w.def, w.rep = append(w.def, element-1), append(w.rep, 0)
			}
			for i := range n {
				w.def, w.rep = append(w.def, element), append(w.rep, int16(min(i, 1)))
			}
			values += n
		}
		if len(w.def) < blockValues && row < rows-1 {
			continue
		}
		if err := w.put(cw, w.values.take(values), w.def, w.rep); err != nil {
			return err
		}
		w.def, w.rep, values = w.def[:0], w.rep[:0], 0
	}
	return group.close(cw)
}

// A textCursor reads texts from their start.
type textCursor struct {
	pieces [][]byte
	rest   []byte
}

func (r *textCursor) reset(t *texts) { r.pieces, r.rest = t.pieces, nil }

// take returns the next n bytes, which must be there, until the row group's end.
func (r *textCursor) take(n int) []byte {
	if n == 0 {
		return nil
	}
	if len(r.rest) == 0 {
		r.rest, r.pieces = r.pieces[0], r.pieces[1:]
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

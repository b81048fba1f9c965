package parquet

import (
	"encoding/binary"
	"math/bits"
)

// Encodings and page types, as parquet.thrift numbers them.
const (
	encPlain       = 0
	encRLE         = 3
	encDelta       = 5
	encDeltaLength = 6
	encDictionary  = 8
	encSplit       = 9

	pageData       = 0
	pageDictionary = 2
)

// encoder is what all chunks share while they turn values into pages, one at a time.
type encoder struct {
	codec   codec
	store   store
	raw     []byte // page before compression
	comp    []byte // and after
	other   []byte // a second candidate, compressed
	indices []uint16
	lengths []int64
	head    thrift
}

// compressed is src as the codec has it, in dst or in src itself.
func (e *encoder) compressed(dst *[]byte, src []byte) ([]byte, error) {
	if e.codec.compress == nil {
		return src, nil
	}
	out, err := e.codec.compress((*dst)[:0], src)
	if err == nil {
		*dst = out
	}
	return out, err
}

// appendIndices appends a dictionary-encoded page's values: the width, then the hybrid.
func appendIndices(dst []byte, indices []uint16, entries int) []byte {
	width := max(1, bits.Len(uint(entries-1)))
	return appendHybrid(append(dst, byte(width)), indices, width)
}

// appendTexts appends texts as DELTA_LENGTH_BYTE_ARRAY.
func (e *encoder) appendTexts(dst, bytes []byte, ends []int32) []byte {
	e.lengths = e.lengths[:0]
	from := int32(0)
	for _, end := range ends {
		e.lengths = append(e.lengths, int64(end-from))
		from = end
	}
	return append(appendDelta(dst, e.lengths), bytes...)
}

// header encodes a PageHeader.
func (e *encoder) header(kind, encoding int32, entries, raw, comp int) []byte {
	t := &e.head
	t.b, t.last = t.b[:0], 0
	t.i32(1, kind)
	t.i32(2, int32(raw))
	t.i32(3, int32(comp))
	if kind == pageDictionary {
		t.begin(7)
		t.i32(1, int32(entries))
		t.i32(2, encoding)
		t.end()
	} else {
		t.begin(5)
		t.i32(1, int32(entries))
		t.i32(2, encoding)
		t.i32(3, encRLE)
		t.i32(4, encRLE)
		t.end()
	}
	t.end()
	return t.b
}

// appendPlain appends dictionary entries as PLAIN has them.
func appendPlain(dst []byte, v []int64) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
	}
	return dst
}

package dataset

import "encoding/binary"

// A flatbuffer is the bytes of a FlatBuffers message (flatbuffers.dev, "Internals") that a
// stranger made. Whatever points outside reads as 0 or nothing, and bad is set.
//
// Parts may point at the same bytes, so that a short message could describe an endless one. What
// vectors and texts hold in sum is therefore bounded by a multiple of the message's own length.
type flatbuffer struct {
	b    []byte
	bad  bool
	held int // bytes of the vectors and texts that were read
}

// sharing is how often the average byte may be pointed at.
const sharing = 8

func (f *flatbuffer) bytes(at, n int) []byte {
	if at < 0 || n < 0 || at > len(f.b) || n > len(f.b)-at {
		f.bad = true
		return nil
	}
	return f.b[at : at+n]
}

func (f *flatbuffer) u16(at int) uint16 {
	if b := f.bytes(at, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (f *flatbuffer) u32(at int) uint32 {
	if b := f.bytes(at, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (f *flatbuffer) i64(at int) int64 {
	if b := f.bytes(at, 8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// A table is a flatbuffer's table, by its position and that of its vtable. The zero value is
// absent, and has no field.
type table struct {
	f          *flatbuffer
	at, vtable int
	size       int // of the vtable
}

// to follows the offset that stands at a position.
func (f *flatbuffer) to(at int) int {
	n := int(f.u32(at))
	if n == 0 {
		f.bad = true
	}
	return at + n
}

func (f *flatbuffer) root() table { return f.table(f.to(0)) }

func (f *flatbuffer) table(at int) table {
	if f.bad {
		return table{}
	}
	vtable := at - int(int32(f.u32(at)))
	size := int(f.u16(vtable))
	if f.bytes(vtable, size) == nil || size < 4 {
		f.bad = true
		return table{}
	}
	return table{f, at, vtable, size}
}

// field is the position of field i; 0 if it is absent.
func (t table) field(i int) int {
	if t.f == nil || 4+2*i+2 > t.size {
		return 0
	}
	if off := int(t.f.u16(t.vtable + 4 + 2*i)); off != 0 {
		return t.at + off
	}
	return 0
}

func (t table) u8(i int) uint8 {
	if at := t.field(i); at != 0 {
		if b := t.f.bytes(at, 1); b != nil {
			return b[0]
		}
	}
	return 0
}

func (t table) i16(i int) int16 {
	if at := t.field(i); at != 0 {
		return int16(t.f.u16(at))
	}
	return 0
}

func (t table) i32(i int) int32 {
	if at := t.field(i); at != 0 {
		return int32(t.f.u32(at))
	}
	return 0
}

func (t table) i64(i int) int64 {
	if at := t.field(i); at != 0 {
		return t.f.i64(at)
	}
	return 0
}

// table is a table within; the zero value if it is absent.
func (t table) table(i int) table {
	if at := t.field(i); at != 0 {
		return t.f.table(t.f.to(at))
	}
	return table{}
}

// text is a string; "" if it is absent.
func (t table) text(i int) string {
	at, n := t.vector(i, 1)
	if n == 0 {
		return ""
	}
	return string(t.f.bytes(at, n))
}

// vector is the position of the first of n elements, which lie within.
func (t table) vector(i, element int) (at, n int) {
	p := t.field(i)
	if p == 0 {
		return 0, 0
	}
	p = t.f.to(p)
	n = int(t.f.u32(p))
	if n > len(t.f.b)/element || t.f.bytes(p+4, n*element) == nil {
		t.f.bad = true
		return 0, 0
	}
	if t.f.held += n * element; t.f.held > sharing*len(t.f.b) {
		t.f.bad = true
		return 0, 0
	}
	return p + 4, n
}

// pairs is a vector of KeyValue tables.
func (t table) pairs(i int) map[string]string {
	m := map[string]string{}
	for _, kv := range t.tables(i) {
		m[kv.text(0)] = kv.text(1)
	}
	return m
}

// tables is a vector of tables.
func (t table) tables(i int) (list []table) {
	at, n := t.vector(i, 4)
	for k := range n {
		if t.f.bad {
			return nil
		}
		list = append(list, t.f.table(t.f.to(at+4*k)))
	}
	return list
}

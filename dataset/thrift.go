package dataset

// A thrift reads Thrift's compact protocol (thrift-compact-protocol.md) from bytes that a
// stranger made. Behind the first fault, which bad notes, everything reads as 0 or nothing.
// Nothing is copied but text.
type thrift struct {
	b   []byte
	at  int
	bad bool
}

// Types of fields and elements.
const (
	thriftStop = iota
	thriftTrue
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

func (t *thrift) fail() { t.bad, t.at = true, len(t.b) }

func (t *thrift) u8() uint8 {
	if t.at >= len(t.b) {
		t.fail()
		return 0
	}
	t.at++
	return t.b[t.at-1]
}

func (t *thrift) uvarint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := t.u8()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	t.fail()
	return 0
}

// int is a zigzag number of any width.
func (t *thrift) int() int64 {
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// binary is borrowed.
func (t *thrift) binary() []byte {
	n := t.uvarint()
	if n > uint64(len(t.b)-t.at) {
		t.fail()
		return nil
	}
	t.at += int(n)
	return t.b[t.at-int(n) : t.at]
}

// list is the type and the number of elements, each of which takes a byte at least.
func (t *thrift) list() (kind uint8, n int) {
	h := t.u8()
	size := uint64(h >> 4)
	if size == 15 {
		size = t.uvarint()
	}
	if size > uint64(len(t.b)-t.at) {
		t.fail()
		return 0, 0
	}
	return h & 15, int(size)
}

// fields calls read for every field of a struct. read says whether it has read the value.
func (t *thrift) fields(read func(id int64, kind uint8) bool) {
	id := int64(0)
	for !t.bad {
		h := t.u8()
		if h == thriftStop {
			return
		}
		if delta := h >> 4; delta != 0 {
			id += int64(delta)
		} else {
			id = t.int()
		}
		if kind := h & 15; !read(id, kind) {
			t.skip(kind, 0)
		}
	}
}

// deepest is how far values may lie in each other.
const deepest = 32

func (t *thrift) skip(kind uint8, depth int) {
	if depth > deepest {
		t.fail()
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.u8()
	case thriftI16, thriftI32, thriftI64:
		t.uvarint()
	case thriftDouble:
		for range 8 {
			t.u8()
		}
	case thriftBinary:
		t.binary()
	case thriftList, thriftSet:
		k, n := t.list()
		for range n {
			if t.bad {
				return
			}
			t.skipElement(k, depth)
		}
	case thriftMap:
		n := t.uvarint()
		if n == 0 {
			return
		}
		kinds := t.u8()
		if n > uint64(len(t.b)-t.at) {
			t.fail()
			return
		}
		for range n {
			if t.bad {
				return
			}
			t.skipElement(kinds>>4, depth)
			t.skipElement(kinds&15, depth)
		}
	case thriftStruct:
		t.fields(func(_ int64, kind uint8) bool {
			t.skip(kind, depth+1)
			return true
		})
	default:
		t.fail()
	}
}

// skipElement skips an element, of which truth takes a byte.
func (t *thrift) skipElement(kind uint8, depth int) {
	if kind == thriftTrue || kind == thriftFalse {
		kind = thriftByte
	}
	t.skip(kind, depth+1)
}

// structs calls read for every element of a list of structs.
func (t *thrift) structs(read func()) {
	kind, n := t.list()
	if kind != thriftStruct && n > 0 {
		t.fail()
	}
	for range n {
		if t.bad {
			return
		}
		read()
	}
}
